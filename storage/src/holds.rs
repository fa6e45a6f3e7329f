//! Requests that wait until somebody looked at what they hold.

use chrono::{DateTime, Utc};
use domain::ids::{PersonId, PlanId, StepId};
use serde_json::json;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;
use crate::steps;

/// How long a request waits for a look, hours; then it is refused.
pub const WAIT_H: i64 = 72;

/// A request that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The step that waits.
    pub step: StepId,
    /// Its plan.
    pub plan: PlanId,
    /// Who wrote it.
    pub person: PersonId,
    /// Her name.
    pub name: String,
    /// Where she wrote it, e.g. `slack`.
    pub channel: String,
    /// What was found in it.
    pub kinds: Vec<String>,
    /// What she said, without what was found.
    pub shown: String,
    /// Since when.
    pub held_at: DateTime<Utc>,
}

/// Holds a step's request. Holding it again changes nothing.
pub async fn hold(
    tx: &mut Tx,
    (step, plan): (StepId, PlanId),
    person: PersonId,
    (kinds, shown): (&[String], &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO holds (step_id, tenant_id, plan_id, person_id, kinds, shown, held_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    )
    .bind(step.0)
    .bind(tenant.0)
    .bind(plan.0)
    .bind(person.0)
    .bind(kinds)
    .bind(shown)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

type Row = (Uuid, Uuid, Uuid, String, String, Vec<String>, String, DateTime<Utc>);

/// What waits, the oldest first.
pub async fn waiting(tx: &mut Tx, most: i64) -> Result<Vec<Held>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT h.step_id, h.plan_id, h.person_id, who.name, c.channel, h.kinds, h.shown, h.held_at
         FROM holds h JOIN plans p ON p.plan_id = h.plan_id JOIN people who ON who.person_id = h.person_id
         JOIN conversations c ON c.conversation_id = p.conversation_id
         WHERE h.state = 'held' ORDER BY h.held_at LIMIT $1",
    )
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    let held = |(step, plan, person, name, channel, kinds, shown, held_at): Row| Held {
        step: StepId(step),
        plan: PlanId(plan),
        person: PersonId(person),
        name,
        channel,
        kinds,
        shown,
        held_at,
    };
    Ok(rows.into_iter().map(held).collect())
}

/// Lets a held request go on, or drops it; its step is woken with what was decided.
///
/// Errors: [`Error::Conflict`] when it does not wait any more, or when she would release what she wrote herself.
pub async fn decide(
    tx: &mut Tx,
    step: StepId,
    is_released: bool,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<PlanId, Error> {
    let plan: Option<Uuid> = sqlx::query_scalar(
        "UPDATE holds SET state = CASE WHEN $2 THEN 'released' ELSE 'dropped' END, decided_by = $3, decided_at = $4
         WHERE step_id = $1 AND state = 'held' AND (person_id <> $3 OR NOT $2) RETURNING plan_id",
    )
    .bind(step.0)
    .bind(is_released)
    .bind(by.0)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?;
    let plan = plan.ok_or(Error::Conflict("held request"))?;
    if !steps::signal(tx, step, &json!({ "is_released": is_released })).await? {
        return Err(Error::Conflict("held request"));
    }
    Ok(PlanId(plan))
}

/// Ends a hold that nobody looked at in time.
pub async fn lapse(tx: &mut Tx, step: StepId, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("UPDATE holds SET state = 'lapsed', decided_at = $2 WHERE step_id = $1 AND state = 'held'")
        .bind(step.0)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
