//! One of the terms we look for in a contract, and what we found of it.

use serde::{Deserialize, Serialize};

use super::{Family, Quote, Value};

/// Names a term, e.g. `governing_law`; the list of terms is data of the contract agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TermKey(pub String);

impl std::fmt::Display for TermKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How sure we are of what we say about a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The contract says it; value and quote are given and the confidence is at or above the threshold.
    Stated,
    /// The contract does not say it.
    Absent,
    /// A person has to look; value and quote, where given, are our best guess.
    Review,
}

/// What we found of one term. A term that a contract states in several places has several of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// Which term.
    pub term: TermKey,
    /// Stated, absent or for a person to review.
    pub state: State,
    /// What it says; none when absent.
    pub value: Option<Value>,
    /// Where it says so. No quote, no value.
    pub quote: Option<Quote>,
    /// Calibrated probability, 0 to 1, that state and value are right; it means the same for every term.
    pub confidence: f32,
    /// Why a person should look, in plain words; empty unless for review.
    #[serde(default)]
    pub reason: String,
}

/// What people need to know of a term to read a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermInfo {
    /// Place in the list, from 1.
    pub number: u32,
    /// Its key.
    pub key: TermKey,
    /// What people call it.
    pub name: String,
    /// Kind of harm it can do.
    pub family: Family,
    /// One of the ten that matter most.
    pub is_main: bool,
}

/// What was read with what people said since: a person's word replaces all rows of its term.
#[must_use]
pub fn settled(mut rows: Vec<Extraction>, answers: Vec<Extraction>) -> Vec<Extraction> {
    rows.retain(|row| answers.iter().all(|answer| answer.term != row.term));
    rows.extend(answers);
    rows
}
