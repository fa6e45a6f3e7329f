//! What became of a load.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use storage::probe::Arrived;

use super::connection::Trouble;

/// What the connections counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    acks: Vec<Duration>,
    refused: u64,
    unanswered: u64,
    pub(super) repeated: u64,
    pub(super) repeats_refused: u64,
    first_trouble: Option<String>,
}

impl Tally {
    pub(super) fn count(&mut self, answer: &Result<(), Trouble>, took: Duration) {
        match answer {
            Ok(()) => self.acks.push(took),
            Err(Trouble::Status(status)) => {
                self.refused += 1;
                self.first_trouble.get_or_insert_with(|| format!("status {status}"));
            }
            Err(Trouble::Lost(error)) => {
                self.unanswered += 1;
                self.first_trouble.get_or_insert_with(|| error.to_string());
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.acks.extend(other.acks);
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.repeated += other.repeated;
        self.repeats_refused += other.repeats_refused;
        self.first_trouble = self.first_trouble.take().or(other.first_trouble);
    }
}

/// Percentiles, ms.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Percentiles {
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            // The value that so large a share of all values does not exceed.
            let rank = (times.len() as f64 * share).ceil() as usize;
            times.get(rank.max(1) - 1).map_or(0.0, |time| (time.as_secs_f64() * 1e6).round() / 1000.0)
        };
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0) }
    }
}

/// The figures that are printed.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Commands sent, repeats not counted.
    sent: u64,
    /// Answered 200.
    acknowledged: u64,
    /// Answered otherwise.
    refused: u64,
    /// Not answered at all.
    unanswered: u64,
    /// Sent a second time.
    repeated: u64,
    /// Acknowledged but not in the inbox.
    lost: i64,
    /// In the inbox more than once.
    doubled: i64,
    /// Acknowledged a second.
    per_second: f64,
    /// From when a command was due to its answer.
    ack_ms: Percentiles,
    /// Committing a single row of the same size on the same database, one after the other.
    commit_ms: Percentiles,
    /// The first thing that went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

impl Report {
    pub(super) fn new(tally: Tally, took: Duration, arrived: Arrived, commits: Vec<Duration>) -> Self {
        let acknowledged = tally.acks.len() as u64;
        let unsure = i64::try_from(tally.refused + tally.unanswered).unwrap_or(i64::MAX);
        let missing = i64::try_from(acknowledged).unwrap_or(i64::MAX) - arrived.different;
        Self {
            sent: acknowledged + tally.refused + tally.unanswered,
            acknowledged,
            refused: tally.refused + tally.repeats_refused,
            unanswered: tally.unanswered,
            repeated: tally.repeated,
            // What was refused may be stored all the same, which must not hide a loss: then we cannot say
            // better than that at least so many are missing.
            lost: if unsure == 0 { missing } else { missing.max(0) },
            doubled: arrived.rows - arrived.different,
            per_second: (acknowledged as f64 / took.as_secs_f64()).round(),
            ack_ms: Percentiles::of(tally.acks),
            commit_ms: Percentiles::of(commits),
            trouble: tally.first_trouble,
        }
    }

    /// True when every acknowledged command is stored exactly once.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ack_ms, commit_ms, .. } = self;
        writeln!(f, "sent         {:>10}   {} a second acknowledged", self.sent, self.per_second)?;
        writeln!(f, "refused      {:>10}", self.refused)?;
        writeln!(f, "unanswered   {:>10}", self.unanswered)?;
        writeln!(f, "lost         {:>10}", self.lost)?;
        writeln!(f, "doubled      {:>10}   of {} sent twice", self.doubled, self.repeated)?;
        writeln!(
            f,
            "ack          p50 {:.2}  p95 {:.2}  p99 {:.2}  max {:.2} ms",
            ack_ms.p50, ack_ms.p95, ack_ms.p99, ack_ms.max
        )?;
        write!(
            f,
            "one commit   p50 {:.2}  p95 {:.2}  p99 {:.2}  max {:.2} ms",
            commit_ms.p50, commit_ms.p95, commit_ms.p99, commit_ms.max
        )?;
        match &self.trouble {
            Some(trouble) => write!(f, "\nfirst trouble: {trouble}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ranks() {
        let times = (1..=200).map(Duration::from_millis).collect();
        let p = Percentiles::of(times);
        assert_eq!((p.p50, p.p95, p.p99, p.max), (100.0, 190.0, 198.0, 200.0));
        assert_eq!(Percentiles::of(Vec::new()).max, 0.0);
    }

    #[test]
    fn a_missing_row_is_a_loss_and_a_second_one_a_double() {
        let tally = |refused| Tally { acks: vec![Duration::ZERO; 5], refused, ..Tally::default() };
        let second = Duration::from_secs(1);
        let good = Report::new(tally(0), second, Arrived { rows: 5, different: 5 }, Vec::new());
        assert!(good.is_clean());
        let lost = Report::new(tally(0), second, Arrived { rows: 4, different: 4 }, Vec::new());
        assert_eq!((lost.lost, lost.doubled), (1, 0));
        let doubled = Report::new(tally(1), second, Arrived { rows: 7, different: 5 }, Vec::new());
        assert_eq!((doubled.lost, doubled.doubled), (0, 2));
    }
}
