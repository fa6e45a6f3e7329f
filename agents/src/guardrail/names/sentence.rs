//! A piece of text as words, and what is known of each: its letters, its shape, its neighbours.

use std::sync::LazyLock;

use domain::places::places;
use ml::tagger::{FEATURES, Word, salted};

use super::super::finding::Finding;

/// How sure a rule must be that a value's words are not looked at one by one.
const SETTLED: f32 = 0.7;

/// A word, a number, a sign, a line's end, or a value that a rule found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    /// First code point in the whole text.
    pub(super) start: usize,
    /// Code point behind the last one.
    pub(super) end: usize,
    /// A rule found it; `text` is the name of what it is.
    pub(super) is_value: bool,
}

impl Token<'_> {
    pub(super) fn is_word(&self) -> bool {
        self.is_value || self.text.chars().any(char::is_alphanumeric)
    }

    /// It stands before names and is no part of them.
    pub(super) fn is_title(&self) -> bool {
        const TITLES: [&str; 12] =
            ["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "mme", "sr", "sra"];
        TITLES.iter().any(|title| self.text.eq_ignore_ascii_case(title))
    }
}

/// Words that belong together.
#[derive(Debug)]
pub(super) struct Sentence<'t> {
    pub(super) tokens: Vec<Token<'t>>,
}

impl<'t> Sentence<'t> {
    /// The text in pieces of about `bytes`, cut at an end of a line or a sentence.
    pub(super) fn pieces(text: &'t str, known: &[Finding], bytes: usize) -> Vec<Sentence<'t>> {
        let mut pieces = Vec::new();
        let (mut tokens, mut length) = (Vec::new(), 0);
        for token in cut(text, known) {
            length += token.text.len() + 1;
            tokens.push(token);
            if length >= bytes && matches!(token.text, "\n" | "." | "!" | "?") || length >= 2 * bytes {
                pieces.push(Sentence { tokens: std::mem::take(&mut tokens) });
                length = 0;
            }
        }
        pieces.push(Sentence { tokens });
        pieces
    }

    /// Whether it is written for people: at least so many words of letters, and they stand apart from signs as in prose.
    pub(super) fn is_prose(&self, words_min: usize) -> bool {
        let is_plain = |token: &&Token<'_>| token.text.chars().all(|c| c.is_alphabetic() || c == '\'');
        let words = self.tokens.iter().filter(is_plain).count();
        let signs = self.tokens.iter().filter(|token| !token.is_value && is_sign_of_code(token.text)).count();
        words >= words_min && signs * 4 <= words
    }

    /// The features of each word.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut small = Vec::new();
        let seen: Vec<Seen> = self.tokens.iter().map(|token| Seen::of(token, &mut small)).collect();
        (0..seen.len()).map(|at| features(&seen, at)).collect()
    }
}

fn is_sign_of_code(text: &str) -> bool {
    matches!(text, "=" | "{" | "}" | "<" | ">" | "$" | "\\" | "|" | ";" | "`" | "_") || text.contains('_')
}

/// Given names that are common where our users and their partners work.
static GIVEN: LazyLock<Listed> = LazyLock::new(|| {
    let lines = include_str!("given.txt").lines().filter(|line| !line.starts_with('#'));
    Listed::of(lines.flat_map(str::split_whitespace))
});

/// Words of the names of places that questions may name.
static PLACES: LazyLock<Listed> = LazyLock::new(|| Listed::of(places().asked_words()));

/// A set of words by their hashes; one word of seven hundred that is not in it seems to be.
struct Listed(Vec<u64>);

impl Listed {
    const BITS: u32 = 20;

    fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut bits = vec![0; 1 << (Self::BITS - 6)];
        for word in words {
            let (at, bit) = Self::place(letters(word.chars()));
            bits[at] |= bit;
        }
        Self(bits)
    }

    fn place(hash: u32) -> (usize, u64) {
        let place = hash >> (32 - Self::BITS);
        ((place >> 6) as usize, 1 << (place & 63))
    }

    fn contains(&self, hash: u32) -> bool {
        let (at, bit) = Self::place(hash);
        self.0[at] & bit != 0
    }
}

/// Letters by their code points.
fn letters(chars: impl Iterator<Item = char>) -> u32 {
    chars.fold(0x811c_9dc5, |hash, c| salted(hash >> 15, hash ^ c as u32))
}

/// What is known of one word by itself.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    word: u32,
    shape: u32,
    /// 1: a common given name, 2: a word of a place's name, 3: both.
    listed: u32,
    /// Hashes of its first two and three letters and its last two, three and four.
    parts: [u32; 5],
    length: u32,
}

/// What stands before the first and behind the last word.
const EDGE: Seen = Seen { word: 11, shape: 12, listed: 4, parts: [13; 5], length: 0 };

impl Seen {
    /// `small` is room for its letters, used again and again.
    fn of(token: &Token<'_>, small: &mut Vec<char>) -> Self {
        small.clear();
        if token.text.is_ascii() {
            small.extend(token.text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        } else {
            small.extend(token.text.chars().flat_map(char::to_lowercase));
        }
        let first = |count: usize| letters(small.iter().take(count).copied());
        let last = |count: usize| letters(small.iter().skip(small.len().saturating_sub(count)).copied());
        let (salt, whole) = (u32::from(token.is_value), letters(small.iter().copied()));
        Self {
            word: salted(salt, whole),
            shape: salted(salt, shape(token.text)),
            listed: u32::from(GIVEN.contains(whole)) + 2 * u32::from(PLACES.contains(whole)),
            parts: [first(2), first(3), last(2), last(3), last(4)],
            length: small.len().min(12) as u32,
        }
    }
}

/// `Xx` for a capital followed by small letters: each kind of sign at most twice in a row.
fn shape(text: &str) -> u32 {
    let (mut hash, mut last, mut repeats) = (0, 0, 0);
    for c in text.chars() {
        let kind = match c {
            'a'..='z' => 1,
            'A'..='Z' => 2,
            '0'..='9' => 3,
            _ if c.is_ascii() => c as u32,
            _ if c.is_uppercase() => 2,
            _ if c.is_lowercase() => 1,
            _ if c.is_numeric() => 3,
            _ if c.is_alphabetic() => 4,
            _ => 5,
        };
        repeats = if kind == last { repeats + 1 } else { 0 };
        if repeats < 2 {
            hash = salted(kind, hash);
        }
        last = kind;
    }
    hash
}

fn features(seen: &[Seen], at: usize) -> Word {
    let near = |offset: isize| at.checked_add_signed(offset).and_then(|at| seen.get(at)).unwrap_or(&EDGE);
    let (this, before, after) = (near(0), near(-1), near(1));
    let pair = |left: u32, right: u32| salted(left.rotate_left(9), right);
    let known = [
        this.word,
        this.shape,
        this.length,
        this.parts[0],
        this.parts[1],
        this.parts[2],
        this.parts[3],
        this.parts[4],
        near(-3).word,
        near(-2).word,
        before.word,
        after.word,
        near(2).word,
        near(3).word,
        near(-2).shape,
        before.shape,
        after.shape,
        near(2).shape,
        before.parts[3],
        after.parts[3],
        pair(before.word, near(-2).word),
        pair(before.word, this.shape),
        pair(this.shape, after.word),
        pair(after.word, near(2).word),
        pair(before.shape, pair(this.shape, after.shape)),
        this.listed,
        before.listed,
        after.listed,
        pair(this.listed, this.shape),
        pair(this.listed, before.word),
    ];
    let mut features = [0; FEATURES];
    for ((slot, hash), salt) in features.iter_mut().zip(known).zip(1..) {
        *slot = salted(salt, hash);
    }
    Word { features, word: this.word, shape: this.shape, before: before.word }
}

/// Cuts a text; a value that a rule is sure of is one word with the name of what it is.
fn cut<'t>(text: &'t str, known: &[Finding]) -> Vec<Token<'t>> {
    let mut values = known.iter().filter(|finding| finding.score >= SETTLED).peekable();
    let mut tokens: Vec<Token<'t>> = Vec::with_capacity(text.len() / 5);
    let mut reach = 0;
    for (point, (byte, c)) in text.char_indices().enumerate() {
        while let Some(value) = values.next_if(|value| value.start <= point) {
            if value.start >= reach {
                let (start, end) = (value.start, value.end);
                tokens.push(Token { text: value.entity, start, end, is_value: true });
                reach = end;
            }
        }
        if point < reach || (c.is_whitespace() && c != '\n') {
            continue;
        }
        let here = &text[byte..byte + c.len_utf8()];
        let joins = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if joins && !last.is_value && last.end == point && is_open(last.text) => {
                let start = byte - last.text.len();
                last.text = &text[start..byte + c.len_utf8()];
                last.end = point + 1;
            }
            _ => tokens.push(Token { text: here, start: point, end: point + 1, is_value: false }),
        }
    }
    tokens
}

fn is_open(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}
