//! When a deal moves on: the chance by stage and by how long it has been there, a week at a time.

use std::collections::BTreeMap;

use domain::deal::Stage;
use serde::{Deserialize, Serialize};

use crate::package::{self, Refused};

/// The weeks of a stay are told apart up to these; later ones are alike.
const WEEKS: [u32; 6] = [0, 1, 2, 4, 8, 13];
/// Weeks of belief in the stage's own rate for each of its periods, and in the common rate for each stage.
const BELIEF: f64 = 12.0;
/// Days in a week of ours.
pub const WEEK_DAYS: f64 = 7.0;

/// A stay of a deal in a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    /// The stage.
    pub stage: Stage,
    /// How long it lasted, or has lasted so far, days.
    pub days: f64,
    /// Whether it ended with a move forward. A stay that goes on, or ended elsewhere, did not.
    pub moved_on: bool,
}

/// The chance of a move forward in each week, by stage and week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hazard {
    /// By stage name, then by period of [`WEEKS`].
    rates: BTreeMap<String, Vec<f64>>,
    /// Of all stages together.
    common: f64,
}

fn period(week: u32) -> usize {
    WEEKS.partition_point(|from| *from <= week) - 1
}

/// Weeks a stay lived through; a week that was begun counts.
fn weeks(days: f64) -> u32 {
    (days.max(0.0) / WEEK_DAYS).floor() as u32
}

/// The schema of its versions.
#[must_use]
pub fn schema() -> String {
    package::schema_of(&["stage", "weeks in stage"])
}

impl Hazard {
    /// Learns from stays; few of them lean on their stage's rate, and few stays of a stage on the common one.
    #[must_use]
    pub fn train(stays: &[Stay]) -> Self {
        let mut counts: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        let (mut moves, mut lived) = (0.0, 0.0);
        for stay in stays {
            let last = weeks(stay.days);
            let cells =
                counts.entry(stay.stage.name().to_owned()).or_insert_with(|| vec![(0.0, 0.0); WEEKS.len()]);
            for week in 0..=last {
                let hit = f64::from(u8::from(stay.moved_on && week == last));
                let cell = &mut cells[period(week)];
                (cell.0, cell.1) = (cell.0 + hit, cell.1 + 1.0);
                (moves, lived) = (moves + hit, lived + 1.0);
            }
        }
        let common: f64 = (moves + 0.5) / (lived + 10.0);
        let shrunk = |cells: Vec<(f64, f64)>| {
            let hits: f64 = cells.iter().map(|cell| cell.0).sum();
            let weeks: f64 = cells.iter().map(|cell| cell.1).sum();
            let own = (hits + BELIEF * common) / (weeks + BELIEF);
            cells.iter().map(|(hits, weeks)| (hits + BELIEF * own) / (weeks + BELIEF)).collect()
        };
        let rates = counts.into_iter().map(|(stage, cells)| (stage, shrunk(cells))).collect();
        Self { rates, common }
    }

    /// The chance that a deal moves forward within so many days, given how long it has been in its stage.
    #[must_use]
    pub fn chance(&self, stage: Stage, days_in_stage: f64, within_days: f64) -> f64 {
        let from = weeks(days_in_stage);
        let rates = self.rates.get(stage.name());
        let mut stays = 1.0;
        let mut left = within_days / WEEK_DAYS;
        let mut week = from;
        while left > 0.0 {
            let rate = rates.map_or(self.common, |rates| rates[period(week)]);
            stays *= (1.0 - rate).powf(left.min(1.0));
            (week, left) = (week + 1, left - 1.0);
        }
        1.0 - stays
    }

    /// The model as bytes.
    ///
    /// # Errors
    /// Never for rates that were trained.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refused> {
        package::pack(&schema(), self)
    }

    /// Opens a version's bytes.
    ///
    /// # Errors
    /// When they are not exactly what was trained.
    pub fn from_bytes(bytes: &[u8], hash: &str) -> Result<Self, Refused> {
        let hazard: Self = package::open(bytes, hash, &schema())?;
        let is_rate = |rate: &f64| (0.0..=1.0).contains(rate);
        let is_sound = hazard.rates.values().all(|rates| rates.len() == WEEKS.len())
            && hazard.rates.keys().all(|stage| Stage::from_name(stage).is_some())
            && hazard.rates.values().flatten().all(is_rate)
            && is_rate(&hazard.common);
        if is_sound { Ok(hazard) } else { Err(Refused::Unsound) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(stage: Stage, days: f64, moved_on: bool) -> Stay {
        Stay { stage, days, moved_on }
    }

    fn trained() -> Hazard {
        let quick = (0..80).map(|at| stay(Stage::Prospect, f64::from(at % 10), true));
        let slow = (0..80).map(|at| stay(Stage::Negotiation, 60.0 + f64::from(at), at % 4 == 0));
        Hazard::train(&quick.chain(slow).collect::<Vec<_>>())
    }

    #[test]
    fn a_quick_stage_is_told_from_a_slow_one() {
        let hazard = trained();
        let (quick, slow) =
            (hazard.chance(Stage::Prospect, 0.0, 30.0), hazard.chance(Stage::Negotiation, 0.0, 30.0));
        assert!(quick > 0.9, "{quick}");
        assert!(slow < 0.2, "{slow}");
        let unknown = hazard.chance(Stage::LegalReview, 0.0, 30.0);
        assert!(slow < unknown && unknown < quick, "{unknown}");
    }

    #[test]
    fn longer_is_never_less_likely() {
        let hazard = trained();
        let mut before = 0.0;
        for days in 0..120 {
            let chance = hazard.chance(Stage::Negotiation, 3.0, f64::from(days));
            assert!(chance >= before && chance <= 1.0);
            before = chance;
        }
    }

    #[test]
    fn bytes_bring_back_the_same_rates() {
        let bytes = trained().to_bytes().expect("packs");
        let back = Hazard::from_bytes(&bytes, &package::sha256(&bytes)).expect("whole");
        for stage in [Stage::Prospect, Stage::Negotiation, Stage::Proposal] {
            let chance = |hazard: &Hazard| hazard.chance(stage, 10.0, 30.0);
            assert!((chance(&back) - chance(&trained())).abs() < 1e-12);
        }
        assert!(Hazard::from_bytes(&bytes[1..], &package::sha256(&bytes[1..])).is_err());
    }
}
