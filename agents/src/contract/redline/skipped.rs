//! What a comparison did not look at, or could not carry over; a redline never keeps that to itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something that differs, or may, and is not in the redline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCompared {
    /// Headers and footers that have no counterpart.
    Headers,
    /// Looks of letters and paragraphs.
    Formatting,
    /// Automatic numbers.
    Numbering,
    /// Pictures, charts and other objects.
    Pictures,
    /// Fields; their results are compared as words.
    Fields,
    /// Page size, margins, columns.
    Sections,
    /// Comments in the revised document.
    Comments,
    /// Tracked changes in the revised document: it was read as if they were accepted.
    Tracked,
    /// Text boxes of which one document has more.
    Boxes,
}

impl NotCompared {
    /// The kind as a sentence with its number.
    #[must_use]
    pub fn sentence(self, count: usize) -> String {
        match self {
            Self::Headers => format!("{count} headers or footers have no counterpart and were not compared."),
            Self::Formatting => format!("{count} paragraphs look different; looks are not marked."),
            Self::Numbering => "Automatic numbers differ; they are not marked.".to_owned(),
            Self::Pictures => format!("{count} new pictures or objects were not carried over."),
            Self::Fields => format!("{count} fields came over as their words."),
            Self::Sections => "Page layout differs; it is not marked.".to_owned(),
            Self::Comments => format!("{count} comments in the revised document were not carried over."),
            Self::Tracked => {
                format!("{count} tracked changes in the revised document were taken as accepted.")
            }
            Self::Boxes => format!("{count} text boxes have no counterpart and were not compared."),
        }
    }
}

/// How often each kind was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    counts: BTreeMap<NotCompared, usize>,
}

impl Skipped {
    /// Met once more.
    pub(super) fn add(&mut self, what: NotCompared) {
        self.add_many(what, 1);
    }

    /// Met so many times more.
    pub(super) fn add_many(&mut self, what: NotCompared, count: usize) {
        if count > 0 {
            *self.counts.entry(what).or_insert(0) += count;
        }
    }

    /// All that was met.
    pub(super) fn into_vec(self) -> Vec<(NotCompared, usize)> {
        self.counts.into_iter().collect()
    }
}
