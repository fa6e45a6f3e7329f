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
    let labels =
        terms::all()[..LABELLED].iter().map(|term| labels.remove(&term.name).map(of).unwrap_or_default());
    let labels = labels.collect();
    Labelled { title: line.title, text: line.text, labels }
}

/// Why labelled contracts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// Neither text nor text packed by zstd.
    #[error("neither lines of text nor such lines packed by zstd: {0}")]
    Packed(#[from] std::io::Error),
    /// A line is wrong.
    #[error(transparent)]
    Line(#[from] NotLabelled),
}

/// Reads labelled contracts from a file's bytes, packed by zstd or not.
///
/// # Errors
/// When the bytes are neither, or a line is no labelled contract.
pub fn unpack(bytes: &[u8]) -> Result<Vec<Labelled>, Unread> {
    let packed = bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let bytes = if packed { zstd::decode_all(bytes)? } else { bytes.to_vec() };
    let lines = String::from_utf8(bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(read(&lines)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"title":"T","text":"Café law of Ohio","labels":{"Governing Law":{"spans":[{"text":"law","spans":[[5,8]]}],"answer":"Ohio"}}}"#;

    #[test]
    fn offsets_become_bytes_and_missing_terms_are_empty() {
        let read = read(LINE).expect("labelled");
        let label = &read[0].labels[7];
        assert_eq!((label.golds[0].spans[0], label.answer.as_str()), ((6, 9), "Ohio"));
        assert!(read[0].labels[8].golds.is_empty());
    }

    #[test]
    fn packed_or_not_is_the_same_and_rubbish_is_refused() {
        let packed = zstd::encode_all(LINE.as_bytes(), 1).expect("packed");
        assert_eq!(unpack(&packed).expect("labelled"), unpack(LINE.as_bytes()).expect("labelled"));
        assert!(matches!(unpack(b"{}"), Err(Unread::Line(_))));
        assert!(matches!(unpack(&[0xff, 0xfe]), Err(Unread::Packed(_))));
    }
}
