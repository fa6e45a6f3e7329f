//! Any file to text, with what could not be read and what looks wrong. Bytes in, text out; nothing else is touched.

mod bounds;
pub mod docx;
mod html;
mod mail;
mod note;
mod plain;
mod sniff;

use domain::contract::ContractText;

pub use super::fault::Fault;
pub use bounds::Bounds;
pub use docx::styles::Veil;
pub use note::Note;
pub use sniff::{Kind, sniff};

/// A file that came inside another and is to be read by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name as sent; for people to see, never a path to write to.
    pub name: String,
    /// What its content is.
    pub kind: Kind,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What was read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The text with its pages.
    pub text: ContractText,
    /// What the file is.
    pub kind: Kind,
    /// What was not read, or looks wrong.
    pub notes: Vec<Note>,
    /// Files inside this one that are to be read by themselves.
    pub parts: Vec<Attachment>,
}

impl Reading {
    /// A text without pages and parts.
    fn plain(text: String, kind: Kind, notes: Vec<Note>) -> Self {
        Self { text: ContractText::plain(text), kind, notes, parts: Vec::new() }
    }
}

/// Reads a file by what its content is. PDFs, scans and pictures are not for this reader: they need engines
/// outside this process, so they come back as [`Fault::Unsupported`] for the caller to hand on.
pub fn read(bytes: &[u8], bounds: &Bounds<'_>) -> Result<Reading, Fault> {
    if bytes.len() > bounds.input_bytes {
        return Err(Fault::TooLarge(bounds.input_bytes));
    }
    match sniff(bytes) {
        Kind::Empty => Err(Fault::Empty),
        Kind::Locked => Err(Fault::Locked),
        Kind::Docx => docx::read(bytes, bounds),
        Kind::Html => html::read(bytes, bounds),
        Kind::Mail => mail::read(bytes, bounds),
        Kind::Plain => plain::read(bytes),
        Kind::Unknown => Err(Fault::Unknown),
        kind => Err(Fault::Unsupported(kind)),
    }
}
