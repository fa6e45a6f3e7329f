//! Companies as they were shown on first pages, with what the scorer read of them.

use chrono::{DateTime, Utc};
use domain::feature::Feature;
use domain::ids::PlanId;
use domain::learning::Shown;
use domain::search::Reason;
use serde_json::Value;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;
use crate::features;

/// Keeps a page, and what was known of its companies at that moment.
pub async fn add(tx: &mut Tx, shown: &Shown, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    for hit in &shown.hits {
        let reasons = serde_json::to_string(&hit.reasons).map_err(|e| Error::unreadable("reasons", e))?;
        sqlx::query(
            "INSERT INTO impressions (tenant_id, plan_id, company_id, name, position, fit, rule_fit, scored_by, reasons,
                                      propensity, is_exploration, shadow_by, shadow_fit, shown_to, shown_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.0)
        .bind(shown.plan.0)
        .bind(&hit.company.0)
        .bind(&hit.name)
        .bind(i32::try_from(hit.position).unwrap_or(i32::MAX))
        .bind(i16::from(hit.fit))
        .bind(i16::from(hit.rule_fit))
        .bind(&hit.scored_by)
        .bind(reasons)
        .bind(hit.propensity)
        .bind(hit.is_exploration)
        .bind(hit.shadow.as_ref().map(|(by, _)| by))
        .bind(hit.shadow.as_ref().map(|(_, fit)| i16::from(*fit)))
        .bind(shown.to.0)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    }
    // Live features have a row whenever they change; only what follows from the directory is kept here.
    let still: Vec<Feature> =
        Feature::ALL.into_iter().filter(|feature| !Feature::LIVE.contains(feature)).collect();
    let rows: Vec<(String, Feature, Option<f64>)> = shown
        .hits
        .iter()
        .flat_map(|hit| {
            still.iter().map(|feature| (hit.company.0.clone(), *feature, hit.values[feature.place()]))
        })
        .collect();
    features::write(tx, &rows, now, now).await?;
    Ok(())
}

/// A company as it was last shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Last {
    /// The search.
    pub plan: PlanId,
    /// Key in the directory.
    pub company: String,
    /// Its name.
    pub name: String,
    /// The fit that was shown.
    pub fit: i16,
    /// Which scorer gave it.
    pub scored_by: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// True when it was shown to be learnt from.
    pub is_exploration: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// The search in the person's words.
    pub query: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    plan_id: Uuid,
    company_id: String,
    name: String,
    fit: i16,
    scored_by: String,
    reasons: Value,
    is_exploration: bool,
    shown_at: DateTime<Utc>,
    query: Option<String>,
}

/// The last time each company was shown that is called so, by name or key: the whole name, else its beginning.
/// Those of one search only, when it is named. At most five companies, the last shown first.
pub async fn last_shown(tx: &mut Tx, said: &str, plan: Option<PlanId>) -> Result<Vec<Last>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM (
             SELECT DISTINCT ON (i.company_id) i.plan_id, i.company_id, i.name, i.fit, i.scored_by, i.reasons,
                    i.is_exploration, i.shown_at, p.intent->>'query' AS query
             FROM impressions i JOIN plans p ON p.plan_id = i.plan_id
             WHERE i.tenant_id = $1 AND ($3::uuid IS NULL OR i.plan_id = $3)
               AND (i.company_id = $2 OR starts_with(lower(i.name), lower($2)))
             ORDER BY i.company_id, i.shown_at DESC) last
         ORDER BY (company_id = $2 OR lower(name) = lower($2)) DESC, shown_at DESC LIMIT 5",
    )
    .bind(tx.tenant().0)
    .bind(said.trim())
    .bind(plan.map(|plan| plan.0))
    .fetch_all(&mut **tx)
    .await?;
    let read = |row: Row| {
        let reasons = serde_json::from_value(row.reasons).map_err(|e| Error::unreadable("reasons", e))?;
        Ok(Last {
            plan: PlanId(row.plan_id),
            company: row.company_id,
            name: row.name,
            fit: row.fit,
            scored_by: row.scored_by,
            reasons,
            is_exploration: row.is_exploration,
            at: row.shown_at,
            query: row.query.unwrap_or_default(),
        })
    };
    rows.into_iter().map(read).collect()
}
