//! Documents and their versions; the bytes themselves are in the object store.

use chrono::{DateTime, Utc};
use domain::contract::{ContractText, NewVersion};
use domain::ids::{DealId, DocumentId, PersonId, PlanId, VersionId};
use uuid::Uuid;

use crate::clauses;
use crate::db::Tx;
use crate::error::Error;

/// One version of a document, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Key.
    pub id: VersionId,
    /// Of which document.
    pub document: DocumentId,
    /// What the document is called.
    pub name: String,
    /// The deal it belongs to.
    pub deal: Option<DealId>,
    /// Counted from 1 within the document.
    pub number: i32,
    /// SHA-256 of the original.
    pub sha256: String,
    /// What kind of file it is.
    pub kind: String,
    /// Length of the original.
    pub bytes: i64,
    /// Who sent it in.
    pub author: PersonId,
    /// That person's name.
    pub author_name: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What could not be read, or looked wrong.
    pub notes: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    version_id: Uuid,
    document_id: Uuid,
    name: String,
    deal_id: Option<Uuid>,
    number: i32,
    sha256: String,
    kind: String,
    bytes: i64,
    author_id: Uuid,
    author_name: String,
    created_at: DateTime<Utc>,
    notes: Vec<String>,
}

impl From<Row> for Version {
    fn from(row: Row) -> Self {
        Self {
            id: VersionId(row.version_id),
            document: DocumentId(row.document_id),
            name: row.name,
            deal: row.deal_id.map(DealId),
            number: row.number,
            sha256: row.sha256,
            kind: row.kind,
            bytes: row.bytes,
            author: PersonId(row.author_id),
            author_name: row.author_name,
            created_at: row.created_at,
            notes: row.notes,
        }
    }
}

/// Stores a version, and its document if this is the first one of it.
///
/// Errors: [`Error::Conflict`] when somebody else stored the same number of the same document meanwhile.
pub async fn add(tx: &mut Tx, plan: PlanId, new: &NewVersion, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO documents (document_id, tenant_id, deal_id, name, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (document_id) DO NOTHING",
    )
    .bind(new.document.0)
    .bind(tenant.0)
    .bind(new.deal.map(|deal| deal.0))
    .bind(&new.name)
    .bind(new.by.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    let text = serde_json::to_string(&new.text).map_err(|_| Error::unreadable("version text", ""))?;
    let stored = sqlx::query(
        "INSERT INTO versions (version_id, tenant_id, document_id, number, parent_id, sha256, bytes, file_name,
                               kind, author_id, plan_id, created_at, text, notes)
         SELECT $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12::json, $13
         FROM versions WHERE document_id = $3 ON CONFLICT DO NOTHING",
    )
    .bind(new.version.0)
    .bind(tenant.0)
    .bind(new.document.0)
    .bind(new.parent.map(|parent| parent.0))
    .bind(&new.sha256)
    .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
    .bind(&new.name)
    .bind(&new.kind)
    .bind(new.by.0)
    .bind(plan.0)
    .bind(now)
    .bind(text)
    .bind(&new.notes)
    .execute(&mut **tx)
    .await?;
    if stored.rows_affected() == 0 { Err(Error::Conflict("version")) } else { clauses::add(tx, new).await }
}

const VERSION: &str =
    "SELECT v.version_id, v.document_id, d.name, d.deal_id, v.number, v.sha256, v.kind, v.bytes,
       v.author_id, p.name AS author_name, v.created_at, v.notes
FROM versions v JOIN documents d ON d.document_id = v.document_id JOIN people p ON p.person_id = v.author_id";

/// One version.
pub async fn get(tx: &mut Tx, id: VersionId) -> Result<Version, Error> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{VERSION} WHERE v.version_id = $1")))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Version::from).ok_or(Error::Missing("version"))
}

/// All versions of a document, newest first.
pub async fn of_document(tx: &mut Tx, document: DocumentId) -> Result<Vec<Version>, Error> {
    let sql = format!("{VERSION} WHERE v.document_id = $1 ORDER BY v.number DESC");
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(document.0).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(Version::from).collect())
}

/// The latest version of every document, newest first; only of one deal when one is named; at most 200.
pub async fn latest(tx: &mut Tx, deal: Option<DealId>) -> Result<Vec<Version>, Error> {
    let sql = format!(
        "SELECT * FROM (SELECT DISTINCT ON (document_id) * FROM ({VERSION}) all_of
             WHERE $1::uuid IS NULL OR deal_id = $1 ORDER BY document_id, number DESC) newest
         ORDER BY created_at DESC LIMIT 200"
    );
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(deal.map(|deal| deal.0)).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(Version::from).collect())
}

/// The text of a version with its pages and boxes.
pub async fn text(tx: &mut Tx, id: VersionId) -> Result<ContractText, Error> {
    let text: Option<String> = sqlx::query_scalar("SELECT text::text FROM versions WHERE version_id = $1")
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    let text = text.ok_or(Error::Missing("version"))?;
    serde_json::from_str(&text).map_err(|_| Error::unreadable("version text", id.to_string()))
}

/// Says to which deal a document belongs.
pub async fn link(tx: &mut Tx, document: DocumentId, deal: DealId) -> Result<(), Error> {
    let done = sqlx::query("UPDATE documents SET deal_id = $2 WHERE document_id = $1")
        .bind(document.0)
        .bind(deal.0)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 { Err(Error::Missing("document")) } else { Ok(()) }
}

/// Whether any document belongs to a deal.
pub async fn is_any_of(tx: &mut Tx, deal: DealId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM documents WHERE deal_id = $1)")
        .bind(deal.0)
        .fetch_one(&mut **tx)
        .await?)
}
