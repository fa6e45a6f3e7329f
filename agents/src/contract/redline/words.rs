//! What changed inside a paragraph, word by word, as a person would mark it.

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
        found.iter_mut().filter(|token| token.what.starts_with(char::is_whitespace)).for_each(|token| token.what = " ".to_owned());
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
    for op in capture_diff_slices(Algorithm::Myers, &left, &right) {
        if op.tag() == DiffTag::Equal {
            for (i, j) in op.old_range().zip(op.new_range()) {
                let pair = (old_places.get(&old_tokens[i].range.start), new_places.get(&new_tokens[j].range.start));
                if let (Some(i), Some(j)) = pair {
                    pairs.push((*i, *j));
                }
            }
        }
    }
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
    for op in capture_diff_slices(Algorithm::Myers, &left, &right) {
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let (olds, news) = (op.old_range(), op.new_range());
        match out.last_mut() {
            // Words with nothing but blanks between them changed as one phrase.
            Some(last) if is_slight(&old[last.0.end..olds.start]) => *last = (last.0.start..olds.end, last.1.start..news.end),
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

/// Whether what stands between two changes is too little to keep them apart.
fn is_slight(between: &[Token]) -> bool {
    between.iter().all(|token| class(token.what.chars().next().unwrap_or('.')) == 2)
}

/// How alike two texts are, 0 to 1: twice the words in common over all words.
pub(super) fn likeness(old: &HashMap<String, usize>, new: &HashMap<String, usize>) -> f64 {
    let common: usize = old.iter().map(|(word, count)| new.get(word).map_or(0, |other| *count.min(other))).sum();
    let all: usize = old.values().sum::<usize>() + new.values().sum::<usize>();
    if all == 0 { 1.0 } else { 2.0 * common as f64 / all as f64 }
}

/// The words of a text with how often each stands there.
pub(super) fn word_counts(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_phrase_is_one_passage() {
        let (old, new) = ("within thirty (30) days of receipt.", "within sixty (60) calendar days of receipt.");
        let said: Vec<(&str, &str)> =
            text_changes(old, new).into_iter().map(|change| (&old[change.old], &new[change.new])).collect();
        assert_eq!(said, [("thirty", "sixty"), ("30", "60"), ("", "calendar ")]);
    }

    #[test]
    fn words_parted_by_blanks_only_change_together() {
        let (old, new) = ("the laws of New York apply", "the laws of England Wales apply");
        assert_eq!(text_changes(old, new), [Passage { old: 12..20, new: 12..25 }]);
    }
}
