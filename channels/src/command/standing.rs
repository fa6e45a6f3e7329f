//! Reads what is said about who decides: questions to the policy, and who stands in for whom.

use chrono::NaiveDate;
use domain::intent::{Intent, Lasts, Standin};

use super::explicit::{help_on, kept};
use super::words::Words;
use super::{Reading, sure, unsure};

/// For how long somebody stands in when nothing is said.
const DAYS: u16 = 7;

/// Words that ask for a person.
const WHO: [&str; 4] = ["who", "wer", "qui", "quien"];
/// Nobody.
const NOBODY: [&str; 8] = ["nobody", "noone", "no-one", "none", "myself", "niemand", "personne", "nadie"];

/// The policy, or who has to approve a case.
pub(super) fn policy(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let asks = words.keys(0).take(used).any(|key| WHO.contains(&key));
    let about = words.longest_at(used, &["for", "on", "of"]).unwrap_or(0);
    let case = kept(words.rest(used + about));
    let case = case.trim_end_matches('?').trim();
    match (case.is_empty(), asks || about > 0) {
        (true, _) => Some(sure(Intent::AskPolicy { case: None }, most)),
        (false, true) => Some(sure(Intent::AskPolicy { case: Some(case.to_owned()) }, most)),
        // "policy administration software in Ireland" is a search.
        (false, false) => None,
    }
}

/// Who stands in for the sender, from now on.
pub(super) fn delegate(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    if words.keys(0).take(used).any(|key| matches!(key, "stop" | "end")) {
        return Some(sure(Intent::Delegate { standin: Standin::End }, most));
    }
    let to = ["to", "my approvals to", "approvals to", "everything to", "all to", "an", "a"];
    let from = used + words.longest_at(used, &to).unwrap_or(0);
    let rest = kept(words.rest(from));
    if rest.is_empty() {
        return Some(sure(Intent::Delegate { standin: Standin::Show }, most));
    }
    let (person, lasts) = match parted(&rest) {
        Some((person, how_long)) => match lasts(&how_long) {
            Some(lasts) => (person, lasts),
            None => return Some(unsure([help_on("delegate")])),
        },
        None => (rest, Lasts::Days(DAYS)),
    };
    if NOBODY.contains(&person.to_lowercase().as_str()) || person.eq_ignore_ascii_case("no one") {
        return Some(sure(Intent::Delegate { standin: Standin::End }, most));
    }
    if person.split_whitespace().count() > 4 {
        return Some(unsure([help_on("delegate")]));
    }
    Some(sure(Intent::Delegate { standin: Standin::Begin { person, lasts } }, most))
}

/// `Lee for 5 days` in two.
fn parted(text: &str) -> Option<(String, String)> {
    let lower = text.to_lowercase();
    let found = [
        " until ",
        " till ",
        " for ",
        " through ",
        " bis ",
        " jusqu'au ",
        " hasta ",
        " für ",
        " pour ",
        " por ",
    ]
    .into_iter()
    .filter_map(|word| lower.rfind(word).map(|at| (at, word.len())))
    .max()?;
    let person = text.get(..found.0)?.trim().to_owned();
    let how_long = text.get(found.0 + found.1..)?.trim().to_lowercase();
    (!person.is_empty()).then_some((person, how_long))
}

/// `5 days`, `a week`, `2026-12-05`.
fn lasts(text: &str) -> Option<Lasts> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(Lasts::Until(day));
    }
    let mut words = text.split_whitespace();
    let (number, unit) = (words.next()?, words.next());
    let number: u16 = match number {
        "tomorrow" | "morgen" | "demain" if unit.is_none() => return Some(Lasts::Days(1)),
        "a" | "one" | "an" | "eine" | "einen" | "une" | "un" | "una" => 1,
        digits => digits.parse().ok()?,
    };
    let days = match unit? {
        "day" | "days" | "tag" | "tage" | "jour" | "jours" | "dia" | "dias" => 1,
        "week" | "weeks" | "woche" | "wochen" | "semaine" | "semaines" | "semana" | "semanas" => 7,
        _ => return None,
    };
    Some(Lasts::Days(number.checked_mul(days)?))
}
