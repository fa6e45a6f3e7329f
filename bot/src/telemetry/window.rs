//! The last minute of an endpoint: how slow, how many errors. Counted in fixed buckets without locks.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Seconds a slot covers.
const SLOT_S: u64 = 10;
/// Slots kept: a minute.
const SLOTS: usize = 6;
/// Upper bound of the first bucket, ms; each next one is a tenth higher, the last about two minutes.
const FIRST_MS: f64 = 0.05;
const GROWTH: f64 = 1.1;
const BUCKETS: usize = 156;

/// A sliding window over latencies and outcomes.
///
/// A call that is counted while its slot is being cleared for reuse may be lost: a figure of many.
#[derive(Debug)]
pub(super) struct Window([Slot; SLOTS]);

#[derive(Debug)]
struct Slot {
    /// Which stretch of time it holds, in slots since the start; counted from 1.
    stretch: AtomicU64,
    errors: AtomicU32,
    buckets: [AtomicU32; BUCKETS],
}

/// What a window says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// Calls counted.
    pub(super) calls: u64,
    /// Nineteen of twenty calls were at most this slow, ms; off by a tenth at most.
    pub(super) p95_ms: f64,
    /// Share of calls that failed on our side, 0 to 1.
    pub(super) error_rate: f64,
}

impl Window {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| Slot {
            stretch: AtomicU64::new(0),
            errors: AtomicU32::new(0),
            buckets: std::array::from_fn(|_| AtomicU32::new(0)),
        }))
    }

    /// Counts a call that ended `now_s` seconds after the start.
    pub(super) fn count(&self, now_s: u64, latency_ms: f64, is_error: bool) {
        let stretch = now_s / SLOT_S + 1;
        let slot = &self.0[place(stretch)];
        let held = slot.stretch.load(Ordering::Relaxed);
        if held != stretch
            && slot.stretch.compare_exchange(held, stretch, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            slot.errors.store(0, Ordering::Relaxed);
            slot.buckets.iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
        }
        slot.buckets[bucket_of(latency_ms)].fetch_add(1, Ordering::Relaxed);
        if is_error {
            slot.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads the last minute; none without calls.
    pub(super) fn read(&self, now_s: u64) -> Option<Reading> {
        let current = now_s / SLOT_S + 1;
        let live = |slot: &&Slot| {
            let stretch = slot.stretch.load(Ordering::Relaxed);
            stretch > 0 && stretch + SLOTS as u64 > current
        };
        let mut counts = [0_u64; BUCKETS];
        let mut errors = 0_u64;
        for slot in self.0.iter().filter(live) {
            errors += u64::from(slot.errors.load(Ordering::Relaxed));
            for (sum, bucket) in counts.iter_mut().zip(&slot.buckets) {
                *sum += u64::from(bucket.load(Ordering::Relaxed));
            }
        }
        let calls: u64 = counts.iter().sum();
        if calls == 0 {
            return None;
        }
        let wanted = (calls * 95).div_ceil(100);
        let mut seen = 0;
        let slowest = counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let p95_ms = bound_ms(slowest.unwrap_or(BUCKETS - 1));
        Some(Reading { calls, p95_ms, error_rate: errors as f64 / calls as f64 })
    }
}

fn place(stretch: u64) -> usize {
    usize::try_from(stretch % SLOTS as u64).unwrap_or(0)
}

fn bucket_of(latency_ms: f64) -> usize {
    let steps = (latency_ms / FIRST_MS).ln() / GROWTH.ln();
    // Casting saturates: what is below the first bucket, or not a number, counts as the first.
    (steps.ceil() as usize).min(BUCKETS - 1)
}

fn bound_ms(bucket: usize) -> f64 {
    FIRST_MS * GROWTH.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p95_and_error_rate_of_the_last_minute() {
        let window = Window::new();
        assert_eq!(window.read(0), None);
        for i in 1..=100 {
            window.count(5, f64::from(i), i > 98);
        }
        let reading = window.read(5).unwrap();
        assert_eq!(reading.calls, 100);
        assert!((95.0..=95.0 * GROWTH).contains(&reading.p95_ms), "{reading:?}");
        assert!((reading.error_rate - 0.02).abs() < 1e-9);
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let window = Window::new();
        window.count(5, 500.0, true);
        window.count(59, 1.0, false);
        assert_eq!(window.read(59).unwrap().calls, 2);
        assert_eq!(window.read(60).unwrap().calls, 1);
        window.count(65, 1.0, false);
        assert_eq!(window.read(65).unwrap().calls, 2);
        assert_eq!(window.read(500), None);
    }

    #[test]
    fn odd_latencies_have_a_bucket() {
        for latency in [0.0, -1.0, f64::NAN, 1e12] {
            assert!(bucket_of(latency) < BUCKETS);
        }
    }
}
