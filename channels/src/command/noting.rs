//! Reads `<name>: <text>`.
//!
//! The name ends, in this order: at its closing quote; at the first colon or spaced dash within eight words; after a
//! legal form (`Acme Payments GmbH call …`); else after the first word. The last is a guess, and other guesses are
//! offered beside.

use domain::intent::Intent;

use super::moving::without_deal_word;
use super::words::{Words, quoted_start, squeeze, unquoted};
use super::{Guess, Reading, sure};

const NAME_WORDS_MAX: usize = 8;

/// Ends of company names.
pub(super) const LEGAL_FORMS: &[&str] = &[
    "gmbh",
    "ag",
    "inc",
    "ltd",
    "limited",
    "llc",
    "corp",
    "corporation",
    "plc",
    "sa",
    "s.a",
    "se",
    "bv",
    "b.v",
    "nv",
    "n.v",
    "oy",
    "ab",
    "as",
    "a/s",
    "spa",
    "s.p.a",
    "srl",
    "sarl",
    "sas",
    "kg",
    "ohg",
    "ug",
    "co",
    "group",
    "holding",
    "holdings",
    "pte",
    "kk",
];

/// Reads a note; none when there is no name or no text.
pub(super) fn read(rest: &str, most: f64) -> Option<Reading> {
    let rest = skip_on(rest);
    if let Some((name, after)) = quoted_start(rest) {
        let text = after.trim_start().trim_start_matches([':', '-', '–', '—']).trim();
        return note(name, text, most);
    }
    if let Some((name, text)) = separated(rest) {
        return note(without_deal_word(name), text, most);
    }
    let rest = without_deal_word(rest);
    let words = Words::new(rest);
    let legal_end = (1..words.len().min(5)).find(|i| LEGAL_FORMS.contains(&words.key(*i))).map(|i| i + 1);
    let end = legal_end.unwrap_or(1);
    let mut reading = note(words.span(0, end), words.rest(end), most.min(0.9))?;
    reading.guesses = longer_names(&words, end);
    Some(reading)
}

fn note(name: &str, text: &str, confidence: f64) -> Option<Reading> {
    let name = squeeze(name.trim().trim_end_matches([',', ':', ';']));
    let text = unquoted(text).unwrap_or(text).trim();
    let is_whole = !name.is_empty() && name.chars().any(char::is_alphanumeric) && !text.is_empty();
    is_whole.then(|| sure(Intent::NoteDeal { deal: name, text: text.to_owned() }, confidence))
}

fn skip_on(rest: &str) -> &str {
    let words = Words::new(rest);
    match words
        .longest_at(0, &["on", "to", "for", "about", "zu", "fur", "sur", "pour", "sobre", "para", "that"])
    {
        Some(used) if words.len() > used && words.raw(0).starts_with(char::is_alphanumeric) => {
            words.rest(used)
        }
        _ => rest.trim(),
    }
}

/// Splits at the first colon or spaced dash that can end a name.
fn separated(rest: &str) -> Option<(&str, &str)> {
    let colon = rest.char_indices().find(|(i, c)| {
        let after = &rest[i + c.len_utf8()..];
        // 10:30 and https://… are no ends of names.
        let is_time = rest[..*i].ends_with(|c: char| c.is_ascii_digit())
            && after.starts_with(|c: char| c.is_ascii_digit());
        matches!(c, ':' | '：') && !is_time && !after.starts_with("//")
    });
    let colon = colon.map(|(i, c)| (i, c.len_utf8()));
    let dash = [" - ", " – ", " — ", " -- "]
        .iter()
        .filter_map(|dash| rest.find(dash).map(|i| (i, dash.len())))
        .min();
    let (at, width) = match (colon, dash) {
        (Some(colon), Some(dash)) => colon.min(dash),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    let (name, text) = (rest[..at].trim(), rest[at + width..].trim());
    let count = name.split_whitespace().count();
    ((1..=NAME_WORDS_MAX).contains(&count) && !text.is_empty()).then_some((name, text))
}

/// Other places where the name may end: after each further word that begins in upper case.
fn longer_names(words: &Words<'_>, end: usize) -> Vec<Guess> {
    let begins_upper = |at: usize| words.raw(at).starts_with(char::is_uppercase);
    (end + 1..words.len().min(end + 3))
        .take_while(|longer| begins_upper(longer - 1))
        .map(|longer| {
            let intent = Intent::NoteDeal {
                deal: squeeze(words.span(0, longer)),
                text: words.rest(longer).to_owned(),
            };
            Guess(intent, 0.5)
        })
        .collect()
}
