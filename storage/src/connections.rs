//! A tenant's connections to vendors: settings, sealed secrets, a token that one process at a time renews, and how they
//! fare.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::crm::map::Map;
use domain::ids::{PersonId, TenantId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{self, Act};
use crate::db::{Db, Tx};
use crate::error::Error;
use crate::seal::Seal;

/// How long whoever renews a token may take, seconds.
const LEASE_S: f64 = 30.0;

/// The named secrets of a connection, e.g. `refresh_token`.
pub type Secrets = BTreeMap<String, SecretString>;

/// Whether a connection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is.
    Active,
    /// Somebody stopped it for a while.
    Paused,
    /// The vendor no longer accepts us: somebody has to connect again.
    Revoked,
}

impl State {
    /// The word in the database and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Revoked => "revoked",
        }
    }

    fn from_name(name: &str) -> Result<Self, Error> {
        let all = [Self::Active, Self::Paused, Self::Revoked];
        all.into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| Error::unreadable("connection", name))
    }
}

/// A connection as it is made.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Which vendor, e.g. `hubspot`.
    pub provider: &'a str,
    /// The vendor's own key of the account.
    pub account: &'a str,
    /// Where and how; nothing secret.
    pub settings: &'a Value,
    /// What has to stay secret.
    pub secrets: &'a Secrets,
    /// Who connects; none at the command line.
    pub by: Option<PersonId>,
}

/// How a connection fares, without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Whose.
    pub tenant: TenantId,
    /// Which vendor.
    pub provider: String,
    /// The vendor's own key of the account.
    pub account: String,
    /// Where and how.
    pub settings: Value,
    /// Whether it is used.
    pub state: State,
    /// Since when it is there.
    pub since: DateTime<Utc>,
    /// When a call last went well.
    pub last_ok_at: Option<DateTime<Utc>>,
    /// What last went wrong, in plain words.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
    /// Failures since it last went well.
    pub failures: i32,
    /// Until when its token is good, if it has one that expires.
    pub token_expires_at: Option<DateTime<Utc>>,
}

/// A connection with what is needed to use it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// How it fares.
    pub status: Status,
    /// Its secrets.
    pub secrets: Secrets,
    /// The token of the moment, if it has one that expires.
    pub token: Option<SecretString>,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: Uuid,
    provider: String,
    account: String,
    settings: Value,
    secrets: Vec<u8>,
    token: Option<Vec<u8>>,
    token_expires_at: Option<DateTime<Utc>>,
    state: String,
    last_ok_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    failures: i32,
    created_at: DateTime<Utc>,
}

const COLUMNS: &str = "SELECT tenant_id, provider, account, settings, secrets, token, token_expires_at, state, \
                       last_ok_at, last_error, last_error_at, failures, created_at FROM connections";

impl Row {
    fn status(&self) -> Result<Status, Error> {
        Ok(Status {
            tenant: TenantId(self.tenant_id),
            provider: self.provider.clone(),
            account: self.account.clone(),
            settings: self.settings.clone(),
            state: State::from_name(&self.state)?,
            since: self.created_at,
            last_ok_at: self.last_ok_at,
            last_error: self.last_error.clone(),
            last_error_at: self.last_error_at,
            failures: self.failures,
            token_expires_at: self.token_expires_at,
        })
    }

    fn open(self, seal: &Seal) -> Result<Connection, Error> {
        let status = self.status()?;
        let (tenant, provider) = (status.tenant, &status.provider);
        let opened = seal.open(tenant, &secrets_place(provider), &self.secrets)?;
        let named: BTreeMap<String, String> = serde_json::from_str(opened.expose_secret())
            .map_err(|_| Error::unreadable("connection", "secrets"))?;
        let secrets = named.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
        let token = match &self.token {
            Some(sealed) => Some(seal.open(tenant, &token_place(provider), sealed)?),
            None => None,
        };
        Ok(Connection { status, secrets, token })
    }
}

/// Connects, or connects anew: what was known of the old token and its failures is forgotten.
pub async fn connect(tx: &mut Tx, seal: &Seal, new: &New<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    let sealed = sealed(seal, (tenant, new.provider), new.secrets)?;
    sqlx::query(
        "INSERT INTO connections (tenant_id, provider, account, settings, secrets, connected_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, provider) DO UPDATE
            SET account = excluded.account, settings = excluded.settings, secrets = excluded.secrets,
                connected_by = excluded.connected_by, token = NULL, token_expires_at = NULL, renewing_until = NULL,
                state = 'active', failures = 0, last_error = NULL, last_error_at = NULL, updated_at = now()",
    )
    .bind(tenant.0)
    .bind(new.provider)
    .bind(new.account)
    .bind(new.settings)
    .bind(sealed)
    .bind(new.by.map(|person| person.0))
    .execute(&mut **tx)
    .await?;
    let actor = new.by.map_or_else(|| "system".to_owned(), |person| format!("person:{person}"));
    let subject = format!("connection:{}", new.provider);
    let names: Vec<&String> = new.secrets.keys().collect();
    let detail = json!({ "account": new.account, "settings": new.settings, "secrets": names });
    audit::append(tx, Act { at: now, actor: &actor, action: "connection.made", subject: &subject, detail })
        .await
}

/// Changes the settings of a connection. Errors: [`Error::Missing`].
pub async fn set(tx: &mut Tx, provider: &str, settings: &Value) -> Result<(), Error> {
    let done = sqlx::query("UPDATE connections SET settings = $2, updated_at = now() WHERE provider = $1")
        .bind(provider)
        .bind(settings)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("connection")) }
}

/// Replaces the map of a CRM, with what it was before in the audit. `before` is the map that the person looked at.
/// Errors: [`Error::Conflict`] when it was changed since, [`Error::Missing`].
pub async fn set_map(
    tx: &mut Tx,
    (provider, person): (&str, PersonId),
    (before, after): (&Map, &Map),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let sql = "SELECT settings FROM connections WHERE provider = $1 FOR UPDATE";
    let kept: Option<Value> = sqlx::query_scalar(sql).bind(provider).fetch_optional(&mut **tx).await?;
    let mut settings = kept.ok_or(Error::Missing("connection"))?;
    if map_of(provider, &settings)? != *before {
        return Err(Error::Conflict("map"));
    }
    settings["map"] = json!(after);
    set(tx, provider, &settings).await?;
    let (actor, subject) = (format!("person:{person}"), format!("connection:{provider}"));
    let detail = json!({ "before": before, "after": after });
    let act = Act { at: now, actor: &actor, action: "connection.map_changed", subject: &subject, detail };
    audit::append(tx, act).await
}

/// The map of a CRM's connection: its own, or what the provider's pipeline usually means.
pub fn map_of(provider: &str, settings: &Value) -> Result<Map, Error> {
    match settings.get("map") {
        Some(map) => {
            serde_json::from_value(map.clone()).map_err(|error| Error::unreadable("field map", error))
        }
        None => Ok(Map::of(provider)),
    }
}

/// Ends a connection: its secrets are gone.
pub async fn disconnect(
    tx: &mut Tx,
    provider: &str,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let done =
        sqlx::query("DELETE FROM connections WHERE provider = $1").bind(provider).execute(&mut **tx).await?;
    if done.rows_affected() == 0 {
        return Err(Error::Missing("connection"));
    }
    let actor = by.map_or_else(|| "system".to_owned(), |person| format!("person:{person}"));
    let subject = format!("connection:{provider}");
    let act =
        Act { at: now, actor: &actor, action: "connection.ended", subject: &subject, detail: json!({}) };
    audit::append(tx, act).await
}

/// The tenant's connections, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Status>, Error> {
    let sql = format!("{COLUMNS} ORDER BY provider");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut **tx).await?;
    rows.iter().map(Row::status).collect()
}

/// A tenant's connection to a vendor, whatever its state.
pub async fn find(
    db: &Db,
    seal: &Seal,
    (tenant, provider): (TenantId, &str),
) -> Result<Option<Connection>, Error> {
    let sql = format!("{COLUMNS} WHERE tenant_id = $1 AND provider = $2");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tenant.0)
        .bind(provider)
        .fetch_optional(db.system())
        .await?;
    row.map(|row| row.open(seal)).transpose()
}

/// The connections that share a vendor's account: whose a webhook is.
pub async fn of_account(
    db: &Db,
    seal: &Seal,
    (provider, account): (&str, &str),
) -> Result<Vec<Connection>, Error> {
    let sql = format!("{COLUMNS} WHERE provider = $1 AND account = $2 AND account <> '' ORDER BY tenant_id");
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(provider).bind(account).fetch_all(db.system()).await?;
    rows.into_iter().map(|row| row.open(seal)).collect()
}

/// All tenants' active connections to a vendor, for those who poll.
pub async fn active(db: &Db, provider: &str) -> Result<Vec<Status>, Error> {
    let sql = format!("{COLUMNS} WHERE provider = $1 AND state = 'active' ORDER BY tenant_id");
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(provider).fetch_all(db.system()).await?;
    rows.iter().map(Row::status).collect()
}

/// Notes that a call went well.
pub async fn succeeded(db: &Db, (tenant, provider): (TenantId, &str)) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections SET last_ok_at = now(), failures = 0 WHERE tenant_id = $1 AND provider = $2",
    )
    .bind(tenant.0)
    .bind(provider)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Notes what went wrong, in plain words; `is_revoked` stops the connection until somebody connects again.
pub async fn failed(
    db: &Db,
    (tenant, provider): (TenantId, &str),
    words: &str,
    is_revoked: bool,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections SET last_error = $3, last_error_at = now(), failures = failures + 1,
                                state = CASE WHEN $4 THEN 'revoked' ELSE state END
         WHERE tenant_id = $1 AND provider = $2",
    )
    .bind(tenant.0)
    .bind(provider)
    .bind(words)
    .bind(is_revoked)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Asks to renew a connection's token. One asker at a time is let; the others wait for its token.
pub async fn claim_renewal(db: &Db, (tenant, provider): (TenantId, &str)) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE connections SET renewing_until = now() + make_interval(secs => $3)
         WHERE tenant_id = $1 AND provider = $2 AND state = 'active'
           AND (renewing_until IS NULL OR renewing_until < now())",
    )
    .bind(tenant.0)
    .bind(provider)
    .bind(LEASE_S)
    .execute(db.system())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets others try to renew a token: this one could not.
pub async fn give_up_renewal(db: &Db, (tenant, provider): (TenantId, &str)) -> Result<(), Error> {
    sqlx::query("UPDATE connections SET renewing_until = NULL WHERE tenant_id = $1 AND provider = $2")
        .bind(tenant.0)
        .bind(provider)
        .execute(db.system())
        .await?;
    Ok(())
}

/// Keeps a new token, and new secrets if the vendor changed them with it.
pub async fn keep_token(
    db: &Db,
    seal: &Seal,
    (tenant, provider): (TenantId, &str),
    (token, expires_at): (&SecretString, DateTime<Utc>),
    secrets: Option<&Secrets>,
) -> Result<(), Error> {
    let token = seal.seal(tenant, &token_place(provider), token)?;
    let secrets = match secrets {
        Some(secrets) => Some(sealed(seal, (tenant, provider), secrets)?),
        None => None,
    };
    sqlx::query(
        "UPDATE connections SET token = $3, token_expires_at = $4, secrets = coalesce($5, secrets),
                                renewing_until = NULL, updated_at = now()
         WHERE tenant_id = $1 AND provider = $2",
    )
    .bind(tenant.0)
    .bind(provider)
    .bind(token)
    .bind(expires_at)
    .bind(secrets)
    .execute(db.system())
    .await?;
    Ok(())
}

fn sealed(seal: &Seal, (tenant, provider): (TenantId, &str), secrets: &Secrets) -> Result<Vec<u8>, Error> {
    let named: BTreeMap<&str, &str> =
        secrets.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    let text = serde_json::to_string(&named).map_err(|_| Error::Sealed)?;
    seal.seal(tenant, &secrets_place(provider), &SecretString::from(text))
}

fn secrets_place(provider: &str) -> String {
    format!("connections/{provider}/secrets")
}

fn token_place(provider: &str) -> String {
    format!("connections/{provider}/token")
}
