//! How good a page of ten hits is, by graded answers.

use std::collections::BTreeMap;

/// Hits that count.
const TEN: usize = 10;

/// One question's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Relevant ones among the first ten, of the ten or fewer that there are.
    pub precision: f64,
    /// Discounted cumulative gain of the first ten, of the best possible.
    pub ndcg: f64,
    /// One over the place of the first relevant one; 0 without.
    pub reciprocal: f64,
}

impl Score {
    /// From the grades of the hits, best hit first, and all grades there are.
    pub fn of(hits: &[f64], all: &BTreeMap<String, f64>) -> Self {
        let mut ideal: Vec<f64> = all.values().copied().filter(|grade| *grade > 0.0).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        let hits = &hits[..hits.len().min(TEN)];
        let good = hits.iter().filter(|grade| **grade > 0.0).count();
        let first = hits.iter().position(|grade| *grade > 0.0);
        Self {
            precision: good as f64 / ideal.len().clamp(1, TEN) as f64,
            ndcg: gain(hits) / gain(&ideal[..ideal.len().min(TEN)]).max(f64::MIN_POSITIVE),
            reciprocal: first.map_or(0.0, |at| 1.0 / (at + 1) as f64),
        }
    }
}

/// Discounted cumulative gain, with gains of 2^grade - 1.
fn gain(grades: &[f64]) -> f64 {
    grades.iter().enumerate().map(|(at, grade)| (grade.exp2() - 1.0) / ((at + 2) as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_page() {
        let all: BTreeMap<String, f64> =
            [("a", 2.0), ("b", 1.0), ("c", 0.0)].map(|(id, grade)| (id.into(), grade)).into();
        let best = Score::of(&[2.0, 1.0, 0.0], &all);
        assert!((best.precision - 1.0).abs() < 1e-9 && (best.ndcg - 1.0).abs() < 1e-9);
        let late = Score::of(&[0.0, 2.0], &all);
        assert!((late.precision - 0.5).abs() < 1e-9 && (late.reciprocal - 0.5).abs() < 1e-9);
        // 3 / log2(3) of 3 + 1 / log2(3).
        assert!((late.ndcg - 0.5213).abs() < 1e-3, "{}", late.ndcg);
        assert!(Score::of(&[], &all).ndcg.abs() < 1e-9);
    }
}
