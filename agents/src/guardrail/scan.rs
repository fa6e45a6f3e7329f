//! The scanner: one pass over the folded text finds anchors, local readers judge them, overlaps are resolved.

use std::collections::{BTreeMap, HashMap};

use super::bank::{read_card, read_iban};
use super::date::{read_date, read_month};
use super::encoded::read_encoded;
use super::finding::{Family, Finding, Reading};
use super::network::{read_domain, read_email, read_ipv4, read_ipv6, read_mac, read_url};
use super::phone::read_phone;
use super::rule::RULES;
use super::secret::{read_assignments, read_curl, read_issued};
use super::skeleton::Skeleton;

/// Findings below this score are noise in ordinary business prose; chosen by measurement.
pub const DEFAULT_THRESHOLD: f32 = 0.5;

/// Finds personal data and secrets: no overlaps, in the order of the text.
///
/// Every finding has a score; most callers act on those from [`DEFAULT_THRESHOLD`] up.
pub fn scan(text: &str) -> Vec<Finding> {
    let skeleton = Skeleton::new(text);
    let mut all = read(&skeleton.bytes);
    read_encoded(&skeleton.bytes, &mut all);
    place(&skeleton, resolve(all))
}

/// The readings of a decoded text, surest first; what is encoded twice is not decoded again.
pub(super) fn read_inner(text: &str) -> Option<Reading> {
    let skeleton = Skeleton::new(text);
    let sure = read(&skeleton.bytes).into_iter().filter(|reading| reading.score >= DEFAULT_THRESHOLD);
    sure.max_by(|a, b| a.score.total_cmp(&b.score))
}

/// Finds every possible reading, overlaps included: a run of nine digits may be the number of five things.
///
/// For callers who know which kinds to expect.
pub fn readings(text: &str) -> Vec<Finding> {
    let skeleton = Skeleton::new(text);
    let mut all = read(&skeleton.bytes);
    all.sort_by(|a, b| {
        (a.start, b.end, a.entity).cmp(&(b.start, a.end, b.entity)).then(b.score.total_cmp(&a.score))
    });
    let mut widest: HashMap<&'static str, usize> = HashMap::new();
    // What lies within another reading of the same kind says nothing new.
    all.retain(|reading| {
        let reach = widest.entry(reading.entity).or_insert(0);
        let is_new = reading.end > *reach;
        *reach = reading.end.max(*reach);
        is_new
    });
    place(&skeleton, all)
}

fn place(skeleton: &Skeleton<'_>, readings: Vec<Reading>) -> Vec<Finding> {
    readings
        .into_iter()
        .map(|reading| {
            let (start, end) = skeleton.span(reading.start, reading.end);
            let Reading { entity, family, score, reason, .. } = reading;
            Finding { entity, family, start, end, score, reason }
        })
        .collect()
}

fn read(bytes: &[u8]) -> Vec<Reading> {
    let mut found = Vec::new();
    read_issued(bytes, &mut found);
    read_assignments(bytes, &mut found);
    read_curl(bytes, &mut found);
    read_anchors(bytes, &mut found);
    found.retain(|reading| reading.start < reading.end);
    found
}

/// Walks the text once; everything but letters and blanks may be an anchor.
fn read_anchors(bytes: &[u8], found: &mut Vec<Reading>) {
    let mut word = 0;
    let mut rules_read = 0;
    let mut phone_end = 0;
    let mut previous = b' ';
    for at in 0..bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            let begins = !(previous.is_ascii_alphanumeric() || previous == b'_');
            if begins {
                word = at;
            }
            if byte.is_ascii_digit() && (begins || !previous.is_ascii_digit()) {
                read_digits(bytes, &Digit { at, word }, &mut rules_read, found);
                if begins && at >= phone_end {
                    phone_end = read_phone(bytes, at, found);
                }
            }
        } else if byte.is_ascii_punctuation() {
            read_punctuation(bytes, at, found);
        }
        previous = byte;
    }
}

fn read_punctuation(bytes: &[u8], at: usize, found: &mut Vec<Reading>) {
    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
    if matches!(bytes[at], b':' | b'-' | b'.') && next.is_ascii_hexdigit() {
        read_mac(bytes, at, found);
    }
    match bytes[at] {
        b'@' => read_email(bytes, at, found),
        b':' if bytes[at..].starts_with(b"://") => read_url(bytes, at, found),
        b':' if next == b':' || next.is_ascii_hexdigit() => read_ipv6(bytes, at, found),
        b'.' if next.is_ascii_alphanumeric() && at > 0 && bytes[at - 1].is_ascii_alphanumeric() => {
            read_domain(bytes, at, found);
        }
        b'-' | b'/' if next.is_ascii_digit() => {
            let letters = bytes[..at].iter().rev().take(10).take_while(|b| b.is_ascii_alphabetic()).count();
            if (3..=9).contains(&letters) {
                read_month(bytes, at - letters, found);
            }
        }
        _ => {}
    }
}

/// The first digit of a run and the word it stands in.
struct Digit {
    at: usize,
    word: usize,
}

/// Reads everything that may begin at or shortly before a run of digits.
fn read_digits(bytes: &[u8], digit: &Digit, rules_read: &mut usize, found: &mut Vec<Reading>) {
    let Digit { at, word } = *digit;
    if at == word {
        read_card(bytes, at, found);
        read_ipv4(bytes, at, found);
        read_date(bytes, at, found);
        if at > 0 && bytes[at - 1] == b' ' {
            let letters =
                bytes[..at - 1].iter().rev().take(10).take_while(|b| b.is_ascii_alphabetic()).count();
            if (3..=9).contains(&letters) {
                read_month(bytes, at - 1 - letters, found);
            }
        }
    }
    let Some(rules) = RULES.as_ref() else { return };
    for start in starts(bytes, at, word) {
        if start >= *rules_read {
            rules.read(bytes, start, false, found);
            read_iban(bytes, start, found);
            *rules_read = start + 1;
        }
    }
    if at > word && at >= *rules_read && bytes[word..at].iter().all(u8::is_ascii_lowercase) {
        rules.read(bytes, at, true, found);
    }
}

/// Word beginnings from which an identifier holding this digit may start, first to last: up to two short words before.
fn starts(bytes: &[u8], at: usize, word: usize) -> impl Iterator<Item = usize> {
    let mut places = [None, None, Some(word)];
    let mut start = word;
    for slot in [1, 0] {
        if at - word > 4 || start < 2 || !matches!(bytes[start - 1], b' ' | b'-' | b'.' | b':') {
            break;
        }
        let letters =
            bytes[..start - 1].iter().rev().take(6).take_while(|b| b.is_ascii_alphanumeric()).count();
        if letters == 0 || letters > 5 {
            break;
        }
        let begin = start - 1 - letters;
        if begin > 0 && (bytes[begin - 1].is_ascii_alphanumeric() || bytes[begin - 1] == b'_') {
            break;
        }
        start = begin;
        places[slot] = Some(start);
    }
    places.into_iter().flatten()
}

/// Keeps the surest reading of every stretch; among equals the longer, then the earlier table row.
fn resolve(mut readings: Vec<Reading>) -> Vec<Reading> {
    readings.sort_by(|a, b| {
        let sureness = |r: &Reading| (rank(r), r.end - r.start);
        sureness(b)
            .0
            .total_cmp(&sureness(a).0)
            .then(sureness(b).1.cmp(&sureness(a).1))
            .then(a.start.cmp(&b.start))
    });
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept = Vec::with_capacity(readings.len());
    for reading in readings {
        let before = taken.range(..reading.end).next_back();
        if before.is_some_and(|(_, end)| *end > reading.start) {
            continue;
        }
        taken.insert(reading.start, reading.end);
        kept.push(reading);
    }
    kept.sort_by_key(|reading| reading.start);
    kept
}

/// Sureness for resolving: a secret inside an address must win over the address around it.
fn rank(reading: &Reading) -> f32 {
    match reading.family {
        Family::Secret if reading.score >= DEFAULT_THRESHOLD => reading.score + 0.2,
        _ => reading.score,
    }
}

#[cfg(test)]
mod tests;
