//! What was paid to vendors, and for how many partnerships.

use chrono::{DateTime, Utc};
use domain::deal::Stage;

use crate::db::Tx;
use crate::error::Error;

/// What was booked since a time, millionths of a US dollar, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Costs {
    /// For language models.
    pub models_micro: i64,
    /// For facts about companies.
    pub facts_micro: i64,
    /// Deals that were signed.
    pub signed: i64,
}

impl Costs {
    /// Per signed deal, millionths of a US dollar; none when nothing was signed.
    pub fn per_partnership(&self) -> Option<i64> {
        (self.models_micro + self.facts_micro).checked_div(self.signed)
    }
}

/// The tenant's costs since a time.
///
/// # Errors
/// When the database is away.
pub async fn since(tx: &mut Tx, since: DateTime<Utc>) -> Result<Costs, Error> {
    let sql = "SELECT (SELECT coalesce(sum(cost_micro), 0)::bigint FROM llm_calls
                       WHERE tenant_id = $1 AND created_at > $2) AS models_micro,
                      (SELECT coalesce(sum(cost_micros), 0)::bigint FROM enrichment_calls
                       WHERE tenant_id = $1 AND begun_at > $2) AS facts_micro,
                      (SELECT count(DISTINCT deal_id) FROM stage_changes
                       WHERE tenant_id = $1 AND at > $2 AND to_stage = $3) AS signed";
    Ok(sqlx::query_as(sql)
        .bind(tx.tenant().0)
        .bind(since)
        .bind(Stage::Signed.name())
        .fetch_one(&mut **tx)
        .await?)
}
