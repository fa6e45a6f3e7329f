//! A document on its way in: where its bytes are, which version it becomes, what one reading found.

use serde::{Deserialize, Serialize};

use super::{ContractText, Extraction, Finding};
use crate::ids::{AnalysisId, DealId, DocumentId, PersonId, VersionId};

/// Where the bytes of a document are to be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// In our object store already.
    Stored {
        /// SHA-256 of the bytes, lower-case hex: their key.
        sha256: String,
        /// The file's name as its sender gave it.
        name: String,
        /// Length in bytes.
        bytes: u64,
    },
    /// At an address that a person named; fetched under strict rules.
    Link {
        /// `https://…`.
        url: String,
    },
}

/// Where a clause stands in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseSpan {
    /// The heading it stands under; empty when it has none.
    pub heading: String,
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
}

/// What a person said to a "which term?" question: the value and where it stands, or that it is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// Key of the analysis it corrects.
    pub analysis: AnalysisId,
    /// The corrected row: `stated` with value and quote, or `absent`.
    pub extraction: Extraction,
    /// How that stands with us, under the playbook of the analysis.
    #[serde(default)]
    pub finding: Option<Finding>,
    /// How other terms stand now that depend on it, where that is not as before.
    #[serde(default)]
    pub also: Vec<Finding>,
    /// Who said so.
    pub by: PersonId,
}

/// A version to be stored, with its text as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewVersion {
    /// Key of the document.
    pub document: DocumentId,
    /// Key of the version.
    pub version: VersionId,
    /// The version it follows; none for a document's first.
    pub parent: Option<VersionId>,
    /// The deal it belongs to, where one was named.
    pub deal: Option<DealId>,
    /// What the document is called.
    pub name: String,
    /// SHA-256 of the original's bytes.
    pub sha256: String,
    /// Length of the original.
    pub bytes: u64,
    /// What kind of file it is, e.g. `pdf`.
    pub kind: String,
    /// Its text and places.
    pub text: ContractText,
    /// Its clauses in text order.
    #[serde(default)]
    pub clauses: Vec<ClauseSpan>,
    /// What could not be read, or looked wrong, in plain words.
    pub notes: Vec<String>,
    /// Who sent it in.
    pub by: PersonId,
}

/// What one reading found in a version, to be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Key.
    pub id: AnalysisId,
    /// Of which version.
    pub version: VersionId,
    /// Number of the playbook it was held against; 0 is the built-in one.
    pub playbook: i32,
    /// Time ran out before every term was looked for.
    pub is_partial: bool,
    /// What was found of each term.
    pub extractions: Vec<Extraction>,
    /// What that means for us, gravest first.
    pub findings: Vec<Finding>,
}
