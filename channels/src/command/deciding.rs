//! Reads decisions and roles: only from an explicit command that names its request or its person.

use domain::approval::Verdict;
use domain::ids::ApprovalId;
use domain::intent::Intent;
use domain::person::Role;

use super::words::{Words, clean, quoted_start, squeeze, unquoted};
use super::{Guess, Reading, address, sure, table, unsure};

/// Fewest digits that can name an approval.
const SHORTEST: usize = 4;

const BECAUSE: [&str; 12] = [
    "because",
    "because of",
    "bc",
    "since",
    "as",
    "reason",
    "with",
    "saying",
    "weil",
    "parce que",
    "porque",
    "comment",
];

/// Whether a text decides on an approval by a short id, so that the open ones are needed to understand it.
pub fn names_approval(text: &str) -> bool {
    let cleaned = clean(text);
    let words = Words::new(&cleaned);
    let at = address::skip(&words).words;
    table::COMMANDS
        .iter()
        .filter(|c| {
            matches!(
                c.kind,
                table::Kind::Approve | table::Kind::Reject | table::Kind::Return | table::Kind::Withdraw
            )
        })
        .any(|c| c.spellings().any(|s| words.phrase_at(at, s).is_some()))
}

/// Reads `<id> [because <comment>]`.
pub(super) fn decide(
    words: &Words<'_>,
    from: usize,
    verdict: Verdict,
    most: f64,
    open: &[ApprovalId],
) -> Reading {
    let from = from + words.longest_at(from, &["request", "approval", "the request"]).unwrap_or(0);
    let Some(approval) = named(words.raw(from), open) else {
        return unsure(ways(verdict, open));
    };
    let rest = words.rest(from + 1);
    // Two requests in one line is one too many to be sure.
    let further: Vec<ApprovalId> = words.keys(from + 1).filter_map(|key| key.parse().ok()).collect();
    if !further.is_empty() {
        return unsure(std::iter::once(approval).chain(further).map(|id| way(verdict, id)));
    }
    let comment = comment(rest);
    match (verdict, comment) {
        (Verdict::Reject | Verdict::SendBack, None) => sure(Intent::AskComment { approval, verdict }, most),
        (verdict, comment) => sure(Intent::Decide { approval, verdict, comment }, most),
    }
}

/// Reads `[<id>]`: without one, the sender's only open request.
pub(super) fn withdraw(words: &Words<'_>, from: usize, most: f64, open: &[ApprovalId]) -> Reading {
    let own = ["my request", "the request", "request", "it", "this", "that", "my approval request"];
    let at = from + words.longest_at(from, &own).unwrap_or(0);
    if words.len() <= at {
        return sure(Intent::Withdraw { approval: None }, most);
    }
    match named(words.raw(at), open).filter(|_| words.len() == at + 1) {
        Some(approval) => sure(Intent::Withdraw { approval: Some(approval) }, most),
        // "cancel the Adyen deal" means something else; a request is only taken back by its own number.
        None => unsure([Guess(Intent::Withdraw { approval: None }, 0.4), Guess(Intent::ListApprovals, 0.3)]),
    }
}

fn ways(verdict: Verdict, open: &[ApprovalId]) -> Vec<Guess> {
    let list = Guess(Intent::ListApprovals, 0.4);
    match open {
        [only] => vec![way(verdict, *only), list],
        _ => vec![list],
    }
}

fn way(verdict: Verdict, approval: ApprovalId) -> Guess {
    let intent = match verdict {
        Verdict::Approve => Intent::Decide { approval, verdict, comment: None },
        Verdict::Reject | Verdict::SendBack => Intent::AskComment { approval, verdict },
    };
    Guess(intent, 0.5)
}

fn comment(rest: &str) -> Option<String> {
    let rest = rest
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '-' | '–' | '—'));
    let words = Words::new(rest);
    let rest =
        words.longest_at(0, &BECAUSE).map_or(rest, |used| words.rest(used).trim_start_matches([':', ' ']));
    let rest = unquoted(rest).unwrap_or(rest).trim();
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// The approval that a word names: a whole id, or the end of exactly one open one.
fn named(raw: &str, open: &[ApprovalId]) -> Option<ApprovalId> {
    let word = raw.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if let Ok(whole) = word.parse::<ApprovalId>() {
        return Some(whole);
    }
    let word = word.to_ascii_lowercase();
    if word.len() < SHORTEST || !word.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let mut found = open.iter().filter(|id| id.0.simple().to_string().ends_with(&word));
    match (found.next(), found.next()) {
        (Some(only), None) => Some(*only),
        _ => None,
    }
}

/// Most words of a person's name.
const PERSON_WORDS_MAX: usize = 4;

/// Reads `<person> <role>`.
pub(super) fn role(words: &Words<'_>, from: usize) -> Option<Intent> {
    if let Some((name, after)) = quoted_start(words.rest(from)) {
        let after = Words::new(after);
        let at = after.longest_at(0, &["to", "as", "="]).unwrap_or(0);
        let role = Role::from_name(after.key(at)).filter(|_| after.len() == at + 1)?;
        return Some(Intent::SetRole { person: squeeze(name), role });
    }
    let last = words.len().checked_sub(1).filter(|last| *last > from)?;
    let role = Role::from_name(words.key(last))?;
    let joins = |at: &usize| matches!(words.key(at - 1), "to" | "as" | "=" | ":" | "an" | "a");
    let end = (from + 1..=last).rev().find(|at| !joins(at))?;
    let person = squeeze(words.span(from, end)).trim_end_matches([':', ',', '=']).to_owned();
    let count = end.saturating_sub(from);
    ((1..=PERSON_WORDS_MAX).contains(&count) && !person.is_empty() && !is_everyone(&person))
        .then_some(Intent::SetRole { person, role })
}

/// A role is given to one person at a time.
pub(super) fn is_everyone(person: &str) -> bool {
    ["everyone", "everybody", "all", "me", "us", "anyone", "@everyone", "@here", "@channel", "myself"]
        .contains(&person.to_lowercase().as_str())
}
