//! How good what is shown is, from people's decisions and corrections; and the way back when it got worse.

use chrono::{DateTime, Duration, Utc};
use domain::feature::Feature;
use domain::model::{Alias, Model};
use ml::evaluation::{Share, brier, calibration_error, fell, ndcg_at, psi};
use serde_json::{Value, json};
use storage::learning::{self, Job};
use storage::{Tx, labels, models};

use super::cases::{self, Judged};
use super::{Error, promotion, serving};

/// How far back figures look, days.
const WINDOW_DAYS: i64 = 90;
/// What counts as the present when drift is looked for, days.
const PRESENT_DAYS: i64 = 30;
/// From this shift on a feature is to be acted on.
pub const PSI_ACT: f64 = 0.25;

/// The figures of a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Of the decided companies on first pages, those taken up; explored places are left out.
    pub precision: Share,
    /// Of the terms in accepted contracts, those that nobody had to correct.
    pub accuracy: Share,
    /// Mean order of the decided companies of a page.
    pub ndcg: Option<f64>,
    /// Brier score and calibration error of the serving version; none for rules.
    pub calibration: Option<(f64, f64)>,
    /// The same for the version in the shadow, by name.
    pub shadow: Option<(String, f64, f64, u32)>,
    /// Shift of each feature between the window before and the last month.
    pub drift: Vec<(Feature, f64)>,
}

/// Takes the figures.
///
/// # Errors
/// When the database fails.
pub async fn measure(tx: &mut Tx, scorer: &str, now: DateTime<Utc>) -> Result<Measures, Error> {
    labels::collect(tx, now).await?;
    // The present moment belongs to the window.
    let until = now + Duration::milliseconds(1);
    let judged = cases::judged(tx, now - Duration::days(WINDOW_DAYS), until).await?;
    let (terms, kept) = labels::terms_kept(tx, now - Duration::days(WINDOW_DAYS)).await?;
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let (past, present): (Vec<&Judged>, Vec<&Judged>) =
        judged.iter().partition(|one| one.decided.shown_at < now - Duration::days(PRESENT_DAYS));
    let drift = Feature::ALL.into_iter().filter_map(|feature| {
        let of = |some: &[&Judged]| some.iter().map(|one| one.values[feature.place()]).collect::<Vec<_>>();
        psi(&of(&past), &of(&present)).map(|shift| (feature, shift))
    });
    Ok(Measures {
        precision: precision(judged.iter()),
        accuracy: Share { hits: count(kept), of: count(terms) },
        ndcg: order(&judged),
        calibration: calibration(&judged, |one| (one.decided.scored_by == scorer).then_some(one.decided.fit))
            .filter(|_| !scorer.starts_with(serving::RULES))
            .map(|(brier, error, _)| (brier, error)),
        shadow: shadow(&judged),
        drift: drift.collect(),
    })
}

/// Of the decided ones those taken up, without explored places.
fn precision<'a>(judged: impl Iterator<Item = &'a Judged>) -> Share {
    let mut share = Share::default();
    for one in judged.filter(|one| !one.decided.is_exploration) {
        share.of += 1;
        share.hits += u32::from(one.is_hit());
    }
    share
}

/// Mean of the discounted gain over pages with both outcomes: others have no order to get wrong.
fn order(judged: &[Judged]) -> Option<f64> {
    let mut pages: std::collections::BTreeMap<uuid::Uuid, Vec<(i32, bool)>> =
        std::collections::BTreeMap::new();
    for one in judged {
        pages.entry(one.decided.plan_id).or_default().push((one.decided.position, one.is_hit()));
    }
    let gains = pages.into_values().filter_map(|mut page| {
        page.sort_unstable();
        let relevant: Vec<bool> = page.into_iter().map(|(_, hit)| hit).collect();
        relevant.contains(&false).then(|| ndcg_at(10, &relevant)).flatten()
    });
    let gains: Vec<f64> = gains.collect();
    (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
}

/// Brier score, calibration error and number of those that a scorer gave a fit.
fn calibration(judged: &[Judged], fit: impl Fn(&Judged) -> Option<i16>) -> Option<(f64, f64, u32)> {
    let scored: Vec<(f64, bool)> =
        judged.iter().filter_map(|one| fit(one).map(|fit| (f64::from(fit) / 100.0, one.is_hit()))).collect();
    let count = u32::try_from(scored.len()).unwrap_or(u32::MAX);
    (count > 0).then(|| (brier(&scored), calibration_error(&scored), count))
}

fn shadow(judged: &[Judged]) -> Option<(String, f64, f64, u32)> {
    let name = judged.iter().rev().find_map(|one| one.decided.shadow_by.clone())?;
    let of = |one: &Judged| one.decided.shadow_fit.filter(|_| one.decided.shadow_by.as_ref() == Some(&name));
    calibration(judged, of).map(|(brier, error, count)| (name.clone(), brier, error, count))
}

impl Measures {
    /// As it is kept.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let drift: serde_json::Map<String, Value> =
            self.drift.iter().map(|(feature, shift)| (feature.name().to_owned(), json!(shift))).collect();
        json!({
            "partner_discovery_precision": self.precision, "contract_extraction_accuracy": self.accuracy,
            "ndcg": self.ndcg, "calibration": self.calibration, "shadow": self.shadow, "psi": drift,
        })
    }
}

/// Whether the serving fit scorer is worse than what it took over from, and that is more than chance. Gives the words
/// for the way back.
///
/// # Errors
/// When the database fails.
pub async fn is_worse(tx: &mut Tx, now: DateTime<Utc>) -> Result<Option<String>, Error> {
    let pointers = models::pointers(tx).await?;
    let champion = pointers
        .iter()
        .find(|at| at.model == Model::PartnerFitScorer.name() && at.alias == Alias::Champion.name());
    let Some(version) = champion.and_then(|at| at.version.clone()) else { return Ok(None) };
    let name = serving::named(&version);
    let judged =
        cases::judged(tx, now - Duration::days(2 * WINDOW_DAYS), now + Duration::milliseconds(1)).await?;
    let (own, others): (Vec<&Judged>, Vec<&Judged>) =
        judged.iter().partition(|one| one.decided.scored_by == name);
    let is = precision(own.iter().copied());
    // What served last before it.
    let before = others
        .iter()
        .filter(|one| own.first().is_none_or(|first| one.decided.shown_at < first.decided.shown_at));
    let last = before.clone().max_by_key(|one| one.decided.shown_at).map(|one| one.decided.scored_by.clone());
    let was = precision(before.copied().filter(|one| Some(&one.decided.scored_by) == last.as_ref()));
    if fell(was, is) {
        return Ok(Some(words("precision", was, is)));
    }
    let right = own.iter().filter(|one| (one.decided.fit >= 50) == one.is_hit()).count();
    let is = Share {
        hits: u32::try_from(right).unwrap_or(u32::MAX),
        of: u32::try_from(own.len()).unwrap_or(u32::MAX),
    };
    let rows = models::list(tx).await?;
    let held = rows.iter().find(|row| row.model == Model::PartnerFitScorer.name() && row.version == version);
    let was: Share =
        held.and_then(|row| serde_json::from_value(row.metrics["accuracy"].clone()).ok()).unwrap_or_default();
    Ok(fell(was, is).then(|| words("accuracy", was, is)))
}

fn words(what: &str, was: Share, is: Share) -> String {
    let of = |share: Share| format!("{:.1} % of {}", 100.0 * share.value().unwrap_or(0.0), share.of);
    format!("{what} fell from {} to {}, by more than 5 % and more than chance", of(was), of(is))
}

/// Takes the figures, keeps them, and goes back to the version before when the serving one is worse. Gives the figures
/// and the words for the way back. `tx` is committed by the caller.
///
/// # Errors
/// When the database fails.
pub async fn watch(
    tx: &mut Tx,
    scorer: &str,
    now: DateTime<Utc>,
) -> Result<(Measures, Option<String>), Error> {
    let measures = measure(tx, scorer, now).await?;
    let worse = is_worse(tx, now).await?;
    if let Some(why) = &worse {
        promotion::roll_back(tx, Model::PartnerFitScorer, (why, "agent:learning"), now).await?;
    }
    let mut outcome = measures.to_json();
    outcome["rolled_back"] = json!(worse);
    learning::record(tx, (Job::Evaluation, Some(Model::PartnerFitScorer)), &outcome, now).await?;
    Ok((measures, worse))
}
