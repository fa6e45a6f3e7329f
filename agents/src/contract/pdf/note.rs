//! What was not read in a PDF, or looks wrong, for a person to know.

use serde::{Deserialize, Serialize};

/// Why letters are not seen on their page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Veil {
    /// Written to be invisible.
    Invisible,
    /// In the colour of what is behind it.
    Camouflaged,
    /// Something is painted over it.
    Covered,
    /// Too small to see.
    Tiny,
    /// Outside the page.
    OffPage,
}

/// What was not read, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// Letters that nobody sees on the page; they were left out of the text.
    Hidden {
        /// Why they are not seen.
        how: Veil,
        /// The page, counted from 1.
        page: u32,
        /// How many letters.
        letters: usize,
        /// How they begin. For a person's eyes: it may be written to mislead a model, so none is given it.
        sample: String,
    },
    /// A picture that nothing could read; a person has to look.
    Unread {
        /// The page, counted from 1.
        page: u32,
        /// Why it was not read.
        why: Unread,
    },
    /// A scan so poor that single letters and digits are doubtful.
    Poor {
        /// The page, counted from 1.
        page: u32,
        /// Mean confidence of its words, in percent.
        percent: u8,
    },
    /// A scan whose text another program recognised before; the text was compared with the picture only coarsely.
    Foreign {
        /// The page, counted from 1.
        page: u32,
    },
    /// Letters without a meaning in the file's fonts, which were left out.
    LettersLost {
        /// The page, counted from 1.
        page: u32,
        /// How many.
        letters: usize,
    },
    /// The file's end is missing; pages may be missing with it.
    Truncated,
    /// The usual engine is missing; another one read the file.
    Fallback,
}

/// Why a page was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// Tesseract is not installed.
    NoRecogniser,
    /// The time or number of pages for recognising is used up.
    Late,
    /// The page is damaged or too costly to open.
    Damaged,
    /// Recognising failed.
    Failed,
}

impl Note {
    /// The note as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Hidden { how, page, letters, sample } => {
                let how = match how {
                    Veil::Invisible => "invisible",
                    Veil::Camouflaged => "in the colour of the page",
                    Veil::Covered => "painted over",
                    Veil::Tiny => "too small to see",
                    Veil::OffPage => "outside the page",
                };
                format!(
                    "On page {page}, {letters} letters are {how} and were left out; they begin: “{sample}”."
                )
            }
            Self::Unread { page, why } => {
                let why = match why {
                    Unread::NoRecogniser => "it is a picture, and Tesseract is not installed here",
                    Unread::Late => "it is a picture, and the time for recognising text was used up",
                    Unread::Damaged => "it is damaged",
                    Unread::Failed => "it is a picture, and recognising its text failed",
                };
                format!("Page {page} was not read: {why}. A person has to look at it.")
            }
            Self::Poor { page, percent } => format!(
                "Page {page} is a poor scan, read with {percent} % confidence; its dates and amounts need a look."
            ),
            Self::Foreign { page } => {
                format!("Page {page} is a scan; its text was recognised by the program that made the file.")
            }
            Self::LettersLost { page, letters } => {
                format!(
                    "On page {page}, {letters} letters have no meaning in the file's fonts and were left out."
                )
            }
            Self::Truncated => {
                "The file ends early: pages may be missing. A person has to look at it.".to_owned()
            }
            Self::Fallback => "The usual PDF engine is missing; pdftotext read this file.".to_owned(),
        }
    }
}
