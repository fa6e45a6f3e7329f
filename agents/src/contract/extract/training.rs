//! Trains the model from labelled contracts. What the second look learns from is always scored by a first
//! look that did not see the contract.

use ml::{
    boost::{self, Boost, Rows},
    calibration::Calibration,
    linear::{self, Linear, Samples},
};

use super::{
    answer::{self, ANSWER_NUMBERS},
    assemble,
    candidate::{Candidate, Group, Habit, LABELLED, PASSAGE_CLASSES, Scores, candidates},
    features,
    model::{CALIBRATIONS, Model, calibration_of},
    passage::{Kind, Passage},
    reading::Reading,
};
use crate::contract::{
    evaluate::{
        cuad::Bag,
        data::{Label, Labelled},
        parties as label,
        right::is_right,
    },
    normalise::party,
    terms,
};

/// A labelled contract that was read.
pub type Case<'a> = (&'a Labelled, &'a Reading);

const SENTENCES: linear::Training = linear::Training {
    bits: features::BITS,
    classes: LABELLED,
    epochs: 6,
    step: 0.25,
    decay: 1e-6,
    rarest: 2,
};
const PASSAGES: linear::Training =
    linear::Training { bits: 15, classes: PASSAGE_CLASSES, epochs: 8, step: 0.25, decay: 1e-6, rarest: 2 };
const CLAUSE_TREES: boost::Training =
    boost::Training { trees: 240, depth: 5, step: 0.06, leaf_min: 3.0, pull: 3.0, drawn: (0.7, 0.5) };
const PASSAGE_TREES: boost::Training =
    boost::Training { trees: 140, depth: 3, step: 0.08, leaf_min: 2.0, pull: 2.0, drawn: (0.7, 0.5) };
const ANSWER_TREES: boost::Training =
    boost::Training { trees: 80, depth: 3, step: 0.1, leaf_min: 6.0, pull: 5.0, drawn: (1.0, 1.0) };
/// Parts of the contracts that are held out in turn.
const FOLDS: usize = 4;

/// Terms that a sentence holds: bit `t` for term `t`.
fn sentence_labels(labels: &[Label], (start, end): (usize, usize)) -> u64 {
    let mut mask = 0;
    for (term, label) in labels.iter().enumerate() {
        let holds = label.golds.iter().flat_map(|gold| &gold.spans).any(|span| {
            let shared = end.min(span.1).saturating_sub(start.max(span.0));
            shared * 2 > end - start || shared * 10 > (span.1 - span.0) * 6
        });
        mask |= u64::from(holds) << term;
    }
    mask
}

/// Whether a candidate is what the label says.
#[must_use]
pub fn is_hit(case: Case<'_>, candidate: &Candidate) -> bool {
    let (contract, reading) = case;
    let own = &contract.labels[candidate.term];
    let passage = candidate.passage.and_then(|at| reading.passages.get(at));
    if let Some(Passage { kind: Kind::Party { name, .. }, .. }) = passage {
        let key = party::key(&contract.text[name.0..name.1]);
        return label::labelled(own).iter().any(|names| names.contains(&key));
    }
    let shown = &contract.text[candidate.start..candidate.end];
    let within = matches!(candidate.group, Group::Together);
    let bag = Bag::of(shown);
    own.golds.iter().any(|gold| bag.matches(&gold.bag) || within && shown.contains(&gold.text))
}

fn passage_labels(case: Case<'_>, passage: &Passage) -> u64 {
    let groups: &[Group] = match passage.kind {
        Kind::Title => &[Group::Title],
        Kind::Party { .. } => &[Group::Party],
        Kind::Together => &[Group::Together],
        Kind::Date(_) => &[Group::Agreement, Group::Effective],
    };
    let (start, end) = (passage.start, passage.end);
    let mut mask = 0;
    for group in groups {
        let at = case.1.passages.iter().position(|other| std::ptr::eq(other, passage));
        let one = Candidate {
            term: group.term(),
            group: *group,
            start,
            end,
            passage: at,
            numbers: vec![],
            odds: 0.0,
            share: 0.0,
        };
        mask |= u64::from(is_hit(case, &one)) << group.class();
    }
    mask
}

fn first_look(cases: &[Case<'_>]) -> (Linear, Linear) {
    let (mut sentences, mut passages) = (Samples::default(), Samples::default());
    for case in cases {
        for (sentence, slots) in case.1.outline.sentences.iter().zip(&case.1.features) {
            sentences.push(slots, sentence_labels(&case.0.labels, (sentence.start, sentence.end)));
        }
        for passage in &case.1.passages {
            let slots: Vec<u32> = narrow(&passage.slots);
            passages.push(&slots, passage_labels(*case, passage));
        }
    }
    (Linear::train(&sentences, &SENTENCES, 17), Linear::train(&passages, &PASSAGES, 17))
}

/// Slots of the passage scorer: fewer than those of the sentence scorer.
#[must_use]
pub fn narrow(slots: &[u32]) -> Vec<u32> {
    let mut slots: Vec<u32> = slots.iter().map(|slot| slot & ((1 << PASSAGES.bits) - 1)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

fn scores(looks: &(Linear, Linear), reading: &Reading) -> (Vec<f32>, Vec<f32>) {
    let sentences = features::score_all(&looks.0, &reading.features);
    let slots: Vec<Vec<u32>> = reading.passages.iter().map(|passage| narrow(&passage.slots)).collect();
    (sentences, features::score_all(&looks.1, &slots))
}

fn habits(cases: &[Case<'_>]) -> Vec<Habit> {
    (0..LABELLED)
        .map(|term| {
            let labels: Vec<&Label> = cases
                .iter()
                .map(|case| &case.0.labels[term])
                .filter(|label| !label.golds.is_empty())
                .collect();
            let golds: Vec<&str> =
                labels.iter().flat_map(|label| &label.golds).map(|gold| gold.text.as_str()).collect();
            let words: usize = golds.iter().map(|gold| gold.split_whitespace().count()).sum();
            let present = labels.len() as f32 / cases.len().max(1) as f32;
            Habit {
                present,
                passages: golds.len() as f32 / labels.len().max(1) as f32,
                words: words as f32 / golds.len().max(1) as f32,
            }
        })
        .collect()
}

/// Trains on all cases.
#[must_use]
pub fn train(cases: &[Case<'_>]) -> Model {
    let habits = habits(cases);
    let held = |fold: usize| move |at: &usize| at % FOLDS == fold;
    let pick = |keep: &dyn Fn(&usize) -> bool| -> Vec<Case<'_>> {
        (0..cases.len()).filter(|at| keep(at)).map(|at| cases[at]).collect()
    };
    // Candidates of each case, scored by a first look that did not see it.
    let mut pools: Vec<Vec<Candidate>> = vec![Vec::new(); cases.len()];
    for fold in 0..FOLDS {
        let looks = first_look(&pick(&|at| !held(fold)(at)));
        for at in (0..cases.len()).filter(held(fold)) {
            let (sentences, passages) = scores(&looks, cases[at].1);
            pools[at] =
                candidates(cases[at].1, Scores { sentences: &sentences, passages: &passages }, &habits);
        }
    }
    let hits: Vec<Vec<bool>> = pools
        .iter()
        .zip(cases)
        .map(|(pool, case)| pool.iter().map(|one| is_hit(*case, one)).collect())
        .collect();
    // Odds of each candidate by trees that did not see its case, for the calibration.
    for fold in 0..FOLDS {
        let boosts = second_look(&pools, &hits, &|at| !held(fold)(&at));
        for at in (0..cases.len()).filter(held(fold)) {
            for one in &mut pools[at] {
                one.odds = boosts[one.group as usize].score(&one.numbers);
            }
        }
    }
    let calibrations = calibrations(&pools, &hits);
    for one in pools.iter_mut().flatten() {
        one.share = calibrations[calibration_of(one)].share(one.odds);
    }
    let Released { answers, cells, releases } = release(cases, &pools, &habits);
    let boosts = second_look(&pools, &hits, &|_| true);
    let (sentences, passages) = first_look(cases);
    Model { sentences, passages, boosts, calibrations, answers, cells, habits, releases }
}

fn second_look(pools: &[Vec<Candidate>], hits: &[Vec<bool>], keep: &dyn Fn(usize) -> bool) -> Vec<Boost> {
    Group::ALL
        .iter()
        .map(|group| {
            let mut rows = Rows::new(group.width());
            for at in (0..pools.len()).filter(|at| keep(*at)) {
                for (one, hit) in pools[at].iter().zip(&hits[at]).filter(|(one, _)| one.group == *group) {
                    rows.push(&one.numbers, *hit);
                }
            }
            Boost::train(&rows, if *group == Group::Clause { &CLAUSE_TREES } else { &PASSAGE_TREES })
        })
        .collect()
}

fn calibrations(pools: &[Vec<Candidate>], hits: &[Vec<bool>]) -> Vec<Calibration> {
    let pairs = |keep: &dyn Fn(&Candidate) -> bool| -> Vec<(f32, bool)> {
        let all = pools.iter().zip(hits).flat_map(|(pool, hits)| pool.iter().zip(hits));
        all.filter(|(one, _)| keep(one)).map(|(one, hit)| (one.odds, *hit)).collect()
    };
    let common = Calibration::fit(&pairs(&|one| one.group == Group::Clause), |_| 0.5, 0.5);
    (0..CALIBRATIONS)
        .map(|term| {
            let own = pairs(&|one| calibration_of(one) == term);
            Calibration::fit(&own, |odds| common.share(odds), 6.0)
        })
        .collect()
}

/// Share of right answers among the stated ones that the threshold aims at, on answers of models that did not see
/// the contract.
const RIGHT_AIM: f32 = 0.953;
/// As if this many answers of a term, in each step of its calibration, had been as those of all terms.
const CELL_BELIEF: f32 = 30.0;

struct Released {
    answers: Boost,
    cells: Vec<Calibration>,
    releases: Vec<f32>,
}

/// An answer with its numbers and whether it is right.
struct Answer {
    case: usize,
    term: usize,
    numbers: [f32; ANSWER_NUMBERS],
    right: bool,
    odds: f32,
}

/// How sure an answer must be to be stated, so that the answers are right often enough.
fn release(cases: &[Case<'_>], pools: &[Vec<Candidate>], habits: &[Habit]) -> Released {
    let mut answers: Vec<Answer> = Vec::new();
    for (case, ((contract, reading), pool)) in cases.iter().zip(pools).enumerate() {
        let all = assemble::guesses(&contract.text, reading, pool);
        for (term, guesses) in all.iter().enumerate() {
            let numbers = answer::numbers(term, &all, habits, contract.text.len());
            let best = guesses.first().and_then(|guess| Some((guess, guess.value.as_ref()?)));
            let (Some(numbers), Some((guess, value))) = (numbers, best) else { continue };
            let quote = &contract.text[guess.start..guess.end];
            let right = is_right(&terms::all()[term], &contract.labels[term], value, quote);
            answers.push(Answer { case, term, numbers, right, odds: 0.0 });
        }
    }
    let look = |answers: &[Answer], keep: &dyn Fn(usize) -> bool| {
        let mut rows = Rows::new(ANSWER_NUMBERS);
        answers.iter().filter(|one| keep(one.case)).for_each(|one| rows.push(&one.numbers, one.right));
        Boost::train(&rows, &ANSWER_TREES)
    };
    for fold in 0..FOLDS {
        let boost = look(&answers, &|case| case % FOLDS != fold);
        for one in answers.iter_mut().filter(|one| one.case % FOLDS == fold) {
            one.odds = boost.score(&one.numbers);
        }
    }
    let pairs = |keep: &dyn Fn(usize) -> bool| -> Vec<(f32, bool)> {
        answers.iter().filter(|one| keep(one.term)).map(|one| (one.odds, one.right)).collect()
    };
    let common = Calibration::fit(&pairs(&|_| true), |_| 0.5, 1.0);
    let cells: Vec<Calibration> = (0..LABELLED)
        .map(|term| Calibration::fit(&pairs(&|other| other == term), |odds| common.share(odds), CELL_BELIEF))
        .collect();
    let shares = answers.iter().map(|one| (cells[one.term].share(one.odds), one.right)).collect();
    // One threshold for all terms: the same confidence is the same probability everywhere.
    let releases = vec![threshold(shares, RIGHT_AIM); LABELLED];
    Released { answers: look(&answers, &|_| true), cells, releases }
}

/// The least probability from which the share of right answers is as aimed at.
fn threshold(mut shares: Vec<(f32, bool)>, aim: f32) -> f32 {
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut least) = (0, 1.01);
    for (at, (share, is_right)) in shares.iter().enumerate() {
        right += usize::from(*is_right);
        let tie = shares.get(at + 1).is_some_and(|next| next.0 >= *share);
        if !tie && right as f32 >= aim * (at + 1) as f32 {
            least = *share;
        }
    }
    least
}
