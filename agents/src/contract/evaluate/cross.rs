//! Cross-validation by contract: every contract is judged by a model that did not see it.

use super::{
    cuad::{Bag, Curve, Judged, curve},
    data::Labelled,
};
use crate::contract::{
    extract::{
        answer,
        assemble::{self, Guess},
        candidate::LABELLED,
        cue::Cues,
        model::Model,
        reading::Reading,
        training::{Case, train},
    },
    terms,
};

/// Guesses of a contract, by term, from a model that did not see it.
pub type Pool = Vec<Vec<Guess>>;

/// Readings of contracts, in order.
#[must_use]
pub fn read_all(contracts: &[Labelled]) -> Vec<Reading> {
    let cues = Cues::of(terms::all());
    contracts.iter().map(|contract| Reading::of(&contract.text, &cues, None)).collect()
}

/// Judges every contract by a model trained on the other parts; `note` hears of each part's model.
pub fn pools(
    contracts: &[Labelled],
    readings: &[Reading],
    folds: usize,
    mut note: impl FnMut(usize, &Model),
) -> Vec<Pool> {
    let mut pools: Vec<Pool> = vec![Vec::new(); contracts.len()];
    for fold in 0..folds {
        // Contracts of one company stand together in the list: parts are taken by turns of a scattered order.
        let held = |at: usize| (at * 7919 % 10_007) % folds == fold;
        let cases: Vec<Case<'_>> =
            (0..contracts.len()).filter(|at| !held(*at)).map(|at| (&contracts[at], &readings[at])).collect();
        let model = train(&cases);
        note(fold, &model);
        for at in (0..contracts.len()).filter(|at| held(*at)) {
            let mut pool = assemble::guesses(&contracts[at].text, &readings[at], &model.judge(&readings[at]));
            answer::settle(&mut pool, &model, contracts[at].text.len());
            pools[at] = pool;
        }
    }
    pools
}

/// CUAD's curve of each labelled term and, last, of all together.
#[must_use]
pub fn curves(contracts: &[Labelled], pools: &[Pool]) -> Vec<Curve> {
    let (mut all, mut golds_all) = (Vec::new(), 0u32);
    let mut curves = Vec::new();
    for term in 0..LABELLED {
        let (mut own, first) = (Vec::new(), golds_all);
        for (contract, pool) in contracts.iter().zip(pools) {
            let golds = &contract.labels[term].golds;
            for one in &pool[term] {
                let shown = &contract.text[one.start..one.end];
                let bag = Bag::of(shown);
                let hit = |at: &usize| {
                    bag.matches(&golds[*at].bag) || term == 1 && shown.contains(golds[*at].text.as_str())
                };
                let matched = (0..golds.len()).filter(hit).map(|at| golds_all + at as u32).collect();
                own.push(Judged { confidence: one.share, matched });
            }
            golds_all += golds.len() as u32;
        }
        all.extend(own.iter().cloned());
        curves.push(curve(own, (golds_all - first) as usize));
    }
    curves.push(curve(all, golds_all as usize));
    curves
}
