//! Effects: what is to be changed at vendors, each once, in order per subject. Written with the change that asks for it,
//! done later by a worker, which looks before it does again what may have been done.

use chrono::{DateTime, Utc};
use domain::effect::Effect;
use domain::ids::{Ids, PlanId, TenantId};
use serde_json::Value;
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::Error;

/// How long a worker may hold an effect without a sign of life, seconds; after that it counts as unsure.
const LEASE_S: f64 = 30.0;

/// An effect that a worker holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its number.
    pub id: Uuid,
    fence: i64,
    /// Whose.
    pub tenant: TenantId,
    /// The plan that asked for it, if one did.
    pub plan: Option<PlanId>,
    /// What is to be done.
    pub effect: Effect,
    /// It may have been done already: look before doing it again.
    pub is_unsure: bool,
    /// How often it was begun, this time included.
    pub attempt: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    effect_id: Uuid,
    fence: i64,
    tenant_id: Uuid,
    plan_id: Option<Uuid>,
    effect_key: String,
    provider: String,
    action: String,
    subject: String,
    payload: Value,
    urgency: i16,
    is_unsure: bool,
    attempt: i32,
    created_at: DateTime<Utc>,
}

impl From<Row> for Held {
    fn from(row: Row) -> Self {
        Self {
            id: row.effect_id,
            fence: row.fence,
            tenant: TenantId(row.tenant_id),
            plan: row.plan_id.map(PlanId),
            effect: Effect {
                key: row.effect_key,
                provider: row.provider,
                action: row.action,
                subject: row.subject,
                payload: row.payload,
                urgency: row.urgency,
            },
            is_unsure: row.is_unsure,
            attempt: row.attempt,
            created_at: row.created_at,
        }
    }
}

/// Asks for an effect. An effect whose key was asked for before is not asked for again: false.
pub async fn ask(tx: &mut Tx, ids: &Ids, plan: Option<PlanId>, effect: &Effect) -> Result<bool, Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO effects (effect_id, tenant_id, plan_id, effect_key, provider, action, subject, payload, urgency)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, effect_key) DO NOTHING",
    )
    .bind(ids.next())
    .bind(tenant.0)
    .bind(plan.map(|plan| plan.0))
    .bind(&effect.key)
    .bind(&effect.provider)
    .bind(&effect.action)
    .bind(&effect.subject)
    .bind(&effect.payload)
    .bind(effect.urgency)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the next effects for some vendors: the most urgent, then the oldest, and up to `most` of the same tenant, vendor
/// and action that can be done with it. Never two of one subject, and none whose subject has an earlier one under way.
pub async fn claim(db: &Db, providers: &[&str], most: i64) -> Result<Vec<Held>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "WITH head AS (
            SELECT e.effect_id, e.tenant_id, e.provider, e.action, e.seq FROM effects e
            WHERE e.state = 'queued' AND e.run_at <= now() AND e.provider = ANY ($2)
              AND NOT EXISTS (SELECT 1 FROM effects x WHERE x.tenant_id = e.tenant_id AND x.provider = e.provider
                              AND x.subject = e.subject AND x.seq < e.seq AND x.state IN ('queued', 'running'))
            ORDER BY e.urgency, e.seq LIMIT 1 FOR UPDATE SKIP LOCKED),
         more AS (
            SELECT e.effect_id FROM effects e JOIN head USING (tenant_id, provider, action)
            WHERE $3 > 1 AND e.state = 'queued' AND e.run_at <= now()
              AND NOT EXISTS (SELECT 1 FROM effects x WHERE x.tenant_id = e.tenant_id AND x.provider = e.provider
                              AND x.subject = e.subject AND x.seq < e.seq AND x.state IN ('queued', 'running'))
            ORDER BY e.urgency, e.seq LIMIT $3 FOR UPDATE OF e SKIP LOCKED),
         picked AS (SELECT effect_id FROM head UNION SELECT effect_id FROM more)
         UPDATE effects e SET state = 'running', attempt = e.attempt + 1, fence = e.fence + 1,
                              lease_until = now() + make_interval(secs => $1)
         FROM picked WHERE e.effect_id = picked.effect_id
         RETURNING e.effect_id, e.fence, e.tenant_id, e.plan_id, e.effect_key, e.provider, e.action, e.subject,
                   e.payload, e.urgency, e.is_unsure, e.attempt, e.created_at",
    )
    .bind(LEASE_S)
    .bind(providers)
    .bind(most)
    .fetch_all(db.system())
    .await?;
    Ok(rows.into_iter().map(Held::from).collect())
}

/// Notes that an effect was made, with what the vendor answered, in the transaction that keeps what follows from it.
/// Errors: [`Error::Stale`] when somebody else has it by now.
pub async fn done(tx: &mut Tx, held: &Held, result: &Value) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE effects SET state = 'done', result = $3, lease_until = NULL, finished_at = now(), error = NULL,
                            is_unsure = false
         WHERE effect_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(held.id)
    .bind(held.fence)
    .bind(result)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("effect")) }
}

/// Keeps effects for their worker a while longer.
pub async fn heartbeat(db: &Db, held: &Held) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE effects SET lease_until = now() + make_interval(secs => $3)
         WHERE effect_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(held.id)
    .bind(held.fence)
    .bind(LEASE_S)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("effect")) }
}

/// Puts an effect back. `is_unsure` says that it may have been made all the same.
pub async fn put_back(db: &Db, held: &Held, after_s: f64, is_unsure: bool, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE effects SET state = 'queued', run_at = now() + make_interval(secs => $3), lease_until = NULL,
                            is_unsure = is_unsure OR $4, error = $5
         WHERE effect_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(held.id)
    .bind(held.fence)
    .bind(after_s)
    .bind(is_unsure)
    .bind(why)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Puts an effect back that was not tried: its turn has not come. It does not count as a try.
pub async fn defer(db: &Db, held: &Held, after_s: f64, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE effects SET state = 'queued', run_at = now() + make_interval(secs => $3), lease_until = NULL,
                            attempt = attempt - 1, error = $4
         WHERE effect_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(held.id)
    .bind(held.fence)
    .bind(after_s)
    .bind(why)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Ends an effect that cannot be made; those behind it go on.
pub async fn fail(db: &Db, held: &Held, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE effects SET state = 'failed', error = $3, lease_until = NULL, finished_at = now()
         WHERE effect_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(held.id)
    .bind(held.fence)
    .bind(why)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Lets effects that wait be tried at once: what they waited for has changed.
pub async fn hurry(tx: &mut Tx, provider: &str) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE effects SET run_at = now() WHERE provider = $1 AND state = 'queued' AND run_at > now()",
    )
    .bind(provider)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Gives back effects whose worker died; they may have been made. How many.
pub async fn recover(db: &Db) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE effects SET state = 'queued', run_at = now(), lease_until = NULL, is_unsure = true,
                            error = 'the worker died'
         WHERE state = 'running' AND lease_until < now()",
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}

/// How many effects wait.
pub async fn depth(db: &Db) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM effects WHERE state = 'queued'")
        .fetch_one(db.system())
        .await?)
}

/// An effect as people look at it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Shown {
    /// Its number.
    pub effect_id: Uuid,
    /// What it does, e.g. `upsert_deal`.
    pub action: String,
    /// On what, e.g. `deal:…`.
    pub subject: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempt: i32,
    /// What last went wrong.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// The newest effects at a vendor, those that failed first.
pub async fn newest(tx: &mut Tx, provider: &str, most: i64) -> Result<Vec<Shown>, Error> {
    let sql = "SELECT effect_id, action, subject, state, attempt, error, created_at, finished_at FROM effects
               WHERE provider = $1 ORDER BY state = 'failed' DESC, seq DESC LIMIT $2";
    Ok(sqlx::query_as(sql).bind(provider).bind(most).fetch_all(&mut **tx).await?)
}

/// How many effects at a vendor wait or are under way, how many of those were begun before, how many failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    /// Queued or running.
    pub waiting: i64,
    /// Of those, begun before and put back.
    pub retried: i64,
    /// Given up; somebody has to replay them.
    pub dead: i64,
}

/// How the effects at a vendor stand.
pub async fn tally(tx: &mut Tx, provider: &str) -> Result<Tally, Error> {
    let sql = "SELECT count(*) FILTER (WHERE state IN ('queued', 'running')) AS waiting,
                      count(*) FILTER (WHERE state = 'queued' AND attempt > 0) AS retried,
                      count(*) FILTER (WHERE state = 'failed') AS dead
               FROM effects WHERE tenant_id = $1 AND provider = $2";
    Ok(sqlx::query_as(sql).bind(tx.tenant().0).bind(provider).fetch_one(&mut **tx).await?)
}

/// Queues a vendor's failed effect again. Errors: [`Error::Missing`] when it did not fail.
pub async fn replay(tx: &mut Tx, (provider, effect): (&str, Uuid)) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE effects SET state = 'queued', run_at = now(), attempt = 0, finished_at = NULL
         WHERE effect_id = $1 AND provider = $2 AND state = 'failed'",
    )
    .bind(effect)
    .bind(provider)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("failed effect")) }
}
