//! Trains a version from the database: the same window, seed and data give the same bytes.

use chrono::{DateTime, Duration, Utc};
use domain::model::{Model, Version};
use ml::evaluation::{Share, auc, brier, calibration_error};
use ml::hazard::{Hazard, Stay};
use ml::logistic::Case;
use ml::package;
use ml::scorer::FitScorer;
use serde_json::{Value, json};
use storage::learning::{self, Job};
use storage::{Tx, labels, models};

use super::{Error, cases, serving};

/// Decided companies that a fit needs at least, and of either outcome.
const DECIDED_MIN: usize = 60;
const OUTCOME_MIN: usize = 20;
/// Stays in stages, and moves forward, that a stage predictor needs at least.
const STAYS_MIN: usize = 60;
const MOVES_MIN: usize = 30;
/// The last share of the cases, by time, that figures are taken on.
const HELD_OUT: f64 = 0.25;
/// Days within which a move is predicted.
const WITHIN_DAYS: f64 = 30.0;

/// What to train on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Decisions from this time on.
    pub from: DateTime<Utc>,
    /// Decisions before this time; nothing that was learnt later is seen.
    pub until: DateTime<Utc>,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

impl Window {
    /// The last two years.
    #[must_use]
    pub fn until_now(now: DateTime<Utc>, seed: u64) -> Self {
        Self { from: now - Duration::days(730), until: now, seed }
    }
}

/// A version that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// It.
    pub version: models::New,
    /// False when the same bytes were there already.
    pub is_new: bool,
}

/// Weights, their figures and their cases.
struct Made {
    content: Vec<u8>,
    metrics: Value,
    cases: usize,
    dataset: Value,
    card: String,
}

/// Trains a model and keeps the version and its cases; nothing points at it yet. `tx` is committed by the caller.
///
/// # Errors
/// [`Error::TooLittle`] says what is missing and how much.
pub async fn train(tx: &mut Tx, model: Model, window: Window, now: DateTime<Utc>) -> Result<Trained, Error> {
    labels::collect(tx, now).await?;
    let made = match model {
        Model::PartnerFitScorer => fit(tx, window).await?,
        Model::DealStagePredictor => stage(tx, window).await?,
        Model::ContractRiskClassifier | Model::EmbeddingModel => return Err(Error::NotTrained(model.name())),
    };
    let newest = models::newest(tx, model).await?;
    let schema = serving::schema(model);
    let sha256 = package::sha256(&made.content);
    let is_new = newest.as_ref().is_none_or(|held| held.sha256 != sha256);
    let held: Option<Version> = newest.as_ref().and_then(|held| held.version.parse().ok());
    let version = match held {
        Some(held) if !is_new => held,
        held => Version::after(held, newest.as_ref().is_none_or(|newest| newest.schema == schema)),
    };
    let dataset = package::sha256(made.dataset.to_string().as_bytes());
    let version = models::New {
        model,
        version,
        content: made.content,
        sha256,
        schema,
        trained_from: window.from,
        trained_until: window.until,
        dataset,
        seed: i64::try_from(window.seed).unwrap_or(i64::MAX),
        metrics: made.metrics,
        card: made.card,
    };
    if is_new {
        learning::keep_dataset(tx, (&version.dataset, model), (made.cases, &made.dataset), now).await?;
        models::add(tx, &version, now).await?;
    }
    let outcome = json!({ "version": version.version.to_string(), "is_new": is_new, "cases": made.cases });
    learning::record(tx, (Job::Training, Some(model)), &outcome, now).await?;
    Ok(Trained { version, is_new })
}

fn held_out(count: usize) -> usize {
    (count as f64 * (1.0 - HELD_OUT)) as usize
}

async fn fit(tx: &mut Tx, window: Window) -> Result<Made, Error> {
    let judged = cases::judged(tx, window.from, window.until).await?;
    let all: Vec<Case> = judged.iter().map(cases::Judged::case).collect();
    let hits = all.iter().filter(|case| case.is_hit).count();
    let lack = lacks(&[
        (all.len(), DECIDED_MIN, "companies that were decided on"),
        (hits, OUTCOME_MIN, "that were taken up"),
        (all.len() - hits, OUTCOME_MIN, "that were turned down"),
    ]);
    if let Some(lack) = lack {
        return Err(Error::TooLittle { model: Model::PartnerFitScorer.name(), lack });
    }
    let (seen, unseen) = all.split_at(held_out(all.len()));
    let tried = FitScorer::train(seen, window.seed);
    let learned: Vec<(f64, bool)> =
        unseen.iter().map(|case| (tried.score(&case.inputs), case.is_hit)).collect();
    let rules: Vec<(f64, bool)> =
        unseen.iter().map(|case| (case.inputs[0].unwrap_or(0.0), case.is_hit)).collect();
    let right = learned.iter().filter(|(p, hit)| (*p >= 0.5) == *hit).count();
    let accuracy = Share { hits: count(right), of: count(learned.len()) };
    let metrics = json!({
        "cases": all.len(), "taken_up": hits, "held_out": learned.len(), "accuracy": accuracy,
        "auc": auc(&learned), "auc_rules": auc(&rules), "brier": brier(&learned), "brier_rules": brier(&rules),
        "calibration_error": calibration_error(&learned),
    });
    let scorer = FitScorer::train(&all, window.seed);
    let refused =
        |why| Error::Refused { model: Model::PartnerFitScorer.name(), version: "new".to_owned(), why };
    Ok(Made {
        content: scorer.to_bytes().map_err(refused)?,
        metrics,
        cases: all.len(),
        dataset: cases::content(&judged),
        card: format!(
            "Calibrated logistic regression on {} decisions ({hits} taken up) from {} to {}. Inputs: the fit by the \
             stated rules and the eight features as of the moment the company was shown; a missing one is marked, not \
             guessed. Decisions on explored places count by the inverse of their chance, at most tenfold. Figures are \
             on the last quarter by time, which a version trained on the rest had not seen. It knows one team's taste \
             and only companies that a search shows.",
            all.len(),
            window.from.date_naive(),
            window.until.date_naive()
        ),
    })
}

async fn stage(tx: &mut Tx, window: Window) -> Result<Made, Error> {
    let stays = cases::stays(tx, window.from, window.until).await?;
    let moves = stays.iter().filter(|(_, stay)| stay.moved_on).count();
    let lack = lacks(&[
        (stays.len(), STAYS_MIN, "stays of deals in stages"),
        (moves, MOVES_MIN, "moves to a later stage"),
    ]);
    if let Some(lack) = lack {
        return Err(Error::TooLittle { model: Model::DealStagePredictor.name(), lack });
    }
    let mut metrics = predicted(&stays, window.until);
    metrics["cases"] = json!(stays.len());
    metrics["moves"] = json!(moves);
    let all: Vec<Stay> = stays.iter().map(|(_, stay)| stay.clone()).collect();
    let content = Hazard::train(&all).to_bytes().map_err(|why| Error::Refused {
        model: Model::DealStagePredictor.name(),
        version: "new".to_owned(),
        why,
    })?;
    let dataset: Vec<Value> =
        stays.iter().map(|(from, stay)| json!([from, stay.stage.name(), stay.days, stay.moved_on])).collect();
    let card = format!(
        "Chance of a move to a later stage within 30 days, by stage and by weeks in it, from {} stays with {moves} \
         moves; few cases lean on their stage's rate, and that on the common one. Deals that were lost or rest count \
         as not having moved. Figures are on the quarter of stays that began last.",
        stays.len()
    );
    Ok(Made { content, metrics, cases: stays.len(), dataset: Value::Array(dataset), card })
}

/// Figures on the stays that began last, of a predictor that knew only what was known when they began.
fn predicted(stays: &[(DateTime<Utc>, Stay)], until: DateTime<Utc>) -> Value {
    let (seen, unseen) = stays.split_at(held_out(stays.len()));
    let cut = unseen.first().map_or(until, |(from, _)| *from);
    let seen: Vec<Stay> = seen
        .iter()
        .map(|(from, stay)| {
            let days = (cut - *from).num_seconds() as f64 / 86_400.0;
            if stay.days <= days { stay.clone() } else { Stay { days, moved_on: false, ..stay.clone() } }
        })
        .collect();
    let tried = Hazard::train(&seen);
    let is_known = |stay: &&Stay| stay.days >= WITHIN_DAYS || stay.moved_on;
    let is_within = |stay: &Stay| stay.moved_on && stay.days <= WITHIN_DAYS;
    let watched: Vec<&Stay> = seen.iter().filter(is_known).collect();
    let base = watched.iter().filter(|stay| is_within(stay)).count() as f64 / watched.len().max(1) as f64;
    let judged: Vec<&Stay> = unseen.iter().map(|(_, stay)| stay).filter(is_known).collect();
    let scored = |of: &dyn Fn(&Stay) -> f64| -> Vec<(f64, bool)> {
        judged.iter().map(|stay| (of(stay), is_within(stay))).collect()
    };
    let learned = scored(&|stay| tried.chance(stay.stage, 0.0, WITHIN_DAYS));
    json!({
        "held_out": judged.len(), "base_rate": base, "brier": brier(&learned),
        "brier_base_rate": brier(&scored(&|_| base)), "auc": auc(&learned),
        "calibration_error": calibration_error(&learned),
    })
}

/// What is missing, in words; none when there is enough.
fn lacks(needs: &[(usize, usize, &str)]) -> Option<String> {
    let missing = needs.iter().filter(|(have, need, _)| have < need);
    let words: Vec<String> =
        missing.map(|(have, need, what)| format!("{} more {what} ({have} of {need})", need - have)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_counted() {
        assert_eq!(lacks(&[(60, 60, "cases")]), None);
        let lack = lacks(&[(50, 60, "cases"), (20, 20, "hits"), (3, 20, "misses")]);
        assert_eq!(lack.unwrap(), "10 more cases (50 of 60), 17 more misses (3 of 20)");
    }
}
