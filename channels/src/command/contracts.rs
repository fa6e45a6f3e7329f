//! Reads what is said about contracts: a link to analyse, a document to show, a question to ask of it.
//!
//! The name in a question ends, in this order: at its closing quote; at the first colon; before the first word that
//! begins a question (`ask Adyen what is the notice period?`).

use domain::contract::Source;
use domain::ids::{PlanId, ReviewId};
use domain::intent::Intent;
use domain::password::Password;

use super::explicit::{help_on, kept};
use super::natural::deal_name;
use super::words::{Words, quoted_start, squeeze, unquoted};
use super::{Guess, Reading, lexicon, sure, unsure};

/// Words that begin a question.
const ASKING: &[&str] = &[
    "what", "whats", "when", "where", "which", "who", "whose", "how", "is", "are", "does", "do", "did",
    "can", "could", "may", "must", "shall", "should", "will", "would", "has", "have", "was", "were", "if",
    "whether", "about", "for", "tell", "was", "wann", "wie", "wer", "welche", "quel", "quelle", "quand",
    "cuando", "cual",
];

/// What a password is called.
const NOUNS: &[&str] = &["password", "passwort", "kennwort", "mot de passe", "contrasena"];

/// Words before the deal's name behind a link.
const OF_DEAL: &[&str] =
    &["for", "for deal", "for the deal", "to", "with", "deal", "of", "on", "pour", "para"];

/// The password of a file that was sent before: all that stands behind the word, as typed. The noun alone begins
/// questions too ("password managers in Sweden"), so it takes a colon.
pub(super) fn unlock(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used).trim();
    let is_noun =
        used > 0 && NOUNS.contains(&words.keys(0).take(used).collect::<Vec<_>>().join(" ").as_str());
    let is_marked = rest.starts_with([':', '=']) || words.raw(used - 1).ends_with([':', '=']);
    if is_noun && !is_marked {
        return None;
    }
    let rest = rest.trim_start_matches([':', '=']).trim();
    let typed = unquoted(rest).unwrap_or(rest);
    if typed.is_empty() {
        return Some(unsure([help_on("unlock")]));
    }
    Some(sure(Intent::UnlockContract { password: Password::new(typed) }, most))
}

/// A link and perhaps the deal it belongs to.
pub(super) fn analyze(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let at = (used..words.len()).find(|at| link(words.raw(*at)).is_some());
    let Some((at, url)) = at.and_then(|at| link(words.raw(at)).map(|url| (at, url))) else {
        // "analyze payment companies" is a question.
        return (!lexicon::evidence(words, used).is_some()).then(|| unsure([help_on("analyze")]));
    };
    let behind = at + 1 + words.longest_at(at + 1, OF_DEAL).unwrap_or(0);
    let deal = Some(deal_name(words.rest(behind))).filter(|name| !name.is_empty());
    Some(sure(Intent::AnalyzeContract { source: Source::Link { url }, deal, beside: Vec::new() }, most))
}

/// A web address as somebody typed it; addresses without `https` are read too, and refused when they are fetched.
fn link(word: &str) -> Option<String> {
    let word = word.trim_matches(['<', '>', '"', '\'', '(', ')', ',', ';', '.']);
    let word = word.split('|').next().unwrap_or(word);
    let lower = word.to_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")).then(|| word.to_owned())
}

/// A document, or the list of them.
pub(super) fn show(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = kept(words.rest(used));
    if rest.is_empty() {
        return Some(sure(Intent::ListContracts, most));
    }
    // "contract manufacturers in Germany" is a question.
    if words.len() > used + 8 || lexicon::evidence(words, used).is_some() {
        return None;
    }
    let from = used + words.longest_at(used, &["with", "of", "for", "the"]).unwrap_or(0);
    let document = deal_name(words.rest(from));
    (!document.is_empty()).then(|| sure(Intent::ShowContract { document }, most))
}

/// The document with our offers in it.
pub(super) fn redline(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let from = used + words.longest_at(used, &["of", "for", "the"]).unwrap_or(0);
    let document = deal_name(words.rest(from));
    if document.is_empty() {
        return unsure([help_on("redline")]);
    }
    sure(Intent::SendRedline { document }, most)
}

/// A question to a document.
pub(super) fn ask(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used);
    let (name, question) = match quoted_start(rest) {
        Some((name, after)) => (name.to_owned(), after.to_owned()),
        None => match rest.split_once(": ") {
            Some((name, question)) if name.split_whitespace().count() <= 8 => {
                (name.to_owned(), question.to_owned())
            }
            _ => {
                let at = (used + 1..words.len()).find(|at| ASKING.contains(&words.key(*at)));
                let Some(at) = at else { return Some(unsure([help_on("ask")])) };
                (words.span(used, at).to_owned(), words.rest(at).to_owned())
            }
        },
    };
    let document = deal_name(&name);
    let question = squeeze(question.trim().trim_start_matches([':', ',', '-']));
    if document.is_empty() || !question.chars().any(char::is_alphanumeric) {
        return Some(unsure([help_on("ask")]));
    }
    Some(sure(Intent::AskContract { document, question }, most))
}

/// Words to look for in all contracts.
pub(super) fn clauses(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let from =
        used + words.longest_at(used, &["about", "on", "for", "with", "that say", "saying"]).unwrap_or(0);
    let wanted = kept(words.rest(from));
    if !wanted.chars().any(char::is_alphanumeric) {
        return unsure([help_on("clauses")]);
    }
    sure(Intent::SearchClauses { words: wanted }, most)
}

/// A document and the deal it belongs to.
pub(super) fn link_to(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let rest = words.rest(used);
    let (document, after) = match quoted_start(rest) {
        Some((name, after)) => (name.to_owned(), after.trim().to_owned()),
        None => match (used + 1..words.len()).rev().find(|at| matches!(words.key(*at), "to" | "with")) {
            Some(at) => (words.span(used, at).to_owned(), words.rest(at).to_owned()),
            None => return unsure([help_on("link")]),
        },
    };
    let inner = Words::new(&after);
    let deal =
        deal_name(inner.rest(inner.longest_at(0, &["to", "with", "to deal", "to the deal"]).unwrap_or(0)));
    if document.trim().is_empty() || deal.is_empty() {
        return unsure([help_on("link")]);
    }
    sure(Intent::LinkContract { document: document.trim().to_owned(), deal }, most)
}

/// The queue of terms to look at, or taking one of it on.
pub(super) fn reviews(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    if words.key(used) == "take"
        && let Ok(review) = words.raw(used + 1).parse::<ReviewId>()
    {
        return Some(sure(Intent::ClaimReview { review }, most));
    }
    (words.len() == used).then(|| sure(Intent::ListReviews, most))
}

/// Dates that come up, or looking after one of them.
pub(super) fn renewals(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    if words.key(used) == "seen"
        && let Ok(reminder) = words.raw(used + 1).parse::<PlanId>()
    {
        return Some(sure(Intent::AcknowledgeRenewal { reminder }, most));
    }
    let rest = kept(words.rest(used)).to_lowercase();
    let is_whole =
        rest.is_empty() || ["soon", "due", "this quarter", "this year", "coming up"].contains(&rest.as_str());
    is_whole.then(|| sure(Intent::ListRenewals, most)).or_else(|| {
        (!lexicon::evidence(words, used).is_some()).then(|| unsure([Guess(Intent::ListRenewals, 0.4)]))
    })
}
