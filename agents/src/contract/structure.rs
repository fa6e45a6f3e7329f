//! The outline of a contract: words, sentences, and the heading each sentence stands under.

use ml::hashing;

/// A word, a number or one of the few signs that mean something (`%`, `$`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Byte offset of its first letter.
    pub start: u32,
    /// Byte offset after its last letter.
    pub end: u32,
    /// Hash of the lower-case word; every number has the same.
    pub hash: u32,
    /// Begins with a capital letter.
    pub capital: bool,
}

/// A sentence, or a piece of text that stands for one (a heading, a row of a table, a list item).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// Its words, as a range of [`Outline::words`].
    pub words: (usize, usize),
    /// The heading it stands under, as a range of words; empty when there is none yet.
    pub heading: (usize, usize),
    /// Counts paragraphs; sentences of one paragraph follow each other without a blank line.
    pub paragraph: usize,
}

/// Words and sentences of a contract, in text order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// All words.
    pub words: Vec<Word>,
    /// All sentences.
    pub sentences: Vec<Sentence>,
}

/// Longer pieces are cut at semicolons and list marks.
const LONG_BYTES: usize = 900;
/// No sentence is longer: a table without full stops is cut anywhere.
const LONGEST_BYTES: usize = 4000;

impl Outline {
    /// Reads the outline of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let words = words(text);
        let mut outline = Self { words, sentences: Vec::new() };
        for (paragraph, (start, end)) in paragraphs(text).into_iter().enumerate() {
            for (start, end) in sentences(text, start, end) {
                outline.push(text, (start, end), paragraph);
            }
        }
        outline
    }

    fn push(&mut self, text: &str, (start, end): (usize, usize), paragraph: usize) {
        let piece = &text[start..end];
        let trimmed = piece.trim_start();
        let start = end - trimmed.len();
        let end = start + trimmed.trim_end().len();
        if start >= end {
            return;
        }
        let first = self.words.partition_point(|word| (word.start as usize) < start);
        let last = self.words.partition_point(|word| (word.start as usize) < end);
        if first == last {
            return;
        }
        let before = self.sentences.last().map_or((0, 0), |sentence| sentence.heading);
        let heading = heading(&self.words[first..last], text).map_or(before, |(a, b)| (first + a, first + b));
        self.sentences.push(Sentence { start, end, words: (first, last), heading, paragraph });
    }

    /// The words of a sentence.
    #[must_use]
    pub fn words_of(&self, sentence: &Sentence) -> &[Word] {
        &self.words[sentence.words.0..sentence.words.1]
    }

    /// The words of a sentence's heading.
    #[must_use]
    pub fn heading_of(&self, sentence: &Sentence) -> &[Word] {
        &self.words[sentence.heading.0..sentence.heading.1]
    }
}

/// The hash of a word in lower case, without apostrophes; numbers are `#`.
#[must_use]
pub fn word_hash(word: &str) -> u32 {
    if word.is_ascii() {
        return hashing::word(
            word.bytes().filter(|byte| *byte != b'\'').map(|byte| byte.to_ascii_lowercase()),
        );
    }
    let lower: String =
        word.chars().filter(|c| !matches!(c, '\'' | '’')).flat_map(char::to_lowercase).collect();
    hashing::word(lower.bytes())
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::with_capacity(text.len() / 6);
    let number = word_hash("#");
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        if letter == '%' || letter == '$' || letter == '€' || letter == '£' {
            let end = start + letter.len_utf8();
            let hash = hashing::word(text[start..end].bytes());
            words.push(Word { start: start as u32, end: end as u32, hash, capital: false });
            continue;
        }
        if !letter.is_alphanumeric() {
            continue;
        }
        let mut end = start + letter.len_utf8();
        while let Some((at, next)) = letters.peek().copied() {
            let inside = matches!(next, '\'' | '’' | '.' | ',')
                && letter.is_ascii_digit() == !matches!(next, '\'' | '’')
                && text[at + next.len_utf8()..].chars().next().is_some_and(|after| {
                    if letter.is_ascii_digit() { after.is_ascii_digit() } else { after.is_alphabetic() }
                });
            if !next.is_alphanumeric() && !inside {
                break;
            }
            end = at + next.len_utf8();
            letters.next();
        }
        let hash = if letter.is_ascii_digit() { number } else { word_hash(&text[start..end]) };
        words.push(Word { start: start as u32, end: end as u32, hash, capital: letter.is_uppercase() });
    }
    words
}

/// Pieces between blank lines; a piece that breaks off in mid-sentence (a page break) goes on in the next.
fn paragraphs(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'\n' {
            at += 1;
            continue;
        }
        let gap_start = at;
        let mut lines = 0;
        while at < bytes.len() && bytes[at].is_ascii_whitespace() {
            lines += usize::from(bytes[at] == b'\n');
            at += 1;
        }
        if lines >= 2 && !goes_on(&text[start..gap_start], &text[at..]) {
            found.push((start, gap_start));
            start = at;
        }
    }
    found.push((start, text.len()));
    found
}

fn goes_on(before: &str, after: &str) -> bool {
    let open =
        before.trim_end().chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == ',' || c == '-');
    open && after.chars().next().is_some_and(char::is_lowercase)
}

fn sentences(text: &str, start: usize, end: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = start;
    for (at, letter) in text[start..end].char_indices() {
        let after = start + at + letter.len_utf8();
        let stop = match letter {
            '.' | '?' | '!' => ends_sentence(&text[from..start + at], &text[after..end], letter),
            ';' | ':' => after - from > LONG_BYTES && list_mark(&text[after..end]),
            ' ' | '\n' => after - from > LONGEST_BYTES,
            _ => false,
        };
        if stop {
            let closing = text[after..end]
                .chars()
                .take_while(|c| matches!(c, '"' | '”' | ')' | '\''))
                .map(char::len_utf8);
            let after = after + closing.sum::<usize>();
            found.push((from, after));
            from = after;
        }
    }
    if from < end {
        found.push((from, end));
    }
    found
}

/// Abbreviations that a sentence seldom ends with.
const ABBREVIATIONS: [&str; 44] = [
    "inc", "ltd", "co", "corp", "llc", "no", "nos", "sec", "art", "v", "vs", "e.g", "i.e", "eg", "ie", "mr",
    "mrs", "ms", "dr", "st", "ave", "blvd", "rd", "approx", "al", "cf", "para", "fig", "u.s", "u.k", "p.o",
    "n.v", "b.v", "s.a", "d/b/a", "a.m", "p.m", "jr", "sr", "bros", "dept", "esq", "l.p", "n.a",
];

/// Words that begin a sentence even after an abbreviation.
const STARTERS: [&str; 24] = [
    "The",
    "This",
    "These",
    "Each",
    "Any",
    "All",
    "If",
    "In",
    "For",
    "Upon",
    "Except",
    "Notwithstanding",
    "Neither",
    "Either",
    "Such",
    "No",
    "During",
    "At",
    "WHEREAS",
    "NOW",
    "Subject",
    "Unless",
    "It",
    "Both",
];

fn ends_sentence(before: &str, after: &str, stop: char) -> bool {
    let closing = after.trim_start_matches(['"', '”', ')', '\'']);
    let Some(gap) = closing.chars().next() else { return true };
    if !gap.is_whitespace() {
        return false;
    }
    let next = closing.trim_start();
    let first = next.trim_start_matches(['"', '“', '(', '[', '\'']);
    let Some(letter) = first.chars().next() else { return true };
    if !(letter.is_uppercase() || letter.is_ascii_digit() || first.len() < next.len() || letter == '\u{2022}')
    {
        return false;
    }
    if stop != '.' {
        return true;
    }
    let last =
        before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '“' | ',')).next().unwrap_or("");
    if last.is_empty() {
        return true;
    }
    // "10.1." or "(a)." or "IV." begins a piece; it does not end one.
    let mark = last.chars().all(|c| c.is_ascii_digit() || c == '.');
    if mark && (before.trim().len() == last.len() || before.trim_start().len() < 12) {
        return false;
    }
    let lower = last.to_lowercase();
    let single = last.chars().count() == 1 && last.chars().all(char::is_uppercase);
    if single || ABBREVIATIONS.contains(&lower.as_str()) {
        let word = first.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        return !single
            && STARTERS.contains(&word)
            && !matches!(lower.as_str(), "no" | "nos" | "sec" | "art" | "v" | "vs");
    }
    // "Section 4. Payment" and "ARTICLE 5." go on with their title.
    !(mark && before.trim_start().len() < 24)
}

fn list_mark(after: &str) -> bool {
    let next = after.trim_start().trim_start_matches("and ").trim_start_matches("or ");
    let inner = next.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(mark, _)| mark);
    inner.is_some_and(|mark| (1..=4).contains(&mark.len()) && mark.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The words of the heading a sentence opens with or consists of: "10.2 Governing Law." or "ARTICLE X - TERM".
fn heading(words: &[Word], text: &str) -> Option<(usize, usize)> {
    let raw = |word: &Word| &text[word.start as usize..word.end as usize];
    let numbered = words.first().is_some_and(|word| {
        let word = raw(word);
        word.starts_with(|c: char| c.is_ascii_digit())
            || matches!(word.to_lowercase().as_str(), "article" | "section")
    });
    let skip = words.iter().take_while(|word| {
        let word = raw(word);
        word.starts_with(|c: char| c.is_ascii_digit())
            || matches!(word.to_lowercase().as_str(), "article" | "section")
            || (word.len() <= 4 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X' | 'L')))
            || word.len() == 1
    });
    let first = skip.count();
    let titled =
        |word: &Word| word.capital || raw(word).len() <= 4 && raw(word).chars().all(char::is_lowercase);
    let titles = words[first..].iter().take_while(|word| titled(word)).count();
    let rest = words.len() - first;
    let last = first + titles.min(10);
    let capitals = words[first..last].iter().filter(|word| word.capital).count();
    if capitals == 0 || titles > 10 {
        return None;
    }
    let whole = titles == rest && rest <= 10 && words.len() <= 12;
    let sign = text[words[last - 1].end as usize..].chars().next();
    let closed = numbered && titles < rest && matches!(sign, Some('.' | ':' | '-'));
    (whole || closed).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        Outline::of(text).sentences.iter().map(|s| &text[s.start..s.end]).collect()
    }

    #[test]
    fn abbreviations_and_numbers_do_not_end_a_sentence() {
        let text =
            "Acme, Inc. shall pay U.S. dollars. 10.1 Term. This Agreement lasts 2.5 years. No. 5 applies.";
        assert_eq!(
            pieces(text),
            [
                "Acme, Inc. shall pay U.S. dollars.",
                "10.1 Term.",
                "This Agreement lasts 2.5 years.",
                "No. 5 applies."
            ]
        );
    }

    #[test]
    fn a_page_break_does_not_end_a_sentence_but_a_blank_line_does() {
        assert_eq!(
            pieces("products\n\n\n\ndelivered late.\n\nTITLE\n\nText"),
            ["products\n\n\n\ndelivered late.", "TITLE", "Text"]
        );
    }

    #[test]
    fn sentences_know_their_heading() {
        let text = "12. Governing Law. This is governed by the laws of Ohio. It binds all.";
        let outline = Outline::of(text);
        let words: Vec<_> = outline
            .heading_of(&outline.sentences[2])
            .iter()
            .map(|w| &text[w.start as usize..w.end as usize])
            .collect();
        assert_eq!(words, ["Governing", "Law"]);
    }
}
