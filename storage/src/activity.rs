//! The features that deals, notes and contracts give: computed for all partners daily, and at once for whom something
//! happened to.

use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::feature::Feature;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;
use crate::features;

/// The three values of every partner, or of some companies, as of a time. What is not known is null: no open deal, no
/// contract read, no deal at all.
const ACTIVITY: &str = "
    WITH who AS (
        SELECT p.partner_id, p.company_id FROM partners p
        WHERE p.tenant_id = $1 AND ($2::text[] IS NULL OR p.company_id = ANY ($2))),
    dealt AS (
        SELECT d.partner_id, count(*) AS deals,
               count(*) FILTER (WHERE d.stage NOT IN ('lost', 'ended', 'on_hold')) AS open
        FROM deals d JOIN who USING (partner_id) WHERE d.tenant_id = $1 GROUP BY 1),
    moved AS (
        SELECT d.partner_id, count(*) AS moves, count(c.person_id) AS by_people
        FROM deals d JOIN who USING (partner_id) JOIN stage_changes c ON c.deal_id = d.deal_id
        WHERE d.tenant_id = $1 AND c.from_stage IS NOT NULL AND c.at > $3 - interval '30 days' AND c.at <= $3
        GROUP BY 1),
    noted AS (
        SELECT d.partner_id, count(*) AS notes
        FROM deals d JOIN who USING (partner_id)
             JOIN notes n ON n.tenant_id = d.tenant_id AND n.deal_id = d.deal_id
        WHERE d.tenant_id = $1 AND n.created_at > $3 - interval '30 days' AND n.created_at <= $3 GROUP BY 1),
    papers AS (
        SELECT DISTINCT ON (v.version_id) d.partner_id, v.version_id, v.created_at, a.analysis_id,
               a.created_at AS read_at
        FROM deals d JOIN who USING (partner_id)
             JOIN documents o ON o.tenant_id = d.tenant_id AND o.deal_id = d.deal_id
             JOIN versions v ON v.tenant_id = o.tenant_id AND v.document_id = o.document_id
             JOIN analyses a ON a.tenant_id = v.tenant_id AND a.version_id = v.version_id
        WHERE d.tenant_id = $1 AND a.created_at <= $3 ORDER BY v.version_id, a.created_at DESC),
    risky AS (
        SELECT p.partner_id, count(*) FILTER (WHERE p.created_at > $3 - interval '30 days') AS sent,
               sum(coalesce((SELECT sum(f.severity) FROM findings f
                             WHERE f.tenant_id = $1 AND f.analysis_id = p.analysis_id AND f.verdict <> 'green'), 0)
                   / 100.0 * power(0.5, extract(epoch FROM $3 - p.read_at) / 86400 / 180))::float8 AS risk
        FROM papers p GROUP BY 1)
    SELECT who.company_id,
           coalesce(moved.moves, 0)::float8 / nullif(dealt.open, 0) AS velocity,
           risky.risk,
           CASE WHEN dealt.deals IS NULL THEN NULL ELSE
               1 - exp(-(coalesce(moved.by_people, 0) + coalesce(noted.notes, 0) + coalesce(risky.sent, 0)) / 5.0)
           END::float8 AS engagement
    FROM who LEFT JOIN dealt USING (partner_id) LEFT JOIN moved USING (partner_id)
         LEFT JOIN noted USING (partner_id) LEFT JOIN risky USING (partner_id)";

/// Computes and keeps the three live features of every partner, or of some companies. Gives how many values changed.
pub async fn refresh(tx: &mut Tx, companies: Option<&[String]>, now: DateTime<Utc>) -> Result<u64, Error> {
    type Row = (String, Option<f64>, Option<f64>, Option<f64>);
    // All at once goes better by whole tables than by index.
    if companies.is_none() {
        sqlx::query("SET LOCAL enable_seqscan = on").execute(&mut **tx).await?;
    }
    let found: Vec<Row> =
        sqlx::query_as(ACTIVITY).bind(tx.tenant().0).bind(companies).bind(now).fetch_all(&mut **tx).await?;
    let rows: Vec<(String, Feature, Option<f64>)> = found
        .into_iter()
        .flat_map(|(company, velocity, risk, engagement)| {
            [
                (company.clone(), Feature::DealVelocity30d, velocity),
                (company.clone(), Feature::ContractRiskHistory, risk),
                (company, Feature::PartnerEngagementScore, engagement),
            ]
        })
        .collect();
    features::write(tx, &rows, now, now).await
}

/// Computes the live features of whom a change is about, in the transaction of the change.
pub async fn follow(tx: &mut Tx, change: &Change, now: DateTime<Utc>) -> Result<(), Error> {
    let of_deal = "SELECT p.company_id FROM deals d JOIN partners p USING (partner_id) WHERE d.deal_id = $1";
    let of_version = "SELECT p.company_id FROM versions v JOIN documents o USING (document_id)
                          JOIN deals d ON d.deal_id = o.deal_id JOIN partners p USING (partner_id)
                      WHERE v.version_id = $1";
    let (sql, key): (&'static str, Uuid) = match change {
        Change::StartDeal { deal, .. } | Change::MoveDeal { deal, .. } | Change::AddNote { deal, .. } => {
            (of_deal, deal.0)
        }
        Change::LinkDocument { deal, .. } => (of_deal, deal.0),
        Change::Analyse(analysis) => (of_version, analysis.version.0),
        _ => return Ok(()),
    };
    let company: Option<String> = sqlx::query_scalar(sql).bind(key).fetch_optional(&mut **tx).await?;
    if let Some(company) = company {
        refresh(tx, Some(&[company]), now).await?;
    }
    Ok(())
}
