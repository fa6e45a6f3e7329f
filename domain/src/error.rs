//! What a person did that cannot work, in plain words, with the way out.

use serde::{Deserialize, Serialize};

/// An error that is shown to the person as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text} {way_out}")]
pub struct UserError {
    /// What is the matter, one sentence.
    pub text: String,
    /// What to do now, one sentence; may be empty.
    pub way_out: String,
}

impl UserError {
    /// An error from its two sentences.
    pub fn new(text: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { text: text.into(), way_out: way_out.into() }
    }
}
