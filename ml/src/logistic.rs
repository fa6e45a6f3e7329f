//! Logistic regression over a dozen numbers of which each may be missing, fitted exactly and calibrated.

use serde::{Deserialize, Serialize};

/// How strongly weights are pulled towards zero.
const PULL: f64 = 2.0;
/// Most rounds of Newton's method; it converges in about eight.
const ROUNDS_MAX: usize = 40;
/// Parts of the cross-validation that calibrates.
const FOLDS: u64 = 5;

/// A case: what is known, whether it was a hit, and how much it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The inputs; none is missing.
    pub inputs: Vec<Option<f64>>,
    /// The outcome.
    pub is_hit: bool,
    /// How much the case counts; 1 is one case.
    pub weight: f64,
}

/// A fitted scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// Mean of each input among those known.
    means: Vec<f64>,
    /// Spread of each input.
    spreads: Vec<f64>,
    /// Log-odds for one spread above the mean.
    weights: Vec<f64>,
    /// Log-odds when an input is missing, against its mean.
    missing: Vec<f64>,
    /// Log-odds of a case that is average in everything.
    bias: f64,
    /// Calibration: log-odds are multiplied by the first and shifted by the second.
    stretch: (f64, f64),
}

/// A probability from log-odds.
#[must_use]
pub fn share(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

impl Logistic {
    /// Fits to the cases; the order of folds is drawn from `seed`. All cases have as many inputs as the first.
    #[must_use]
    pub fn train(cases: &[Case], seed: u64) -> Self {
        let width = cases.first().map_or(0, |case| case.inputs.len());
        let mut fitted = Self::fit(&cases.iter().collect::<Vec<_>>(), width);
        let mut held_out = Vec::with_capacity(cases.len());
        let fold = |at: usize| mix(seed ^ at as u64) % FOLDS;
        for part in 0..FOLDS {
            let rest: Vec<&Case> =
                cases.iter().enumerate().filter(|(at, _)| fold(*at) != part).map(|(_, case)| case).collect();
            let without = Self::fit(&rest, width);
            let mine = cases.iter().enumerate().filter(|(at, _)| fold(*at) == part).map(|(_, case)| case);
            held_out.extend(mine.map(|case| (without.odds(&case.inputs), case.is_hit, case.weight)));
        }
        fitted.stretch = calibrate(&held_out);
        fitted
    }

    fn fit(cases: &[&Case], width: usize) -> Self {
        let (means, spreads) = (0..width).map(|at| moments(cases, at)).unzip();
        let mut fitted = Self {
            means,
            spreads,
            weights: vec![0.0; width],
            missing: vec![0.0; width],
            bias: 0.0,
            stretch: (1.0, 0.0),
        };
        let rows: Vec<Vec<f64>> = cases.iter().map(|case| fitted.row(&case.inputs)).collect();
        let targets: Vec<(f64, f64)> =
            cases.iter().map(|case| (f64::from(u8::from(case.is_hit)), case.weight)).collect();
        let found = newton(&rows, &targets, 2 * width + 1);
        fitted.weights.copy_from_slice(&found[..width]);
        fitted.missing.copy_from_slice(&found[width..2 * width]);
        fitted.bias = found[2 * width];
        fitted
    }

    /// Standardised inputs, then a mark for each missing one, then one for the bias.
    fn row(&self, inputs: &[Option<f64>]) -> Vec<f64> {
        let width = self.means.len();
        let mut row = vec![0.0; 2 * width + 1];
        for (at, input) in inputs.iter().enumerate().take(width) {
            match input {
                // Far outside what was seen a straight line no longer holds.
                Some(value) => row[at] = ((value - self.means[at]) / self.spreads[at]).clamp(-4.0, 4.0),
                None => row[width + at] = 1.0,
            }
        }
        row[2 * width] = 1.0;
        row
    }

    fn odds(&self, inputs: &[Option<f64>]) -> f64 {
        self.parts(inputs).iter().sum::<f64>() + self.bias
    }

    /// Log-odds that each input adds, before calibration.
    fn parts(&self, inputs: &[Option<f64>]) -> Vec<f64> {
        let row = self.row(inputs);
        let width = self.means.len();
        (0..width).map(|at| row[at] * self.weights[at] + row[width + at] * self.missing[at]).collect()
    }

    /// The probability of a hit and what each input adds to it; the first number is that of an average case.
    /// Average and parts add up to the probability.
    #[must_use]
    pub fn explain(&self, inputs: &[Option<f64>]) -> (f64, f64, Vec<f64>) {
        let (slope, shift) = self.stretch;
        let base = slope * self.bias + shift;
        let parts: Vec<f64> = self.parts(inputs).into_iter().map(|part| slope * part).collect();
        let sum: f64 = parts.iter().sum();
        let (from, to) = (share(base), share(base + sum));
        // The mean steepness between both ends: along a straight way each part gets its own piece of the climb.
        let steepness = if sum.abs() < 1e-9 { from * (1.0 - from) } else { (to - from) / sum };
        (to, from, parts.into_iter().map(|part| part * steepness).collect())
    }

    /// The probability of a hit.
    #[must_use]
    pub fn score(&self, inputs: &[Option<f64>]) -> f64 {
        let (slope, shift) = self.stretch;
        share(slope * self.odds(inputs) + shift)
    }

    /// True when its parts fit together and are numbers.
    #[must_use]
    pub fn is_sound(&self, width: usize) -> bool {
        let lists = [&self.means, &self.spreads, &self.weights, &self.missing];
        let singles = [self.bias, self.stretch.0, self.stretch.1];
        lists.iter().all(|list| list.len() == width && list.iter().all(|number| number.is_finite()))
            && singles.iter().all(|number| number.is_finite())
            && self.spreads.iter().all(|spread| *spread > 0.0)
            && self.stretch.0 > 0.0
    }
}

/// Mean and spread of an input among the cases that know it.
fn moments(cases: &[&Case], at: usize) -> (f64, f64) {
    let known: Vec<f64> = cases.iter().filter_map(|case| case.inputs.get(at).copied().flatten()).collect();
    let count = known.len().max(1) as f64;
    let mean = known.iter().sum::<f64>() / count;
    let spread = (known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    (mean, if spread > 1e-9 { spread } else { 1.0 })
}

/// Weights of least loss, by Newton's method; the last one, the bias, is not pulled to zero.
fn newton(rows: &[Vec<f64>], targets: &[(f64, f64)], width: usize) -> Vec<f64> {
    let mut found = vec![0.0; width];
    for _ in 0..ROUNDS_MAX {
        let mut slope: Vec<f64> = found.iter().map(|weight| PULL * weight).collect();
        let mut curve = vec![vec![0.0; width]; width];
        slope[width - 1] = 0.0;
        for (at, line) in curve.iter_mut().enumerate() {
            line[at] = if at + 1 == width { 1e-6 } else { PULL };
        }
        for (row, (target, weight)) in rows.iter().zip(targets) {
            let p = share(row.iter().zip(&found).map(|(x, w)| x * w).sum());
            let (error, bend) = (weight * (p - target), weight * (p * (1.0 - p)).max(1e-6));
            for (at, x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                slope[at] += error * x;
                curve[at].iter_mut().zip(row).for_each(|(cell, other)| *cell += bend * x * other);
            }
        }
        let step = solve(curve, slope);
        let length: f64 = step.iter().map(|part| part * part).sum::<f64>().sqrt();
        // A long step overshoots where the curve flattens out.
        let most = if length > 5.0 { 5.0 / length } else { 1.0 };
        found.iter_mut().zip(&step).for_each(|(weight, part)| *weight -= most * part);
        if length < 1e-9 {
            break;
        }
    }
    found
}

/// Solves `matrix * x = right` by elimination; the matrix is positive definite.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let width = right.len();
    for at in 0..width {
        let row = matrix[at].clone();
        for below in at + 1..width {
            let times = matrix[below][at] / row[at];
            matrix[below].iter_mut().zip(&row).skip(at).for_each(|(cell, above)| *cell -= times * above);
            right[below] -= times * right[at];
        }
    }
    for at in (0..width).rev() {
        let known: f64 = (at + 1..width).map(|next| matrix[at][next] * right[next]).sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}

/// Stretch and shift of log-odds (Platt), from cases that the scorer did not see.
fn calibrate(held_out: &[(f64, bool, f64)]) -> (f64, f64) {
    let hits = held_out.iter().filter(|(_, hit, _)| *hit).count() as f64;
    let misses = held_out.len() as f64 - hits;
    // Softened targets, so that a clean split does not make certain.
    let target = |hit: bool| if hit { (hits + 1.0) / (hits + 2.0) } else { 1.0 / (misses + 2.0) };
    let (mut slope, mut shift) = (1.0, 0.0);
    for _ in 0..ROUNDS_MAX {
        // Pulled towards leaving the scores as they are.
        let (mut gs, mut gb, mut ss, mut sb, mut bb) = (slope - 1.0, 0.0, 1.0, 0.0, 1e-6);
        for (odds, hit, weight) in held_out {
            let p = share(slope * odds + shift);
            let (error, bend) = (weight * (p - target(*hit)), weight * (p * (1.0 - p)).max(1e-6));
            gs += error * odds;
            gb += error;
            ss += bend * odds * odds;
            sb += bend * odds;
            bb += bend;
        }
        let det = ss * bb - sb * sb;
        let (ds, db) = ((bb * gs - sb * gb) / det, (ss * gb - sb * gs) / det);
        (slope, shift) = (slope - ds.clamp(-1.0, 1.0), shift - db.clamp(-1.0, 1.0));
        if ds.abs() + db.abs() < 1e-9 {
            break;
        }
    }
    (slope.clamp(0.05, 3.0), shift)
}

/// A fixed mixing of bits: the same draw on every machine.
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases whose first input decides with noise, whose second says nothing, and whose third is often missing.
    fn cases(count: u64) -> Vec<Case> {
        (0..count)
            .map(|at| {
                let draw = |salt: u64| (mix(at * 7 + salt) % 1000) as f64 / 1000.0;
                let (first, second) = (draw(1), draw(2));
                let third = (draw(3) > 0.5).then(|| draw(4));
                let odds = 6.0 * (first - 0.5) + if third.is_none() { -1.0 } else { 1.0 };
                let inputs = vec![Some(first), Some(second), third];
                Case { inputs, is_hit: draw(5) < share(odds), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn finds_what_decides_and_that_missing_tells() {
        let fitted = Logistic::train(&cases(1500), 1);
        assert!(fitted.is_sound(3));
        assert!(fitted.weights[0] > 1.0, "{fitted:?}");
        assert!(fitted.weights[1].abs() < 0.3, "{fitted:?}");
        assert!(fitted.missing[2] < -0.5, "{fitted:?}");
        let mean_miss: f64 = cases(1500)
            .iter()
            .map(|case| fitted.score(&case.inputs) - f64::from(u8::from(case.is_hit)))
            .sum::<f64>()
            / 1500.0;
        assert!(mean_miss.abs() < 0.02, "{mean_miss}");
    }

    #[test]
    fn reasons_add_up_to_the_score() {
        let fitted = Logistic::train(&cases(300), 1);
        for case in cases(50) {
            let (p, base, parts) = fitted.explain(&case.inputs);
            assert!((base + parts.iter().sum::<f64>() - p).abs() < 1e-9);
            assert!((fitted.score(&case.inputs) - p).abs() < 1e-12);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_scorer() {
        let cases = cases(200);
        assert_eq!(Logistic::train(&cases, 7), Logistic::train(&cases, 7));
        assert_ne!(Logistic::train(&cases, 7), Logistic::train(&cases, 8));
    }

    #[test]
    fn a_clean_split_does_not_make_certain() {
        let split: Vec<Case> = (0..40)
            .map(|at| Case { inputs: vec![Some(f64::from(at))], is_hit: at >= 20, weight: 1.0 })
            .collect();
        let fitted = Logistic::train(&split, 1);
        assert!((0.5..0.9999).contains(&fitted.score(&[Some(39.0)])), "{fitted:?}");
    }
}
