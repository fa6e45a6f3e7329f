//! Home tabs that people have open, each shown anew once something changed.

use domain::ids::{PersonId, TenantId};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::Error;

/// How long a home is shown anew after its person last looked at it, days.
const LOOKED_AT_DAYS: i32 = 30;
/// How long whoever shows a home may take, seconds.
const LEASE_S: f64 = 30.0;

/// A home that has to be shown anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Whose data.
    pub tenant: TenantId,
    /// The channel's workspace.
    pub workspace: String,
    /// The person as the channel numbers people.
    pub user: String,
    /// The person.
    pub person: PersonId,
    /// What is shown there, as [`shown`] was told.
    pub hash: Option<String>,
    /// How often showing it went wrong in a row.
    pub failures: i32,
    /// How far the audit chain is.
    seq: i64,
}

/// Notes that a person looks at her home.
pub async fn open(tx: &mut Tx, person: PersonId, (workspace, user): (&str, &str)) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO homes (tenant_id, workspace, user_key, person_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, workspace, user_key) DO UPDATE
            SET person_id = excluded.person_id, opened_at = now(), shown_seq = -1, shown_hash = NULL, run_at = now(),
                failures = 0",
    )
    .bind(tenant.0)
    .bind(workspace)
    .bind(user)
    .bind(person.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a home that shows what is no longer so.
pub async fn claim(db: &Db) -> Result<Option<Home>, Error> {
    type Row = (Uuid, String, String, Uuid, Option<String>, i32, i64);
    let row: Option<Row> = sqlx::query_as(
        "UPDATE homes h SET run_at = now() + make_interval(secs => $1)
         FROM (SELECT o.tenant_id, o.workspace, o.user_key, coalesce(a.seq, 0) AS seq
               FROM homes o LEFT JOIN audit_heads a ON a.tenant_id = o.tenant_id
               WHERE o.run_at <= now() AND o.shown_seq < coalesce(a.seq, 0)
                 AND o.opened_at > now() - make_interval(days => $2)
               ORDER BY o.run_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED) found
         WHERE h.tenant_id = found.tenant_id AND h.workspace = found.workspace AND h.user_key = found.user_key
         RETURNING h.tenant_id, h.workspace, h.user_key, h.person_id, h.shown_hash, h.failures, found.seq",
    )
    .bind(LEASE_S)
    .bind(LOOKED_AT_DAYS)
    .fetch_optional(db.system())
    .await?;
    Ok(row.map(|(tenant, workspace, user, person, hash, failures, seq)| Home {
        tenant: TenantId(tenant),
        workspace,
        user,
        person: PersonId(person),
        hash,
        failures,
        seq,
    }))
}

/// Notes what a home shows now.
pub async fn shown(db: &Db, home: &Home, hash: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE homes SET shown_seq = $4, shown_hash = $5, run_at = now(), failures = 0
         WHERE tenant_id = $1 AND workspace = $2 AND user_key = $3",
    )
    .bind(home.tenant.0)
    .bind(&home.workspace)
    .bind(&home.user)
    .bind(home.seq)
    .bind(hash)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Comes back to a home later.
pub async fn put_off(db: &Db, home: &Home, after_s: f64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE homes SET run_at = now() + make_interval(secs => $4), failures = failures + 1
         WHERE tenant_id = $1 AND workspace = $2 AND user_key = $3",
    )
    .bind(home.tenant.0)
    .bind(&home.workspace)
    .bind(&home.user)
    .bind(after_s)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Forgets a home until it is opened again.
pub async fn forget(db: &Db, home: &Home) -> Result<(), Error> {
    sqlx::query("DELETE FROM homes WHERE tenant_id = $1 AND workspace = $2 AND user_key = $3")
        .bind(home.tenant.0)
        .bind(&home.workspace)
        .bind(&home.user)
        .execute(db.system())
        .await?;
    Ok(())
}
