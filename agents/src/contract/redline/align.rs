//! Pairs the parts of an old row with those of a new one: equal ones first, then the most alike between them.

use std::collections::HashMap;
use std::ops::Range;

use similar::Algorithm;

use super::words::{Vocabulary, gaps, likeness};

/// Something that stands in a row: a paragraph, a table, a row of a table, a clause.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Only items of one sort are paired.
    pub(super) sort: u8,
    /// What makes it equal to another.
    pub(super) key: String,
    /// Its words, for likeness.
    pub(super) text: String,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Old and new stand for each other; they may differ inside.
    Both(usize, usize),
    /// Only the old row has it.
    Old(usize),
    /// Only the new row has it.
    New(usize),
}

/// Below this likeness two items are another's work, not a change of one.
const ALIKE: f64 = 0.4;
/// Most pairs judged by likeness in one stretch; beyond, the stretch is replaced as a whole.
const PAIRS: usize = 1_000_000;

/// The steps from the old row to the new one, in order of reading.
pub(super) fn align(old: &[Item], new: &[Item]) -> Vec<Step> {
    let (left, right) = interned(old, new);
    let mut steps = Vec::with_capacity(old.len().max(new.len()));
    let (mut i, mut j) = (0, 0);
    for (olds, news) in gaps(Algorithm::Patience, &left, &right) {
        steps.extend((i..olds.start).zip(j..news.start).map(|(i, j)| Step::Both(i, j)));
        (i, j) = (olds.end, news.end);
        stretch(old, new, olds, news, &mut steps);
    }
    steps.extend((i..old.len()).zip(j..new.len()).map(|(i, j)| Step::Both(i, j)));
    steps
}

/// Items as numbers, equal ones alike.
fn interned<'t>(old: &'t [Item], new: &'t [Item]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<(u8, &'t str), u32> = HashMap::new();
    let mut of = |item: &'t Item| {
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        *known.entry((item.sort, item.key.as_str())).or_insert(next)
    };
    (old.iter().map(&mut of).collect(), new.iter().map(&mut of).collect())
}

/// Pairs what is most alike where nothing is equal, without crossing.
fn stretch(old: &[Item], new: &[Item], olds: Range<usize>, news: Range<usize>, steps: &mut Vec<Step>) {
    let pairs = match olds.len().saturating_mul(news.len()) {
        0 => Vec::new(),
        many if many > PAIRS => Vec::new(),
        _ => best_pairs(&old[olds.clone()], &new[news.clone()]),
    };
    let (mut i, mut j) = (olds.start, news.start);
    for (left, right) in pairs {
        let (left, right) = (olds.start + left, news.start + right);
        steps.extend((i..left).map(Step::Old));
        steps.extend((j..right).map(Step::New));
        steps.push(Step::Both(left, right));
        (i, j) = (left + 1, right + 1);
    }
    steps.extend((i..olds.end).map(Step::Old));
    steps.extend((j..news.end).map(Step::New));
}

/// Pairs in order with the greatest sum of likeness.
fn best_pairs(old: &[Item], new: &[Item]) -> Vec<(usize, usize)> {
    let mut vocabulary = Vocabulary::default();
    let mut words =
        |items: &[Item]| items.iter().map(|item| vocabulary.words(&item.text)).collect::<Vec<_>>();
    let (left, right) = (words(old), words(new));
    let width = new.len() + 1;
    let mut alike = vec![0.0_f64; old.len() * new.len()];
    let mut best = vec![0.0_f64; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let same_sort = old[i].sort == new[j].sort;
            // Paragraphs without words are alike when both have none; pairing those says nothing.
            let some = !left[i].is_empty() && !right[j].is_empty();
            let likeness = if same_sort && some { likeness(&left[i], &right[j]) } else { 0.0 };
            alike[i * new.len() + j] = likeness;
            let pair = if likeness >= ALIKE { likeness + best[(i + 1) * width + j + 1] } else { 0.0 };
            best[i * width + j] = pair.max(best[(i + 1) * width + j]).max(best[i * width + j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < old.len() && j < new.len() {
        let here = best[i * width + j];
        let likeness = alike[i * new.len() + j];
        if likeness >= ALIKE && here <= likeness + best[(i + 1) * width + j + 1] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if here <= best[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(texts: &[&str]) -> Vec<Item> {
        texts.iter().map(|text| Item { sort: 0, key: (*text).to_owned(), text: (*text).to_owned() }).collect()
    }

    #[test]
    fn changed_items_meet_their_old_selves() {
        let old = items(&["Title", "Payment is due in thirty days", "Law of New York applies", "End"]);
        let new = items(&["Title", "A new clause on data", "Payment is due in sixty days", "End"]);
        let steps = [Step::Both(0, 0), Step::New(1), Step::Both(1, 2), Step::Old(2), Step::Both(3, 3)];
        assert_eq!(align(&old, &new), steps);
    }
}
