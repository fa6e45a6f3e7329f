//! What differs between two versions of a contract, clause by clause.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Quote;

/// What became of a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClauseFate {
    /// Only the new version has it.
    Added,
    /// Only the old version has it.
    Removed,
    /// Both have it, in other words.
    Changed,
    /// Both have it at another place in the order, possibly in other words.
    Moved,
    /// Both have it in the same words under another number.
    Renumbered,
}

/// A clause that is not the same in both versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClauseChange {
    /// What became of it.
    pub fate: ClauseFate,
    /// The clause in the old version.
    pub old: Option<Quote>,
    /// The clause in the new version.
    pub new: Option<Quote>,
    /// What differs inside: byte offsets in the old text and in the new one.
    pub passages: Vec<(Range<usize>, Range<usize>)>,
}
