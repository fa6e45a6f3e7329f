//! Opens a file of companies: undoes compression, tells JSONL from CSV, hands out one row at a time.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::mapping::{Field, Fields, Mapping};
use super::{Format, ImportError};

/// A longer row is bad. It also bounds what one row can take in memory.
const ROW_BYTES_MAX: usize = 1 << 20;
/// A CSV reader that found no end of row within so many bytes is inside an unclosed quote.
const QUOTED_BYTES_MAX: u64 = 16 << 20;

/// A row and where it stands.
pub(super) struct Row {
    /// Line of the file, from 1; of its first line when the row spans several.
    pub(super) line: u64,
    /// The row's values, or why it cannot be read.
    pub(super) fields: Result<Fields, String>,
}

/// The rows of an opened file.
pub(super) enum Rows {
    Json(JsonLines),
    Csv(Box<CsvRows>),
}

impl Rows {
    /// Opens a source as `format`; without one by its content, and where that is open, as `hint`.
    pub(super) fn open(
        source: impl Read + Send + 'static,
        format: Option<Format>,
        hint: Option<Format>,
        mapping: &mut Mapping,
    ) -> Result<Self, ImportError> {
        let mut text = decompress(source)?;
        skip_byte_order_mark(&mut text)?;
        let format = match format {
            Some(format) => format,
            None => sniff(&mut text, hint)?,
        };
        match format {
            Format::Jsonl => Ok(Self::Json(JsonLines { text, line: 0, buffer: Vec::new() })),
            Format::Csv => Ok(Self::Csv(Box::new(CsvRows::open(text, mapping)?))),
        }
    }

    /// The next row, good or bad; `None` at the end.
    pub(super) fn next(&mut self, mapping: &mut Mapping) -> Result<Option<Row>, ImportError> {
        match self {
            Self::Json(lines) => {
                let Some(line) = lines.advance()? else { return Ok(None) };
                Ok(Some(Row { line, fields: json_fields(&lines.buffer, mapping) }))
            }
            Self::Csv(rows) => {
                let Some(line) = rows.advance()? else { return Ok(None) };
                Ok(Some(Row { line, fields: rows.fields() }))
            }
        }
    }

    /// Passes over a row without reading it; false at the end.
    pub(super) fn skip(&mut self) -> Result<bool, ImportError> {
        match self {
            Self::Json(lines) => Ok(lines.advance()?.is_some()),
            Self::Csv(rows) => Ok(rows.advance()?.is_some()),
        }
    }
}

type Text = BufReader<Box<dyn Read + Send>>;

fn read_error(line: u64) -> impl FnOnce(std::io::Error) -> ImportError {
    move |source| ImportError::Read { line, source }
}

fn decompress(source: impl Read + Send + 'static) -> Result<Text, ImportError> {
    let mut raw = BufReader::with_capacity(1 << 16, source);
    let head = raw.fill_buf().map_err(read_error(0))?;
    let plain: Box<dyn Read + Send> = if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::bufread::MultiGzDecoder::new(raw))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(read_error(0))?)
    } else {
        Box::new(raw)
    };
    Ok(BufReader::with_capacity(1 << 16, plain))
}

fn skip_byte_order_mark(text: &mut Text) -> Result<(), ImportError> {
    let head = text.fill_buf().map_err(read_error(0))?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(ImportError::Unreadable("the file is UTF-16; save it as UTF-8".to_owned()));
    }
    if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        text.consume(3);
    }
    Ok(())
}

fn sniff(text: &mut Text, hint: Option<Format>) -> Result<Format, ImportError> {
    let head = text.fill_buf().map_err(read_error(0))?;
    match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None if head.is_empty() => Ok(Format::Jsonl),
        Some(b'{') => Ok(Format::Jsonl),
        Some(b'[') => Err(ImportError::Unreadable(
            "the file is one JSON list; expected one object a line (JSONL)".to_owned(),
        )),
        _ if head.contains(&0) => {
            Err(ImportError::Unreadable("the file is neither JSONL nor CSV, plain, .gz or .zst".to_owned()))
        }
        _ => Ok(hint.unwrap_or(Format::Csv)),
    }
}

/// Lines of JSON, of which the current one is in `buffer`.
pub(super) struct JsonLines {
    text: Text,
    line: u64,
    buffer: Vec<u8>,
}

impl JsonLines {
    /// Reads the next line that is not blank. Of an overlong line only the beginning is kept.
    fn advance(&mut self) -> Result<Option<u64>, ImportError> {
        loop {
            self.buffer.clear();
            let limit = ROW_BYTES_MAX as u64 + 1;
            let read = (&mut self.text).take(limit).read_until(b'\n', &mut self.buffer);
            if read.map_err(read_error(self.line + 1))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.buffer.len() > ROW_BYTES_MAX && self.buffer.last() != Some(&b'\n') {
                self.text.skip_until(b'\n').map_err(read_error(self.line))?;
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(self.line));
            }
        }
    }
}

fn json_fields(line: &[u8], mapping: &mut Mapping) -> Result<Fields, String> {
    if line.len() > ROW_BYTES_MAX {
        return Err(too_long());
    }
    let text = std::str::from_utf8(line).map_err(|_| "the row is not UTF-8".to_owned())?;
    let value: Value = serde_json::from_str(text).map_err(|error| format!("bad JSON: {}", spot(&error)))?;
    let Value::Object(object) = value else { return Err("the row is not a JSON object".to_owned()) };
    let mut fields = Fields::default();
    for (column, value) in object {
        if let Some(field) = mapping.field(&column) {
            fields.set(field, value);
        }
    }
    Ok(fields)
}

/// The parser's message with the column alone: its line is always 1 here, and would mislead.
fn spot(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

fn too_long() -> String {
    format!("the row is longer than {} KiB", ROW_BYTES_MAX / 1024)
}

/// Rows of CSV, of which the current one is in `record`.
pub(super) struct CsvRows {
    reader: csv::Reader<Fused>,
    since_row: Arc<AtomicU64>,
    columns: Vec<Option<Field>>,
    record: csv::ByteRecord,
}

/// Fails when too much is read for one row, so that an unclosed quote cannot fill the memory.
struct Fused {
    text: Text,
    since_row: Arc<AtomicU64>,
}

impl Read for Fused {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.text.read(buffer)?;
        if self.since_row.fetch_add(count as u64, Ordering::Relaxed) > QUOTED_BYTES_MAX {
            return Err(std::io::Error::other("a quote is opened here and not closed"));
        }
        Ok(count)
    }
}

impl CsvRows {
    fn open(mut text: Text, mapping: &mut Mapping) -> Result<Self, ImportError> {
        let delimiter = delimiter(text.fill_buf().map_err(read_error(0))?);
        let since_row = Arc::new(AtomicU64::new(0));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(Fused { text, since_row: Arc::clone(&since_row) });
        let header = reader.byte_headers().map_err(|error| csv_error(error, 1))?.clone();
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        if let Some(column) = mapping.absent_from(names.iter().map(String::as_str)) {
            return Err(ImportError::MissingColumn { column, found: names.join(", ") });
        }
        let columns: Vec<Option<Field>> = names.iter().map(|name| mapping.field(name)).collect();
        if !columns.contains(&Some(Field::Name)) {
            return Err(ImportError::MissingColumn { column: "name".to_owned(), found: names.join(", ") });
        }
        Ok(Self { reader, since_row, columns, record: csv::ByteRecord::new() })
    }

    fn advance(&mut self) -> Result<Option<u64>, ImportError> {
        self.since_row.store(0, Ordering::Relaxed);
        let line = self.reader.position().line();
        let more = self.reader.read_byte_record(&mut self.record).map_err(|error| csv_error(error, line))?;
        Ok(more.then(|| self.record.position().map_or(line, csv::Position::line)))
    }

    fn fields(&self) -> Result<Fields, String> {
        if self.record.as_slice().len() > ROW_BYTES_MAX {
            return Err(too_long());
        }
        if self.record.len() != self.columns.len() {
            let (cells, columns) = (self.record.len(), self.columns.len());
            return Err(format!("the row has {cells} cells, the header {columns}"));
        }
        let mut fields = Fields::default();
        for (cell, field) in self.record.iter().zip(&self.columns) {
            if let Some(field) = field {
                let cell = std::str::from_utf8(cell).map_err(|_| "the row is not UTF-8".to_owned())?;
                fields.set(*field, Value::String(cell.to_owned()));
            }
        }
        Ok(fields)
    }
}

/// The separator that the header has most of.
fn delimiter(head: &[u8]) -> u8 {
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    // The last of equals wins, so the comma does.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|wanted| count(*wanted)).unwrap_or(b',')
}

fn csv_error(error: csv::Error, line: u64) -> ImportError {
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => std::io::Error::other(format!("{other:?}")),
    };
    ImportError::Read { line, source }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
