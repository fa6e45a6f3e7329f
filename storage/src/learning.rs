//! Jobs of the learning loop, the cases that versions were trained on, and stays of deals in stages.

use chrono::{DateTime, Utc};
use domain::deal::Stage;
use domain::model::Model;
use serde_json::Value;

use crate::db::Tx;
use crate::error::Error;

/// A job of the learning loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Features of all partners.
    Features,
    /// A new version of a model.
    Training,
    /// How good the serving version is.
    Evaluation,
}

impl Job {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Training => "training",
            Self::Evaluation => "evaluation",
        }
    }
}

/// A run of a job.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Run {
    /// Which job.
    pub job: String,
    /// Of which model; empty for features.
    pub model: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub outcome: Value,
}

/// Holds off the same job of the same tenant in other processes until the transaction ends. False when one is at it.
pub async fn claim(tx: &mut Tx, job: Job) -> Result<bool, Error> {
    let name = format!("dealdesk/{}/{}", job.name(), tx.tenant());
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(name)
        .fetch_one(&mut **tx)
        .await?)
}

/// When a job last ran.
pub async fn last(tx: &mut Tx, job: Job, model: Option<Model>) -> Result<Option<Run>, Error> {
    Ok(sqlx::query_as(
        "SELECT job, model, at, outcome FROM learning_runs WHERE tenant_id = $1 AND job = $2 AND model = $3
         ORDER BY at DESC LIMIT 1",
    )
    .bind(tx.tenant().0)
    .bind(job.name())
    .bind(model.map_or("", Model::name))
    .fetch_optional(&mut **tx)
    .await?)
}

/// Keeps what came of a job.
pub async fn record(
    tx: &mut Tx,
    (job, model): (Job, Option<Model>),
    outcome: &Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO learning_runs (tenant_id, job, model, at, outcome) VALUES ($1, $2, $3, $4, $5::json)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(job.name())
    .bind(model.map_or("", Model::name))
    .bind(now)
    .bind(outcome.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest runs of all jobs.
pub async fn runs(tx: &mut Tx, most: i64) -> Result<Vec<Run>, Error> {
    Ok(sqlx::query_as(
        "SELECT job, model, at, outcome FROM learning_runs WHERE tenant_id = $1 ORDER BY at DESC LIMIT $2",
    )
    .bind(tx.tenant().0)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?)
}

/// Keeps the cases of a training under their hash; the same cases are kept once.
pub async fn keep_dataset(
    tx: &mut Tx,
    (dataset, model): (&str, Model),
    (cases, content): (usize, &Value),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO datasets (tenant_id, dataset, model, cases, content, created_at)
         VALUES ($1, $2, $3, $4, $5::json, $6) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(dataset)
    .bind(model.name())
    .bind(i32::try_from(cases).unwrap_or(i32::MAX))
    .bind(content.to_string())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A stay of a deal in a stage, as the history tells it as of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StayRow {
    /// The stage.
    pub stage: Stage,
    /// When the deal came into it.
    pub from: DateTime<Utc>,
    /// When it left, if it did by then.
    pub until: Option<DateTime<Utc>>,
    /// Where it went.
    pub to: Option<Stage>,
}

/// All stays of all deals that began in a time, as known at its end, oldest first.
pub async fn stays(tx: &mut Tx, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<StayRow>, Error> {
    type Row = (String, DateTime<Utc>, Option<DateTime<Utc>>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT to_stage, at, lead(at) OVER deal, lead(to_stage) OVER deal FROM stage_changes
         WHERE tenant_id = $1 AND at >= $2 AND at < $3 WINDOW deal AS (PARTITION BY deal_id ORDER BY seq)
         ORDER BY at, deal_id",
    )
    .bind(tx.tenant().0)
    .bind(from)
    .bind(until)
    .fetch_all(&mut **tx)
    .await?;
    let stage = |name: &str| Stage::from_name(name).ok_or_else(|| Error::unreadable("stage", name));
    rows.into_iter()
        .map(|(held, from, until, to)| {
            Ok(StayRow { stage: stage(&held)?, from, until, to: to.as_deref().map(stage).transpose()? })
        })
        .collect()
}
