//! Word patterns of the term files, found in one pass over the words.
//!
//! A pattern is words in order: `a|b` is either, `*` skips up to six words, `#` is any number. Signs and line
//! breaks between words do not matter.

use std::collections::HashMap;

use crate::contract::structure::{Word, word_hash};
use crate::contract::terms::TermSpec;

/// Most words that a `*` skips.
const GAP_MAX: usize = 6;

#[derive(Debug, Clone)]
enum Piece {
    Word(Vec<u32>),
    Gap,
}

#[derive(Debug, Clone)]
struct Pattern {
    term: usize,
    number: u32,
    /// What follows the first word.
    rest: Vec<Piece>,
}

/// All patterns of all terms.
#[derive(Debug, Clone, Default)]
pub struct Cues {
    by_first: HashMap<u32, Vec<Pattern>>,
    count: u32,
}

/// A pattern found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Place of the term in the list of terms.
    pub term: usize,
    /// Number of the pattern among all patterns.
    pub number: u32,
    /// Which of the given words it begins with.
    pub at: usize,
}

impl Cues {
    /// The patterns of the terms.
    #[must_use]
    pub fn of(terms: &[TermSpec]) -> Self {
        let mut cues = Self::default();
        for (term, spec) in terms.iter().enumerate() {
            for cue in &spec.cues {
                cues.add(term, cue);
            }
        }
        cues
    }

    fn add(&mut self, term: usize, cue: &str) {
        let mut pieces = cue.split_whitespace().map(|piece| match piece {
            "*" => Piece::Gap,
            words => Piece::Word(words.split('|').map(word_hash).collect()),
        });
        let Some(Piece::Word(firsts)) = pieces.next() else { return };
        let pattern = Pattern { term, number: self.count, rest: pieces.collect() };
        self.count += 1;
        for first in firsts {
            self.by_first.entry(first).or_default().push(pattern.clone());
        }
    }

    /// All patterns in the words of a sentence, each at most once.
    pub fn find(&self, words: &[Word], hits: &mut Vec<Hit>) {
        hits.clear();
        for (at, word) in words.iter().enumerate() {
            for pattern in self.by_first.get(&word.hash).into_iter().flatten() {
                if follows(&pattern.rest, &words[at + 1..])
                    && !hits.iter().any(|hit| hit.number == pattern.number)
                {
                    hits.push(Hit { term: pattern.term, number: pattern.number, at });
                }
            }
        }
    }
}

fn follows(pieces: &[Piece], words: &[Word]) -> bool {
    match pieces {
        [] => true,
        [Piece::Word(any), rest @ ..] => {
            words.first().is_some_and(|word| any.contains(&word.hash)) && follows(rest, &words[1..])
        }
        [Piece::Gap, rest @ ..] => (0..=GAP_MAX.min(words.len())).any(|skip| follows(rest, &words[skip..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{structure::Outline, terms};

    fn found(text: &str) -> Vec<&'static str> {
        let outline = Outline::of(text);
        let mut hits = Vec::new();
        Cues::of(terms::all()).find(&outline.words, &mut hits);
        hits.iter().map(|hit| terms::all()[hit.term].key.0.as_str()).collect()
    }

    #[test]
    fn gaps_choices_and_line_breaks() {
        assert!(
            found("may terminate this Agreement\nwithout cause").contains(&"termination_for_convenience")
        );
        assert!(found("within 30 days of each invoice").contains(&"payment_terms"));
        assert!(!found("without a cause").contains(&"termination_for_convenience"));
    }
}
