//! What the scorers see of a sentence: its words, pairs of words, heading and patterns, as feature slots.

use ml::{hashing, linear::Linear};

use super::cue::Hit;
use crate::contract::structure::{Outline, Word};

/// Number of feature slots is `1 << BITS`.
pub const BITS: u32 = 19;

const HEADING: u32 = 1;
const CUE: u32 = 2;
const BEFORE: u32 = 3;
const AFTER: u32 = 4;
const SKIP: u32 = 5;
const SHAPE: u32 = 6;
/// What brackets call a party.
const CALLED: u32 = 7;
/// Words of the sentence before, under the same heading.
const EARLIER: u32 = 8;

/// Feature slots of a sentence, sorted and without repeats.
pub fn of_sentence(outline: &Outline, at: usize, hits: &[Hit], slots: &mut Vec<u32>) {
    slots.clear();
    let sentence = &outline.sentences[at];
    let words = outline.words_of(sentence);
    push_words(words, slots);
    let heading = outline.heading_of(sentence);
    let mut whole = 0;
    for word in heading {
        slots.push(hashing::role(HEADING, word.hash));
        whole = hashing::pair(whole, word.hash);
    }
    slots.push(hashing::role(HEADING, whole));
    slots.extend(hits.iter().map(|hit| hashing::role(CUE, hit.number)));
    let earlier =
        at.checked_sub(1).map(|at| &outline.sentences[at]).filter(|other| other.heading == sentence.heading);
    if let Some(other) = earlier {
        slots.extend(outline.words_of(other).iter().map(|word| hashing::role(EARLIER, word.hash)));
    }
    slots.push(hashing::role(SHAPE, words.len().ilog2()));
    slots.push(hashing::role(SHAPE, 64 + (at * 10 / outline.sentences.len().max(1)) as u32));
    finish(slots);
}

fn push_words(words: &[Word], slots: &mut Vec<u32>) {
    slots.extend(words.iter().map(|word| word.hash));
    slots.extend(words.windows(2).map(|two| hashing::pair(two[0].hash, two[1].hash)));
    slots.extend(
        words.windows(3).map(|three| hashing::role(SKIP, hashing::pair(three[0].hash, three[2].hash))),
    );
}

/// The slot of a word by which brackets call a party.
#[must_use]
pub fn of_role(word: &Word) -> u32 {
    hashing::role(CALLED, word.hash)
}

/// Feature slots of a passage of a few words: itself, and the words before and after it.
pub fn of_passage(outline: &Outline, (first, last): (usize, usize), slots: &mut Vec<u32>) {
    slots.clear();
    let words = &outline.words;
    push_words(&words[first..last.min(first + 14)], slots);
    let before = &words[first.saturating_sub(7)..first];
    let after = &words[last..(last + 7).min(words.len())];
    for (role, side) in [(BEFORE, before), (AFTER, after)] {
        slots.extend(side.iter().map(|word| hashing::role(role, word.hash)));
        slots.extend(side.windows(2).map(|two| hashing::role(role, hashing::pair(two[0].hash, two[1].hash))));
    }
    for (distance, word) in before.iter().rev().take(3).enumerate() {
        slots.push(hashing::role(BEFORE + 16 * (distance as u32 + 1), word.hash));
    }
    for (distance, word) in after.iter().take(3).enumerate() {
        slots.push(hashing::role(AFTER + 16 * (distance as u32 + 1), word.hash));
    }
    finish(slots);
}

fn finish(slots: &mut Vec<u32>) {
    for slot in slots.iter_mut() {
        *slot &= (1 << BITS) - 1;
    }
    slots.sort_unstable();
    slots.dedup();
}

/// Scores of every sentence for every class: `scores[sentence * classes + class]`.
#[must_use]
pub fn score_all(linear: &Linear, features: &[Vec<u32>]) -> Vec<f32> {
    let (mut all, mut one) = (Vec::with_capacity(features.len() * linear.classes()), Vec::new());
    for slots in features {
        linear.score(slots, &mut one);
        all.extend_from_slice(&one);
    }
    all
}
