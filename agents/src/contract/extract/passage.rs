//! Short passages that may name something: the title, a party, a date.

use super::features;
use crate::contract::{
    normalise::{date, head},
    structure::Outline,
};

/// What a passage may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The title of the document.
    Title,
    /// A party: its name and the words that the contract calls it by, as byte ranges.
    Party {
        /// The name alone.
        name: (usize, usize),
        /// The brackets that give its role; empty when there are none.
        alias: (usize, usize),
    },
    /// "(each a "Party" and together the "Parties")".
    Together,
    /// A date.
    Date(date::Found),
}

/// Numbers a passage is judged by, besides its words.
pub const OWN_NUMBERS: usize = 24;

/// A passage with what is seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// What it may name.
    pub kind: Kind,
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// Its words and the words around it, as feature slots.
    pub slots: Vec<u32>,
    /// Where it stands, how long it is, how often it comes.
    pub numbers: [f32; OWN_NUMBERS],
}

/// Range of words that a byte range covers.
#[must_use]
pub fn words_in(outline: &Outline, (start, end): (usize, usize)) -> (usize, usize) {
    let first = outline.words.partition_point(|word| (word.start as usize) < start);
    let last = outline.words.partition_point(|word| (word.start as usize) < end);
    (first, last.max(first))
}

/// How often the words of a range stand elsewhere in a range of words.
#[must_use]
pub fn count(outline: &Outline, (first, last): (usize, usize), within: (usize, usize)) -> usize {
    let wanted = &outline.words[first..last.min(first + 3)];
    let Some(head) = wanted.first() else { return 0 };
    let words = &outline.words[within.0..within.1];
    let starts = words.iter().enumerate().filter(|(_, word)| word.hash == head.hash);
    let same = starts.filter(|(at, _)| {
        words[*at..].iter().zip(wanted).filter(|(a, b)| a.hash == b.hash).count() == wanted.len()
    });
    same.count()
}

/// The passage of a kind in a byte range, judged by its words and the numbers that every kind has.
#[must_use]
pub fn passage(outline: &Outline, kind: Kind, (start, end): (usize, usize), order: usize) -> Passage {
    let span = match &kind {
        Kind::Party { name, .. } => *name,
        _ => (start, end),
    };
    let (first, last) = words_in(outline, span);
    let mut slots = Vec::new();
    features::of_passage(outline, (first, last), &mut slots);
    let all = outline.words.len().max(1);
    let mut numbers = [0.0; OWN_NUMBERS];
    numbers[0] = (1.0 + first as f32).ln();
    numbers[1] = first as f32 / all as f32;
    numbers[2] = (last - first) as f32;
    numbers[3] = (1.0 + count(outline, (first, last), (0, all)) as f32).ln();
    numbers[4] = (order as f32).min(30.0);
    numbers[5] = outline.words[first..last].iter().filter(|word| word.capital).count() as f32
        / (last - first).max(1) as f32;
    Passage { kind, start, end, slots, numbers }
}

/// Most dates that are looked at from the start, and from the end of a contract.
const DATES_MAX: (usize, usize) = (40, 6);

/// Dates near the start and the last few.
#[must_use]
pub fn dates(text: &str, outline: &Outline) -> Vec<Passage> {
    let found: Vec<date::Found> = date::find(text).collect();
    let late = found.len().saturating_sub(DATES_MAX.1).max(DATES_MAX.0);
    let mut passages = Vec::new();
    for (order, date) in found.iter().enumerate() {
        if order >= DATES_MAX.0 && order < late {
            continue;
        }
        let mut one = passage(outline, Kind::Date(*date), (date.start, date.end), order);
        let same = found
            .iter()
            .filter(|other| (other.year, other.month, other.day) == (date.year, date.month, date.day));
        one.numbers[6] = same.count() as f32;
        one.numbers[7] = f32::from(u8::from(date.date().is_some()));
        one.numbers[8] = (found.len() as f32).min(60.0);
        let after = head(&text[date.end..], 60).to_lowercase();
        one.numbers[9] = f32::from(u8::from(after.contains("effective date")));
        one.numbers[10] = f32::from(u8::from(after.contains("between") || after.contains("among")));
        let earlier = found[..order]
            .iter()
            .any(|other| (other.year, other.month, other.day) == (date.year, date.month, date.day));
        one.numbers[11] = f32::from(u8::from(earlier));
        passages.push(one);
    }
    passages
}
