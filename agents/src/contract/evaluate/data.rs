//! Labelled contracts: one JSON object a line, as CUAD's answers over the text of each contract.

use std::collections::HashMap;

use serde::Deserialize;

use super::cuad::Bag;
use crate::contract::{extract::candidate::LABELLED, terms};

/// A labelled passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Gold {
    /// Its text as labelled.
    pub text: String,
    /// Its words, for comparing.
    pub bag: Bag,
    /// Where it stands, as byte ranges.
    pub spans: Vec<(usize, usize)>,
}

/// What a contract says of a term, as labelled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Label {
    /// All passages; empty when the contract does not have the term.
    pub golds: Vec<Gold>,
    /// The answer as written by the labeller; may be empty.
    pub answer: String,
}

/// A contract with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Labels of the first [`LABELLED`] terms.
    pub labels: Vec<Label>,
}

/// A line that is no labelled contract.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not a labelled contract: {cause}")]
pub struct NotLabelled {
    line: usize,
    #[source]
    cause: serde_json::Error,
}

#[derive(Deserialize)]
struct Line {
    title: String,
    text: String,
    labels: HashMap<String, Answers>,
}

#[derive(Deserialize)]
struct Answers {
    #[serde(default)]
    spans: Vec<Answer>,
    #[serde(default)]
    answer: String,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    spans: Vec<(usize, usize)>,
}

/// Reads labelled contracts, one a line.
///
/// # Errors
/// The first line that is none.
pub fn read(lines: &str) -> Result<Vec<Labelled>, NotLabelled> {
    let mut contracts = Vec::new();
    for (at, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|cause| NotLabelled { line: at + 1, cause })?;
        contracts.push(labelled(line));
    }
    Ok(contracts)
}

fn labelled(line: Line) -> Labelled {
    // Offsets are in code points; ours are bytes.
    let mut bytes: Vec<usize> = line.text.char_indices().map(|(at, _)| at).collect();
    bytes.push(line.text.len());
    let place = |at: usize| bytes.get(at).copied().unwrap_or(line.text.len());
    let mut labels = line.labels;
    let of = |answers: Answers| Label {
        golds: answers
            .spans
            .into_iter()
            .map(|gold| Gold {
                bag: Bag::of(&gold.text),
                spans: gold.spans.iter().map(|(start, end)| (place(*start), place(*end))).collect(),
                text: gold.text,
            })
            .collect(),
        answer: answers.answer,
    };
    let labels = terms::all()[..LABELLED].iter().map(|term| labels.remove(&term.name).map(of).unwrap_or_default());
    let labels = labels.collect();
    Labelled { title: line.title, text: line.text, labels }
}
