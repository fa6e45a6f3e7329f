//! Labelled sentences, for training the tagger and for measuring it on sentences that it did not see.

use ml::tagger::Tagger;
use serde::Deserialize;

use super::super::possible::with_names;
use super::super::{Finding, scan};
use super::sentence::Sentence;
use super::{Kind, TAGS, names_by};

/// `1 << BITS` slots of weights.
const BITS: u32 = 16;
/// Times over all sentences; more did not help.
const ROUNDS: usize = 10;
/// Every so many texts is also learned in small letters, as people type in chat.
const SMALL: usize = 3;

/// A text with its labelled spans, in code points.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// As it was written.
    pub text: String,
    /// What is to be found; none in a text that names nobody.
    #[serde(default)]
    pub spans: Vec<Span>,
    /// The pattern that the sentence was made from; all sentences of one are in the same part.
    #[serde(default)]
    pub template_id: Option<i64>,
}

/// A labelled part of a text.
#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    /// What it is.
    pub entity: String,
    /// First code point.
    pub start: usize,
    /// Code point behind the last one.
    pub end: usize,
}

/// Trains a tagger.
#[must_use]
pub fn train(cases: &[&Case], seed: u64) -> Tagger {
    let small = cases.iter().step_by(SMALL).map(|case| {
        // One letter for one letter: the places of the spans must hold.
        let text = case
            .text
            .chars()
            .map(|c| if c.is_uppercase() { c.to_lowercase().next().unwrap_or(c) } else { c });
        Case { text: text.collect(), ..(*case).clone() }
    });
    let all: Vec<Case> = cases.iter().map(|case| (*case).clone()).chain(small).collect();
    let sentences: Vec<_> = all
        .iter()
        .flat_map(|case| {
            let known = scan(&case.text);
            let pieces = Sentence::pieces(&case.text, &known, usize::MAX / 2);
            pieces.into_iter().map(|sentence| {
                let gold = sentence.tokens.iter().map(|token| gold(case, token.start, token.end)).collect();
                (sentence.words(), gold)
            })
        })
        .collect();
    Tagger::train(&sentences, TAGS, BITS, ROUNDS, seed)
}

/// What [`everything`](super::super::everything) would find with this tagger.
#[must_use]
pub fn found(tagger: &Tagger, text: &str) -> Vec<Finding> {
    with_names(text, |text, known| names_by(tagger, text, known))
}

fn gold(case: &Case, start: usize, end: usize) -> usize {
    let span = case.spans.iter().find(|span| span.start < end && start < span.end);
    span.map_or(0, |span| Kind::of(&span.entity) as usize)
}
