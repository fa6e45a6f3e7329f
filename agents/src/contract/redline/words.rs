//! What changed inside a paragraph, word by word, as a person would mark it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::contract::read::docx::inline::{Atom, OBJECT};

/// A passage of the old text and what stands in its place in the new one; one of them may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    /// Bytes of the old text.
    pub(super) old: Range<usize>,
    /// Bytes of the new text.
    pub(super) new: Range<usize>,
}

/// A word, a space or a sign, with what makes it equal to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Token {
    range: Range<usize>,
    what: String,
}

/// What differs between the texts of two rows of atoms, in order.
pub(super) fn changes(old: &[Atom<'_, '_>], new: &[Atom<'_, '_>]) -> Vec<Passage> {
    differences(&atom_tokens(old), &atom_tokens(new))
}

/// What differs between two texts, in order; how their lines are broken is no difference.
pub(super) fn text_changes(old: &str, new: &str) -> Vec<Passage> {
    let prose = |text: &str| {
        let mut found = tokens(text, true);
        found
            .iter_mut()
            .filter(|token| token.what.starts_with(char::is_whitespace))
            .for_each(|token| token.what = " ".to_owned());
        found
    };
    differences(&prose(old), &prose(new))
}

/// Objects that stand on both sides, as places in the old and the new atoms.
pub(super) fn paired_objects(old: &[Atom<'_, '_>], new: &[Atom<'_, '_>]) -> Vec<(usize, usize)> {
    let (old_tokens, new_tokens) = (atom_tokens(old), atom_tokens(new));
    let (left, right) = interned(&old_tokens, &new_tokens);
    let at = |atoms: &[Atom<'_, '_>]| -> HashMap<usize, usize> {
        let mut offset = 0;
        let mut places = HashMap::new();
        for (index, atom) in atoms.iter().enumerate() {
            if atom.text.starts_with(OBJECT) {
                places.insert(offset, index);
            }
            offset += atom.text.len();
        }
        places
    };
    let (old_places, new_places) = (at(old), at(new));
    let mut pairs = Vec::new();
    let mut equal = |olds: Range<usize>, news: Range<usize>| {
        for (i, j) in olds.zip(news) {
            let pair =
                (old_places.get(&old_tokens[i].range.start), new_places.get(&new_tokens[j].range.start));
            if let (Some(i), Some(j)) = pair {
                pairs.push((*i, *j));
            }
        }
    };
    let (mut i, mut j) = (0, 0);
    for (olds, news) in gaps(Algorithm::Myers, &left, &right) {
        equal(i..olds.start, j..news.start);
        (i, j) = (olds.end, news.end);
    }
    equal(i..left.len(), j..right.len());
    pairs
}

/// Tokens of atoms; words run on across the borders of runs.
fn atom_tokens(atoms: &[Atom<'_, '_>]) -> Vec<Token> {
    let text: String = atoms.iter().map(|atom| atom.text.as_str()).collect();
    let mut found = tokens(&text, false);
    let mut offset = 0;
    let mut keys = HashMap::new();
    for atom in atoms {
        if !atom.key.is_empty() {
            keys.insert(offset, &atom.key);
        }
        offset += atom.text.len();
    }
    for token in &mut found {
        if let Some(key) = keys.get(&token.range.start) {
            token.what.push_str(key);
        }
    }
    found
}

/// Words, spaces and single signs; in prose line ends and tabs are spaces like others.
fn tokens(text: &str, prose: bool) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut last = None;
    for (at, letter) in text.char_indices() {
        let class = if prose && letter.is_whitespace() { 2 } else { class(letter) };
        match out.last_mut() {
            Some(token) if class != 0 && last == Some(class) => {
                token.range.end = at + letter.len_utf8();
                token.what.push(letter);
            }
            _ => out.push(Token { range: at..at + letter.len_utf8(), what: letter.to_string() }),
        }
        last = Some(class);
    }
    out
}

/// 1 for letters of words, 2 for blanks, 0 for signs that stand alone.
fn class(letter: char) -> u8 {
    match letter {
        ' ' | '\u{A0}' => 2,
        _ if letter.is_alphanumeric() || matches!(letter, '_' | '’' | '\'') => 1,
        _ => 0,
    }
}

/// Tokens as numbers, so that comparing two of them is cheap.
fn interned<'t>(old: &'t [Token], new: &'t [Token]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<&'t str, u32> = HashMap::new();
    let mut of = |token: &'t Token| {
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        *known.entry(token.what.as_str()).or_insert(next)
    };
    (old.iter().map(&mut of).collect(), new.iter().map(&mut of).collect())
}

fn differences(old: &[Token], new: &[Token]) -> Vec<Passage> {
    let (left, right) = interned(old, new);
    let mut out: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (olds, news) in gaps(Algorithm::Myers, &left, &right) {
        match out.last_mut() {
            // Words with nothing but blanks between them changed as one phrase.
            Some(last) if is_slight(&old[last.0.end..olds.start]) => {
                *last = (last.0.start..olds.end, last.1.start..news.end);
            }
            _ => out.push((olds, news)),
        }
    }
    let bytes = |tokens: &[Token], range: Range<usize>| {
        let end_of_text = tokens.last().map_or(0, |token| token.range.end);
        let start = tokens.get(range.start).map_or(end_of_text, |token| token.range.start);
        let end = if range.is_empty() { start } else { tokens[range.end - 1].range.end };
        start..end
    };
    out.into_iter().map(|(olds, news)| Passage { old: bytes(old, olds), new: bytes(new, news) }).collect()
}

/// Largest product of two lengths that is compared piece by piece: ten thousand words against as many.
const SIZE: usize = 100_000_000;

/// The stretches between what is equal, one of the two sides not empty. Only what the comparison calls equal is
/// relied on: where it says that something was inserted or deleted may be off after it moved changes together.
pub(super) fn gaps(algorithm: Algorithm, left: &[u32], right: &[u32]) -> Vec<(Range<usize>, Range<usize>)> {
    let same = |(one, other): &(&u32, &u32)| one == other;
    let head = left.iter().zip(right).take_while(same).count();
    let tail = left[head..].iter().rev().zip(right[head..].iter().rev()).take_while(same).count();
    let (left, right) = (&left[head..left.len() - tail], &right[head..right.len() - tail]);
    let ops = match left.len().saturating_mul(right.len()) {
        0 => Vec::new(),
        // Files made to keep us busy; what differs there is replaced as a whole.
        size if size > SIZE => Vec::new(),
        _ => capture_diff_slices(algorithm, left, right),
    };
    let shift = |range: Range<usize>| range.start + head..range.end + head;
    let equal = ops.into_iter().filter(|op| op.tag() == DiffTag::Equal);
    let end = (left.len()..left.len(), right.len()..right.len());
    let mut out = Vec::new();
    let (mut i, mut j) = (head, head);
    let stretches = equal.map(|op| (op.old_range(), op.new_range())).chain([end]);
    for (olds, news) in stretches.map(|(olds, news)| (shift(olds), shift(news))) {
        if i < olds.start || j < news.start {
            out.push((i..olds.start, j..news.start));
        }
        (i, j) = (olds.end, news.end);
    }
    out
}

/// Whether what stands between two changes is too little to keep them apart.
fn is_slight(between: &[Token]) -> bool {
    between.iter().all(|token| class(token.what.chars().next().unwrap_or('.')) == 2)
}

/// The words of texts as sorted numbers, so that many can be held against each other.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    known: HashMap<String, u32>,
}

impl Vocabulary {
    /// The words of a text, sorted, without regard to case.
    pub(super) fn words(&mut self, text: &str) -> Vec<u32> {
        let split = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut words: Vec<u32> = split
            .map(|word| {
                let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
                *self.known.entry(word.to_lowercase()).or_insert(next)
            })
            .collect();
        words.sort_unstable();
        words
    }
}

/// How alike two texts are by their sorted words, 0 to 1: twice the words in common over all words.
pub(super) fn likeness(old: &[u32], new: &[u32]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while i < old.len() && j < new.len() {
        match old[i].cmp(&new[j]) {
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1,
            Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    let all = old.len() + new.len();
    if all == 0 { 1.0 } else { 2.0 * common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_phrase_is_one_passage() {
        let (old, new) =
            ("within thirty (30) days of receipt.", "within sixty (60) calendar days of receipt.");
        let said: Vec<(&str, &str)> =
            text_changes(old, new).into_iter().map(|change| (&old[change.old], &new[change.new])).collect();
        assert_eq!(said, [("thirty", "sixty"), ("30", "60"), ("", " calendar")]);
    }

    #[test]
    fn words_parted_by_blanks_only_change_together() {
        let (old, new) = ("the laws of New York apply", "the laws of England Wales apply");
        assert_eq!(text_changes(old, new), [Passage { old: 12..20, new: 12..25 }]);
    }
}
