//! Approvals: opened by a step, decided once.

use chrono::{DateTime, Utc};
use domain::approval::{Approval, Decision, Requirement, State, Verdict, Voided, payload_hash};
use domain::ids::{ApprovalId, PersonId, PlanId, StepId, VersionId};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;
use crate::{chases, delegations, votes};

/// An approval to be opened.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Key.
    pub id: ApprovalId,
    /// The plan that waits.
    pub plan: PlanId,
    /// The step that waits.
    pub step: StepId,
    /// What it is about.
    pub subject: &'a str,
    /// Exactly what will be done.
    pub payload: &'a Value,
    /// Who asked.
    pub requested_by: PersonId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
    /// Who has to approve.
    pub requirement: &'a Requirement,
}

/// Opens an approval, bound to the hash of its payload.
pub async fn open(tx: &mut Tx, new: New<'_>) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO approvals (approval_id, tenant_id, plan_id, step_id, subject, payload, payload_hash,
                                requested_by, requested_at, expires_at, state, requirement)
         VALUES ($1, $2, $3, $4, $5, $6::json, $7, $8, $9, $10, 'open', $11::json)",
    )
    .bind(new.id.0)
    .bind(tenant.0)
    .bind(new.plan.0)
    .bind(new.step.0)
    .bind(new.subject)
    .bind(new.payload.to_string())
    .bind(payload_hash(new.payload))
    .bind(new.requested_by.0)
    .bind(new.requested_at)
    .bind(new.expires_at)
    .bind(serde_json::to_string(new.requirement).map_err(|e| Error::unreadable("requirement", e))?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    approval_id: Uuid,
    plan_id: Uuid,
    step_id: Uuid,
    subject: String,
    payload: String,
    payload_hash: String,
    requested_by: Uuid,
    requested_by_name: String,
    requested_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    state: String,
    verdict: Option<String>,
    decided_by: Option<Uuid>,
    decided_by_name: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    comment: Option<String>,
    voided_at: Option<DateTime<Utc>>,
    voided_by: Option<Uuid>,
    voided_by_name: Option<String>,
    void_reason: Option<String>,
    requirement: Option<String>,
}

/// One approval, locked until the transaction ends.
pub async fn lock(tx: &mut Tx, id: ApprovalId) -> Result<Approval, Error> {
    sqlx::query("SELECT 1 FROM approvals WHERE approval_id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// One approval.
pub async fn get(tx: &mut Tx, id: ApprovalId) -> Result<Approval, Error> {
    let wanted = Wanted { id: Some(id), ..Wanted::default() };
    select(tx, wanted).await?.pop().ok_or(Error::Missing("approval"))
}

/// The approval that a step opened.
pub async fn of_step(tx: &mut Tx, step: StepId) -> Result<Approval, Error> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT approval_id FROM approvals WHERE step_id = $1")
        .bind(step.0)
        .fetch_optional(&mut **tx)
        .await?;
    get(tx, ApprovalId(id.ok_or(Error::Missing("approval"))?)).await
}

/// The latest request to accept another version of a document, whose place one for this version takes: what became
/// void because the version came, or what was sent back. None when the latest ended otherwise.
pub async fn before(tx: &mut Tx, version: VersionId) -> Result<Option<Approval>, Error> {
    let last: Option<(Uuid, String)> = sqlx::query_as(
        "SELECT a.approval_id, a.state FROM approvals a
              JOIN versions v ON v.version_id::text = a.payload->>'version'
         WHERE a.subject = 'accept_contract' AND v.version_id <> $1
           AND v.document_id = (SELECT document_id FROM versions WHERE version_id = $1)
         ORDER BY a.requested_at DESC, a.approval_id DESC LIMIT 1",
    )
    .bind(version.0)
    .fetch_optional(&mut **tx)
    .await?;
    match last {
        Some((id, state)) if ["open", "void", "returned"].contains(&state.as_str()) => {
            get(tx, ApprovalId(id)).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// Open approvals, oldest first.
pub async fn open_ones(tx: &mut Tx) -> Result<Vec<Approval>, Error> {
    select(tx, Wanted { state: Some(State::Open), ..Wanted::default() }).await
}

/// The latest decided approvals, last decision first.
pub async fn decided_ones(tx: &mut Tx) -> Result<Vec<Approval>, Error> {
    select(tx, Wanted { is_decided: true, ..Wanted::default() }).await
}

/// How many open approvals there are that the given person did not ask for.
pub async fn count_open(tx: &mut Tx, without: PersonId, now: DateTime<Utc>) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM approvals WHERE state = 'open' AND requested_by <> $1 AND expires_at > $2",
    )
    .bind(without.0)
    .bind(now)
    .fetch_one(&mut **tx)
    .await?)
}

#[derive(Clone, Copy, Default)]
struct Wanted {
    id: Option<ApprovalId>,
    state: Option<State>,
    is_decided: bool,
}

async fn select(tx: &mut Tx, wanted: Wanted) -> Result<Vec<Approval>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT a.approval_id, a.plan_id, a.step_id, a.subject, a.payload::text AS payload, a.payload_hash,
                a.requested_by, r.name AS requested_by_name, a.requested_at, a.expires_at, a.state, a.verdict,
                a.decided_by, d.name AS decided_by_name, a.decided_at, a.comment,
                a.voided_at, a.voided_by, v.name AS voided_by_name, a.void_reason,
                a.requirement::text AS requirement
         FROM approvals a JOIN people r ON r.person_id = a.requested_by
              LEFT JOIN people d ON d.person_id = a.decided_by
              LEFT JOIN people v ON v.person_id = a.voided_by
         WHERE a.approval_id = coalesce($1, a.approval_id) AND a.state = coalesce($2, a.state)
           AND (a.decided_at IS NOT NULL OR NOT $3)
         ORDER BY CASE WHEN $3 THEN a.decided_at END DESC, a.requested_at
         LIMIT CASE WHEN $3 THEN 20 ELSE 200 END",
    )
    .bind(wanted.id.map(|id| id.0))
    .bind(wanted.state.map(State::name))
    .bind(wanted.is_decided)
    .fetch_all(&mut **tx)
    .await?;
    let mut found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(since) = found.iter().map(|approval| approval.requested_at).min() else { return Ok(found) };
    let delegations = delegations::since(tx, since).await?;
    for approval in &mut found {
        approval.votes = votes::of(tx, approval.id).await?;
        chases::load(tx, approval).await?;
        approval.delegations.clone_from(&delegations);
    }
    Ok(found)
}

fn read(row: Row) -> Result<Approval, Error> {
    let state =
        State::from_name(&row.state).ok_or_else(|| Error::unreadable("approval state", &row.state))?;
    let decision = match (row.verdict.as_deref(), row.decided_by, row.decided_at) {
        (Some(verdict), Some(by), Some(at)) => Some(Decision {
            verdict: Verdict::from_name(verdict).ok_or_else(|| Error::unreadable("verdict", verdict))?,
            by: PersonId(by),
            by_name: row.decided_by_name.unwrap_or_default(),
            at,
            comment: row.comment,
        }),
        _ => None,
    };
    let voided = row.voided_at.map(|at| Voided {
        by: row.voided_by.map(PersonId),
        by_name: row.voided_by_name,
        at,
        reason: row.void_reason.unwrap_or_default(),
    });
    Ok(Approval {
        id: ApprovalId(row.approval_id),
        plan: PlanId(row.plan_id),
        step: StepId(row.step_id),
        subject: row.subject,
        payload: serde_json::from_str(&row.payload).map_err(|e| Error::unreadable("payload", e))?,
        payload_hash: row.payload_hash,
        requested_by: PersonId(row.requested_by),
        requested_by_name: row.requested_by_name,
        requested_at: row.requested_at,
        expires_at: row.expires_at,
        state,
        decision,
        voided,
        requirement: match row.requirement {
            Some(text) => serde_json::from_str(&text).map_err(|e| Error::unreadable("requirement", e))?,
            None => Requirement::default(),
        },
        votes: Vec::new(),
        delegations: Vec::new(),
    })
}

/// Records a decision if the approval is still open and its payload the same.
/// [`Error::Conflict`] when somebody was first.
pub async fn record(tx: &mut Tx, approval: &Approval, decision: &Decision) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE approvals SET state = $3, verdict = $4, decided_by = $5, decided_at = $6, comment = $7
         WHERE approval_id = $1 AND state = 'open' AND payload_hash = $2",
    )
    .bind(approval.id.0)
    .bind(&approval.payload_hash)
    .bind(decision.verdict.ends_in().name())
    .bind(decision.verdict.name())
    .bind(decision.by.0)
    .bind(decision.at)
    .bind(&decision.comment)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("approval")) }
}

/// Ends an open approval that was withdrawn or whose subject changed.
/// [`Error::Conflict`] when somebody was first.
pub async fn void(tx: &mut Tx, id: ApprovalId, voided: &Voided) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE approvals SET state = 'void', voided_at = $2, voided_by = $3, void_reason = $4
         WHERE approval_id = $1 AND state = 'open'",
    )
    .bind(id.0)
    .bind(voided.at)
    .bind(voided.by.map(|person| person.0))
    .bind(&voided.reason)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("approval")) }
}

/// Lets an approval lapse. False when it was not open any more.
pub async fn expire(tx: &mut Tx, id: ApprovalId) -> Result<bool, Error> {
    let done =
        sqlx::query("UPDATE approvals SET state = 'expired' WHERE approval_id = $1 AND state = 'open'")
            .bind(id.0)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}
