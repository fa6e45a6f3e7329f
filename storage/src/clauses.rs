//! The clauses of versions, and the search by words over all contracts of a team.

use domain::contract::NewVersion;
use domain::ids::{DocumentId, VersionId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// The longest clause that is indexed whole, bytes: word lists have a bound of their own.
const BODY_MAX: usize = 100_000;

/// A clause that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The version it stands in, the latest of its document.
    pub version: VersionId,
    /// That document.
    pub document: DocumentId,
    /// What the document is called.
    pub name: String,
    /// The name of the deal it belongs to.
    pub deal: Option<String>,
    /// The heading it stands under; may be empty.
    pub heading: String,
    /// Its words.
    pub body: String,
    /// Page of its first letter, from 1.
    pub page: i32,
    /// Byte offsets into the version's text.
    pub span: (i32, i32),
    /// All words that were looked for stand in it.
    pub has_all: bool,
    /// Higher is better; compares within one search alone.
    pub rank: f32,
}

#[derive(sqlx::FromRow)]
struct Row {
    version_id: Uuid,
    document_id: Uuid,
    name: String,
    deal: Option<String>,
    heading: String,
    body: String,
    page: i32,
    start_at: i32,
    end_at: i32,
    has_all: bool,
    rank: f32,
}

/// Stores the clauses of a version. What is no passage of its text is left out.
pub(crate) async fn add(tx: &mut Tx, new: &NewVersion) -> Result<(), Error> {
    let tenant = tx.tenant();
    let whole = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
    let (mut pages, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let (mut headings, mut bodies) = (Vec::new(), Vec::new());
    for clause in &new.clauses {
        let Some(body) = new.text.text.get(clause.start..clause.end).filter(|body| !body.is_empty()) else {
            continue;
        };
        let mut cut = body.len().min(BODY_MAX);
        while !body.is_char_boundary(cut) {
            cut -= 1;
        }
        // Postgres has no place for the letter nought.
        bodies.push(body[..cut].replace('\0', " "));
        headings.push(clause.heading.replace('\0', " "));
        pages.push(i32::try_from(new.text.page_at(clause.start)).unwrap_or(1).max(1));
        starts.push(whole(clause.start));
        ends.push(whole(clause.end));
    }
    sqlx::query(
        "INSERT INTO clauses (tenant_id, version_id, position, page, start_at, end_at, heading, body)
         SELECT $1, $2, n - 1, page, start_at, end_at, heading, body
         FROM unnest($3::int[], $4::int[], $5::int[], $6::text[], $7::text[])
              WITH ORDINALITY AS c (page, start_at, end_at, heading, body, n)",
    )
    .bind(tenant.0)
    .bind(new.version.0)
    .bind(pages)
    .bind(starts)
    .bind(ends)
    .bind(headings)
    .bind(bodies)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The clauses of the latest version of every document that hold any of the words, best first: those that hold all
/// words come before the others.
pub async fn search(tx: &mut Tx, words: &str, most: i64) -> Result<Vec<Hit>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "WITH asked AS (
             SELECT every, replace(every::text, '&', '|')::tsquery AS any_of
             FROM (SELECT plainto_tsquery('english', $1) AS every) q
         ), newest AS (
             SELECT DISTINCT ON (document_id) version_id, document_id FROM versions ORDER BY document_id, number DESC
         )
         SELECT c.version_id, n.document_id, d.name, l.name AS deal, c.heading, c.body, c.page, c.start_at, c.end_at,
                c.words @@ a.every AS has_all, ts_rank(c.words, a.any_of, 1) AS rank
         FROM asked a CROSS JOIN newest n JOIN clauses c ON c.version_id = n.version_id
              JOIN documents d ON d.document_id = n.document_id LEFT JOIN deals l ON l.deal_id = d.deal_id
         WHERE c.words @@ a.any_of
         ORDER BY has_all DESC, rank DESC, c.version_id, c.position LIMIT $2",
    )
    .bind(words)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Hit::from).collect())
}

impl From<Row> for Hit {
    fn from(row: Row) -> Self {
        Self {
            version: VersionId(row.version_id),
            document: DocumentId(row.document_id),
            name: row.name,
            deal: row.deal,
            heading: row.heading,
            body: row.body,
            page: row.page,
            span: (row.start_at, row.end_at),
            has_all: row.has_all,
            rank: row.rank,
        }
    }
}
