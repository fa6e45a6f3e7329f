//! Reads what is said about who decides: questions to the policy, and who stands in for whom.

use chrono::{NaiveDate, Weekday};
use domain::intent::{Intent, Lasts, Standin};
use domain::news::{Follow, Rhythm, Topic};

use super::explicit::{help_on, kept};
use super::words::Words;
use super::{Reading, stages, sure, unsure};

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

/// What a room is told.
pub(super) fn follow(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let said = |follow| Some(sure(Intent::Follow { follow }, most));
    if words.keys(0).take(used).any(|key| matches!(key, "unfollow" | "stop")) {
        return said(Follow::Off);
    }
    let (mut topics, mut stage, mut rhythm, mut is_off) = (Vec::new(), None, Rhythm::AtOnce, false);
    let keys: Vec<&str> = words.keys(used).collect();
    let mut at = 0;
    while let Some(key) = keys.get(at) {
        match *key {
            "daily" | "digest" | "morning" => rhythm = Rhythm::Daily,
            "everything" | "all" => topics = Topic::ALL.to_vec(),
            "nothing" | "none" | "off" => is_off = true,
            "deal" | "moves" => topics.push(Topic::Deals),
            "approvals" | "requests" => topics.push(Topic::Decisions),
            "stalls" => topics.push(Topic::Stalled),
            "to" | "reaching" | "in" => {
                let (found, taken) = stages::stage_at(words, used + at + 1, true)?;
                stage = Some(found);
                at += taken;
            }
            "and" | "each" | "every" | "a" | "at" | "once" | "day" | "here" => {}
            known => match Topic::ALL.into_iter().find(|topic| topic.name() == known) {
                Some(topic) => topics.push(topic),
                None => return Some(unsure([help_on("follow")])),
            },
        }
        at += 1;
    }
    topics.sort_unstable();
    topics.dedup();
    match (is_off, topics.is_empty()) {
        (true, _) => said(Follow::Off),
        (false, true) if keys.is_empty() => said(Follow::Show),
        (false, true) => Some(unsure([help_on("follow")])),
        (false, false) => said(Follow::On { topics, stage, rhythm }),
    }
}

/// The sender is away: `until Friday`, `for 5 days`.
pub(super) fn away(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let join = words.longest_at(used, &["until", "till", "through", "for", "bis", "jusqu'au", "hasta"])?;
    let rest = kept(words.rest(used + join)).to_lowercase();
    let rest = rest.trim_start_matches("next ").trim_end_matches(['.', '!']);
    Some(match lasts(rest) {
        Some(lasts) => sure(Intent::Delegate { standin: Standin::Away { lasts } }, most),
        None => unsure([help_on("away")]),
    })
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
    if let Ok(day) = text.parse::<Weekday>() {
        return Some(Lasts::UntilNext(day));
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
