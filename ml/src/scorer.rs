//! The learned fit of a company: how likely the team takes it up, with what each input adds.

use domain::feature::{Feature, Values};
use domain::search::Reason;

use crate::features::in_words;
use crate::logistic::{Case, Logistic};
use crate::package::{self, Refused};

/// The name of the input that stands before the features: the fit by the stated rules.
pub const QUESTION_FIT: &str = "question_fit";

/// Numbers in [`inputs`].
const WIDTH: usize = 9;

/// A scorer that was learnt from decisions.
#[derive(Debug, Clone, PartialEq)]
pub struct FitScorer(Logistic);

/// What the scorer reads, by name; the schema of its versions.
#[must_use]
pub fn schema() -> String {
    let names: Vec<&str> = std::iter::once(QUESTION_FIT).chain(Feature::ALL.map(Feature::name)).collect();
    package::schema_of(&names)
}

/// The inputs of a company: the fit by the rules (0 to 100) and the features; money as its logarithm.
#[must_use]
pub fn inputs(rule_fit: f64, values: &Values) -> Vec<Option<f64>> {
    let mut inputs = Vec::with_capacity(WIDTH);
    inputs.push(Some(rule_fit / 100.0));
    for feature in Feature::ALL {
        let value = values[feature.place()];
        inputs.push(match feature {
            Feature::RecentFundingAmount => value.map(f64::ln_1p),
            _ => value,
        });
    }
    inputs
}

impl FitScorer {
    /// Learns from cases whose inputs are made by [`inputs`].
    #[must_use]
    pub fn train(cases: &[Case], seed: u64) -> Self {
        Self(Logistic::train(cases, seed))
    }

    /// The scorer as bytes.
    ///
    /// # Errors
    /// Never for weights that were trained.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refused> {
        package::pack(&schema(), &self.0)
    }

    /// Opens a version's bytes.
    ///
    /// # Errors
    /// When they are not exactly what was trained, or read other features.
    pub fn from_bytes(bytes: &[u8], hash: &str) -> Result<Self, Refused> {
        let weights: Logistic = package::open(bytes, hash, &schema())?;
        if weights.is_sound(WIDTH) { Ok(Self(weights)) } else { Err(Refused::Unsound) }
    }

    /// The probability that the team takes it up.
    #[must_use]
    pub fn score(&self, inputs: &[Option<f64>]) -> f64 {
        self.0.score(inputs)
    }

    /// The fit, 0 to 100, and reasons that add up to it.
    #[must_use]
    pub fn fit(&self, rule_fit: f64, values: &Values) -> (f64, Vec<Reason>) {
        let (p, base, parts) = self.0.explain(&inputs(rule_fit, values));
        let reason = |label: String, share: f64| {
            let points = 100.0 * share;
            Reason { label, points, points_max: 100.0 }
        };
        let mut reasons = vec![reason("companies that your team is shown, on average".to_owned(), base)];
        let label = format!("how well it answers the question ({rule_fit:.0} of 100)");
        reasons.push(reason(label, parts[0]));
        for (feature, part) in Feature::ALL.into_iter().zip(&parts[1..]) {
            let known =
                values[feature.place()].map_or("unknown".to_owned(), |value| in_words(feature, value));
            reasons.push(reason(format!("{}: {known}", feature.label()), *part));
        }
        (100.0 * p, reasons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scorer() -> FitScorer {
        let case = |at: u32| {
            let mut values: Values = [None; 8];
            values[Feature::GeographicFit.place()] = Some(f64::from(at % 2));
            values[Feature::RecentFundingAmount.place()] = at.is_multiple_of(3).then_some(1e6);
            Case { inputs: inputs(f64::from(40 + at % 50), &values), is_hit: at % 2 == 1, weight: 1.0 }
        };
        FitScorer::train(&(0..120).map(case).collect::<Vec<_>>(), 3)
    }

    #[test]
    fn reasons_add_up_and_name_what_is_unknown() {
        let mut values: Values = [None; 8];
        values[Feature::GeographicFit.place()] = Some(1.0);
        let (fit, reasons) = scorer().fit(70.0, &values);
        assert!(fit > 60.0, "{fit}");
        assert!((reasons.iter().map(|reason| reason.points).sum::<f64>() - fit).abs() < 1e-6);
        assert!(reasons.iter().any(|reason| reason.label == "where your partners are: 100 %"));
        assert!(reasons.iter().any(|reason| reason.label == "pace of its deals: unknown"));
    }

    #[test]
    fn bytes_bring_back_the_same_scorer_and_a_cut_file_brings_none() {
        let bytes = scorer().to_bytes().expect("packs");
        let hash = package::sha256(&bytes);
        let back = FitScorer::from_bytes(&bytes, &hash).expect("whole");
        for fit in 0..100 {
            let inputs = inputs(f64::from(fit), &[None; 8]);
            // Numbers are read back to the last digit but one.
            assert!((back.score(&inputs) - scorer().score(&inputs)).abs() < 1e-12);
        }
        assert!(FitScorer::from_bytes(&bytes[..bytes.len() / 2], &hash).is_err());
        let other = package::pack(&package::schema_of(&["size"]), &scorer().0).expect("packs");
        let refused = FitScorer::from_bytes(&other, &package::sha256(&other));
        assert!(matches!(refused, Err(Refused::Schema { .. })), "{refused:?}");
        let narrow = Logistic::train(&[Case { inputs: vec![Some(1.0)], is_hit: true, weight: 1.0 }], 1);
        let narrow = package::pack(&schema(), &narrow).expect("packs");
        assert_eq!(FitScorer::from_bytes(&narrow, &package::sha256(&narrow)), Err(Refused::Unsound));
    }

    #[test]
    fn money_counts_by_its_magnitude() {
        let mut values: Values = [None; 8];
        values[Feature::RecentFundingAmount.place()] = Some(0.0);
        assert_eq!(inputs(50.0, &values)[3], Some(0.0));
        values[Feature::RecentFundingAmount.place()] = None;
        assert_eq!(inputs(50.0, &values)[3], None);
    }
}
