//! A contract as the scorers see it, before any of them has looked.

use std::time::Instant;

use super::{
    cue::{Cues, Hit},
    features, parties,
    passage::{self, Passage},
    title,
};
use crate::contract::structure::Outline;

/// Outline, features, patterns and passages of a contract.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Words and sentences.
    pub outline: Outline,
    /// Feature slots of each sentence.
    pub features: Vec<Vec<u32>>,
    /// Patterns in each sentence.
    pub hits: Vec<Vec<Hit>>,
    /// Passages that may name something.
    pub passages: Vec<Passage>,
    /// Time ran out: sentences towards the end have no features.
    pub partial: bool,
}

impl Reading {
    /// Reads a text; stops when `deadline` has passed.
    #[must_use]
    pub fn of(text: &str, cues: &Cues, deadline: Option<Instant>) -> Self {
        let outline = Outline::of(text);
        let mut reading = Self::default();
        reading.passages.extend(title::titles(text, &outline));
        reading.passages.extend(parties::parties(text, &outline));
        reading.passages.extend(passage::dates(text, &outline));
        let (mut slots, mut hits) = (Vec::new(), Vec::new());
        for (at, sentence) in outline.sentences.iter().enumerate() {
            if at % 64 == 0 && deadline.is_some_and(|deadline| Instant::now() > deadline) {
                reading.partial = true;
                break;
            }
            cues.find(outline.words_of(sentence), &mut hits);
            features::of_sentence(&outline, at, &hits, &mut slots);
            reading.features.push(slots.clone());
            reading.hits.push(hits.clone());
        }
        reading.outline = outline;
        reading
    }
}
