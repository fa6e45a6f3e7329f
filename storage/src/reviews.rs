//! The queue of terms that a person is to look at, oldest first.

use chrono::{DateTime, Duration, Utc};
use domain::contract::Analysis;
use domain::contract::State;
use domain::ids::{AnalysisId, DocumentId, Ids, PersonId, ReviewId, VersionId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// How soon a review item should be answered, hours (the service level of the review queue).
pub const TARGET_H: i64 = 4;

/// A term that waits for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Key.
    pub id: ReviewId,
    /// Which analysis.
    pub analysis: AnalysisId,
    /// Row of the analysis that holds our best guess.
    pub row: i32,
    /// Which term.
    pub term: String,
    /// Why a person should look.
    pub reason: String,
    /// How sure we are of the guess.
    pub confidence: f32,
    /// When it was put in the queue.
    pub opened_at: DateTime<Utc>,
    /// When it should be answered at the latest.
    pub due_at: DateTime<Utc>,
    /// Who is on it.
    pub claimed_by: Option<String>,
    /// The document's name.
    pub document_name: String,
    /// The document.
    pub document: DocumentId,
    /// The version.
    pub version: VersionId,
}

/// Puts every term of an analysis that a person is to look at into the queue.
pub async fn open(tx: &mut Tx, ids: &Ids, analysis: &Analysis, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    for (row, found) in analysis.extractions.iter().enumerate() {
        if found.state != State::Review {
            continue;
        }
        sqlx::query(
            "INSERT INTO review_items (review_id, tenant_id, analysis_id, row, term, reason, confidence, opened_at,
                                       due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, analysis_id, term) DO NOTHING",
        )
        .bind(ids.next())
        .bind(tenant.0)
        .bind(analysis.id.0)
        .bind(i32::try_from(row).unwrap_or(i32::MAX))
        .bind(&found.term.0)
        .bind(&found.reason)
        .bind(found.confidence)
        .bind(now)
        .bind(now + Duration::hours(TARGET_H))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    review_id: Uuid,
    analysis_id: Uuid,
    row: i32,
    term: String,
    reason: String,
    confidence: f32,
    opened_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    claimed_by: Option<String>,
    document_name: String,
    document_id: Uuid,
    version_id: Uuid,
}

/// What nobody answered yet, oldest first; at most 500.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<Item>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT r.review_id, r.analysis_id, r.row, r.term, r.reason, r.confidence, r.opened_at, r.due_at,
                p.name AS claimed_by, d.name AS document_name, d.document_id, v.version_id
         FROM review_items r JOIN analyses a ON a.analysis_id = r.analysis_id
              JOIN versions v ON v.version_id = a.version_id JOIN documents d ON d.document_id = v.document_id
              LEFT JOIN people p ON p.person_id = r.claimed_by
         WHERE NOT EXISTS (SELECT 1 FROM answers w WHERE w.analysis_id = r.analysis_id AND w.term = r.term)
         ORDER BY r.opened_at, r.review_id LIMIT 500",
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Item {
            id: ReviewId(row.review_id),
            analysis: AnalysisId(row.analysis_id),
            row: row.row,
            term: row.term,
            reason: row.reason,
            confidence: row.confidence,
            opened_at: row.opened_at,
            due_at: row.due_at,
            claimed_by: row.claimed_by,
            document_name: row.document_name,
            document: DocumentId(row.document_id),
            version: VersionId(row.version_id),
        })
        .collect())
}

/// Who is on an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub person: PersonId,
    /// The person's name.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Who is on an item; none when it is free, or there is no such item.
pub async fn holder(tx: &mut Tx, item: ReviewId) -> Result<Option<Holder>, Error> {
    let row: Option<(Uuid, String, DateTime<Utc>)> = sqlx::query_as(
        "SELECT r.claimed_by, p.name, r.claimed_at FROM review_items r JOIN people p ON p.person_id = r.claimed_by
         WHERE r.review_id = $1",
    )
    .bind(item.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(person, name, since)| Holder { person: PersonId(person), name, since }))
}

/// Puts a person's name on an item, unless somebody else's stands there. False if it does.
pub async fn claim(tx: &mut Tx, item: ReviewId, person: PersonId, now: DateTime<Utc>) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE review_items SET claimed_by = $2, claimed_at = $3
         WHERE review_id = $1 AND (claimed_by IS NULL OR claimed_by = $2)",
    )
    .bind(item.0)
    .bind(person.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}
