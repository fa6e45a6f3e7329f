//! Understands a question: which terms it is about, and what kind of value it asks for.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::rank::Wanted;
use super::words;
use crate::contract::normalise::{date, duration, money};
use crate::contract::terms;

/// What kind of value a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// A day: "when".
    Date,
    /// A length of time: "how long".
    Length,
    /// An amount or a share: "how much".
    Amount,
    /// Anything else.
    Anything,
}

/// A term that a question may be about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct About {
    /// Place of the term in the list of terms.
    pub(super) term: usize,
    /// How much of what was said points to it; compares within one question.
    pub(super) score: f32,
}

/// The words of one entry of a term's `asks`: each place is a choice of stems.
struct Ask {
    term: usize,
    pieces: Vec<Vec<String>>,
}

struct Asks {
    all: Vec<Ask>,
    /// For each term, the stems of everything that is written of it.
    words: Vec<HashSet<String>>,
    /// In how many terms' entries a stem stands.
    spread: HashMap<String, f32>,
}

static ASKS: LazyLock<Asks> = LazyLock::new(|| {
    let mut all = Vec::new();
    let mut terms_of: HashMap<String, Vec<usize>> = HashMap::new();
    for (term, spec) in terms::all().iter().enumerate() {
        for ask in spec.asks.iter().map(String::as_str).chain([spec.name.as_str()]) {
            let pieces: Vec<Vec<String>> = ask
                .split([' ', '/'])
                .map(|piece| piece.split('|').flat_map(words::stems).collect::<Vec<_>>())
                .filter(|piece| !piece.is_empty())
                .collect();
            for stem in pieces.iter().flatten() {
                let known = terms_of.entry(stem.clone()).or_default();
                if known.last() != Some(&term) {
                    known.push(term);
                }
            }
            all.push(Ask { term, pieces });
        }
    }
    let spread = terms_of.into_iter().map(|(stem, terms)| (stem, terms.len() as f32)).collect();
    let words = terms::all().iter().map(vocabulary).collect();
    Asks { all, words, spread }
});

fn vocabulary(spec: &terms::TermSpec) -> HashSet<String> {
    let lists = [&spec.asks, &spec.headings, &spec.cues].into_iter().flatten().map(String::as_str);
    lists.chain([spec.name.as_str(), spec.prompt.as_str()]).flat_map(words::stems).collect()
}

/// The share of a question's words that are spoken of by a term, or by the sentences that were read for it. A question
/// with a small one asks for something more special, which the term's row does not answer.
pub(super) fn explained(wanted: &[Wanted], term: usize, sentences: &[&str]) -> f32 {
    let said: HashSet<String> = sentences.iter().flat_map(|sentence| words::stems(sentence)).collect();
    let known = &ASKS.words[term];
    let is_known = |stem: &String| known.contains(stem) || said.contains(stem);
    let explained = wanted
        .iter()
        .filter(|word| is_known(&word.stem) || word.others.iter().any(|other| said.contains(other)))
        .count();
    explained as f32 / wanted.len().max(1) as f32
}

/// A term whose score is below this share of the best one's is not meant.
const NEAR: f32 = 0.8;

/// The terms a question is about, the likeliest first; none when its words point to none.
pub(super) fn about(question: &str) -> Vec<About> {
    let said: Vec<String> = words::stems(&question.replace('-', "")).chain(words::stems(question)).collect();
    let asks = &*ASKS;
    let count = terms::all().len() as f32;
    let weight = |stem: &String| (1.0 + count / asks.spread.get(stem).copied().unwrap_or(1.0)).ln();
    let mut scores = vec![0.0f32; terms::all().len()];
    for ask in &asks.all {
        let found: Option<Vec<&String>> =
            ask.pieces.iter().map(|piece| piece.iter().find(|stem| said.contains(stem))).collect();
        let Some(mut found) = found else { continue };
        found.sort();
        found.dedup();
        let score: f32 = found.into_iter().map(weight).sum();
        scores[ask.term] = scores[ask.term].max(score);
    }
    let best = scores.iter().copied().fold(0.0, f32::max);
    let mut about: Vec<About> = scores
        .into_iter()
        .enumerate()
        .filter(|(_, score)| *score > 0.0 && *score >= best * NEAR)
        .map(|(term, score)| About { term, score })
        .collect();
    about.sort_by(|a, b| b.score.total_cmp(&a.score));
    about
}

/// What kind of value is asked for.
pub(super) fn wants(question: &str) -> Wants {
    let said = question.to_lowercase();
    let has = |any: &[&str]| any.iter().any(|words| said.contains(words));
    if has(&["how long", "how many days", "how many months", "how many years", "how soon", "notice period"]) {
        Wants::Length
    } else if has(&["how much", "what price", "what amount", "what fee", "what percentage", "what rate"]) {
        Wants::Amount
    } else if said.starts_with("when") || has(&[" when ", "what date", "which date", "which day", "what day"])
    {
        Wants::Date
    } else {
        Wants::Anything
    }
}

impl Wants {
    /// Whether a passage holds such a value.
    pub(super) fn is_in(self, passage: &str) -> bool {
        match self {
            Self::Date => date::find(passage).next().is_some() || duration::find(passage).next().is_some(),
            Self::Length => duration::find(passage).next().is_some(),
            Self::Amount => {
                money::find(passage).next().is_some() || money::percents(passage).next().is_some()
            }
            Self::Anything => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(question: &str) -> &'static str {
        about(question).first().map_or("nothing", |about| terms::all()[about.term].key.0.as_str())
    }

    #[test]
    fn people_ask_for_terms_in_their_own_words() {
        for (question, term) in [
            ("Which law applies?", "governing_law"),
            ("How long does the contract last?", "expiration_date"),
            ("Who are the parties?", "parties"),
            ("Can they poach our staff?", "no_solicit_of_employees"),
            ("How do we stop the renewal?", "notice_period_to_terminate_renewal"),
            ("Is there a cap on liability?", "cap_on_liability"),
            ("Who owns the inventions we make?", "ip_ownership_assignment"),
            ("When do we have to pay invoices?", "payment_terms"),
            ("May we assign the agreement?", "anti_assignment"),
            ("What about the weather?", "nothing"),
        ] {
            assert_eq!(first(question), term, "{question}");
        }
    }

    #[test]
    fn the_kind_of_value_is_heard_and_checked() {
        assert_eq!(wants("How long is the notice?"), Wants::Length);
        assert_eq!(wants("When was it signed?"), Wants::Date);
        assert!(Wants::Length.is_in("within thirty (30) days"));
        assert!(!Wants::Amount.is_in("within thirty (30) days"));
    }
}
