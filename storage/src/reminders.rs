//! Reminders of notices that have to be given: one for each stage, in the thread in which the contract was accepted.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{ConversationId, PersonId, PlanId, VersionId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// A reminder to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct New {
    /// The accepted version.
    pub version: VersionId,
    /// The last day for the notice.
    pub notice_by: NaiveDate,
    /// Its stage, days before that day.
    pub days_before: u16,
    /// The plan that says it.
    pub plan: PlanId,
}

/// Where an accepted contract was talked about, and who had sent it in.
pub async fn thread_of(tx: &mut Tx, version: VersionId) -> Result<Option<(ConversationId, PersonId)>, Error> {
    let row: Option<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT p.conversation_id, p.requester_id FROM acceptances a JOIN plans p ON p.plan_id = a.plan_id
         WHERE a.version_id = $1",
    )
    .bind(version.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(conversation, person)| (ConversationId(conversation), PersonId(person))))
}

/// Whether nothing more has to be said at a stage: it was, or somebody looks after that notice.
pub async fn is_settled(tx: &mut Tx, version: VersionId, day: NaiveDate, stage: u16) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM reminders WHERE version_id = $1 AND notice_by = $2
                        AND (days_before = $3 OR acknowledged_at IS NOT NULL))",
    )
    .bind(version.0)
    .bind(day)
    .bind(i16::try_from(stage).unwrap_or(i16::MAX))
    .fetch_one(&mut **tx)
    .await?)
}

/// Keeps a reminder, once its plan is stored. Errors: [`Error::Conflict`] when another process was first.
pub async fn add(tx: &mut Tx, new: New, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO reminders (tenant_id, version_id, notice_by, days_before, plan_id, reminded_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(new.version.0)
    .bind(new.notice_by)
    .bind(i16::try_from(new.days_before).unwrap_or(i16::MAX))
    .bind(new.plan.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("reminder")) }
}

/// What a reminder is about, and who looks after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The contract's name.
    pub document: String,
    /// The last day for the notice.
    pub notice_by: NaiveDate,
    /// Who looks after it, and since when.
    pub acknowledged: Option<(PersonId, String, DateTime<Utc>)>,
}

type Row = (String, NaiveDate, Option<Uuid>, Option<String>, Option<DateTime<Utc>>);

/// A reminder by the plan that said it. Errors: [`Error::Missing`] when that plan said none.
pub async fn get(tx: &mut Tx, plan: PlanId) -> Result<Reminder, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT d.name, r.notice_by, p.person_id, p.name, r.acknowledged_at
         FROM reminders r JOIN versions v ON v.version_id = r.version_id
              JOIN documents d ON d.document_id = v.document_id
              LEFT JOIN people p ON p.person_id = r.acknowledged_by
         WHERE r.plan_id = $1",
    )
    .bind(plan.0)
    .fetch_optional(&mut **tx)
    .await?;
    let (document, notice_by, person, name, at) = row.ok_or(Error::Missing("reminder"))?;
    let acknowledged = person.zip(name).zip(at).map(|((person, name), at)| (PersonId(person), name, at));
    Ok(Reminder { document, notice_by, acknowledged })
}

/// Notes who looks after a notice. Errors: [`Error::Conflict`] when somebody does already.
pub async fn acknowledge(tx: &mut Tx, plan: PlanId, by: PersonId, now: DateTime<Utc>) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE reminders SET acknowledged_by = $2, acknowledged_at = $3
         WHERE plan_id = $1 AND acknowledged_at IS NULL",
    )
    .bind(plan.0)
    .bind(by.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("reminder")) }
}
