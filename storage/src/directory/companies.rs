//! The table of companies: look-ups, pages for building the search index, and the search that needs no index.

use std::collections::HashMap;

use domain::company::{Company, CompanyId, Size};
use domain::search::Filters;
use domain::taxonomy::taxonomy;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder, Row};

use crate::error::Error;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, name, description, sector, industry_group, industry, category, country, state, \
             city, domain, market_cap, founded_year, status, funding_total_usd, funding_rounds, \
             last_funding_at::text AS last_funding_at, tickers, lei, tags FROM companies",
            $rest
        )
    };
}

/// The companies of these ids, in the order asked for; unknown ids are left out.
///
/// # Errors
/// When the database fails.
pub async fn get(pool: &PgPool, ids: &[CompanyId]) -> Result<Vec<Company>, Error> {
    let keys: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
    let rows = sqlx::query(select!(" WHERE id = ANY($1)")).bind(keys).fetch_all(pool).await?;
    let mut found: HashMap<CompanyId, Company> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let company = company(row)?;
        found.insert(company.id.clone(), company);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// A company with this web domain; the best described when several have it.
///
/// # Errors
/// When the database fails.
pub async fn by_domain(pool: &PgPool, domain: &str) -> Result<Option<Company>, Error> {
    let row = sqlx::query(select!(" WHERE domain = $1 ORDER BY description IS NULL, id LIMIT 1"))
        .bind(domain)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(company).transpose()
}

/// How many companies the directory holds.
///
/// # Errors
/// When the database fails.
pub async fn count(pool: &PgPool) -> Result<u64, Error> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM companies").fetch_one(pool).await?;
    Ok(count.unsigned_abs())
}

/// The directory's version, which rises whenever companies changed.
///
/// # Errors
/// When the database fails.
pub async fn version(pool: &PgPool) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT version FROM directory_version").fetch_one(pool).await?)
}

/// All companies in pages, in the order of their ids.
pub fn stream_all(pool: &PgPool, page_rows: u32) -> Pages<'_> {
    Pages { pool, page_rows: i64::from(page_rows.max(1)), after: String::new() }
}

/// Pages of the whole directory; each is read by one query, so nothing is held open between them.
#[derive(Debug)]
pub struct Pages<'a> {
    pool: &'a PgPool,
    page_rows: i64,
    after: String,
}

impl Pages<'_> {
    /// The next page; `None` behind the last.
    ///
    /// # Errors
    /// When the database fails; the same page can then be asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<Company>>, Error> {
        let rows = sqlx::query(select!(" WHERE id > $1 ORDER BY id LIMIT $2"))
            .bind(&self.after)
            .bind(self.page_rows)
            .fetch_all(self.pool)
            .await?;
        let page = rows.iter().map(company).collect::<Result<Vec<_>, Error>>()?;
        match page.last() {
            Some(last) => self.after.clone_from(&last.id.0),
            None => return Ok(None),
        }
        Ok(Some(page))
    }
}

/// Searches without the index: every filter as SQL, ranked by full text and, where the server has it, by
/// likeness of the name. Best first. Industries are taken by the labels that imply them and by the phrases that
/// prove them, matched against labels, tags and descriptions.
///
/// # Errors
/// When the database fails.
pub async fn search_degraded(pool: &PgPool, filters: &Filters, limit: u32) -> Result<Vec<Company>, Error> {
    let trigrams: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm')")
            .fetch_one(pool)
            .await?;
    let mut query = degraded_query(filters, trigrams, limit);
    query.build().fetch_all(pool).await?.iter().map(company).collect()
}

fn degraded_query(filters: &Filters, trigrams: bool, limit: u32) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(select!(" WHERE true"));
    push_hard_filters(&mut query, filters);
    let industries = filters.industries.iter().map(|id| industry_words(id)).collect::<Vec<_>>().join(" or ");
    if !industries.is_empty() {
        query.push(" AND search @@ websearch_to_tsquery('pg_catalog.english', ");
        query.push_bind(industries.clone()).push(")");
    }
    let capability = any_of(filters.capability.iter().cloned());
    if capability.is_empty() {
        query.push(" ORDER BY ts_rank_cd(search, websearch_to_tsquery('pg_catalog.english', ");
        query.push_bind(industries).push(")) DESC, id LIMIT ").push_bind(i64::from(limit));
        return query;
    }
    let name = filters.capability.join(" ");
    // Beside an industry the words only rank, as they do with the index.
    query.push(if industries.is_empty() { " AND (search" } else { " AND (true OR search" });
    query.push(" @@ websearch_to_tsquery('pg_catalog.english', ").push_bind(capability.clone());
    query.push(") OR search @@ plainto_tsquery('pg_catalog.simple', ").push_bind(name.clone()).push(")");
    if trigrams {
        query.push(" OR ").push_bind(name.clone()).push(" <% name");
    }
    // All the words together are worth more than any of them often; a word in the name is worth the least,
    // since names are short and would otherwise win every time.
    query.push(") ORDER BY (search @@ plainto_tsquery('pg_catalog.english', ").push_bind(name.clone());
    query.push("))::integer + ts_rank_cd('{0.1, 0.6, 1.0, 0.3}', search, ");
    query.push("websearch_to_tsquery('pg_catalog.english', ");
    query.push_bind(any_of([capability, industries].into_iter().filter(|words| !words.is_empty())));
    query.push("), 1)");
    if trigrams {
        // A name, or a run of words in it, that is nearly what was asked for.
        query.push(" + greatest(word_similarity(").push_bind(name).push(", name) - 0.5, 0)");
    }
    query.push(" DESC, id LIMIT ").push_bind(i64::from(limit));
    query
}

/// The words for `websearch_to_tsquery`, any of which is enough.
fn any_of(phrases: impl Iterator<Item = String>) -> String {
    // Quotes and minus signs are operators there, and nobody means them here.
    let clean = phrases.map(|phrase| phrase.replace(['"', '-'], " "));
    clean.filter(|phrase| !phrase.trim().is_empty()).collect::<Vec<_>>().join(" or ")
}

/// What shows an industry, for `websearch_to_tsquery`: its labels in the directory and its phrases, quoted.
fn industry_words(id: &str) -> String {
    let phrases = taxonomy().by_id(id).map_or_else(Vec::new, |nth| taxonomy().get(nth).shown_by());
    if phrases.is_empty() {
        return id.replace(['_', '-', '.'], " ");
    }
    phrases.iter().map(|phrase| format!("\"{}\"", phrase.replace('"', " "))).collect::<Vec<_>>().join(" or ")
}

/// Accented letters, and beside them what they are without; the filters' cities have none.
const ACCENTS: (&str, &str) =
    ("áàâäãåéèêëíìîïóòôöõøúùûüñçýłšžćčđğışń", "aaaaaaeeeeiiiioooooouuuuncylszccdgisn");

fn push_hard_filters(query: &mut QueryBuilder<Postgres>, filters: &Filters) {
    if !filters.countries.is_empty() {
        query.push(" AND country = ANY(").push_bind(filters.countries.clone()).push(")");
    }
    if !filters.countries_not.is_empty() {
        query.push(" AND NOT coalesce(country, '') = ANY(");
        query.push_bind(filters.countries_not.clone()).push(")");
    }
    push_places(query, filters);
    if !filters.sizes.is_empty() {
        let labels: Vec<&str> = filters.sizes.iter().map(|size| size.label()).collect();
        query.push(" AND market_cap = ANY(").push_bind(labels).push(")");
    }
    for industry in &filters.industries_not {
        // Weight B alone: a company is excluded by its labels and tags, not by a word in passing.
        let words: Vec<&str> =
            industry.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        if words.is_empty() {
            continue;
        }
        let wanted = words.iter().map(|word| format!("{word}:B")).collect::<Vec<_>>().join(" & ");
        query.push(" AND NOT search @@ to_tsquery('pg_catalog.english', ").push_bind(wanted).push(")");
    }
    for (column, bound) in [
        (" AND founded_year >= ", filters.founded_min.map(f64::from)),
        (" AND founded_year <= ", filters.founded_max.map(f64::from)),
        (" AND funding_total_usd >= ", filters.funding_min_usd),
        (" AND funding_total_usd <= ", filters.funding_max_usd),
    ] {
        if let Some(bound) = bound {
            query.push(column).push_bind(bound);
        }
    }
    if let Some(status) = &filters.status {
        query.push(" AND status = ").push_bind(status.to_lowercase());
    }
}

/// A company in a country of which states or cities are named must be in one of those, as with the index.
/// Places are written `US-CA` and `DE-munich`; a city without a country is anywhere.
fn push_places(query: &mut QueryBuilder<Postgres>, filters: &Filters) {
    if filters.states.is_empty() && filters.cities.is_empty() {
        return;
    }
    let country = |place: &String| place.split_once('-').map(|(country, _)| country.to_owned());
    let narrowed: Vec<String> = filters.states.iter().chain(&filters.cities).filter_map(country).collect();
    let written = filters.cities.clone();
    if filters.cities_in_states {
        query.push(" AND country || '-' || translate(lower(city), ").push_bind(ACCENTS.0).push(", ");
        query.push_bind(ACCENTS.1).push(") = ANY(").push_bind(written);
        query.push(") AND (state IS NULL OR country || '-' || state = ANY(");
        query.push_bind(filters.states.clone()).push("))");
        return;
    }
    query.push(" AND (country || '-' || state = ANY(").push_bind(filters.states.clone());
    for own in [") OR country || '-' || translate(lower(city), ", ") OR '-' || translate(lower(city), "] {
        query.push(own).push_bind(ACCENTS.0).push(", ").push_bind(ACCENTS.1).push(") = ANY(");
        query.push_bind(written.clone());
    }
    // Another country that was asked for as a whole.
    query.push(") OR (country = ANY(").push_bind(filters.countries.clone());
    query.push(") AND NOT country = ANY(").push_bind(narrowed).push(")))");
}

fn company(row: &PgRow) -> Result<Company, Error> {
    Ok(Company {
        id: CompanyId(row.try_get("id")?),
        source: row.try_get("source")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        sector: row.try_get("sector")?,
        industry_group: row.try_get("industry_group")?,
        industry: row.try_get("industry")?,
        category: row.try_get("category")?,
        country: row.try_get("country")?,
        state: row.try_get("state")?,
        city: row.try_get("city")?,
        domain: row.try_get("domain")?,
        size: row.try_get::<Option<&str>, _>("market_cap")?.and_then(Size::from_label),
        founded_year: row.try_get("founded_year")?,
        status: row.try_get("status")?,
        funding_total_usd: row.try_get("funding_total_usd")?,
        funding_rounds: row.try_get("funding_rounds")?,
        last_funding_at: row.try_get("last_funding_at")?,
        tickers: row.try_get("tickers")?,
        lei: row.try_get("lei")?,
        tags: row.try_get("tags")?,
    })
}
