//! What opens a door: sign-in links, console sessions, interface tokens, codes. Only hashes are stored.

use chrono::{DateTime, Utc};
use domain::ids::{PersonId, TenantId};
use domain::person::{Person, Role};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::Error;

/// How long an interface token lasts unless said otherwise, days.
pub const TOKEN_DAYS: i64 = 90;

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Signs in once.
    Link,
    /// A signed-in browser.
    Session,
    /// A program that speaks for a person.
    Token,
    /// Makes its holder known on another channel, once.
    Code,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Session => "session",
            Self::Token => "token",
            Self::Code => "code",
        }
    }
}

/// Stores a credential's hash.
pub async fn issue(
    tx: &mut Tx,
    person: PersonId,
    kind: Kind,
    secret: &str,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO credentials (hash, tenant_id, person_id, kind, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(hash(secret))
    .bind(tenant.0)
    .bind(person.0)
    .bind(kind.name())
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The active person whom a credential stands for, if it is known and has not lapsed.
pub async fn holder(db: &Db, kind: Kind, secret: &str, now: DateTime<Utc>) -> Result<Option<Person>, Error> {
    type Row = (Uuid, Uuid, String, Option<String>, String);
    let row: Option<Row> = sqlx::query_as(
        "SELECT p.person_id, p.tenant_id, p.name, p.email, p.role
         FROM credentials c JOIN people p USING (tenant_id, person_id)
         WHERE c.hash = $1 AND c.kind = $2 AND p.is_active AND (c.expires_at IS NULL OR c.expires_at > $3)",
    )
    .bind(hash(secret))
    .bind(kind.name())
    .bind(now)
    .fetch_optional(db.system())
    .await?;
    let Some((id, tenant, name, email, role)) = row else {
        return Ok(None);
    };
    let role = Role::from_name(&role).ok_or_else(|| Error::unreadable("role", &role))?;
    Ok(Some(Person { id: PersonId(id), tenant: TenantId(tenant), name, email, role }))
}

/// Takes a person's codes out of use, so that only the newest holds.
pub async fn revoke_codes(tx: &mut Tx, person: PersonId) -> Result<(), Error> {
    sqlx::query("DELETE FROM credentials WHERE person_id = $1 AND kind = 'code'")
        .bind(person.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes a credential out of use; false when it was not there, so that a link works once.
pub async fn revoke(tx: &mut Tx, secret: &str) -> Result<bool, Error> {
    let done =
        sqlx::query("DELETE FROM credentials WHERE hash = $1").bind(hash(secret)).execute(&mut **tx).await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a person's tokens out of use, all or only the one given; how many.
pub async fn revoke_tokens(tx: &mut Tx, person: PersonId, only: Option<&str>) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM credentials WHERE person_id = $1 AND kind = 'token' AND hash = coalesce($2, hash)",
    )
    .bind(person.0)
    .bind(only.map(hash))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets credentials that have lapsed; how many.
pub async fn forget_lapsed(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, Error> {
    let done =
        sqlx::query("DELETE FROM credentials WHERE expires_at < $1").bind(now).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
