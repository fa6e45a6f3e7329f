//! The six terms without labelled contracts: found by their patterns and headings alone, with modest confidence.

use domain::contract::Value;

use super::{assemble::Guess, candidate::LABELLED, reading::Reading, values};
use crate::contract::{
    structure::word_hash,
    terms::{self, Kind, TermSpec},
};

/// Rules alone are never surer than this.
const SHARE_MAX: f32 = 0.88;
/// Guesses kept a term.
const GUESSES_MAX: usize = 6;

/// Guesses of a term without labels, the best first.
#[must_use]
pub fn guesses(text: &str, reading: &Reading, term: usize) -> Vec<Guess> {
    debug_assert!(term >= LABELLED);
    let spec = &terms::all()[term];
    let headings: Vec<Vec<u32>> =
        spec.headings.iter().map(|heading| heading.split_whitespace().map(word_hash).collect()).collect();
    let mut all: Vec<Guess> = Vec::new();
    for (at, sentence) in reading.outline.sentences.iter().enumerate().take(reading.hits.len()) {
        let hits = reading.hits[at].iter().filter(|hit| hit.term == term).count();
        let length = sentence.words.1 - sentence.words.0;
        if hits == 0 || length < 6 {
            continue;
        }
        let heading: Vec<u32> = reading.outline.heading_of(sentence).iter().map(|word| word.hash).collect();
        let headed = headings.contains(&heading);
        let value = values::of(spec, &text[sentence.start..sentence.end], &values::Known::default());
        let share = share(spec, hits, headed, value.as_ref());
        all.push(Guess { start: sentence.start, end: sentence.end, value, share });
    }
    all.sort_by(|a, b| b.share.total_cmp(&a.share));
    all.truncate(GUESSES_MAX);
    all
}

fn share(spec: &TermSpec, hits: usize, headed: bool, value: Option<&Value>) -> f32 {
    let hits = hits.min(4) as f32;
    let base = 0.22 + 0.13 * hits + if headed { 0.2 } else { 0.0 };
    // A term that is a length or a place without either is a mention, not the term.
    let valued = match (spec.kind, value) {
        (Kind::Duration, None) => -0.35,
        (Kind::Jurisdiction, Some(Value::Clause) | None) => -0.15,
        (Kind::Percent, Some(Value::Percent(_))) | (Kind::Duration | Kind::Jurisdiction, _) => 0.1,
        _ => 0.0,
    };
    (base + valued).clamp(0.02, SHARE_MAX)
}
