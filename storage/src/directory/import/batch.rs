//! The reading half of an import: from bytes to batches that the database can copy in.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Datelike;
use domain::company::Company;
use tokio::sync::mpsc;

use super::mapping::Mapping;
use super::row::{self, Defaults};
use super::source::Rows;
use super::{BATCH_ROWS, BadRow, Format, ImportError, ImportOptions};

/// A batch is also closed when it is this large, so that rows with long texts do not fill the memory.
const BATCH_BYTES: usize = 8 << 20;

/// Rows to be written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The good rows, in the text format of COPY.
    pub(super) copy: Vec<u8>,
    pub(super) rows_good: u64,
    pub(super) rows_bad: u64,
    /// The first of the bad rows.
    pub(super) bad: Vec<BadRow>,
}

/// Counts the bytes that are taken from a source.
pub(super) struct Meter<R> {
    pub(super) source: R,
    pub(super) bytes_read: Arc<AtomicU64>,
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.bytes_read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What the reading half has to do.
pub(super) struct Plan {
    mapping: Mapping,
    defaults: Defaults,
    format: Option<Format>,
    hint: Option<Format>,
    bad_rows_kept: usize,
    rows_to_skip: u64,
}

impl Plan {
    pub(super) fn new(options: &ImportOptions, rows_to_skip: u64) -> Result<Self, ImportError> {
        Ok(Self {
            mapping: Mapping::new(&options.map, &options.mask)?,
            defaults: Defaults { source: options.source.clone(), year_max: options.now.year() },
            format: options.format,
            hint: Format::of_name(&options.file_name),
            bad_rows_kept: options.bad_rows_kept,
            rows_to_skip,
        })
    }

    /// Reads the source to its end and sends its batches; gives the ignored columns. Ends early, without
    /// error, when nobody receives any more.
    pub(super) fn run(
        mut self,
        source: impl Read + Send + 'static,
        send: &mpsc::Sender<Batch>,
    ) -> Result<Vec<String>, ImportError> {
        let mut rows = Rows::open(source, self.format, self.hint, &mut self.mapping)?;
        for _ in 0..self.rows_to_skip {
            if !rows.skip()? {
                break;
            }
        }
        let mut batch = Batch::default();
        let mut ids = HashSet::new();
        while let Some(row) = rows.next(&mut self.mapping)? {
            match row.fields.and_then(|fields| row::company(fields, &self.defaults)) {
                Ok(company) => {
                    // One statement cannot write an id twice: the second time opens the next batch.
                    if ids.contains(&company.id) {
                        ids.clear();
                        if send.blocking_send(std::mem::take(&mut batch)).is_err() {
                            return Ok(Vec::new());
                        }
                    }
                    encode(&company, &mut batch.copy);
                    batch.rows_good += 1;
                    ids.insert(company.id);
                }
                Err(reason) => {
                    batch.rows_bad += 1;
                    if batch.bad.len() < self.bad_rows_kept {
                        batch.bad.push(BadRow { line: row.line, reason });
                    }
                }
            }
            let full = (batch.rows_good + batch.rows_bad) as usize >= BATCH_ROWS;
            if full || batch.copy.len() >= BATCH_BYTES {
                ids.clear();
                if send.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return Ok(Vec::new());
                }
            }
        }
        // A closed channel is noticed by the writer itself.
        let _ = send.blocking_send(batch);
        Ok(self.mapping.ignored())
    }
}

/// Appends a company as a line of COPY's text format, in the order of the table's `COLUMNS`.
fn encode(company: &Company, out: &mut Vec<u8>) {
    cell(out, Some(&company.id.0));
    for text in [
        Some(&company.source),
        Some(&company.name),
        company.description.as_ref(),
        company.sector.as_ref(),
        company.industry_group.as_ref(),
        company.industry.as_ref(),
        company.category.as_ref(),
        company.country.as_ref(),
        company.state.as_ref(),
        company.city.as_ref(),
        company.domain.as_ref(),
    ] {
        next_cell(out, text.map(String::as_str));
    }
    next_cell(out, company.size.map(domain::company::Size::label));
    next_cell(out, company.founded_year.map(|year| year.to_string()).as_deref());
    next_cell(out, company.status.as_deref());
    next_cell(out, company.funding_total_usd.map(|amount| amount.to_string()).as_deref());
    next_cell(out, company.funding_rounds.map(|rounds| rounds.to_string()).as_deref());
    next_cell(out, company.last_funding_at.as_deref());
    next_cell(out, Some(&array(&company.tickers)));
    next_cell(out, company.lei.as_deref());
    next_cell(out, Some(&array(&company.tags)));
    out.push(b'\n');
}

fn next_cell(out: &mut Vec<u8>, value: Option<&str>) {
    out.push(b'\t');
    cell(out, value);
}

fn cell(out: &mut Vec<u8>, value: Option<&str>) {
    let Some(value) = value else {
        out.extend_from_slice(b"\\N");
        return;
    };
    for byte in value.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.push(other),
        }
    }
}

/// A text[] literal with every element quoted.
fn array(items: &[String]) -> String {
    let quoted: Vec<String> =
        items.iter().map(|item| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
}
