//! Which versions were accepted, by whom, as they were read: what is signed is held against these.

use chrono::{DateTime, Utc};
use domain::ids::{AnalysisId, DealId, DocumentId, PersonId, PlanId, VersionId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// A version that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub version: VersionId,
    /// Of which document.
    pub document: DocumentId,
    /// What the document is called.
    pub name: String,
    /// The deal it belongs to.
    pub deal: Option<DealId>,
    /// What had been read in it.
    pub analysis: AnalysisId,
    /// SHA-256 of the original.
    pub sha256: String,
    /// Who accepted it.
    pub by_name: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps that a version was accepted. A second acceptance of the same version changes nothing.
pub async fn add(
    tx: &mut Tx,
    plan: PlanId,
    (version, analysis): (VersionId, AnalysisId),
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO acceptances (tenant_id, version_id, analysis_id, plan_id, accepted_by, accepted_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, version_id) DO NOTHING",
    )
    .bind(tenant.0)
    .bind(version.0)
    .bind(analysis.0)
    .bind(plan.0)
    .bind(by.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Who accepted a version; none when nobody did.
pub async fn of_version(tx: &mut Tx, version: VersionId) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT p.name FROM acceptances a JOIN people p ON p.person_id = a.accepted_by WHERE a.version_id = $1",
    )
    .bind(version.0)
    .fetch_optional(&mut **tx)
    .await?)
}

type Row = (Uuid, Uuid, String, Option<Uuid>, Uuid, String, String, DateTime<Utc>);

/// The last accepted version of every document, newest first; at most 500.
pub async fn latest(tx: &mut Tx) -> Result<Vec<Accepted>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM (
            SELECT DISTINCT ON (v.document_id) v.version_id, v.document_id, d.name, d.deal_id, a.analysis_id, v.sha256,
                   p.name AS by_name, a.accepted_at
            FROM acceptances a JOIN versions v ON v.version_id = a.version_id
                 JOIN documents d ON d.document_id = v.document_id JOIN people p ON p.person_id = a.accepted_by
            ORDER BY v.document_id, v.number DESC) newest
         ORDER BY accepted_at DESC LIMIT 500",
    )
    .fetch_all(&mut **tx)
    .await?;
    let accepted = |(version, document, name, deal, analysis, sha256, by_name, at): Row| Accepted {
        version: VersionId(version),
        document: DocumentId(document),
        name,
        deal: deal.map(DealId),
        analysis: AnalysisId(analysis),
        sha256,
        by_name,
        at,
    };
    Ok(rows.into_iter().map(accepted).collect())
}
