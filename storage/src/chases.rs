//! What followed when nobody decided on a request: who was reminded, and who was asked as well.

use chrono::{DateTime, Utc};
use domain::approval::{Added, Approval};
use domain::ids::{ApprovalId, ConversationId, PersonId, PlanId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// The people who were asked as well, put onto the seats of the stage that they were added to.
pub async fn load(tx: &mut Tx, approval: &mut Approval) -> Result<(), Error> {
    let rows: Vec<(i32, Uuid, String, DateTime<Utc>)> = sqlx::query_as(
        "SELECT e.stage, p.person_id, p.name, e.at FROM approval_escalations e
              JOIN people p ON p.tenant_id = e.tenant_id AND p.person_id = ANY (e.people)
         WHERE e.approval_id = $1 ORDER BY e.stage, p.name, p.person_id",
    )
    .bind(approval.id.0)
    .fetch_all(&mut **tx)
    .await?;
    for (stage, person, name, at) in rows {
        let stage = usize::try_from(stage).unwrap_or_default();
        let Some(stage) = approval.requirement.stages.get_mut(stage) else { continue };
        for seat in &mut stage.seats {
            seat.also.push(Added { person: PersonId(person), name: name.clone(), at });
        }
    }
    Ok(())
}

/// Keeps who is asked as well in a stage. Errors: [`Error::Conflict`] when that stage was escalated already.
pub async fn escalate(
    tx: &mut Tx,
    approval: ApprovalId,
    (stage, people): (usize, &[PersonId]),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO approval_escalations (tenant_id, approval_id, stage, people, at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(approval.0)
    .bind(small(stage))
    .bind(people.iter().map(|person| person.0).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("escalation")) }
}

/// The last reminder of a stage that a person got; 0 for none.
pub async fn reminded(
    tx: &mut Tx,
    approval: ApprovalId,
    (person, stage): (PersonId, usize),
) -> Result<usize, Error> {
    let last: Option<i32> = sqlx::query_scalar(
        "SELECT max(number) FROM approval_reminders WHERE approval_id = $1 AND person_id = $2 AND stage = $3",
    )
    .bind(approval.0)
    .bind(person.0)
    .bind(small(stage))
    .fetch_one(&mut **tx)
    .await?;
    Ok(last.and_then(|last| usize::try_from(last).ok()).unwrap_or(0))
}

/// Keeps a reminder. Errors: [`Error::Conflict`] when another process was first.
pub async fn remind(
    tx: &mut Tx,
    approval: ApprovalId,
    (person, stage, number): (PersonId, usize, usize),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO approval_reminders (tenant_id, approval_id, person_id, stage, number, at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(approval.0)
    .bind(person.0)
    .bind(small(stage))
    .bind(small(number))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("reminder")) }
}

/// The conversation in which a plan was asked for.
pub async fn conversation(tx: &mut Tx, plan: PlanId) -> Result<ConversationId, Error> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT conversation_id FROM plans WHERE plan_id = $1")
        .bind(plan.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(ConversationId(id.ok_or(Error::Missing("plan"))?))
}

fn small(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
