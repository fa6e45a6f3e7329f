//! What providers told of companies: kept for a while, paid for once, never over the budget.

use chrono::{DateTime, Duration, Utc};
use domain::fact::Fact;
use serde_json::json;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// How long what was told is kept, days; and that nothing is known.
pub const KEPT_DAYS: i64 = 30;
/// How long it is kept that a provider knows nothing, days.
pub const NOTHING_DAYS: i64 = 3;
/// A call that was begun so long ago is over, whatever became of whoever made it, seconds.
const FLIGHT_S: i64 = 60;

/// What a provider told.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The facts; none when it knows nothing.
    pub facts: Option<Vec<Fact>>,
    /// When it was told.
    pub fetched_at: DateTime<Utc>,
}

/// What a provider told of a domain, if that still holds.
pub async fn kept(
    tx: &mut Tx,
    (domain, provider): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<Kept>, Error> {
    let row: Option<(serde_json::Value, bool, DateTime<Utc>)> = sqlx::query_as(
        "SELECT facts, is_match, fetched_at FROM enrichments WHERE domain = $1 AND provider = $2 AND expires_at > $3",
    )
    .bind(domain)
    .bind(provider)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|(facts, is_match, fetched_at)| {
        let facts = serde_json::from_value(facts).map_err(|_| Error::unreadable("enrichment", domain))?;
        Ok(Kept { facts: is_match.then_some(facts), fetched_at })
    })
    .transpose()
}

/// Keeps what a provider told of a domain.
pub async fn keep(
    tx: &mut Tx,
    (domain, provider): (&str, &str),
    facts: Option<&[Fact]>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let days = if facts.is_some() { KEPT_DAYS } else { NOTHING_DAYS };
    sqlx::query(
        "INSERT INTO enrichments (tenant_id, domain, provider, facts, is_match, fetched_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, domain, provider) DO UPDATE
            SET facts = excluded.facts, is_match = excluded.is_match, fetched_at = excluded.fetched_at,
                expires_at = excluded.expires_at, compared = 0, contradicted = 0",
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(provider)
    .bind(json!(facts.unwrap_or_default()))
    .bind(facts.is_some())
    .bind(now)
    .bind(now + Duration::days(days))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps what the cross-check of a provider's facts found.
pub async fn checked(
    tx: &mut Tx,
    (domain, provider): (&str, &str),
    (compared, contradicted): (i32, i32),
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE enrichments SET compared = $3, contradicted = $4 WHERE domain = $1 AND provider = $2",
    )
    .bind(domain)
    .bind(provider)
    .bind(compared)
    .bind(contradicted)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Of the facts of providers that could be held against something: how many, and how many something contradicts.
pub async fn contradicted(tx: &mut Tx) -> Result<(i64, i64), Error> {
    Ok(sqlx::query_as("SELECT coalesce(sum(compared), 0), coalesce(sum(contradicted), 0) FROM enrichments")
        .fetch_one(&mut **tx)
        .await?)
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Yes, under this number; its highest cost is booked.
    Begun(Uuid),
    /// Somebody else makes it just now: wait for what is told.
    InFlight,
    /// It would go over the month's budget.
    OverBudget {
        /// Booked this month, millionths of a US dollar.
        spent_micros: i64,
    },
}

/// A call to be made.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its number.
    pub id: Uuid,
    /// About which company.
    pub domain: &'a str,
    /// Who is asked.
    pub provider: &'a str,
    /// What it costs at most, millionths of a US dollar.
    pub cost_micros: i64,
    /// What may be spent in thirty days, the same.
    pub budget_micros: i64,
}

/// Books a call before it is made. Callers of one tenant take turns, so that together they stay within the budget.
pub async fn begin(tx: &mut Tx, wanted: Wanted<'_>, now: DateTime<Utc>) -> Result<Leave, Error> {
    let tenant = tx.tenant();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('dealdesk.enrichment/' || $1::text, 0))")
        .bind(tenant.0)
        .execute(&mut **tx)
        .await?;
    let is_flying: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM enrichment_calls
                        WHERE domain = $1 AND provider = $2 AND outcome = 'begun' AND begun_at > $3)",
    )
    .bind(wanted.domain)
    .bind(wanted.provider)
    .bind(now - Duration::seconds(FLIGHT_S))
    .fetch_one(&mut **tx)
    .await?;
    if is_flying {
        return Ok(Leave::InFlight);
    }
    let spent_micros = spent(tx, now).await?;
    if spent_micros + wanted.cost_micros > wanted.budget_micros {
        return Ok(Leave::OverBudget { spent_micros });
    }
    sqlx::query(
        "INSERT INTO enrichment_calls (call_id, tenant_id, domain, provider, begun_at, cost_micros)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(wanted.id)
    .bind(tenant.0)
    .bind(wanted.domain)
    .bind(wanted.provider)
    .bind(now)
    .bind(wanted.cost_micros)
    .execute(&mut **tx)
    .await?;
    Ok(Leave::Begun(wanted.id))
}

/// Booked in the last thirty days, millionths of a US dollar.
pub async fn spent(tx: &mut Tx, now: DateTime<Utc>) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "SELECT coalesce(sum(cost_micros), 0)::bigint FROM enrichment_calls WHERE begun_at > $1",
    )
    .bind(now - Duration::days(30))
    .fetch_one(&mut **tx)
    .await?)
}

/// Settles a call: only a match costs. A call whose end nobody saw keeps its highest cost.
pub async fn settle(tx: &mut Tx, call: Uuid, outcome: &str, error: Option<&str>) -> Result<(), Error> {
    sqlx::query(
        "UPDATE enrichment_calls SET outcome = $2, error = $3,
                cost_micros = CASE WHEN $2 = 'none' THEN 0 ELSE cost_micros END
         WHERE call_id = $1 AND outcome = 'begun'",
    )
    .bind(call)
    .bind(outcome)
    .bind(error)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
