//! Versions of models, and the aliases that point at them.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::model::{Alias, Model, Version};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{self, Act};
use crate::db::{Db, Tx};
use crate::error::Error;

/// The channel on which a moved alias is announced; the payload is the tenant.
pub const MODELS_CHANNEL: &str = "dealdesk_models";

/// A version to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct New {
    /// Which model.
    pub model: Model,
    /// Its version.
    pub version: Version,
    /// The weights.
    pub content: Vec<u8>,
    /// SHA-256 of the weights, hex.
    pub sha256: String,
    /// Schema of the features it reads.
    pub schema: String,
    /// Labels from this time on.
    pub trained_from: DateTime<Utc>,
    /// Labels up to this time.
    pub trained_until: DateTime<Utc>,
    /// Hash of the cases it was trained on.
    pub dataset: String,
    /// Seed of the training.
    pub seed: i64,
    /// Figures on cases that it did not see.
    pub metrics: Value,
    /// What it is, what it was made from, where it fails.
    pub card: String,
}

/// A kept version without its weights.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Row {
    /// Which model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the weights, hex.
    pub sha256: String,
    /// Schema of the features it reads.
    pub schema: String,
    /// Bytes of the weights.
    pub bytes: i32,
    /// Labels from this time on.
    pub trained_from: DateTime<Utc>,
    /// Labels up to this time.
    pub trained_until: DateTime<Utc>,
    /// Hash of the cases.
    pub dataset: String,
    /// Seed of the training.
    pub seed: i64,
    /// Figures.
    pub metrics: Value,
    /// The model card.
    pub card: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A version that is to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The weights.
    pub content: Vec<u8>,
    /// The hash that was written down when they were trained.
    pub sha256: String,
    /// The schema that was written down.
    pub schema: String,
}

/// A move of an alias.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Moved {
    /// Which model.
    pub model: String,
    /// Which alias.
    pub alias: String,
    /// Its number among the alias's moves, from 1.
    pub seq: i32,
    /// Where it points since; none is what comes with the program.
    pub version: Option<String>,
    /// Per cent of tenants that the challenger serves.
    pub share: i16,
    /// Why.
    pub reason: String,
    /// Who, e.g. `shell` or `agent:learning`.
    pub moved_by: String,
    /// When.
    pub moved_at: DateTime<Utc>,
}

/// A move to be made.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    /// Which model.
    pub model: Model,
    /// Which alias.
    pub alias: Alias,
    /// Where to; none is what comes with the program.
    pub to: Option<Version>,
    /// Per cent of tenants that the challenger serves.
    pub share: u8,
    /// Why.
    pub reason: &'a str,
    /// Who, e.g. `shell`.
    pub by: &'a str,
}

/// Keeps a version. Errors: [`Error::Conflict`] when there is one of that name.
pub async fn add(tx: &mut Tx, new: &New, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO model_versions (tenant_id, model, version, content, sha256, schema, trained_from, trained_until,
                                     dataset, seed, metrics, card, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::json, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(new.model.name())
    .bind(new.version.to_string())
    .bind(&new.content)
    .bind(&new.sha256)
    .bind(&new.schema)
    .bind(new.trained_from)
    .bind(new.trained_until)
    .bind(&new.dataset)
    .bind(new.seed)
    .bind(new.metrics.to_string())
    .bind(&new.card)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Conflict("model version"));
    }
    let subject = format!("model:{} {}", new.model.name(), new.version);
    // No figures: fractions do not come back to the last digit, and the chain's hash covers the text.
    let detail = json!({ "sha256": new.sha256, "dataset": new.dataset, "seed": new.seed });
    audit::append(
        tx,
        Act { at: now, actor: "agent:learning", action: "model.trained", subject: &subject, detail },
    )
    .await
}

/// All versions, the newest of each model first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Row>, Error> {
    Ok(sqlx::query_as(
        "SELECT model, version, sha256, schema, length(content) AS bytes, trained_from, trained_until, dataset, seed,
                metrics, card, created_at
         FROM model_versions WHERE tenant_id = $1
         ORDER BY model, string_to_array(version, '.')::int[] DESC",
    )
    .bind(tx.tenant().0)
    .fetch_all(&mut **tx)
    .await?)
}

/// The newest version of a model.
pub async fn newest(tx: &mut Tx, model: Model) -> Result<Option<Row>, Error> {
    Ok(list(tx).await?.into_iter().find(|row| row.model == model.name()))
}

/// The weights of a version. Errors: [`Error::Missing`].
pub async fn content(tx: &mut Tx, model: Model, version: Version) -> Result<Content, Error> {
    let row: Option<(Vec<u8>, String, String)> = sqlx::query_as(
        "SELECT content, sha256, schema FROM model_versions WHERE tenant_id = $1 AND model = $2 AND version = $3",
    )
    .bind(tx.tenant().0)
    .bind(model.name())
    .bind(version.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    let (content, sha256, schema) = row.ok_or(Error::Missing("model version"))?;
    Ok(Content { content, sha256, schema })
}

/// Moves an alias and announces it to every process. Whoever may have moved it meanwhile wins.
/// Errors: [`Error::Conflict`] when another move committed first, [`Error::Missing`] when there is no such version.
pub async fn point(tx: &mut Tx, new: &Move<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    if let Some(version) = new.to {
        content(tx, new.model, version).await?;
    }
    let version = new.to.map(|version| version.to_string());
    let done = sqlx::query(
        "INSERT INTO model_moves (tenant_id, model, alias, seq, version, share, reason, moved_by, moved_at)
         SELECT $1, $2, $3, coalesce(max(seq), 0) + 1, $4, $5, $6, $7, $8 FROM model_moves
         WHERE tenant_id = $1 AND model = $2 AND alias = $3
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(new.model.name())
    .bind(new.alias.name())
    .bind(&version)
    .bind(i16::from(new.share))
    .bind(new.reason)
    .bind(new.by)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Conflict("alias"));
    }
    let subject = format!("model:{} {}", new.model.name(), new.alias.name());
    let detail = json!({ "version": version, "share": new.share, "reason": new.reason });
    let act = Act { at: now, actor: new.by, action: "model.pointed", subject: &subject, detail };
    audit::append(tx, act).await?;
    // Heard when the transaction commits, by every worker.
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(MODELS_CHANNEL)
        .bind(tenant.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Where every alias points that was ever moved.
pub async fn pointers(tx: &mut Tx) -> Result<Vec<Moved>, Error> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT ON (model, alias) model, alias, seq, version, share, reason, moved_by, moved_at
         FROM model_moves WHERE tenant_id = $1 ORDER BY model, alias, seq DESC",
    )
    .bind(tx.tenant().0)
    .fetch_all(&mut **tx)
    .await?)
}

/// The moves of all aliases, newest first.
pub async fn moves(tx: &mut Tx, most: i64) -> Result<Vec<Moved>, Error> {
    Ok(sqlx::query_as(
        "SELECT model, alias, seq, version, share, reason, moved_by, moved_at FROM model_moves
         WHERE tenant_id = $1 ORDER BY moved_at DESC, seq DESC LIMIT $2",
    )
    .bind(tx.tenant().0)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?)
}

/// A number that changes whenever an alias is moved or a partner joins.
pub async fn stamp(tx: &mut Tx) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM model_moves WHERE tenant_id = $1) * 1000003
              + (SELECT count(*) FROM partners WHERE tenant_id = $1)",
    )
    .bind(tx.tenant().0)
    .fetch_one(&mut **tx)
    .await?)
}

/// Reads the tenant of an announcement.
pub fn announced(payload: &str) -> Option<TenantId> {
    payload.parse::<Uuid>().ok().map(TenantId)
}

/// All tenants, each of which has models of its own.
pub async fn tenants(db: &Db) -> Result<Vec<TenantId>, Error> {
    let rows: Vec<Uuid> =
        sqlx::query_scalar("SELECT tenant_id FROM tenants ORDER BY 1").fetch_all(db.system()).await?;
    Ok(rows.into_iter().map(TenantId).collect())
}
