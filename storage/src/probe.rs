//! What the operator wants to know of the database: is the schema current, how long are the queues,
//! how fast is a commit, what arrived of a load.

use std::time::{Duration, Instant};

use domain::ids::Ids;

use crate::db::Db;
use crate::error::Error;

/// Migrations of this program that the database does not have yet.
pub async fn pending_migrations(db: &Db) -> Result<i64, Error> {
    let known: Vec<i64> = sqlx::migrate!("../migrations")
        .iter()
        .filter(|migration| !migration.migration_type.is_down_migration())
        .map(|migration| migration.version)
        .collect();
    Ok(sqlx::query_scalar("SELECT (cardinality($1::bigint[]) - guard.applied($1))::bigint")
        .bind(&known)
        .fetch_one(db.intake())
        .await?)
}

/// How many rows wait in each queue, all tenants together: `inbox`, `steps`, `outbox`.
pub async fn queue_depths(db: &Db) -> Result<Vec<(String, i64)>, Error> {
    Ok(sqlx::query_as(
        "SELECT 'inbox', count(*) FROM inbox WHERE state = 'new'
         UNION ALL SELECT 'steps', count(*) FROM steps WHERE state = 'queued' AND pending = 0
         UNION ALL SELECT 'outbox', count(*) FROM outbox WHERE state = 'queued'",
    )
    .fetch_all(db.intake())
    .await?)
}

/// How long each of `count` commits of a single row took, one after the other.
///
/// The rows go where the edge puts messages, marked so that nobody works on them.
pub async fn single_row_commits(db: &Db, ids: &Ids, count: usize) -> Result<Vec<Duration>, Error> {
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let id = ids.next();
        let began = Instant::now();
        sqlx::query(
            "INSERT INTO inbox (inbound_id, channel, route, event_key, body, state)
             VALUES ($1, 'web', 'probe', $2, $3, 'ignored')",
        )
        .bind(id)
        .bind(format!("probe:{id}"))
        .bind(vec![b'x'; 400])
        .execute(db.intake())
        .await?;
        took.push(began.elapsed());
    }
    Ok(took)
}

/// What of a load arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Stored messages.
    pub rows: i64,
    /// Different triggers among them.
    pub different: i64,
}

/// Counts stored commands whose trigger begins with a text of letters, digits and dots.
pub async fn arrived(db: &Db, trigger_prefix: &str) -> Result<Arrived, Error> {
    // The bodies themselves are counted, not the keys that keep doubles out.
    let (rows, different) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT trigger) FROM (
            SELECT substring(convert_from(body, 'UTF8') FROM 'trigger_id=([A-Za-z0-9.]+)') AS trigger
            FROM inbox WHERE channel = 'slack' AND route = 'command'
              AND position(convert_to('trigger_id=' || $1, 'UTF8') IN body) > 0) load",
    )
    .bind(trigger_prefix)
    .fetch_one(db.system())
    .await?;
    Ok(Arrived { rows, different })
}
