//! Companies by the beginning of their name, as somebody types it.

use domain::company::CompanyId;
use domain::places::places;
use sqlx::PgPool;

use crate::error::Error;

/// Longest beginning that is looked for, characters.
const CHARS_MAX: usize = 100;

/// A company as a list of names shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Key in the directory.
    pub id: CompanyId,
    /// Its name.
    pub name: String,
    /// Country and city in words, or `unknown`.
    pub place: String,
}

/// Companies whose name begins with a text, then those that have it inside; the shortest names first.
///
/// # Errors
/// When the database fails.
pub async fn alike(pool: &PgPool, typed: &str, most: i64) -> Result<Vec<Named>, Error> {
    let typed: String = typed.trim().chars().take(CHARS_MAX).collect();
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let pattern = typed.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    type Row = (String, String, Option<String>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, country, city FROM companies WHERE name ILIKE '%' || $1 || '%'
         ORDER BY name ILIKE $1 || '%' DESC, length(name), name, id LIMIT $2",
    )
    .bind(pattern)
    .bind(most)
    .fetch_all(pool)
    .await?;
    let named = |(id, name, country, city): Row| {
        let country = country.map(|code| places().country(&code).to_owned());
        let parts: Vec<String> = [city, country].into_iter().flatten().collect();
        let place = if parts.is_empty() { "unknown".to_owned() } else { parts.join(", ") };
        Named { id: CompanyId(id), name, place }
    };
    Ok(rows.into_iter().map(named).collect())
}
