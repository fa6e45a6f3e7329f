//! Tenants, and the channel workspaces that belong to them.

use domain::ids::TenantId;
use domain::person::Channel;
use secrecy::SecretString;
use uuid::Uuid;

use crate::db::Db;
use crate::error::Error;
use crate::rotation;
use crate::seal::Seal;

/// A channel's workspace that belongs to a tenant.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Whose.
    pub tenant: TenantId,
    /// Which channel.
    pub channel: Channel,
    /// The channel's own key, e.g. a Slack team id.
    pub external_id: String,
    /// Shown name.
    pub name: String,
    /// Our own user there, e.g. Slack's bot user id.
    pub bot_user: Option<String>,
    /// Our token there, if this workspace was installed with one of its own.
    pub token: Option<SecretString>,
}

/// Creates a tenant; an existing one stays as it is.
pub async fn create_tenant(db: &Db, tenant: TenantId, name: &str) -> Result<(), Error> {
    sqlx::query("INSERT INTO tenants (tenant_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(tenant.0)
        .bind(name)
        .execute(db.system())
        .await?;
    Ok(())
}

/// All tenants, oldest first.
pub async fn tenants(db: &Db) -> Result<Vec<(TenantId, String)>, Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT tenant_id, name FROM tenants ORDER BY created_at, tenant_id")
            .fetch_all(db.system())
            .await?;
    Ok(rows.into_iter().map(|(id, name)| (TenantId(id), name)).collect())
}

/// Stores a workspace, or renews its name and token. A workspace never changes its tenant.
pub async fn install(db: &Db, seal: &Seal, workspace: &Workspace) -> Result<(), Error> {
    let token = match &workspace.token {
        Some(token) => Some(seal.seal(workspace.tenant, &place(workspace), token)?),
        None => None,
    };
    let done = sqlx::query(
        "INSERT INTO workspaces (channel, external_id, tenant_id, name, bot_user, token)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (channel, external_id) DO UPDATE
            SET name = excluded.name, bot_user = coalesce(excluded.bot_user, workspaces.bot_user),
                token = coalesce(excluded.token, workspaces.token), state = 'active', updated_at = now(),
                refresh_token = CASE WHEN excluded.token IS NULL THEN workspaces.refresh_token END,
                token_expires_at = CASE WHEN excluded.token IS NULL THEN workspaces.token_expires_at END,
                renewing_until = NULL
          WHERE workspaces.tenant_id = excluded.tenant_id",
    )
    .bind(workspace.channel.name())
    .bind(&workspace.external_id)
    .bind(workspace.tenant.0)
    .bind(&workspace.name)
    .bind(&workspace.bot_user)
    .bind(token)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("workspace")) }
}

/// The active workspace with a channel's key.
pub async fn find(
    db: &Db,
    seal: &Seal,
    channel: Channel,
    external_id: &str,
) -> Result<Option<Workspace>, Error> {
    type Row = (Uuid, String, Option<String>, Option<Vec<u8>>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT tenant_id, name, bot_user, token FROM workspaces
         WHERE channel = $1 AND external_id = $2 AND state = 'active'",
    )
    .bind(channel.name())
    .bind(external_id)
    .fetch_optional(db.system())
    .await?;
    let Some((tenant, name, bot_user, sealed)) = row else {
        return Ok(None);
    };
    let mut workspace = Workspace {
        tenant: TenantId(tenant),
        channel,
        external_id: external_id.to_owned(),
        name,
        bot_user,
        token: None,
    };
    if let Some(sealed) = sealed {
        workspace.token = Some(seal.open(workspace.tenant, &place(&workspace), &sealed)?);
    }
    Ok(Some(workspace))
}

/// Whose a workspace is or was: it keeps its tenant when it removes us and comes back.
pub async fn tenant_of(db: &Db, channel: Channel, external_id: &str) -> Result<Option<TenantId>, Error> {
    let tenant: Option<Uuid> =
        sqlx::query_scalar("SELECT tenant_id FROM workspaces WHERE channel = $1 AND external_id = $2")
            .bind(channel.name())
            .bind(external_id)
            .fetch_optional(db.system())
            .await?;
    Ok(tenant.map(TenantId))
}

/// Notes that the workspace removed us.
pub async fn remove(db: &Db, channel: Channel, external_id: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE workspaces SET state = 'removed', token = NULL, refresh_token = NULL, token_expires_at = NULL,
                               updated_at = now()
         WHERE channel = $1 AND external_id = $2",
    )
    .bind(channel.name())
    .bind(external_id)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Active workspaces of a channel, as (key, name).
pub async fn list(db: &Db, channel: Channel) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT external_id, name FROM workspaces WHERE channel = $1 AND state = 'active' ORDER BY 1",
    )
    .bind(channel.name())
    .fetch_all(db.system())
    .await?)
}

fn place(workspace: &Workspace) -> String {
    rotation::token_place(workspace.channel, &workspace.external_id)
}

/// The workspace that somebody writes for who writes to us directly, on a channel where that names none: the only one
/// in which we know that name, else the only one there is. None when it could be several.
pub async fn serving(db: &Db, channel: Channel, name: &str) -> Result<Option<String>, Error> {
    let all: Vec<(String, bool)> = sqlx::query_as(
        "SELECT w.external_id, EXISTS (
            SELECT 1 FROM identities i
            WHERE i.channel = w.channel AND i.workspace = w.external_id AND i.external_id = $2)
         FROM workspaces w WHERE w.channel = $1 AND w.state = 'active'",
    )
    .bind(channel.name())
    .bind(name)
    .fetch_all(db.system())
    .await?;
    let is_known = all.iter().any(|(_, known)| *known);
    let mut fitting = all.into_iter().filter(|(_, known)| *known == is_known).map(|(key, _)| key);
    let only = fitting.next();
    Ok(if fitting.next().is_none() { only } else { None })
}
