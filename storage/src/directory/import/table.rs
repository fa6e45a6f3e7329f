//! The writing half of an import: batches into the table, with the bookkeeping in the same transaction.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use super::batch::Batch;
use super::{ImportError, ImportOptions};

/// The columns a file fills, in the order of the copied text.
macro_rules! columns {
    () => {
        "id, source, name, description, sector, industry_group, industry, category, country, state, city, \
         domain, market_cap, founded_year, status, funding_total_usd, funding_rounds, last_funding_at, \
         tickers, lei, tags"
    };
}

const STAGE: &str = concat!(
    "CREATE TEMPORARY TABLE staged_companies ON COMMIT DROP AS SELECT ",
    columns!(),
    " FROM companies WITH NO DATA"
);
const COPY: &str = concat!("COPY staged_companies (", columns!(), ") FROM STDIN");
/// What the file does not know about a company is taken over from what is known.
const KEEP: &str = "UPDATE staged_companies s SET description = coalesce(s.description, c.description),
         sector = coalesce(s.sector, c.sector), industry_group = coalesce(s.industry_group, c.industry_group),
         industry = coalesce(s.industry, c.industry), category = coalesce(s.category, c.category),
         country = coalesce(s.country, c.country), state = coalesce(s.state, c.state),
         city = coalesce(s.city, c.city), domain = coalesce(s.domain, c.domain),
         market_cap = coalesce(s.market_cap, c.market_cap), status = coalesce(s.status, c.status),
         founded_year = coalesce(s.founded_year, c.founded_year),
         funding_total_usd = coalesce(s.funding_total_usd, c.funding_total_usd),
         funding_rounds = coalesce(s.funding_rounds, c.funding_rounds),
         last_funding_at = coalesce(s.last_funding_at, c.last_funding_at), lei = coalesce(s.lei, c.lei),
         tickers = CASE WHEN cardinality(s.tickers) = 0 THEN c.tickers ELSE s.tickers END,
         tags = CASE WHEN cardinality(s.tags) = 0 THEN c.tags ELSE s.tags END
     FROM companies c WHERE c.id = s.id";
/// Only rows that bring something are written: an unchanged one costs a look-up, and no new version of it.
const MERGE: &str = concat!(
    "WITH written AS (
         INSERT INTO companies AS c (",
    columns!(),
    ", updated_at)
         SELECT s.*, $1 FROM staged_companies s
         WHERE NOT EXISTS (
             SELECT FROM companies c WHERE c.id = s.id AND (c.source, c.name, c.description, c.sector,
                 c.industry_group, c.industry, c.category, c.country, c.state, c.city, c.domain, c.market_cap,
                 c.founded_year, c.status, c.funding_total_usd, c.funding_rounds, c.last_funding_at, c.tickers,
                 c.lei, c.tags)
             IS NOT DISTINCT FROM (s.source, s.name, s.description, s.sector, s.industry_group, s.industry,
                 s.category, s.country, s.state, s.city, s.domain, s.market_cap, s.founded_year, s.status,
                 s.funding_total_usd, s.funding_rounds, s.last_funding_at, s.tickers, s.lei, s.tags))
         ON CONFLICT (id) DO UPDATE SET (",
    columns!(),
    ", updated_at) = ROW (excluded.id, excluded.source, excluded.name, excluded.description, excluded.sector,
             excluded.industry_group, excluded.industry, excluded.category, excluded.country, excluded.state,
             excluded.city, excluded.domain, excluded.market_cap, excluded.founded_year, excluded.status,
             excluded.funding_total_usd, excluded.funding_rounds, excluded.last_funding_at, excluded.tickers,
             excluded.lei, excluded.tags, excluded.updated_at)
         RETURNING c.xmax = 0 AS inserted)
     SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written"
);
/// Takes up an unfinished import of the same content, or starts at the first row.
const BEGIN: &str =
    "INSERT INTO company_imports AS i (file_name, content_hash, started_at) VALUES ($1, $2, $3)
     ON CONFLICT (file_name, content_hash) DO UPDATE SET
         rows_done = CASE WHEN $4 AND i.finished_at IS NULL THEN i.rows_done ELSE 0 END,
         rows_bad = CASE WHEN $4 AND i.finished_at IS NULL THEN i.rows_bad ELSE 0 END,
         rows_inserted = CASE WHEN $4 AND i.finished_at IS NULL THEN i.rows_inserted ELSE 0 END,
         rows_updated = CASE WHEN $4 AND i.finished_at IS NULL THEN i.rows_updated ELSE 0 END,
         started_at = $3, finished_at = NULL
     RETURNING rows_done";
const BOOK: &str = "UPDATE company_imports SET rows_done = $4, rows_bad = rows_bad + $5,
         rows_inserted = rows_inserted + $6, rows_updated = rows_updated + $7
     WHERE file_name = $1 AND content_hash = $2 AND rows_done = $3";
const FINISH: &str = "UPDATE company_imports SET finished_at = $3 WHERE file_name = $1 AND content_hash = $2
     RETURNING rows_inserted + rows_updated > 0";
const BUMP: &str = "UPDATE directory_version SET version = version + 1, changed_at = $1";
/// Two imports take turns batch by batch, so that they cannot deadlock over the same companies.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('dealdesk.company_imports', 0))";

/// How many companies a batch changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    pub(super) inserted: u64,
    pub(super) updated: u64,
}

/// Writes the batches of one import.
pub(super) struct Writer<'a> {
    pool: &'a PgPool,
    options: &'a ImportOptions,
    rows_done: u64,
    bumped: bool,
}

impl<'a> Writer<'a> {
    /// Books the import, or finds out how far it came before it was interrupted.
    pub(super) async fn begin(pool: &'a PgPool, options: &'a ImportOptions) -> Result<Self, ImportError> {
        let rows_done: i64 = sqlx::query_scalar(BEGIN)
            .bind(&options.file_name)
            .bind(hash(options))
            .bind(options.now)
            .bind(options.content_hash.is_some())
            .fetch_one(pool)
            .await?;
        Ok(Self { pool, options, rows_done: rows_done.unsigned_abs(), bumped: false })
    }

    /// Rows of the file that are stored or reported.
    pub(super) fn rows_done(&self) -> u64 {
        self.rows_done
    }

    /// Writes a batch and the account of it, together or not at all.
    pub(super) async fn write(&mut self, batch: &Batch) -> Result<Changed, ImportError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(TAKE_TURN).execute(&mut *tx).await?;
        let changed = merge(&mut tx, batch, self.options).await?;
        if changed.inserted + changed.updated > 0 && !self.bumped {
            // Already the first batch makes the search index stale, should the import never be finished.
            sqlx::query(BUMP).bind(self.options.now).execute(&mut *tx).await?;
            self.bumped = true;
        }
        let done = self.rows_done + batch.rows_good + batch.rows_bad;
        let booked = sqlx::query(BOOK)
            .bind(&self.options.file_name)
            .bind(hash(self.options))
            .bind(self.rows_done.cast_signed())
            .bind(done.cast_signed())
            .bind(batch.rows_bad.cast_signed())
            .bind(changed.inserted.cast_signed())
            .bind(changed.updated.cast_signed())
            .execute(&mut *tx)
            .await?;
        if booked.rows_affected() != 1 {
            return Err(ImportError::Overtaken);
        }
        tx.commit().await?;
        self.rows_done = done;
        Ok(changed)
    }

    /// Marks the import finished, and the search index stale when any of its runs changed a company.
    pub(super) async fn finish(self) -> Result<(), ImportError> {
        let mut tx = self.pool.begin().await?;
        let changed: bool = sqlx::query_scalar(FINISH)
            .bind(&self.options.file_name)
            .bind(hash(self.options))
            .bind(self.options.now)
            .fetch_one(&mut *tx)
            .await?;
        if changed {
            sqlx::query(BUMP).bind(self.options.now).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// A stream without a hash is booked too, but cannot be resumed.
fn hash(options: &ImportOptions) -> &str {
    options.content_hash.as_deref().unwrap_or_default()
}

async fn merge(
    tx: &mut PgConnection,
    batch: &Batch,
    options: &ImportOptions,
) -> Result<Changed, ImportError> {
    if batch.rows_good == 0 {
        return Ok(Changed { inserted: 0, updated: 0 });
    }
    sqlx::query(STAGE).execute(&mut *tx).await?;
    let mut copy = tx.copy_in_raw(COPY).await?;
    copy.send(batch.copy.as_slice()).await?;
    copy.finish().await?;
    // A few thousand rows against many: look each up, never read the whole table.
    sqlx::query("SET LOCAL enable_hashjoin = off").execute(&mut *tx).await?;
    sqlx::query("SET LOCAL enable_mergejoin = off").execute(&mut *tx).await?;
    if options.keep_known {
        sqlx::query(KEEP).execute(&mut *tx).await?;
    }
    let row: PgRow = sqlx::query(MERGE).bind(options.now).fetch_one(&mut *tx).await?;
    let (inserted, updated): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Changed { inserted: inserted.unsigned_abs(), updated: updated.unsigned_abs() })
}
