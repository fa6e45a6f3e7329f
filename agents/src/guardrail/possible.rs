//! What a text can be that is hardly more than a value: nothing around it tells which of several kinds.

use super::finding::{Family, Finding};
use super::names::names;
use super::scan::{DEFAULT_THRESHOLD, readings, scan};

/// With more words than this beside its values a text is prose, which tells what a value is, or that it is nothing.
const WORDS_MAX: usize = 4;
/// A longer text is never hardly more than a value, bytes.
const VALUE_BYTES_MAX: usize = 512;
/// With fewer code points more than a number within it an address is that number.
const AROUND_MIN: usize = 5;
/// From this score on a name is right nineteen times of twenty.
const SURELY: f32 = 0.8;
/// A finding this sure leaves no room for another kind within it.
const SETTLED: f32 = 0.7;

/// What [`possible`] finds, and the names and addresses in prose.
///
/// A number that rules are not settled about and that lies in an address is part of the address.
pub fn everything(text: &str) -> Vec<Finding> {
    with_names(text, names)
}

/// What no model outside is told: what rules are sure of, and whom and what address the text surely names.
///
/// Companies and places stay, as questions to a model are about them; so does what may be a name or not.
pub fn private(text: &str) -> Vec<Finding> {
    let mut found = scan(text);
    let mut named = names(text, &found);
    named.retain(|name| matches!(name.entity, "PERSON" | "STREET_ADDRESS") && name.score >= SURELY);
    named.retain(|name| !found.iter().any(|one| one.start < name.end && name.start < one.end));
    found.extend(named);
    found.sort_by_key(|finding| finding.start);
    found
}

/// The same with another way to find names.
pub(super) fn with_names(text: &str, names: impl Fn(&str, &[Finding]) -> Vec<Finding>) -> Vec<Finding> {
    let found = possible(text);
    let mut named = names(text, &found).into_iter().peekable();
    if named.peek().is_none() {
        return found;
    }
    let mut all = Vec::with_capacity(found.len());
    // Both are in the order of the text, and no name overlaps another.
    for mut one in found {
        while let Some(name) = named.next_if(|name| name.end <= one.start) {
            all.push(name);
        }
        let Some(name) = named.peek().filter(|name| name.start < one.end) else {
            all.push(one);
            continue;
        };
        let is_within = name.start <= one.start && one.end <= name.end;
        let is_part = one.end - one.start + AROUND_MIN <= name.end - name.start;
        if is_within && is_part && one.score < SETTLED && one.family == Family::Personal {
            continue;
        }
        // What has the form of a value and stands where one would is one.
        let is_same = one.entity == name.entity;
        if is_same {
            one.score = one.score.max(name.score);
        }
        if is_same || one.score >= DEFAULT_THRESHOLD {
            named.next();
        }
        all.push(one);
    }
    all.extend(named);
    all.sort_by(|a, b| (a.start, a.end).cmp(&(b.start, b.end)).then(b.score.total_cmp(&a.score)));
    all
}

/// The sure findings of a text; and, when it is hardly more than a value (a field, a cell, a line of a form), what else
/// that value can be, however unsure: nine digits are the number of a dozen things.
///
/// In the order of the text; those below [`DEFAULT_THRESHOLD`] are possibilities, and may overlap.
pub fn possible(text: &str) -> Vec<Finding> {
    let mut found = scan(text);
    found.retain(|finding| finding.score >= DEFAULT_THRESHOLD);
    if text.len() > VALUE_BYTES_MAX {
        return found;
    }
    let mut others = readings(text);
    if words_beside(text, &others) > WORDS_MAX {
        return found;
    }
    // What may be a secret is judged by its name and its look, wherever it stands.
    others.retain(|other| other.family == Family::Personal);
    let sure = found.clone();
    found.extend(others.into_iter().filter(|other| is_open(other, &sure)));
    found.sort_by(|a, b| (a.start, a.end).cmp(&(b.start, b.end)).then(b.score.total_cmp(&a.score)));
    found
}

/// Whether the sure findings leave room for this one.
fn is_open(other: &Finding, sure: &[Finding]) -> bool {
    sure.iter().filter(|one| one.start < other.end && other.start < one.end).all(|one| {
        let is_same_place = (one.start, one.end) == (other.start, other.end);
        let is_likely = is_same_place && other.score >= DEFAULT_THRESHOLD;
        one.entity != other.entity && (is_likely || one.score < SETTLED)
    })
}

/// How many words of two letters or more stand outside all findings.
fn words_beside(text: &str, findings: &[Finding]) -> usize {
    let mut words = 0;
    let mut letters = 0;
    let mut reach = 0;
    let mut next = findings.iter().peekable();
    for (place, ch) in text.chars().enumerate() {
        while let Some(finding) = next.next_if(|finding| finding.start <= place) {
            reach = reach.max(finding.end);
        }
        letters = if ch.is_alphabetic() && place >= reach { letters + 1 } else { 0 };
        words += usize::from(letters == 2);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        possible(text).iter().map(|finding| finding.entity).collect()
    }

    #[test]
    fn a_bare_number_can_be_many_things_and_one_in_prose_is_none() {
        let bare = kinds("121000358");
        assert!(bare.contains(&"ABA_ROUTING_NUMBER") && bare.contains(&"US_PASSPORT"), "{bare:?}");
        assert_eq!(kinds("The order with the number 121000358 was shipped last week"), [] as [&str; 0]);
    }

    #[test]
    fn a_settled_value_is_that_alone() {
        assert_eq!(kinds("GB82 WEST 1234 5698 7654 32"), ["IBAN_CODE"]);
        assert_eq!(kinds("Here's my SSN: 514-69-0360"), ["US_SSN"]);
        let phone = kinds("+90 532 123 45 67");
        assert!(phone.contains(&"PHONE_NUMBER") && phone.contains(&"TR_PHONE_NUMBER"), "{phone:?}");
    }

    #[test]
    fn words_are_counted_outside_values() {
        for (text, expected) in
            [("", 0), ("a 12", 0), ("id no: 12", 2), ("jane@example.com", 0), ("это не он", 3)]
        {
            assert_eq!(words_beside(text, &readings(text)), expected, "{text}");
        }
    }
}
