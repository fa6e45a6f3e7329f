//! How good scores are: precision, order, calibration, drift, and whether a fall is more than chance.

use serde::{Deserialize, Serialize};

/// Bins of calibration and of drift.
const BINS: usize = 10;
/// Fewest labels on either side of a comparison.
pub const LABELS_MIN: u32 = 50;
/// A fall that matters, relative to what it was.
pub const FALL_MAX: f64 = 0.05;
/// Two-sided 95 %.
const Z: f64 = 1.959_964;

/// Some of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Share {
    /// Hits.
    pub hits: u32,
    /// Of so many.
    pub of: u32,
}

impl Share {
    /// The share; none of nothing.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.hits) / f64::from(self.of))
    }

    /// Wilson's interval at 95 %; the whole range of nothing.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        let Some(p) = self.value() else { return (0.0, 1.0) };
        let n = f64::from(self.of);
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / (1.0 + Z * Z / n);
        ((middle - reach).max(0.0), (middle + reach).min(1.0))
    }
}

/// Whether a share fell by more than [`FALL_MAX`], relative, and by more than chance: Newcombe's interval of the
/// difference lies below zero. Never on few labels.
#[must_use]
pub fn fell(before: Share, now: Share) -> bool {
    if before.of < LABELS_MIN || now.of < LABELS_MIN {
        return false;
    }
    let (Some(was), Some(is)) = (before.value(), now.value()) else { return false };
    let (was_low, _) = before.interval();
    let (_, is_high) = now.interval();
    let upper = (is - was) + ((is_high - is).powi(2) + (was - was_low).powi(2)).sqrt();
    is < was * (1.0 - FALL_MAX) && upper < 0.0
}

/// Mean square of probability less outcome.
#[must_use]
pub fn brier(scored: &[(f64, bool)]) -> f64 {
    let sum: f64 = scored.iter().map(|(p, hit)| (p - f64::from(u8::from(*hit))).powi(2)).sum();
    sum / scored.len().max(1) as f64
}

/// Expected calibration error over ten bins of equal width.
#[must_use]
pub fn calibration_error(scored: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); BINS];
    for (p, hit) in scored {
        let bin = &mut bins[((p * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + p, bin.1 + f64::from(u8::from(*hit)), bin.2 + 1.0);
    }
    bins.iter().map(|(p, hits, _)| (p - hits).abs()).sum::<f64>() / scored.len().max(1) as f64
}

/// The chance that a hit stands above a miss; ties count half. None without both.
#[must_use]
pub fn auc(scored: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wins, mut misses, mut hits, mut at) = (0.0, 0.0, 0.0, 0);
    while at < sorted.len() {
        let end = at + sorted[at..].partition_point(|one| one.0 <= sorted[at].0);
        let here = sorted[at..end].iter().filter(|one| one.1).count() as f64;
        let other = (end - at) as f64 - here;
        wins += here * (misses + other / 2.0);
        (misses, hits, at) = (misses + other, hits + here, end);
    }
    (hits > 0.0 && misses > 0.0).then(|| wins / (hits * misses))
}

/// Share of hits among the first `k` of a list in order.
#[must_use]
pub fn precision_at(k: usize, relevant: &[bool]) -> Option<f64> {
    let first = &relevant[..relevant.len().min(k)];
    (!first.is_empty()).then(|| first.iter().filter(|hit| **hit).count() as f64 / first.len() as f64)
}

/// Normalised discounted gain of the first `k` of a list in order; none without a hit.
#[must_use]
pub fn ndcg_at(k: usize, relevant: &[bool]) -> Option<f64> {
    let gain = |list: &[bool]| -> f64 {
        let places = list.iter().take(k).enumerate().filter(|(_, hit)| **hit);
        places.map(|(at, _)| 1.0 / (at as f64 + 2.0).log2()).sum()
    };
    let mut ideal = relevant.to_vec();
    ideal.sort_by(|a, b| b.cmp(a));
    let best = gain(&ideal);
    (best > 0.0).then(|| gain(relevant) / best)
}

/// Population stability index of a feature: how far the values now lie from those before. Missing is a bin of its
/// own. Under 0.1 is stable, 0.1 to 0.25 is to be watched, above is to be acted on.
#[must_use]
pub fn psi(before: &[Option<f64>], now: &[Option<f64>]) -> Option<f64> {
    if before.is_empty() || now.is_empty() {
        return None;
    }
    let mut known: Vec<f64> = before.iter().copied().flatten().collect();
    known.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> =
        (1..BINS).filter_map(|part| known.get(part * known.len() / BINS)).copied().collect();
    cuts.dedup();
    let spread = |values: &[Option<f64>]| -> Vec<f64> {
        let mut counts = vec![0.0; cuts.len() + 2];
        for value in values {
            let bin = value.map_or(0, |value| 1 + cuts.partition_point(|cut| *cut < value));
            counts[bin] += 1.0;
        }
        // Half a value in each bin, so that an empty one does not count infinitely.
        let all = values.len() as f64 + 0.5 * counts.len() as f64;
        counts.into_iter().map(|count| (count + 0.5) / all).collect()
    };
    let parts = spread(before).into_iter().zip(spread(now));
    Some(parts.map(|(was, is)| (is - was) * (is / was).ln()).sum())
}

/// True when a tenant is served by the challenger, which serves so many per cent of tenants. Which ones follows from
/// the name of the version, so that not the same ones try everything.
#[must_use]
pub fn is_in_trial(tenant: u128, version: &str, share: u8) -> bool {
    let name = u64::from(crate::hashing::word(version.bytes()));
    let folded = (tenant as u64) ^ ((tenant >> 64) as u64) ^ (name << 17);
    crate::logistic::mix(folded) % 100 < u64::from(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_counts_when_it_is_large_and_sure_and_not_on_a_handful() {
        let share = |hits, of| Share { hits, of };
        assert!(fell(share(400, 500), share(300, 500)));
        assert!(!fell(share(10, 12), share(2, 12)), "twelve labels say nothing");
        assert!(!fell(share(400, 500), share(390, 500)), "2.5 % is no fall");
        assert!(!fell(share(48, 60), share(43, 60)), "10 %, but it may be chance");
        assert!(!fell(share(300, 500), share(400, 500)), "a rise is no fall");
        assert!(!fell(share(400, 500), share(10, 49)));
    }

    #[test]
    fn figures_of_known_lists() {
        let scored = [(0.9, true), (0.8, true), (0.3, false), (0.3, true), (0.1, false)];
        assert!((auc(&scored).expect("both") - 5.5 / 6.0).abs() < 1e-12);
        assert!((brier(&[(1.0, true), (0.5, false)]) - 0.125).abs() < 1e-12);
        assert!((calibration_error(&[(0.25, false), (0.25, true)]) - 0.25).abs() < 1e-12);
        assert_eq!(precision_at(2, &[true, false, true]), Some(0.5));
        assert_eq!(ndcg_at(10, &[true, false]), Some(1.0));
        let second = ndcg_at(10, &[false, true]).expect("a hit");
        assert!((second - 1.0 / 3.0_f64.log2()).abs() < 1e-12);
        assert_eq!((auc(&scored[..2]), ndcg_at(10, &[false])), (None, None));
    }

    #[test]
    fn drift_is_seen_and_sameness_is_not() {
        let values = |from: u32| -> Vec<Option<f64>> {
            (0..1000_u32).map(|at| (!at.is_multiple_of(10)).then(|| f64::from(from + at % 100))).collect()
        };
        assert!(psi(&values(0), &values(0)).expect("both") < 0.01);
        assert!(psi(&values(0), &values(40)).expect("both") > 0.25);
        assert!(psi(&values(0), &vec![None; 1000]).expect("both") > 0.25, "all missing is drift");
        assert_eq!(psi(&[], &values(0)), None);
    }

    #[test]
    fn a_trial_reaches_about_its_share_of_tenants() {
        let count = |share| {
            let tenants = (0..2000_u128).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
            tenants.filter(|tenant| is_in_trial(*tenant, "1.2.0", share)).count()
        };
        assert_eq!((count(0), count(100)), (0, 2000));
        assert!((160..240).contains(&count(10)), "{}", count(10));
    }
}
