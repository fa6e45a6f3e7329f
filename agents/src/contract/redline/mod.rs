//! Redlines: tracked changes written into a Word document, read out of it, and proved.

mod align;
mod block;
mod clauses;
mod comment;
mod compare;
mod document;
mod edit;
mod import;
mod offers;
mod parts;
mod plan;
mod proof;
mod revision;
mod rewrite;
mod settle;
mod skipped;
mod stamp;
mod words;
mod written;

use domain::error::UserError;

use super::read;

pub use clauses::clauses;
pub use domain::contract::{ClauseChange, ClauseFate};
pub use document::{accept_all, compare, decide, edit, reject_all, revisions};
pub use edit::Edit;
pub use offers::{Left, Offered, offer};
pub use revision::{Revision, RevisionKind};
pub use settle::Decision;
pub use skipped::NotCompared;
use skipped::Skipped;
pub use stamp::Author;

/// A document with tracked changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redlined {
    /// The document.
    pub docx: Vec<u8>,
    /// How many insertions and deletions were written.
    pub changes: usize,
    /// What was not compared or carried over, and how often it was met.
    pub not_compared: Vec<(NotCompared, usize)>,
}

/// Why there is no redline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The original cannot be read.
    #[error("the original: {0}")]
    Original(read::Fault),
    /// The revised document cannot be read.
    #[error("the revised document: {0}")]
    Revised(read::Fault),
    /// A document uses names of elements that we read but do not write.
    #[error("the document binds the prefix w to something else")]
    Prefix,
    /// An edit cannot be written where it says.
    #[error("edit {index} cannot be written: {why}")]
    Edit {
        /// Which edit, counted from 0.
        index: usize,
        /// Why, in plain words.
        why: &'static str,
    },
    /// The redline would not say what it should, so it does not leave.
    #[error("the redline does not prove right: {0}")]
    Unproved(&'static str),
}

impl Fault {
    /// What a person reads.
    #[must_use]
    pub fn explain(&self) -> UserError {
        match self {
            Self::Original(fault) | Self::Revised(fault) => fault.explain(),
            Self::Prefix => UserError::new(
                "This document was written by a program whose files I can read but not mark.",
                "Please open it in a word processor, save it again and resend it.",
            ),
            Self::Edit { why, .. } => {
                UserError::new(format!("One of the changes cannot be marked: {why}."), "")
            }
            Self::Unproved(_) => UserError::new(
                "I could not mark every difference exactly, so I send no redline rather than a wrong one.",
                "Please compare the two files in a word processor.",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
