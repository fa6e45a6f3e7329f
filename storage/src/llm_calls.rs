//! Calls of language models: each has its row, its money and its audit entry before it is sent.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::ids::{LlmCallId, PersonId, PlanId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Act};
use crate::db::{Db, Tx};
use crate::error::Error;
use crate::llm_spending::{self, Alert, Caps, Scope};

/// A call that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its key.
    pub id: LlmCallId,
    /// For whom.
    pub person: PersonId,
    /// For which plan.
    pub plan: Option<PlanId>,
    /// What for, e.g. `intent`.
    pub purpose: &'a str,
    /// Who is asked, e.g. `anthropic`.
    pub provider: &'a str,
    /// Which of its models.
    pub model: &'a str,
    /// Where it computes, e.g. `us`.
    pub region: &'a str,
    /// The prompt's name, e.g. `planner/intent`.
    pub prompt_name: &'a str,
    /// The prompt's version.
    pub prompt_version: i32,
    /// SHA-256 of what is sent, hex.
    pub prompt_sha256: &'a str,
    /// What is sent, after redaction.
    pub prompt: &'a str,
    /// How many providers were asked before.
    pub hop: i16,
    /// The most that it can cost, micro-dollars.
    pub reserved_micro: i64,
}

/// Whether a call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its row stands, its money is held.
    Go,
    /// It would pass a limit; a row says so.
    Over(Scope),
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending<'a> {
    /// Tokens sent and received, if the provider said.
    pub tokens: Option<(i64, i64)>,
    /// What it cost, micro-dollars; none charges all that was held, for it is not known.
    pub cost_micro: Option<i64>,
    /// What went wrong, if anything did.
    pub error: Option<&'a str>,
    /// What came back of a call that broke off.
    pub draft: Option<&'a str>,
}

/// Holds the money for a call and writes its row and its audit entry, all in one transaction; nothing may be sent before.
///
/// # Errors
/// When the database is away.
pub async fn reserve(
    db: &Db,
    tenant: TenantId,
    call: &New<'_>,
    (caps, now): (Caps, DateTime<Utc>),
) -> Result<Verdict, Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    let wanted = llm_spending::Wanted {
        person: call.person,
        plan: call.plan,
        micro: call.reserved_micro,
        month: month_of(now),
        day: now.date_naive(),
    };
    if let Some(scope) = llm_spending::hold(&mut tx, &wanted, caps).await? {
        drop(tx);
        let mut tx = db.tenant(tenant).begin().await?;
        let why = format!("the limit per {} is reached", scope.name());
        insert(&mut tx, call, ("refused", Some(&why)), now).await?;
        tx.commit().await?;
        return Ok(Verdict::Over(scope));
    }
    insert(&mut tx, call, ("sent", None), now).await?;
    let act = Act {
        at: now,
        actor: &format!("person:{}", call.person),
        action: "llm.called",
        subject: &call.plan.map_or_else(|| format!("llm_call:{}", call.id), |plan| format!("plan:{plan}")),
        detail: json!({
            "call": call.id, "purpose": call.purpose, "provider": call.provider, "model": call.model,
            "region": call.region, "prompt": format!("{}.v{}", call.prompt_name, call.prompt_version),
            "prompt_sha256": call.prompt_sha256, "hop": call.hop, "reserved_micro_usd": call.reserved_micro,
        }),
    };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(Verdict::Go)
}

/// Writes down how a call ended and gives back what was held and not spent. Gives the limits of which four fifths were
/// spent just now, each once. A call that was settled before stays as it is.
///
/// # Errors
/// When the database is away: what was held stays held.
pub async fn settle(
    db: &Db,
    tenant: TenantId,
    id: LlmCallId,
    (ending, now): (Ending<'_>, DateTime<Utc>),
) -> Result<Vec<Alert>, Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    let alerts = settle_within(&mut tx, id, (ending, now)).await?;
    tx.commit().await?;
    Ok(alerts)
}

async fn settle_within(
    tx: &mut Tx,
    id: LlmCallId,
    (ending, now): (Ending<'_>, DateTime<Utc>),
) -> Result<Vec<Alert>, Error> {
    // The team's row first, as when the money was held: two calls then never wait for each other.
    llm_spending::lock(tx, id).await?;
    type Row = (Uuid, Option<Uuid>, i64, i64, NaiveDate, NaiveDate);
    let row: Option<Row> = sqlx::query_as(
        "UPDATE llm_calls SET state = CASE WHEN $2::text IS NULL THEN 'done' ELSE 'failed' END, error = $2, draft = $3,
                input_tokens = $4, output_tokens = $5, cost_micro = coalesce($6, reserved_micro), finished_at = $7
         WHERE call_id = $1 AND state = 'sent'
         RETURNING person_id, plan_id, reserved_micro, cost_micro, month, day",
    )
    .bind(id.0)
    .bind(ending.error)
    .bind(ending.draft)
    .bind(ending.tokens.map(|(input, _)| input))
    .bind(ending.tokens.map(|(_, output)| output))
    .bind(ending.cost_micro)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((person, plan, reserved, cost, month, day)) = row else { return Ok(Vec::new()) };
    let held = llm_spending::Wanted {
        person: PersonId(person),
        plan: plan.map(PlanId),
        micro: reserved,
        month,
        day,
    };
    let alerts = llm_spending::spend(tx, &held, (cost, now)).await?;
    for alert in &alerts {
        let act = Act {
            at: now,
            actor: "system",
            action: "llm.budget_alert",
            subject: &format!("{}:{}", alert.scope.name(), alert.subject),
            detail: json!({ "spent_micro_usd": alert.spent_micro, "cap_micro_usd": alert.cap_micro }),
        };
        audit::append(tx, act).await?;
    }
    Ok(alerts)
}

/// Settles calls whose process died before they ended, each at all that was held for it. Gives how many.
///
/// # Errors
/// When the database is away.
pub async fn settle_lost(
    db: &Db,
    tenant: TenantId,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    let lost: Vec<Uuid> = sqlx::query_scalar(
        "SELECT call_id FROM llm_calls WHERE state = 'sent' AND created_at < $1 LIMIT 100",
    )
    .bind(before)
    .fetch_all(&mut *tx)
    .await?;
    let ending = Ending {
        tokens: None,
        cost_micro: None,
        error: Some("the process ended before its answer"),
        draft: None,
    };
    for id in &lost {
        settle_within(&mut tx, LlmCallId(*id), (ending, now)).await?;
    }
    tx.commit().await?;
    Ok(lost.len())
}

/// Writes down a call that is not sent, and why.
///
/// # Errors
/// When the database is away.
pub async fn refuse(
    db: &Db,
    tenant: TenantId,
    call: &New<'_>,
    (why, now): (&str, DateTime<Utc>),
) -> Result<(), Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    insert(&mut tx, call, ("refused", Some(why)), now).await?;
    tx.commit().await
}

async fn insert(
    tx: &mut Tx,
    call: &New<'_>,
    (state, error): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let reserved = if state == "sent" { call.reserved_micro } else { 0 };
    sqlx::query(
        "INSERT INTO llm_calls (call_id, tenant_id, person_id, plan_id, purpose, provider, model, region, prompt_name,
                                prompt_version, prompt_sha256, prompt, hop, reserved_micro, month, day, created_at,
                                state, error, cost_micro, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                 CASE WHEN $18 = 'sent' THEN NULL ELSE 0 END, CASE WHEN $18 = 'sent' THEN NULL ELSE $17 END)",
    )
    .bind(call.id.0)
    .bind(tenant.0)
    .bind(call.person.0)
    .bind(call.plan.map(|plan| plan.0))
    .bind(call.purpose)
    .bind(call.provider)
    .bind(call.model)
    .bind(call.region)
    .bind(call.prompt_name)
    .bind(call.prompt_version)
    .bind(call.prompt_sha256)
    .bind(call.prompt)
    .bind(call.hop)
    .bind(reserved)
    .bind(month_of(now))
    .bind(now.date_naive())
    .bind(now)
    .bind(state)
    .bind(error)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An answer that was given before to the same input, by the first of some models that has one, and which that was. Its
/// use has a row too, which cost nothing.
///
/// # Errors
/// When the database is away.
pub async fn recall(
    db: &Db,
    tenant: TenantId,
    calls: &[(Vec<u8>, New<'_>)],
    (since, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<(usize, String)>, Error> {
    let keys: Vec<&[u8]> = calls.iter().map(|(key, _)| key.as_slice()).collect();
    let mut tx = db.tenant(tenant).begin().await?;
    let known: Vec<(Vec<u8>, String)> =
        sqlx::query_as("SELECT key, answer FROM llm_cache WHERE key = ANY($1) AND created_at >= $2")
            .bind(&keys)
            .bind(since)
            .fetch_all(&mut *tx)
            .await?;
    let found = calls.iter().enumerate().find_map(|(at, (key, call))| {
        known.iter().find(|(other, _)| other == key).map(|(_, answer)| (at, answer.clone(), call))
    });
    let Some((at, answer, call)) = found else { return Ok(None) };
    insert(&mut tx, call, ("cached", None), now).await?;
    tx.commit().await?;
    Ok(Some((at, answer)))
}

/// Keeps an answer that was read and found good.
///
/// # Errors
/// When the database is away.
pub async fn remember(
    db: &Db,
    tenant: TenantId,
    key: &[u8],
    (call, answer, now): (LlmCallId, &str, DateTime<Utc>),
) -> Result<(), Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    sqlx::query(
        "INSERT INTO llm_cache (tenant_id, key, call_id, answer, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, key) DO UPDATE
            SET call_id = excluded.call_id, answer = excluded.answer, created_at = excluded.created_at",
    )
    .bind(tenant.0)
    .bind(key)
    .bind(call.0)
    .bind(answer)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Calls of one day for one purpose by one provider.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DayLine {
    /// The day, UTC.
    pub day: NaiveDate,
    /// What for.
    pub purpose: String,
    /// Who was asked.
    pub provider: String,
    /// Calls that were answered.
    pub done: i64,
    /// Calls that were not.
    pub failed: i64,
    /// Calls that were not let through.
    pub refused: i64,
    /// Answers that stood in the cache.
    pub cached: i64,
    /// Spent, micro-dollars.
    pub cost_micro: i64,
}

/// What was called and spent since a day, newest first.
///
/// # Errors
/// When the database is away.
pub async fn by_day(tx: &mut Tx, since: NaiveDate) -> Result<Vec<DayLine>, Error> {
    Ok(sqlx::query_as(
        "SELECT day, purpose, provider, count(*) FILTER (WHERE state = 'done') AS done,
                count(*) FILTER (WHERE state = 'failed') AS failed,
                count(*) FILTER (WHERE state = 'refused') AS refused,
                count(*) FILTER (WHERE state = 'cached') AS cached, coalesce(sum(cost_micro), 0)::bigint AS cost_micro
         FROM llm_calls WHERE created_at >= $1::date::timestamp AT TIME ZONE 'UTC'
         GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3",
    )
    .bind(since)
    .fetch_all(&mut **tx)
    .await?)
}

fn month_of(now: DateTime<Utc>) -> NaiveDate {
    let day = now.date_naive();
    day.with_day(1).unwrap_or(day)
}
