//! Ranks passages by the words they share with a question: BM25, held against the best score there could be.

use std::collections::HashMap;

use super::words;

/// How soon further occurrences of a word stop counting.
const K: f32 = 0.9;
/// How much the length of a passage counts.
const B: f32 = 0.4;
/// What a word's synonym is worth.
const SYNONYM: f32 = 0.75;
/// What a word of the heading is worth.
const HEADING: f32 = 0.6;

/// Passages and the words in them.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// For each stem: passage and how often it stands there (headings count less).
    postings: HashMap<String, Vec<(u32, f32)>>,
    lengths: Vec<f32>,
    average: f32,
}

/// A word that is looked for, with those that stand for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) stem: String,
    pub(super) others: Vec<String>,
}

impl Index {
    /// An index over passages with their headings.
    pub fn of<'a>(passages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut index = Self::default();
        for (at, (heading, body)) in passages.into_iter().enumerate() {
            let mut counts: HashMap<String, f32> = HashMap::new();
            let mut length = 0.0;
            for stem in words::stems(body) {
                *counts.entry(stem).or_default() += 1.0;
                length += 1.0;
            }
            for stem in words::stems(heading) {
                *counts.entry(stem).or_default() += HEADING;
            }
            for (stem, count) in counts {
                index.postings.entry(stem).or_default().push((at as u32, count));
            }
            index.lengths.push(length);
        }
        index.average = index.lengths.iter().sum::<f32>() / (index.lengths.len().max(1) as f32);
        index
    }

    /// Passages with any of a question's words, best first, each with its share of the best score there could be.
    #[must_use]
    pub fn search(&self, question: &str, with_synonyms: bool) -> Vec<(usize, f32)> {
        self.ranked(&wanted(question, with_synonyms))
    }

    pub(super) fn ranked(&self, wanted: &[Wanted]) -> Vec<(usize, f32)> {
        let mut scores: HashMap<u32, f32> = HashMap::new();
        let mut best = 0.0;
        for word in wanted {
            let mut found: HashMap<u32, f32> = HashMap::new();
            self.add(&word.stem, 1.0, &mut found);
            for other in &word.others {
                self.add(other, SYNONYM, &mut found);
            }
            let n = self.lengths.len() as f32;
            let weight = (1.0 + (n - found.len() as f32 + 0.5) / (found.len() as f32 + 0.5)).ln();
            best += weight;
            for (at, count) in found {
                let length = self.lengths[at as usize] / self.average.max(1.0);
                let part = count * (K + 1.0) / (count + K * (1.0 - B + B * length));
                *scores.entry(at).or_default() += weight * part.min(1.0);
            }
        }
        let mut ranked: Vec<(usize, f32)> =
            scores.into_iter().map(|(at, score)| (at as usize, score / best)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }

    fn add(&self, stem: &str, worth: f32, found: &mut HashMap<u32, f32>) {
        for (at, count) in self.postings.get(stem).into_iter().flatten() {
            let count = count * worth;
            found.entry(*at).and_modify(|known| *known = known.max(count)).or_insert(count);
        }
    }
}

/// What a question looks for: its words that say something, each once.
pub(super) fn wanted(question: &str, with_synonyms: bool) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for stem in words::stems(question).filter(|stem| !words::is_empty(stem)) {
        if wanted.iter().all(|known| known.stem != stem) {
            let others = if with_synonyms { words::synonyms(&stem).to_vec() } else { Vec::new() };
            wanted.push(Wanted { stem, others });
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_decide_and_nothing_is_above_one() {
        let passages = [
            ("Term", "This agreement lasts two years."),
            ("", "The vendor shall keep the source code in escrow."),
            ("", "The vendor shall pay the vendor."),
        ];
        let index = Index::of(passages);
        let found = index.search("Must the vendor put code in escrow?", false);
        assert_eq!(found[0].0, 1);
        assert!(found.iter().all(|(_, share)| (0.0..=1.0).contains(share)), "{found:?}");
        assert!(index.search("blockchain", false).is_empty());
        assert_eq!(index.search("When is the term over?", false)[0].0, 0, "headings count");
    }
}
