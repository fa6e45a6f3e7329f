//! Imports files of companies into the directory: streamed, in batches, resumable, and no row lost in silence.

mod batch;
mod mapping;
mod row;
mod source;
mod table;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::sync::mpsc;

use batch::{Batch, Meter, Plan};

use crate::error::Error;

/// Rows that are written in one transaction.
const BATCH_ROWS: usize = 4_000;
/// Batches that may wait for the database: bounds the memory together with the size of a batch.
const BATCHES_WAITING: usize = 2;

/// How the rows of a file are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A header and rows, separated by commas, semicolons, tabs or bars.
    Csv,
}

impl Format {
    /// What a file's name says, with `.gz` and `.zst` left out of account.
    fn of_name(file_name: &str) -> Option<Self> {
        let lower = file_name.to_lowercase();
        let bare = lower.strip_suffix(".gz").or_else(|| lower.strip_suffix(".zst")).unwrap_or(&lower);
        match bare.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" | "tsv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// What an import needs to know besides the file's content.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Name under which the import is booked, e.g. `companies.jsonl.zst`.
    pub file_name: String,
    /// Hash of the whole content. With it an import that was interrupted goes on where it stopped.
    pub content_hash: Option<String>,
    /// Collection for rows that do not name theirs; also part of derived ids.
    pub source: String,
    /// Layout; `None` finds it out from the content, in doubt from the file's name.
    pub format: Option<Format>,
    /// Pairs (their column, our field), which win over the columns' own names.
    pub map: Vec<(String, String)>,
    /// Fields of ours that are left unknown whatever the file says, e.g. to judge the search without them.
    pub mask: Vec<String>,
    /// Whether what the file leaves unknown stays as it was known before; otherwise the file's word is the whole truth.
    pub keep_known: bool,
    /// How many bad rows are reported with their reason; all of them are counted.
    pub bad_rows_kept: usize,
    /// The current time: stamped on changed rows, and the last year a company may be founded in.
    pub now: DateTime<Utc>,
}

impl ImportOptions {
    /// The usual options for a file of this name.
    pub fn new(file_name: &str, now: DateTime<Utc>) -> Self {
        Self {
            file_name: file_name.to_owned(),
            content_hash: None,
            source: "import".to_owned(),
            format: None,
            map: Vec::new(),
            mask: Vec::new(),
            keep_known: false,
            bad_rows_kept: 100,
            now,
        }
    }
}

/// How far an import is; told after every batch that is safely stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the source, as stored (compressed).
    pub bytes_read: u64,
    /// Rows stored or reported, including those of the run that was interrupted.
    pub rows_done: u64,
    /// Bad rows among those of this run.
    pub rows_bad: u64,
}

/// A row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Line of the (decompressed) file, from 1.
    pub line: u64,
    /// What is wrong with it, for the person who has the file.
    pub reason: String,
}

/// What an import did. `read = inserted + updated + unchanged + bad_total`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportReport {
    /// Rows read in this run, good and bad.
    pub read: u64,
    /// New companies.
    pub inserted: u64,
    /// Companies of which a field changed.
    pub updated: u64,
    /// Companies that were already there exactly so.
    pub unchanged: u64,
    /// Rows that were not imported.
    pub bad_total: u64,
    /// The first of them.
    pub bad: Vec<BadRow>,
    /// Rows that an earlier, interrupted run of the same file had done; they were skipped.
    pub resumed_after: u64,
    /// Columns that fill no field of ours.
    pub ignored_columns: Vec<String>,
    /// Wall-clock time, seconds.
    pub seconds: f64,
}

/// Why an import stopped. What was stored before stays, and a further run goes on behind it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source broke off or is damaged.
    #[error("cannot read the file at line {line}: {source}")]
    Read {
        /// Line of the decompressed file, from 1; 0 before the first.
        line: u64,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is of no kind we read.
    #[error("{0}")]
    Unreadable(String),
    /// The map names a field that companies do not have.
    #[error("companies have no field `{field}`; the fields are {known}")]
    UnknownField {
        /// The field asked for.
        field: String,
        /// Those there are.
        known: String,
    },
    /// The header lacks a column that is needed.
    #[error("the file has no column `{column}`; it has {found}. Use a map (their column=our field)")]
    MissingColumn {
        /// The column looked for.
        column: String,
        /// Those there are.
        found: String,
    },
    /// Another process imports the same file.
    #[error("another import of this file is running")]
    Overtaken,
    /// The database refused or was lost.
    #[error(transparent)]
    Database(#[from] Error),
    /// The part that reads the file crashed.
    #[error("reading the file failed unexpectedly")]
    Stopped,
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Imports a file from disk. The file's content is hashed first, so that the import can be resumed.
///
/// # Errors
/// See [`ImportError`].
pub async fn import_file(
    pool: &PgPool,
    path: &Path,
    options: &ImportOptions,
    progress: impl FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    let unread = |source| ImportError::Read { line: 0, source };
    let to_hash = path.to_owned();
    let hash = tokio::task::spawn_blocking(move || content_hash(&to_hash))
        .await
        .map_err(|_| ImportError::Stopped)?
        .map_err(unread)?;
    let file = File::open(path).map_err(unread)?;
    // Another mask makes other rows of the same file, so neither import goes on where the other stopped.
    let hash =
        if options.mask.is_empty() { hash } else { format!("{hash} without {}", options.mask.join(",")) };
    let options = ImportOptions { content_hash: Some(hash), ..options.clone() };
    import(pool, file, &options, progress).await
}

fn content_hash(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}

/// Imports companies from a source. Rows are upserted by id; a row that brings nothing new changes nothing.
/// The directory's version rises when something changed.
///
/// # Errors
/// See [`ImportError`]. Bad rows are no error: they are in the report.
pub async fn import(
    pool: &PgPool,
    source: impl Read + Send + 'static,
    options: &ImportOptions,
    mut progress: impl FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    let started = Instant::now();
    let mut writer = table::Writer::begin(pool, options).await?;
    let bytes_read = Arc::new(AtomicU64::new(0));
    let source = Meter { source, bytes_read: Arc::clone(&bytes_read) };
    let plan = Plan::new(options, writer.rows_done())?;
    let (send, mut batches) = mpsc::channel::<Batch>(BATCHES_WAITING);
    // Parsing is blocking work, and so runs beside the database's.
    let reading = tokio::task::spawn_blocking(move || plan.run(source, &send));

    let mut report = ImportReport { resumed_after: writer.rows_done(), ..ImportReport::default() };
    while let Some(batch) = batches.recv().await {
        let changed = writer.write(&batch).await?;
        report.read += batch.rows_good + batch.rows_bad;
        report.inserted += changed.inserted;
        report.updated += changed.updated;
        report.unchanged += batch.rows_good - changed.inserted - changed.updated;
        report.bad_total += batch.rows_bad;
        let room = options.bad_rows_kept.saturating_sub(report.bad.len());
        report.bad.extend(batch.bad.into_iter().take(room));
        progress(Progress {
            bytes_read: bytes_read.load(Ordering::Relaxed),
            rows_done: writer.rows_done(),
            rows_bad: report.bad_total,
        });
    }
    report.ignored_columns = reading.await.map_err(|_| ImportError::Stopped)??;
    writer.finish().await?;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_layout() {
        for (name, expected) in [
            ("companies.jsonl.zst", Some(Format::Jsonl)),
            ("A.CSV", Some(Format::Csv)),
            ("list.tsv.gz", Some(Format::Csv)),
            ("companies.json", None),
            ("-", None),
        ] {
            assert_eq!(Format::of_name(name), expected, "{name}");
        }
    }
}
