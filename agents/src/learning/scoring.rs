//! The fits of a page: by what serves the tenant, and what is kept of it for learning.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::feature::{Feature, Values};
use domain::ids::PlanId;
use domain::learning::{Impression, Shown};
use domain::plan::Context;
use domain::search::{Answer, Hit};
use storage::{Tx, features};

use super::exploration::{self, Place};
use super::serving::{Scored, Serving};
use super::{Error, Models};

/// Gives every hit of an answer the fit of what serves, chooses the page, and tells what to keep. When the models
/// cannot be reached, the rules' fits stay and say so.
pub(crate) async fn page(
    models: &Models,
    (tx, context): (&mut Tx, &Context),
    answer: &mut Answer,
    now: DateTime<Utc>,
) -> Shown {
    let shown = |hits| Shown { plan: context.plan, to: context.requester, hits };
    if answer.no_match || answer.hits.is_empty() {
        return shown(Vec::new());
    }
    let (serving, values) = match ready(models, (tx, context), &answer.hits, now).await {
        Ok(ready) => ready,
        Err(error) => {
            tracing::error!(
                error = crate::desk::chain(&error),
                "the models cannot be reached; the rules score"
            );
            (Arc::new(Serving::broken()), vec![[None; 8]; answer.hits.len()])
        }
    };
    let hits = std::mem::take(&mut answer.hits);
    let mut scored: Vec<(Hit, Scored, Values)> = hits
        .into_iter()
        .zip(values)
        .map(|(hit, values)| {
            let scored = serving.score((hit.fit, hit.reasons.clone()), &values);
            (hit, scored, values)
        })
        .collect();
    if serving.is_learned() {
        // Stable: equal fits stay in the order of the search.
        scored.sort_by_key(|(_, scored, _)| std::cmp::Reverse(scored.fit));
    }
    let impressions = chosen(context.plan, scored, &mut answer.hits);
    shown(impressions)
}

async fn ready(
    models: &Models,
    (tx, context): (&mut Tx, &Context),
    hits: &[Hit],
    now: DateTime<Utc>,
) -> Result<(Arc<Serving>, Vec<Values>), Error> {
    let serving = models.of(context.tenant).await?;
    let asked: Vec<(String, DateTime<Utc>)> =
        hits.iter().map(|hit| (hit.company.id.0.clone(), now)).collect();
    let mut values = features::as_of(tx, &asked).await?;
    for (hit, held) in hits.iter().zip(&mut values) {
        let fresh = serving.profile.values(&hit.company, now.date_naive());
        for feature in Feature::ALL.into_iter().filter(|feature| !Feature::LIVE.contains(feature)) {
            held[feature.place()] = fresh[feature.place()];
        }
    }
    Ok((serving, values))
}

/// The page in its order, put into `page`, and what is kept of it.
fn chosen(plan: PlanId, scored: Vec<(Hit, Scored, Values)>, page: &mut Vec<Hit>) -> Vec<Impression> {
    let places = exploration::page(plan, scored.len());
    let mut scored: Vec<Option<(Hit, Scored, Values)>> = scored.into_iter().map(Some).collect();
    let mut kept = Vec::with_capacity(places.len());
    for (Place { nth, propensity, is_exploration }, position) in places.into_iter().zip(1..) {
        let Some((hit, scored, values)) = scored.get_mut(nth).and_then(Option::take) else { continue };
        kept.push(Impression {
            company: hit.company.id.clone(),
            name: hit.company.name.clone(),
            position,
            fit: scored.fit,
            rule_fit: hit.fit,
            scored_by: scored.scored_by,
            reasons: scored.reasons.clone(),
            propensity,
            is_exploration,
            shadow: scored.shadow,
            values,
        });
        page.push(Hit { fit: scored.fit, reasons: scored.reasons, ..hit });
    }
    kept
}
