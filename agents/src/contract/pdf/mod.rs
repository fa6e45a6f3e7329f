//! PDFs, scans and pictures to text with places: pdfium in a child process, Tesseract for pages without a text layer.
//!
//! A file from outside is opened only in a child process, which has little memory and little time; when it dies, the
//! file's reading ends with a plain error and the next file gets a new child. What nobody sees on the page (white,
//! covered, tiny, off the page) is left out of the text and noted. Metadata is never read.

mod assemble;
mod child;
mod engines;
mod frame;
mod limits;
mod note;
mod ocr;
mod page;
mod picture;
mod pool;
mod poppler;
mod process;
mod raster;
mod reader;
mod sheet;
mod tsv;
mod veil;

use domain::contract::ContractText;

pub use super::fault::Fault;
pub use child::serve;
pub use engines::Engines;
pub use limits::Limits;
pub use note::{Note, Veil};
pub use reader::Reader;

/// What was read from a PDF or a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The text with its pages and the boxes of its words.
    pub text: ContractText,
    /// What was not read, or looks wrong.
    pub notes: Vec<Note>,
}
