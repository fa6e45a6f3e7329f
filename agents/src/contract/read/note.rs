//! What a reader did not read, or found odd, for a person to know.

use serde::{Deserialize, Serialize};

use super::Veil;

/// Letters of a hidden passage that a person is shown.
const SAMPLE: usize = 160;

/// What was not read, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// Letters that nobody sees on the page; they were left out of the text.
    Hidden {
        /// Why they are not seen.
        how: Veil,
        /// How many letters.
        letters: usize,
        /// How they begin. For a person's eyes: it may be written to mislead a model, so none is given it.
        sample: String,
    },
    /// Bytes that are no letters of the encoding.
    LettersLost,
    /// Pictures whose words were not read.
    Pictures {
        /// How many.
        count: usize,
    },
    /// Files inside the document that were not read.
    Embedded {
        /// How many.
        count: usize,
    },
    /// Comments of reviewers, which are no part of the text.
    Comments {
        /// How many.
        count: usize,
    },
    /// Tracked changes: the text is read as if all of them were accepted.
    Tracked {
        /// How many.
        count: usize,
        /// Whose, in order of appearance.
        authors: Vec<String>,
    },
    /// The file carries macros; they were not run.
    Macros,
    /// Scripts of a web page, which were not run.
    Scripts,
    /// Attachments beyond those that are read.
    AttachmentsLeft {
        /// How many.
        count: usize,
    },
}

impl Note {
    /// A note on hidden letters.
    #[must_use]
    pub fn hidden(how: Veil, text: &str) -> Self {
        let text = text.trim();
        Self::Hidden { how, letters: text.chars().count(), sample: text.chars().take(SAMPLE).collect() }
    }

    /// The note as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Hidden { how, letters, sample } => {
                let how = match how {
                    Veil::Hidden => "hidden",
                    Veil::White => "white on white",
                    Veil::Tiny => "too small to see",
                };
                format!("{letters} letters are {how} and were left out; they begin: “{sample}”.")
            }
            Self::LettersLost => "Some letters could not be read.".to_owned(),
            Self::Pictures { count } => format!("{count} pictures were not read."),
            Self::Embedded { count } => format!("{count} files inside the document were not read."),
            Self::Comments { count } => {
                format!("There are {count} comments of reviewers; they are no part of the text.")
            }
            Self::Tracked { count, authors } => {
                format!(
                    "There are {count} tracked changes by {}; the text is read as if they were accepted.",
                    authors.join(", ")
                )
            }
            Self::Macros => "The file carries macros; they were not run.".to_owned(),
            Self::Scripts => "The page carries scripts; they were not run.".to_owned(),
            Self::AttachmentsLeft { count } => format!("{count} more attachments were not read."),
        }
    }
}
