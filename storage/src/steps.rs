//! Steps: leased to workers with a fencing token, finished together with all they cause.

use chrono::{DateTime, Utc};
use domain::ids::{Ids, PlanId, StepId, TenantId};
use domain::plan::{Agent, Draft, Step};
use serde_json::Value;
use uuid::Uuid;

use crate::db::{Db, Tx, WORK_CHANNEL, Work};
use crate::error::Error;
use crate::plans::Rows;

/// How long a worker may hold a step without a sign of life, seconds; by the database's clock.
pub const LEASE_S: f64 = 10.0;
/// How often a worker shows that it lives, seconds.
pub const HEARTBEAT_S: u64 = 3;
/// After so many tries a person has to look.
pub const ATTEMPTS_MAX: i32 = 3;

/// In whose name steps are leased, and whose turn it was.
#[derive(Debug, Clone)]
pub struct Lease {
    worker: String,
    served: Uuid,
}

impl Lease {
    /// A worker's lease-holder; the name is for people who look at the table.
    pub fn new(worker: impl Into<String>) -> Self {
        Self { worker: worker.into(), served: Uuid::nil() }
    }

    pub(crate) fn worker(&self) -> &str {
        &self.worker
    }
}

type Row = (Uuid, Uuid, Uuid, i32, String, String, Value, i32, i64, Option<Value>);

fn read(row: Row) -> Result<Step, Error> {
    let (id, tenant, plan, position, agent, action, input, attempt, fence, signal) = row;
    let agent = Agent::from_name(&agent).ok_or_else(|| Error::unreadable("agent", &agent))?;
    let (id, tenant, plan) = (StepId(id), TenantId(tenant), PlanId(plan));
    Ok(Step { id, tenant, plan, position, agent, action, input, attempt, fence, signal })
}

/// Takes the next ready step. Tenants take turns: the search goes on after the tenant served last.
pub async fn claim(db: &Db, lease: &mut Lease) -> Result<Option<Step>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE steps SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = $1,
                          lease_until = now() + make_interval(secs => $3),
                          started_at = coalesce(started_at, now())
         WHERE step_id = coalesce(
            (SELECT step_id FROM steps
             WHERE state = 'queued' AND pending = 0 AND run_at <= now() AND tenant_id > $2
             ORDER BY tenant_id, run_at LIMIT 1 FOR UPDATE SKIP LOCKED),
            (SELECT step_id FROM steps
             WHERE state = 'queued' AND pending = 0 AND run_at <= now() AND tenant_id <= $2
             ORDER BY tenant_id, run_at LIMIT 1 FOR UPDATE SKIP LOCKED))
         RETURNING step_id, tenant_id, plan_id, position, agent, action, input, attempt, fence, signal",
    )
    .bind(&lease.worker)
    .bind(lease.served)
    .bind(LEASE_S)
    .fetch_optional(db.system())
    .await?;
    let Some(row) = row else { return Ok(None) };
    lease.served = row.1;
    read(row).map(Some)
}

/// Takes a ready step of one plan.
pub async fn claim_of(db: &Db, lease: &Lease, plan: PlanId) -> Result<Option<Step>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE steps SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = $1,
                          lease_until = now() + make_interval(secs => $3),
                          started_at = coalesce(started_at, now())
         WHERE step_id = (SELECT step_id FROM steps
                          WHERE plan_id = $2 AND state = 'queued' AND pending = 0 AND run_at <= now()
                          ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING step_id, tenant_id, plan_id, position, agent, action, input, attempt, fence, signal",
    )
    .bind(&lease.worker)
    .bind(plan.0)
    .bind(LEASE_S)
    .fetch_optional(db.system())
    .await?;
    row.map(read).transpose()
}

/// Shows that the worker lives. [`Error::Stale`] when the lease was lost.
pub async fn heartbeat(db: &Db, step: &Step) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE steps SET lease_until = now() + make_interval(secs => $3)
         WHERE step_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(LEASE_S)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("step")) }
}

/// Finishes a step and leases the one behind it to the same worker, if that can begin.
/// [`Error::Stale`] when the lease was lost: roll back, nothing of it counts.
pub async fn finish(tx: &mut Tx, step: &Step, output: &Value, lease: &Lease) -> Result<Option<Step>, Error> {
    type Freed = (bool, Option<Uuid>, i32, String, String, Value, i32, i64);
    let rows: Vec<Freed> = sqlx::query_as(
        "WITH done AS (
            UPDATE steps SET state = 'done', output = $3, finished_at = now(), lease_until = NULL, error = NULL
            WHERE step_id = $1 AND fence = $2 AND state = 'running' RETURNING plan_id, position),
         freed AS (
            UPDATE steps s
            SET pending = s.pending - 1,
                state = CASE WHEN s.pending = 1 AND s.position = d.position + 1 THEN 'running' ELSE s.state END,
                attempt = s.attempt + CASE WHEN s.pending = 1 AND s.position = d.position + 1 THEN 1 ELSE 0 END,
                fence = s.fence + CASE WHEN s.pending = 1 AND s.position = d.position + 1 THEN 1 ELSE 0 END,
                lease_until = CASE WHEN s.pending = 1 AND s.position = d.position + 1
                                   THEN now() + make_interval(secs => $4) END,
                worker = CASE WHEN s.pending = 1 AND s.position = d.position + 1 THEN $5 ELSE s.worker END,
                started_at = CASE WHEN s.pending = 1 AND s.position = d.position + 1 THEN now() END
            FROM done d
            WHERE s.plan_id = d.plan_id AND s.state = 'queued' AND d.position = ANY (s.after)
            RETURNING s.step_id, s.position, s.agent, s.action, s.input, s.attempt, s.fence, s.state)
         SELECT true, NULL::uuid, 0, '', '', 'null'::jsonb, 0, 0::bigint FROM done
         UNION ALL
         SELECT state = 'running', step_id, position, agent, action, input, attempt, fence FROM freed",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(output)
    .bind(LEASE_S)
    .bind(lease.worker())
    .fetch_all(&mut **tx)
    .await?;
    if rows.is_empty() {
        return Err(Error::Stale("step"));
    }
    let mut next = None;
    for (is_leased, id, position, agent, action, input, attempt, fence) in rows {
        let Some(id) = id else { continue };
        if is_leased {
            let row = (id, step.tenant.0, step.plan.0, position, agent, action, input, attempt, fence, None);
            next = Some(read(row)?);
        } else {
            tx.announce(Work::Steps).await?;
        }
    }
    if next.is_none() {
        settle(tx, step.plan).await?;
    }
    Ok(next)
}

/// Lets a step wait for a signal or a time. The lease ends.
pub async fn wait(tx: &mut Tx, step: &Step, until: Option<DateTime<Utc>>) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE steps SET state = 'waiting', run_at = $3, lease_until = NULL, signal = NULL, attempt = 0
         WHERE step_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(until)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale("step"));
    }
    settle(tx, step.plan).await
}

/// Wakes a waiting step with what it waited for. False when it did not wait any more.
pub async fn signal(tx: &mut Tx, step: StepId, signal: &Value) -> Result<bool, Error> {
    let woken = sqlx::query(
        "WITH woken AS (
            UPDATE steps SET state = 'queued', signal = $2, run_at = now()
            WHERE step_id = $1 AND state = 'waiting' RETURNING plan_id),
         plan AS (
            UPDATE plans SET state = 'running'
            WHERE plan_id = (SELECT plan_id FROM woken) AND state = 'waiting')
         SELECT pg_notify($3, $4) FROM woken",
    )
    .bind(step.0)
    .bind(signal)
    .bind(WORK_CHANNEL)
    .bind(Work::Steps.name())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(woken.is_some())
}

/// Puts a step back for a later try, perhaps as a simpler one. The lease ends.
pub async fn put_back(
    tx: &mut Tx,
    step: &Step,
    after_ms: u64,
    simpler: Option<&Draft>,
    why: &str,
) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE steps SET state = 'queued', lease_until = NULL, error = $4,
                run_at = now() + make_interval(secs => $3),
                agent = coalesce($5, agent), action = coalesce($6, action), input = coalesce($7, input)
         WHERE step_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(std::time::Duration::from_millis(after_ms).as_secs_f64())
    .bind(why)
    .bind(simpler.map(|draft| draft.agent.name()))
    .bind(simpler.map(|draft| draft.action.as_str()))
    .bind(simpler.map(|draft| &draft.input))
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("step")) }
}

/// Puts a step back that could not be tried because something was away. The lease ends, and the try does not count.
pub async fn give_back(tx: &mut Tx, step: &Step, after_ms: u64, why: &str) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE steps SET state = 'queued', lease_until = NULL, error = $4, attempt = greatest(attempt - 1, 0),
                run_at = now() + make_interval(secs => $3)
         WHERE step_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(std::time::Duration::from_millis(after_ms).as_secs_f64())
    .bind(why)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("step")) }
}

/// Takes a try back that an outage of the database cut off, whoever has the step now; the lease of `step`, if it is
/// still the last one, ends at once.
pub async fn forgive(db: &Db, step: &Step, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE steps SET attempt = greatest(attempt - 1, 0),
                state = CASE WHEN fence = $2 THEN 'queued' ELSE state END,
                run_at = CASE WHEN fence = $2 THEN now() ELSE run_at END,
                lease_until = CASE WHEN fence = $2 THEN NULL ELSE lease_until END,
                error = $3
         WHERE step_id = $1 AND state IN ('queued', 'running')",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(why)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Ends a step that failed for good, and its plan with it.
pub async fn fail(tx: &mut Tx, step: &Step, why: &str) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE steps SET state = 'failed', lease_until = NULL, error = $3, finished_at = now()
         WHERE step_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(step.id.0)
    .bind(step.fence)
    .bind(why)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale("step"));
    }
    sqlx::query(
        "WITH open AS (UPDATE steps SET state = 'cancelled', finished_at = now()
                       WHERE plan_id = $1 AND state IN ('queued', 'waiting'))
         UPDATE plans SET state = 'failed', error = $2, finished_at = now() WHERE plan_id = $1",
    )
    .bind(step.plan.0)
    .bind(why)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stops a plan that is not over: its open steps are cancelled, and a result that comes later is refused as stale.
pub async fn cancel_plan(tx: &mut Tx, plan: PlanId, why: &str) -> Result<(), Error> {
    sqlx::query(
        "WITH open AS (UPDATE steps SET state = 'cancelled', finished_at = now(), lease_until = NULL
                       WHERE plan_id = $1 AND state IN ('queued', 'running', 'waiting'))
         UPDATE plans SET state = 'cancelled', error = $2, finished_at = now()
         WHERE plan_id = $1 AND state IN ('running', 'waiting')",
    )
    .bind(plan.0)
    .bind(why)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds steps behind one that is being finished, one after the other.
pub async fn add(tx: &mut Tx, ids: &Ids, behind: &Step, drafts: Vec<Draft>) -> Result<(), Error> {
    if drafts.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant();
    let first: i32 = sqlx::query_scalar("SELECT max(position) + 1 FROM steps WHERE plan_id = $1")
        .bind(behind.plan.0)
        .fetch_one(&mut **tx)
        .await?;
    let drafts = Draft::chain(drafts);
    let mut rows = Rows::from_drafts(&drafts, first);
    rows.after[0] = format!("{{{}}}", behind.position);
    rows.pending[0] = 1;
    sqlx::query(
        "INSERT INTO steps (step_id, tenant_id, plan_id, position, agent, action, input, after, pending, state, run_at)
         SELECT s.id, $1, $2, $3 + s.position - 1, s.agent, s.action, s.input::jsonb, s.after::int[], s.pending,
                'queued', now()
         FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[])
              WITH ORDINALITY AS s (id, agent, action, input, after, pending, position)",
    )
    .bind(tenant.0)
    .bind(behind.plan.0)
    .bind(first)
    .bind(drafts.iter().map(|_| ids.next()).collect::<Vec<_>>())
    .bind(&rows.agents)
    .bind(&rows.actions)
    .bind(&rows.inputs)
    .bind(&rows.after)
    .bind(&rows.pending)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives back steps whose worker died, and wakes those whose time has come; how many.
pub async fn recover(db: &Db) -> Result<u64, Error> {
    let leased = sqlx::query(
        "UPDATE steps SET state = 'queued', run_at = now(), lease_until = NULL, error = 'the worker died'
         WHERE state = 'running' AND lease_until < now()",
    )
    .execute(db.system())
    .await?;
    let timed = sqlx::query(
        "UPDATE steps SET state = 'queued', signal = '{\"timer\": true}', run_at = now()
         WHERE state = 'waiting' AND run_at <= now()",
    )
    .execute(db.system())
    .await?;
    Ok(leased.rows_affected() + timed.rows_affected())
}

/// Gives back at once what a worker holds, e.g. when it shuts down; how many.
pub async fn release(db: &Db, lease: &Lease) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE steps SET state = 'queued', run_at = now(), lease_until = NULL, attempt = greatest(attempt - 1, 0)
         WHERE state = 'running' AND lease_until IS NOT NULL AND worker = $1",
    )
    .bind(lease.worker())
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}

/// How many steps wait for a worker.
pub async fn depth(db: &Db) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM steps WHERE state = 'queued' AND pending = 0")
        .fetch_one(db.system())
        .await?)
}

/// Brings a plan's state in line with its steps. The plan is locked first, so that two steps that
/// end at the same moment cannot each believe the other is still open.
async fn settle(tx: &mut Tx, plan: PlanId) -> Result<(), Error> {
    sqlx::query("SELECT 1 FROM plans WHERE plan_id = $1 FOR UPDATE").bind(plan.0).execute(&mut **tx).await?;
    sqlx::query(
        "UPDATE plans p SET state = s.state,
                finished_at = CASE WHEN s.state = 'done' THEN now() END
         FROM (SELECT CASE WHEN bool_or(state = 'running' OR state = 'queued' AND pending = 0) THEN 'running'
                           WHEN bool_or(state = 'waiting') THEN 'waiting'
                           WHEN bool_or(state = 'queued') THEN 'running'
                           ELSE 'done' END AS state
               FROM steps WHERE plan_id = $1) s
         WHERE p.plan_id = $1 AND p.state IN ('running', 'waiting') AND p.state <> s.state",
    )
    .bind(plan.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
