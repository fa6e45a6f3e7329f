//! Words as people type them: invisible characters, quotes, accents and case set aside for comparison,
//! while what a command keeps stays as it was written.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word: where it begins in the text, how it was written, and how it is compared.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    pub(super) start: usize,
    pub(super) raw: &'a str,
    pub(super) key: String,
}

/// A cleaned text cut at white space.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    text: &'a str,
    list: Vec<Word<'a>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let base = text.as_ptr() as usize;
        let list = text
            .split_whitespace()
            .map(|raw| Word { start: raw.as_ptr() as usize - base, raw, key: fold(raw) })
            .collect();
        Self { text, list }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn key(&self, at: usize) -> &str {
        self.list.get(at).map_or("", |word| word.key.as_str())
    }

    pub(super) fn raw(&self, at: usize) -> &'a str {
        self.list.get(at).map_or("", |word| word.raw)
    }

    pub(super) fn keys(&self, from: usize) -> impl Iterator<Item = &str> {
        self.list.iter().skip(from).map(|word| word.key.as_str())
    }

    /// The text from a word to the end, as written.
    pub(super) fn rest(&self, from: usize) -> &'a str {
        self.list.get(from).map_or("", |word| self.text[word.start..].trim_end())
    }

    /// The text of the words `from..to`, as written.
    pub(super) fn span(&self, from: usize, to: usize) -> &'a str {
        match (self.list.get(from), to.checked_sub(1).and_then(|last| self.list.get(last))) {
            (Some(first), Some(last)) if from < to => &self.text[first.start..last.start + last.raw.len()],
            _ => "",
        }
    }

    /// How many words a phrase covers, when it stands at a place.
    pub(super) fn phrase_at(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut used = 0;
        for part in phrase.split(' ') {
            if self.key(at + used) != part {
                return None;
            }
            used += 1;
        }
        Some(used)
    }

    /// The longest of some phrases that stands at a place, in words.
    pub(super) fn longest_at(&self, at: usize, phrases: &[&str]) -> Option<usize> {
        phrases.iter().filter_map(|phrase| self.phrase_at(at, phrase)).max()
    }
}

/// Takes out characters that show nothing and could hide something; keeps line ends.
pub(super) fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter_map(|c| match c {
            '\n' | '\t' => Some(c),
            '\r' => None,
            '\u{a0}' | '\u{202f}' | '\u{2007}' => Some(' '),
            c if c.is_control() || is_invisible(c) => None,
            c => Some(c),
        })
        .collect();
    visible.trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A word for comparison: lower case, no accents, no punctuation around it, no apostrophes in it.
///
/// Letters of other scripts that merely look alike stay what they are, so that a disguised command is
/// never taken for the real one.
pub(super) fn fold(raw: &str) -> String {
    let lower: String = raw
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !matches!(c, '\u{200c}' | '\u{200d}' | '\'' | '’' | '‘' | '`'))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ß' { 's' } else { c })
        .collect();
    let trimmed = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if trimmed.is_empty() { lower } else { trimmed.to_owned() }
}

/// Pairs of quotes, the first pair being the one we write.
pub(super) const QUOTES: [(char, char); 7] =
    [('"', '"'), ('“', '”'), ('«', '»'), ('„', '“'), ('‘', '’'), ('”', '”'), ('\'', '\'')];

/// A quoted beginning: what is inside, and what follows.
pub(super) fn quoted_start(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let first = text.chars().next()?;
    let body = &text[first.len_utf8()..];
    QUOTES.iter().filter(|(open, _)| *open == first).find_map(|(_, close)| {
        // A single quote ends a name only at a word's end, for there are names like O'Neill.
        let end = body.char_indices().find(|(i, c)| {
            c == close && (*close == '"' || !body[i + c.len_utf8()..].starts_with(char::is_alphanumeric))
        })?;
        let (inside, after) = (&body[..end.0], &body[end.0 + end.1.len_utf8()..]);
        (!inside.trim().is_empty()).then_some((inside, after))
    })
}

/// The inside of a text that is quoted as a whole.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    quoted_start(text).filter(|(_, after)| after.trim().is_empty()).map(|(inside, _)| inside)
}

/// A text in quotes that it does not itself contain; none when it contains all of them.
pub(super) fn quote(text: &str) -> Option<String> {
    QUOTES
        .iter()
        .take(3)
        .find(|(open, close)| !text.contains(*open) && !text.contains(*close))
        .map(|(open, close)| format!("{open}{text}{close}"))
}

/// White space runs as one space.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first paragraph: what follows a blank line in a mail is a greeting or a signature.
pub(super) fn first_paragraph(text: &str) -> &str {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() && offset > 0 {
            return text[..offset].trim();
        }
        offset += line.len();
    }
    text.trim()
}

/// Words at the end that are manners, not content.
const MANNERS_AT_END: &[&str] = &[
    "please",
    "pls",
    "plz",
    "thanks",
    "thank you",
    "thx",
    "bitte",
    "danke",
    "merci",
    "por favor",
    "gracias",
    "cheers",
    "for me",
    "asap",
    "s'il te plait",
    "svp",
    "many thanks",
];

/// Cuts manners and closing punctuation off a question or a name.
pub(super) fn without_manners(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let before = text.len();
        text = text
            .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '?' | '!' | ',' | ';' | ':' | '…'));
        if text.ends_with('.') && !ends_in_abbreviation(text) {
            text = text.trim_end_matches('.');
        }
        let lower = text.to_ascii_lowercase();
        for manner in MANNERS_AT_END {
            if let Some(head) = lower.strip_suffix(manner)
                && (head.is_empty() || head.ends_with(|c: char| c.is_whitespace() || c == ','))
            {
                text = &text[..head.len()];
                break;
            }
        }
        if text.len() == before {
            return text;
        }
    }
}

fn ends_in_abbreviation(text: &str) -> bool {
    let last = text.split_whitespace().next_back().unwrap_or(text).trim_end_matches('.');
    let is_short_form = ["inc", "ltd", "corp", "co", "bros", "llc", "plc", "jr", "st", "gmbh", "ag"]
        .contains(&last.to_ascii_lowercase().as_str());
    is_short_form || last.contains('.')
}
