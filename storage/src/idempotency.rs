//! Idempotency keys of interface calls: the same key is the same call.

use domain::ids::{InboundId, PersonId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The key is new; it now stands for the given message.
    New,
    /// The key was used for the same request, which has this number.
    Repeated(InboundId),
    /// The key was used for another request.
    Taken,
}

/// Lets a key stand for a message, unless it stands for one already.
///
/// Committed before the message is stored: whoever repeats the call stores it under the same number.
pub async fn claim(
    tx: &mut Tx,
    person: PersonId,
    key: &str,
    request_hash: &[u8],
    inbound: InboundId,
) -> Result<Claim, Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO idempotency (tenant_id, person_id, key, request_hash, inbound_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(person.0)
    .bind(key)
    .bind(request_hash)
    .bind(inbound.0)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let (hash, inbound): (Vec<u8>, Uuid) =
        sqlx::query_as("SELECT request_hash, inbound_id FROM idempotency WHERE person_id = $1 AND key = $2")
            .bind(person.0)
            .bind(key)
            .fetch_one(&mut **tx)
            .await?;
    Ok(if hash == request_hash { Claim::Repeated(InboundId(inbound)) } else { Claim::Taken })
}

/// Forgets keys older than this many hours; how many.
pub async fn forget(tx: &mut Tx, hours: i32) -> Result<u64, Error> {
    let done = sqlx::query("DELETE FROM idempotency WHERE created_at < now() - make_interval(hours => $1)")
        .bind(hours)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
