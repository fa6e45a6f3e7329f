//! Reads whether companies fit, and whose fit is to be explained.

use domain::intent::Intent;

use super::explicit::{help_on, kept};
use super::lexicon;
use super::words::{Words, quoted_start, squeeze};
use super::{Reading, sure, unsure};

/// Most companies in one sentence.
const COMPANIES_MAX: usize = 10;
/// Words for a company that fits, and for one that does not.
const GOOD: &[&str] = &["good", "yes", "fits", "good fit", "good fit for", "gut", "bien", "bueno"];
const BAD: &[&str] = &["bad", "no", "not for us", "poor", "bad fit", "schlecht", "mal", "malo"];

/// Words that go on with a question that is not about a company.
const ASKING: &[&str] = &[
    "is", "are", "was", "were", "did", "do", "does", "dont", "didnt", "not", "no", "can", "cant", "should",
    "would", "will", "wont", "has", "have", "the", "this", "that", "my", "our", "we", "i", "you", "it",
];

/// `feedback bad "Acme", Beta because too small`.
pub(super) fn give(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let (is_good, from) = match (words.longest_at(used, GOOD), words.longest_at(used, BAD)) {
        (Some(good), None) => (true, used + good),
        (None, Some(bad)) => (false, used + bad),
        _ => return unsure([help_on("feedback")]),
    };
    let (names, reason) = names(words.rest(from));
    if names.is_empty() || names.len() > COMPANIES_MAX {
        return unsure([help_on("feedback")]);
    }
    sure(Intent::GiveFeedback { search: None, companies: names, is_good, reason }, most)
}

/// Names between commas, quoted or not, and what stands behind `because`.
fn names(text: &str) -> (Vec<String>, Option<String>) {
    let (mut names, mut rest) = (Vec::new(), text.trim());
    loop {
        if let Some((name, after)) = quoted_start(rest) {
            names.push(squeeze(name));
            rest = after.trim_start();
        } else {
            let because = because(rest).map_or(rest.len(), |(at, _)| at);
            let end = rest[..because].find(',').unwrap_or(because);
            names.push(kept(&rest[..end]));
            rest = rest[end..].trim_start();
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    names.retain(|name| name.chars().any(char::is_alphanumeric));
    let reason = because(rest).map(|(at, length)| kept(&rest[at + length..]));
    (names, reason.filter(|reason| !reason.is_empty()))
}

/// Where the word `because` stands, and how long it is.
fn because(text: &str) -> Option<(usize, usize)> {
    let lower = text.to_ascii_lowercase();
    ["because", "weil", "parce que", "porque"].into_iter().find_map(|word| {
        let at = lower.find(word)?;
        let is_word = at == 0 || lower[..at].ends_with(char::is_whitespace);
        is_word.then_some((at, word.len()))
    })
}

/// `why Adyen`; a longer sentence is a question of another kind.
pub(super) fn explain(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let company = kept(words.rest(used)).trim_end_matches('?').trim().to_owned();
    if company.is_empty() {
        return Some(unsure([help_on("why")]));
    }
    let is_name = quoted_start(words.rest(used)).is_some()
        || (words.len() - used <= 4
            && !ASKING.contains(&words.key(used))
            && !lexicon::evidence(words, used).is_some());
    is_name.then(|| sure(Intent::ExplainFit { company }, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_why_are_told_apart() {
        for (text, expected, why) in [
            ("Acme", vec!["Acme"], None),
            ("Acme, Beta Pay because too small", vec!["Acme", "Beta Pay"], Some("too small")),
            ("\"Acme, Inc.\", Beta", vec!["Acme, Inc.", "Beta"], None),
            ("\"Acme, Inc.\" because we know them, well", vec!["Acme, Inc."], Some("we know them, well")),
            ("Acme BECAUSE no", vec!["Acme"], Some("no")),
        ] {
            let (names, reason) = names(text);
            assert_eq!(names, expected, "{text}");
            assert_eq!(reason.as_deref(), why, "{text}");
        }
    }
}
