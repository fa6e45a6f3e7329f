//! Slips of the keyboard in a question: misspelt, torn and run-together words are mended before it is read.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::OnceLock;

use domain::places::places;
use domain::taxonomy::taxonomy;
use domain::words::{Word, distance, stem};

use super::vocabulary::{STARTUP, is_noise, noise_words, status_words};

/// A word in more companies than this is the directory's own, not a misspelling.
const KNOWN_FROM: u64 = 12;
/// A word in as many companies is nobody's single slip.
const SEVERAL: u64 = 4;
/// A word is taken for a slip of another that the directory uses this many times as often.
const SLIP_RATIO: u64 = 30;
/// The same where the other is a word of questions.
const SLIP_RATIO_ASKED: u64 = 10;
/// Endings that make a firm of a trade in German: `Immobilienunternehmen` are firms in `Immobilien`.
const GERMAN_ENDINGS: &[&str] = &[
    "unternehmen",
    "gesellschaften",
    "gesellschaft",
    "firmen",
    "firma",
    "hersteller",
    "anbieter",
    "betreiber",
    "handler",
    "konzerne",
    "konzern",
    "betriebe",
    "betrieb",
    "branche",
    "industrie",
    "dienstleister",
    "produzenten",
    "bauer",
    "zulieferer",
    "entwickler",
];
/// British spellings whose American form the directory uses.
const BRITISH: &[(&str, &str)] = &[
    ("centre", "center"),
    ("centres", "centers"),
    ("tyre", "tire"),
    ("tyres", "tires"),
    ("fibre", "fiber"),
    ("aluminium", "aluminum"),
    ("colour", "color"),
    ("programme", "program"),
    ("programmes", "programs"),
    ("jewellery", "jewelry"),
    ("theatre", "theater"),
    ("theatres", "theaters"),
    ("licence", "license"),
    ("catalogue", "catalog"),
    ("paediatric", "pediatric"),
    ("orthopaedic", "orthopedic"),
    ("anaesthesia", "anesthesia"),
    ("mould", "mold"),
    ("moulds", "molds"),
    ("moulding", "molding"),
    ("analyse", "analyze"),
    ("kerb", "curb"),
    ("grey", "gray"),
    ("cheque", "check"),
    ("cheques", "checks"),
    ("aeroplane", "airplane"),
    ("sulphur", "sulfur"),
    ("labour", "labor"),
    ("vapour", "vapor"),
    ("flavour", "flavor"),
    ("flavours", "flavors"),
    ("armour", "armor"),
    ("plough", "plow"),
    ("liquorice", "licorice"),
    ("yoghurt", "yogurt"),
    ("whisky", "whiskey"),
];

/// What the directory says of words.
pub struct Lexicon<'a> {
    /// How many companies use a word.
    pub frequency: &'a dyn Fn(&str) -> u64,
    /// The directory's own word that is nearest to one it does not use.
    pub nearest: &'a dyn Fn(&str) -> Option<String>,
}

impl Lexicon<'_> {
    fn knows(&self, word: &str) -> bool {
        (self.frequency)(word) >= KNOWN_FROM
    }
}

/// The words with slips mended.
pub fn mended(parts: Vec<Word>, text: &str, lexicon: &Lexicon<'_>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(parts.len());
    let mut rest = parts.into_iter().peekable();
    while let Some(word) = rest.next() {
        if let Some(next) = rest.peek()
            && let Some(whole) = together(&word, next, text, lexicon)
        {
            out.push(renamed(&word, whole, next.end));
            rest.next();
            continue;
        }
        match right(&word, text, lexicon) {
            Some(right) => out.push(renamed(&word, right, word.end)),
            None => out.extend(apart(&word, lexicon).unwrap_or_else(|| vec![word])),
        }
    }
    out
}

fn renamed(word: &Word, folded: String, end: usize) -> Word {
    Word { stem: stem(&folded), folded, start: word.start, end }
}

/// Two words that questions write as one: `semi conductor`. The directory must use the whole more than its
/// first half, else "health care" would be torn from the phrases it is part of.
fn together(word: &Word, next: &Word, text: &str, lexicon: &Lexicon<'_>) -> Option<String> {
    let whole = format!("{}{}", word.folded, next.folded);
    let letters = |word: &Word| word.folded.chars().count();
    let single = letters(word) >= 3 && letters(next) >= 4 && &text[word.end..next.start] == " ";
    let vocabulary = vocabulary();
    let has = |word: &str| vocabulary.contains(word) || vocabulary.contains(&stem(word));
    let used = |word: &str| (lexicon.frequency)(word);
    (single && has(&whole) && used(&whole) > used(&word.folded)).then_some(whole)
}

/// A word the directory does not use, made of two that it does: `glassmakers`.
fn apart(word: &Word, lexicon: &Lexicon<'_>) -> Option<Vec<Word>> {
    let all = &word.folded;
    if !all.is_ascii() || all.len() < 8 || is_asked(word) || lexicon.knows(all) {
        return None;
    }
    let fits = |at: &usize| {
        let (head, tail) = all.split_at(*at);
        lexicon.knows(head) && (lexicon.knows(tail) || is_noise(&stem(tail)))
    };
    let at = (4..=all.len() - 4).rev().find(fits)?;
    let part = |range: std::ops::Range<usize>| {
        let folded = all[range.clone()].to_owned();
        let (start, end) = if word.end - word.start == all.len() {
            (word.start + range.start, word.start + range.end)
        } else {
            (word.start, word.end)
        };
        Word { stem: stem(&folded), folded, start, end }
    };
    Some(vec![part(0..at), part(at..all.len())])
}

fn is_asked(word: &Word) -> bool {
    let vocabulary = vocabulary();
    vocabulary.contains(word.folded.as_str()) || vocabulary.contains(word.stem.as_str())
}

/// The word that was meant, when it differs: the American spelling, the trade in a German compound, or the
/// word a misspelt one is nearest to.
fn right(word: &Word, text: &str, lexicon: &Lexicon<'_>) -> Option<String> {
    if let Some((_, american)) = BRITISH.iter().find(|(british, _)| *british == word.folded) {
        return Some((*american).to_owned());
    }
    if is_asked(word) {
        return None;
    }
    german_trade(&word.folded).or_else(|| corrected(word, text, lexicon))
}

fn german_trade(word: &str) -> Option<String> {
    let head = GERMAN_ENDINGS.iter().find_map(|ending| word.strip_suffix(ending))?;
    let vocabulary = vocabulary();
    [head, head.strip_suffix('s').unwrap_or(head), head.strip_suffix('n').unwrap_or(head)]
        .into_iter()
        .find(|trade| trade.len() >= 4 && vocabulary.contains(*trade))
        .map(str::to_owned)
}

/// The word a misspelt one was meant to be: one edit off (two from eight letters on), with the same first
/// letter, and hardly used by the directory. Words of questions come first, then the directory's own.
fn corrected(word: &Word, text: &str, lexicon: &Lexicon<'_>) -> Option<String> {
    let letters = word.folded.chars().count();
    let capital = text[word.start..word.end].chars().all(char::is_uppercase);
    if letters < 5 || capital || word.folded.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let held = (lexicon.frequency)(&word.folded);
    // What several companies write is rarely two slips off another word: "undersea" is not "underwear".
    let most = if letters < 8 || held >= SEVERAL { 1 } else { 2 };
    let first = word.folded.chars().next()?;
    let asked = vocabulary()
        .iter()
        .filter(|right| right.starts_with(first) && right.len() >= 4)
        .filter_map(|right| Some((distance(&word.folded, right, most)?, right)))
        // Letters are left out more often than doubled.
        .min_by_key(|(edits, right)| (*edits, Reverse(right.len()), (*right).to_owned()))
        .map(|(_, right)| right.to_owned());
    let is_vocabulary = asked.is_some();
    let found = match asked {
        Some(right) => Some(right),
        None if held < KNOWN_FROM => (lexicon.nearest)(&word.folded),
        None => None,
    };
    let ratio = if is_vocabulary { SLIP_RATIO_ASKED } else { SLIP_RATIO };
    // Words of one stem are counted as one, so a slip inside the ending looks as frequent as the word itself.
    let used = |right: &String| (lexicon.frequency)(right);
    found.filter(|right| {
        held < KNOWN_FROM || held < used(right) / ratio || is_vocabulary && held == used(right)
    })
}

fn vocabulary() -> &'static HashSet<String> {
    static VOCABULARY: OnceLock<HashSet<String>> = OnceLock::new();
    VOCABULARY.get_or_init(|| {
        let mut all: HashSet<String> = taxonomy().asked_words().map(str::to_owned).collect();
        all.extend(places().asked_words().map(str::to_owned));
        all.extend(status_words().map(str::to_owned));
        all.extend(noise_words().chain(STARTUP.iter().copied()).map(str::to_owned));
        all
    })
}

#[cfg(test)]
mod tests;
