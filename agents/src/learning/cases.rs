//! Labelled cases for training: who was shown and decided on, with what was known at that moment and not later.

use chrono::{DateTime, Utc};
use domain::feature::Values;
use ml::hazard::Stay;
use ml::logistic::Case;
use ml::scorer::inputs;
use serde_json::{Value, json};
use storage::labels::{self, Decided};
use storage::{Tx, features, learning};

use super::Error;

/// Most that one case counts, however unlikely it was to be shown.
const WEIGHT_MAX: f64 = 10.0;
const DAY_S: f64 = 86_400.0;

/// A decided company with its features as of the moment it was shown.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) decided: Decided,
    pub(super) values: Values,
}

impl Judged {
    pub(super) fn is_hit(&self) -> bool {
        self.decided.value >= 0.5
    }

    /// The case as the scorer learns from it; who had little chance of being shown counts more.
    pub(super) fn case(&self) -> Case {
        let weight = (1.0 / f64::from(self.decided.propensity)).clamp(1.0, WEIGHT_MAX);
        let inputs = inputs(f64::from(self.decided.rule_fit), &self.values);
        Case { inputs, is_hit: self.is_hit(), weight }
    }
}

/// Those decided on in a time, in the order of the decisions.
pub(super) async fn judged(
    tx: &mut Tx,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Judged>, Error> {
    let decided = labels::decided(tx, from, until).await?;
    let asked: Vec<(String, DateTime<Utc>)> =
        decided.iter().map(|one| (one.company_id.clone(), one.shown_at)).collect();
    let values = features::as_of(tx, &asked).await?;
    Ok(decided.into_iter().zip(values).map(|(decided, values)| Judged { decided, values }).collect())
}

/// The cases as they are kept, so that a version can be made again from them.
pub(super) fn content(cases: &[Judged]) -> Value {
    let one = |case: &Judged| {
        let Decided { plan_id, company_id, shown_at, at, source, propensity, rule_fit, .. } = &case.decided;
        json!({
            "plan": plan_id, "company": company_id, "shown_at": shown_at, "at": at, "source": source,
            "propensity": propensity, "rule_fit": rule_fit, "values": case.values, "hit": case.is_hit(),
        })
    };
    Value::Array(cases.iter().map(one).collect())
}

/// Stays of deals in stages as known at the end of a time; those that go on are cut there.
pub(super) async fn stays(
    tx: &mut Tx,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, Stay)>, Error> {
    let rows = learning::stays(tx, from, until).await?;
    let open = rows.into_iter().filter(|row| row.stage.is_before_signature());
    let stay = |row: learning::StayRow| {
        let end = row.until.unwrap_or(until);
        let days = (end - row.from).num_seconds() as f64 / DAY_S;
        // Lost and On hold stand behind Signed in the order of stages, but are no way forward.
        let moved_on = row.to.is_some_and(|to| {
            to > row.stage && (to.is_before_signature() || to == domain::deal::Stage::Signed)
        });
        (row.from, Stay { stage: row.stage, days: days.max(0.0), moved_on })
    };
    Ok(open.map(stay).collect())
}
