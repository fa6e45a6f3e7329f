//! How far the following of a CRM is, who follows at the moment, and how it fares.

use chrono::{DateTime, Utc};
use domain::crm::Object;
use domain::crm::walk::Cursor;
use domain::ids::TenantId;
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::Error;

/// How long a follower may be silent, seconds.
const LEASE_S: f64 = 60.0;

/// The right to follow one object for a while.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Which provider.
    pub provider: String,
    /// What.
    pub object: Object,
    fence: i64,
}

/// How the following of an object stands, for people.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What.
    pub object: String,
    /// How far.
    pub cursor: Cursor,
    /// Records read so far.
    pub rows: i64,
    /// Records that seem deleted, and more at once than is believed.
    pub held_gone: i64,
    /// When it was last checked for deleted records.
    pub checked_at: Option<DateTime<Utc>>,
}

/// Makes the cursors of a new connection; those there are stay.
pub async fn open(tx: &mut Tx, provider: &str) -> Result<(), Error> {
    let names: Vec<&str> = Object::ALL.iter().map(|object| object.name()).collect();
    sqlx::query(
        "INSERT INTO crm_cursors (tenant_id, provider, object, cursor)
         SELECT $1, $2, o, $4 FROM unnest($3::text[]) AS o ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(names)
    .bind(Json(Cursor::default()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Asks to follow an object now: granted when nobody else does.
pub async fn claim(
    db: &Db,
    (tenant, provider, object): (TenantId, &str, Object),
) -> Result<Option<Lease>, Error> {
    let fence: Option<i64> = sqlx::query_scalar(
        "UPDATE crm_cursors SET fence = fence + 1, lease_until = now() + make_interval(secs => $4), wanted_at = NULL
         WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND (lease_until IS NULL OR lease_until < now())
         RETURNING fence",
    )
    .bind(tenant.0)
    .bind(provider)
    .bind(object.name())
    .bind(LEASE_S)
    .fetch_optional(db.system())
    .await?;
    Ok(fence.map(|fence| Lease { provider: provider.to_owned(), object, fence }))
}

/// Reads the cursor under a lease, which it prolongs. Errors: [`Error::Stale`].
pub async fn get(tx: &mut Tx, lease: &Lease) -> Result<Cursor, Error> {
    let cursor: Option<Json<Cursor>> = sqlx::query_scalar(
        "UPDATE crm_cursors SET lease_until = now() + make_interval(secs => $5)
         WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND fence = $4 RETURNING cursor",
    )
    .bind(tx.tenant().0)
    .bind(&lease.provider)
    .bind(lease.object.name())
    .bind(lease.fence)
    .bind(LEASE_S)
    .fetch_optional(&mut **tx)
    .await?;
    cursor.map(|cursor| cursor.0).ok_or(Error::Stale("CRM cursor"))
}

/// Keeps the cursor, in the transaction that keeps the page. Errors: [`Error::Stale`].
pub async fn set(tx: &mut Tx, lease: &Lease, cursor: &Cursor, rows: i64) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE crm_cursors SET cursor = $5, rows = rows + $6, updated_at = now(),
                                lease_until = now() + make_interval(secs => $7)
         WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND fence = $4",
    )
    .bind(tx.tenant().0)
    .bind(&lease.provider)
    .bind(lease.object.name())
    .bind(lease.fence)
    .bind(Json(cursor))
    .bind(rows)
    .bind(LEASE_S)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("CRM cursor")) }
}

/// Gives the right to follow back.
pub async fn release(db: &Db, tenant: TenantId, lease: &Lease) -> Result<(), Error> {
    sqlx::query(
        "UPDATE crm_cursors SET lease_until = NULL
         WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND fence = $4",
    )
    .bind(tenant.0)
    .bind(&lease.provider)
    .bind(lease.object.name())
    .bind(lease.fence)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Asks whoever follows to look at an object now: a webhook hinted at it, or somebody said so.
pub async fn want(db: &Db, (tenant, provider): (TenantId, &str), object: Object) -> Result<(), Error> {
    sqlx::query(
        "UPDATE crm_cursors SET wanted_at = now() WHERE tenant_id = $1 AND provider = $2 AND object = $3",
    )
    .bind(tenant.0)
    .bind(provider)
    .bind(object.name())
    .execute(db.system())
    .await?;
    Ok(())
}

/// What is due: wanted, in the middle of a walk, or last walked before a time. Nobody follows it at the moment.
pub async fn due(
    db: &Db,
    provider: &str,
    walked_before: DateTime<Utc>,
) -> Result<Vec<(TenantId, Object)>, Error> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT c.tenant_id, c.object FROM crm_cursors c JOIN connections n USING (tenant_id, provider)
         WHERE c.provider = $1 AND n.state = 'active' AND (c.lease_until IS NULL OR c.lease_until < now())
           AND (c.wanted_at IS NOT NULL OR c.cursor->>'walked_at' IS NULL OR c.cursor->'walk' <> 'null'
                OR (c.cursor->>'walked_at')::timestamptz < $2)
         ORDER BY c.wanted_at NULLS LAST, c.tenant_id, array_position(ARRAY['company', 'contact', 'deal', 'note'], c.object)",
    )
    .bind(provider)
    .bind(walked_before)
    .fetch_all(db.system())
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(tenant, object)| Some((TenantId(tenant), Object::from_name(&object)?)))
        .collect())
}

/// Notes a check for deleted records: how many were held back.
pub async fn checked(
    tx: &mut Tx,
    (provider, object): (&str, Object),
    held_gone: i64,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE crm_cursors SET checked_at = $4, held_gone = $5
         WHERE tenant_id = $1 AND provider = $2 AND object = $3",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(object.name())
    .bind(now)
    .bind(held_gone)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Begins from the beginning: the next walk reads everything.
pub async fn restart(tx: &mut Tx, provider: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE crm_cursors SET cursor = $3, rows = 0, wanted_at = now(), fence = fence + 1, lease_until = NULL
         WHERE tenant_id = $1 AND provider = $2",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(Json(Cursor::default()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How the following of each object stands.
pub async fn standing(tx: &mut Tx, provider: &str) -> Result<Vec<Standing>, Error> {
    type Row = (String, Json<Cursor>, i64, i64, Option<DateTime<Utc>>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT object, cursor, rows, held_gone, checked_at FROM crm_cursors
         WHERE tenant_id = $1 AND provider = $2
         ORDER BY array_position(ARRAY['company', 'contact', 'deal', 'note'], object)",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(object, cursor, rows, held_gone, checked_at)| Standing {
            object,
            cursor: cursor.0,
            rows,
            held_gone,
            checked_at,
        })
        .collect())
}

/// Counts how calls and records fared in the present quarter of an hour.
pub async fn count(
    tx: &mut Tx,
    provider: &str,
    (ok, failed, calls): (i64, i64, i64),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let slot = DateTime::from_timestamp(now.timestamp().div_euclid(900) * 900, 0).unwrap_or(now);
    sqlx::query(
        "INSERT INTO crm_outcomes (tenant_id, provider, slot, ok, failed, calls) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, provider, slot) DO UPDATE
            SET ok = crm_outcomes.ok + $4, failed = crm_outcomes.failed + $5, calls = crm_outcomes.calls + $6",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(slot)
    .bind(ok)
    .bind(failed)
    .bind(calls)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What went well and what failed at a provider since a time, over all tenants.
pub async fn outcomes(db: &Db, provider: &str, since: DateTime<Utc>) -> Result<(i64, i64), Error> {
    Ok(sqlx::query_as(
        "SELECT coalesce(sum(ok), 0)::bigint, coalesce(sum(failed), 0)::bigint FROM crm_outcomes
         WHERE provider = $1 AND slot >= $2",
    )
    .bind(provider)
    .bind(since)
    .fetch_one(db.system())
    .await?)
}
