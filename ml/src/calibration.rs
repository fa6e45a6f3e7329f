//! From a score to a probability that means the same for every scorer.

/// A rising step function from score to probability (isotonic regression), straight between the steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// Scores, rising.
    pub scores: Vec<f32>,
    /// Probability at each score, rising.
    pub shares: Vec<f32>,
}

impl Calibration {
    /// Fits to pairs of score and outcome. `prior` is a probability for each score believed before
    /// seeing the pairs (weight: `belief` pairs a block), so that few pairs do not lead to certainty.
    #[must_use]
    pub fn fit(pairs: &[(f32, bool)], prior: impl Fn(f32) -> f32, belief: f32) -> Self {
        let mut sorted: Vec<(f32, bool)> = pairs.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Blocks of (sum of scores, hits, count); merged while they fall.
        let mut blocks: Vec<(f32, f32, f32)> = Vec::new();
        for (score, hit) in sorted {
            blocks.push((score, f32::from(u8::from(hit)), 1.0));
            while let [.., before, last] = blocks.as_mut_slice() {
                if before.1 / before.2 < last.1 / last.2 {
                    break;
                }
                *before = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
                blocks.pop();
            }
        }
        let mut fitted = Self::default();
        for (scores, hits, count) in blocks {
            let score = scores / count;
            let share = (hits + belief * prior(score)) / (count + belief);
            let floor = fitted.shares.last().copied().unwrap_or(0.0);
            fitted.scores.push(score);
            fitted.shares.push(share.max(floor));
        }
        fitted
    }

    /// The probability of a score.
    #[must_use]
    pub fn share(&self, score: f32) -> f32 {
        let after = self.scores.partition_point(|at| *at <= score);
        let Some(upper) = self.scores.get(after) else { return self.shares.last().copied().unwrap_or(0.0) };
        if after == 0 {
            return self.shares[0];
        }
        let (low, left, right) = (self.scores[after - 1], self.shares[after - 1], self.shares[after]);
        left + (right - left) * (score - low) / (upper - low).max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_and_shows_the_share_of_hits() {
        let pairs: Vec<(f32, bool)> = (0..1000).map(|at| (at as f32 / 1000.0, at % 10 < at / 100)).collect();
        let fitted = Calibration::fit(&pairs, |score| score, 0.0);
        assert!(fitted.shares.windows(2).all(|two| two[0] <= two[1]));
        assert!((fitted.share(0.55) - 0.5).abs() < 0.12, "{}", fitted.share(0.55));
        assert!(fitted.share(2.0) >= 0.9 && fitted.share(-1.0) <= 0.1);
    }

    #[test]
    fn few_pairs_do_not_make_certain() {
        let fitted = Calibration::fit(&[(1.0, true), (2.0, true)], |_| 0.5, 4.0);
        assert!(fitted.share(2.0) < 0.8);
        assert_eq!(Calibration::default().share(1.0), 0.0);
    }
}
