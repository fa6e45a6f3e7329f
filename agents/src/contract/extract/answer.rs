//! The answer of a contract to a term as a whole: how sure its best guess is in the light of all others.

use domain::contract::Value;

use super::{
    assemble::Guess,
    candidate::{Habit, LABELLED},
    extractor::STATED,
    model::Model,
};
use crate::contract::terms::{self, Normaliser};

/// Numbers an answer is judged by.
pub const ANSWER_NUMBERS: usize = 27;
/// A further place that is as likely as this speaks for or against a value.
const HEARD: f32 = 0.15;

/// What is seen of the answer to a term in the light of the guesses of all terms, the best first; `None` without a
/// value.
#[must_use]
pub fn numbers(
    term: usize,
    all: &[Vec<Guess>],
    habits: &[Habit],
    bytes: usize,
) -> Option<[f32; ANSWER_NUMBERS]> {
    let (own, habit) = (&all[term], &habits[term]);
    let (best, rest) = own.split_first()?;
    let value = best.value.as_ref()?;
    let share = |at: usize| own.get(at).map_or(0.0, |guess| guess.share);
    let odds = (best.share.clamp(1e-3, 1.0 - 1e-3) / (1.0 - best.share.clamp(1e-3, 1.0 - 1e-3))).ln();
    let heard = || rest.iter().filter(|guess| guess.share > HEARD && guess.value.is_some());
    let same = heard().filter(|guess| guess.value.as_ref() == Some(value)).count();
    let (parties, roles) = match value {
        Value::Parties(list) => (list.len(), list.iter().filter(|party| !party.role.is_empty()).count()),
        _ => (0, 0),
    };
    Some([
        best.share,
        odds,
        share(1),
        share(2),
        best.share - share(1),
        own.iter().filter(|guess| guess.share > HEARD).count() as f32,
        own.iter().map(|guess| guess.share).sum(),
        habit.present,
        habit.passages,
        term as f32,
        kind(value),
        same as f32,
        (heard().count() - same) as f32,
        ((best.end - best.start) as f32).ln_1p(),
        best.start as f32 / bytes.max(1) as f32,
        (bytes as f32).ln_1p(),
        parties as f32,
        roles as f32,
        // A date that is reckoned is as sure as the day it is reckoned from.
        beside(all, 2),
        beside(all, 3),
        f32::from(u8::from(said_alike(all, 2, 3))),
        elsewhere(all, term, best),
        best.signs.first,
        best.signs.second,
        best.signs.least,
        best.signs.left,
        ((best.end - best.start) as f32 / 6.0).ln_1p() - habit.words.ln_1p(),
    ])
}

fn beside(all: &[Vec<Guess>], term: usize) -> f32 {
    all.get(term).and_then(|own| own.first()).map_or(0.0, |guess| guess.share)
}

fn said_alike(all: &[Vec<Guess>], left: usize, right: usize) -> bool {
    let value = |term: usize| all.get(term).and_then(|own| own.first()).map(|guess| &guess.value);
    value(left).is_some() && value(left) == value(right)
}

/// The best probability with which another term claims the same place.
fn elsewhere(all: &[Vec<Guess>], term: usize, best: &Guess) -> f32 {
    let others = all.iter().enumerate().filter(|(other, _)| *other != term && *other > 3);
    let same =
        others.flat_map(|(_, own)| own).filter(|guess| guess.start == best.start && guess.end == best.end);
    same.map(|guess| guess.share).fold(0.0, f32::max)
}

fn kind(value: &Value) -> f32 {
    match value {
        Value::Clause => 0.0,
        Value::Text(_) => 1.0,
        Value::Date(_) => 2.0,
        Value::Duration(length) if length.unit == domain::contract::CalendarUnit::Perpetual => 3.0,
        Value::Duration(_) => 4.0,
        Value::Jurisdiction(_) => 5.0,
        Value::Parties(_) => 6.0,
        _ => 7.0,
    }
}

/// Turns the probabilities of places into confidences. The best guess of a term gets that of its answer; what has
/// no value, or says otherwise than the best guess, is never stated.
pub fn settle(all: &mut [Vec<Guess>], model: &Model, bytes: usize) {
    let answers: Vec<Option<f32>> = (0..LABELLED.min(all.len()))
        .map(|term| {
            let numbers = numbers(term, all, &model.habits, bytes)?;
            Some(model.cells[term].share(model.answers.score(&numbers)))
        })
        .collect();
    for (term, (own, answer)) in all.iter_mut().zip(answers).enumerate() {
        let release = model.releases[term];
        let first = own.first().and_then(|guess| guess.value.clone());
        let plain = matches!(terms::all()[term].normaliser, Normaliser::Party);
        for (at, guess) in own.iter_mut().enumerate() {
            let share = if at == 0 { answer.unwrap_or(guess.share) } else { guess.share };
            let sure = confidence(share, release);
            let differs = at > 0 && !plain && guess.value != first;
            guess.share = if guess.value.is_none() || differs { sure.min(STATED - 1e-3) } else { sure };
        }
    }
}

/// The confidence of a probability under a release: [`STATED`] or more exactly when it is released. The same
/// probability is the same confidence for every term with the same release.
#[must_use]
pub fn confidence(share: f32, release: f32) -> f32 {
    let release = release.max(1e-3);
    if share >= release {
        STATED + (1.0 - STATED) * (share - release) / (1.0 - release).max(1e-3)
    } else {
        (STATED - 1e-3) * share / release
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::extract::assemble::Signs;

    #[test]
    fn confidence_rises_and_crosses_the_threshold_at_the_release() {
        for release in [0.3, 0.55, 0.7, 0.9, 1.01] {
            let values: Vec<f32> = (0..=100).map(|at| confidence(at as f32 / 100.0, release)).collect();
            assert!(values.windows(2).all(|two| two[0] <= two[1] + 1e-6), "{release}: {values:?}");
            for (at, value) in values.iter().enumerate() {
                assert_eq!(at as f32 / 100.0 >= release, *value >= STATED, "{release} {at} {value}");
            }
        }
    }

    #[test]
    fn a_second_place_that_says_otherwise_is_seen() {
        let guess = |share, text: &str| Guess {
            start: 0,
            end: 9,
            value: Some(Value::Text(text.into())),
            share,
            signs: Signs::default(),
        };
        let seen = |second: &str| {
            let all = [vec![guess(0.9, "a"), guess(0.5, second)]];
            numbers(0, &all, &[Habit::default()], 100).expect("an answer")
        };
        assert_eq!((seen("a")[11], seen("a")[12]), (1.0, 0.0));
        assert_eq!((seen("b")[11], seen("b")[12]), (0.0, 1.0));
        assert_eq!(numbers(0, &[vec![]], &[Habit::default()], 100), None);
    }
}
