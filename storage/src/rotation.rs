//! Tokens that expire: renewed in time, by one process at a time, and sealed like those that do not.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::person::Channel;
use secrecy::SecretString;
use uuid::Uuid;

use crate::db::Db;
use crate::error::Error;
use crate::seal::Seal;

/// How long whoever renews a token may take, seconds.
const LEASE_S: f64 = 60.0;

/// A token that has to be renewed.
#[derive(Debug, Clone)]
pub struct Expiring {
    /// Whose.
    pub tenant: TenantId,
    /// The channel's own key of the workspace.
    pub workspace: String,
    /// With what it is renewed, once.
    pub refresh: SecretString,
}

/// A token and what renews it.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The token.
    pub token: SecretString,
    /// With what it is renewed, once.
    pub refresh: SecretString,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
}

/// Takes a workspace whose token expires before a time.
pub async fn claim(
    db: &Db,
    seal: &Seal,
    channel: Channel,
    before: DateTime<Utc>,
) -> Result<Option<Expiring>, Error> {
    let row: Option<(Uuid, String, Vec<u8>)> = sqlx::query_as(
        "UPDATE workspaces SET renewing_until = now() + make_interval(secs => $3)
         WHERE (channel, external_id) = (
            SELECT channel, external_id FROM workspaces
            WHERE channel = $1 AND state = 'active' AND refresh_token IS NOT NULL AND token_expires_at < $2
              AND (renewing_until IS NULL OR renewing_until < now())
            ORDER BY token_expires_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING tenant_id, external_id, refresh_token",
    )
    .bind(channel.name())
    .bind(before)
    .bind(LEASE_S)
    .fetch_optional(db.system())
    .await?;
    let Some((tenant, workspace, sealed)) = row else { return Ok(None) };
    let tenant = TenantId(tenant);
    let refresh = seal.open(tenant, &refresh_place(channel, &workspace), &sealed)?;
    Ok(Some(Expiring { tenant, workspace, refresh }))
}

/// Keeps a new pair in place of the old one.
pub async fn keep(
    db: &Db,
    seal: &Seal,
    (channel, workspace, tenant): (Channel, &str, TenantId),
    pair: &Pair,
) -> Result<(), Error> {
    let token = seal.seal(tenant, &token_place(channel, workspace), &pair.token)?;
    let refresh = seal.seal(tenant, &refresh_place(channel, workspace), &pair.refresh)?;
    let done = sqlx::query(
        "UPDATE workspaces SET token = $4, refresh_token = $5, token_expires_at = $6, renewing_until = NULL,
                               updated_at = now()
         WHERE channel = $1 AND external_id = $2 AND tenant_id = $3 AND state = 'active'",
    )
    .bind(channel.name())
    .bind(workspace)
    .bind(tenant.0)
    .bind(token)
    .bind(refresh)
    .bind(pair.expires_at)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("workspace")) }
}

/// Comes back to a token later.
pub async fn put_off(db: &Db, channel: Channel, workspace: &str, after_s: f64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE workspaces SET renewing_until = now() + make_interval(secs => $3)
         WHERE channel = $1 AND external_id = $2",
    )
    .bind(channel.name())
    .bind(workspace)
    .bind(after_s)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Where a workspace's token is sealed for.
pub(crate) fn token_place(channel: Channel, workspace: &str) -> String {
    format!("workspaces/{}/{workspace}", channel.name())
}

fn refresh_place(channel: Channel, workspace: &str) -> String {
    format!("workspaces/{}/{workspace}/refresh", channel.name())
}
