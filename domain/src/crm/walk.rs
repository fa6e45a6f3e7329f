//! How a walk over a CRM's records goes on, and what it may conclude when it is through.
//!
//! A walk goes by the records' ids inside a fixed window of modification times. What is modified under way falls out of
//! the window and into the next; ties do not matter; no query is about more than one page.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Every poll reads again what was modified so long before the newest record seen: records appear late and out of order.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// How often a longer stretch is read again.
pub const SWEEP_EVERY: TimeDelta = TimeDelta::hours(1);
/// How long that stretch is.
pub const SWEEP: TimeDelta = TimeDelta::hours(2);
/// Of what is known, so many in a hundred may be gone at once before somebody has to confirm it.
const GONE_PERCENT: u64 = 2;
/// So few may always be gone.
const GONE_FEW: u64 = 5;

/// What a walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Everything, because nothing is known yet.
    Backfill,
    /// What changed since the last one.
    Poll,
    /// What changed lately, again.
    Sweep,
}

/// A walk under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// What for.
    pub kind: Kind,
    /// Modified since; none: ever.
    pub since: Option<DateTime<Utc>>,
    /// Modified until: when the walk began.
    pub until: DateTime<Utc>,
    /// The provider's mark of the last record read.
    pub after: Option<String>,
    /// When the newest record read was modified.
    pub newest: Option<DateTime<Utc>>,
    /// Records read.
    pub rows: u64,
}

/// Where the following of one object of one CRM stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything modified up to then was seen, lag apart.
    pub watermark: Option<DateTime<Utc>>,
    /// The backfill went through.
    #[serde(default)]
    pub is_filled: bool,
    /// When a longer stretch was last read again.
    pub swept_at: Option<DateTime<Utc>>,
    /// When a walk last went through.
    #[serde(default)]
    pub walked_at: Option<DateTime<Utc>>,
    /// The walk under way.
    pub walk: Option<Walk>,
}

/// What a page told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Records in it.
    pub rows: u64,
    /// When its newest record was modified.
    pub newest: Option<DateTime<Utc>>,
    /// The mark to go on after; none when it was the last.
    pub next: Option<String>,
}

impl Cursor {
    /// The walk under way, or the next.
    pub fn begin(&mut self, now: DateTime<Utc>) -> &Walk {
        let walk = match self.walk.take() {
            Some(walk) => walk,
            None => self.next(now),
        };
        self.walk.insert(walk)
    }

    fn next(&self, now: DateTime<Utc>) -> Walk {
        let is_sweep = self.swept_at.is_none_or(|at| now - at >= SWEEP_EVERY);
        let (kind, since) = if !self.is_filled {
            (Kind::Backfill, None)
        } else if is_sweep {
            (Kind::Sweep, self.watermark.map(|mark| mark.min(now) - SWEEP))
        } else {
            (Kind::Poll, self.watermark.map(|mark| mark - OVERLAP))
        };
        Walk { kind, since, until: now, after: None, newest: None, rows: 0 }
    }

    /// Goes past a page; true when that was the last. The watermark moves only then, to the newest record seen and never
    /// to now: what was modified and not yet shown would be lost.
    pub fn advance(&mut self, seen: &Seen, now: DateTime<Utc>) -> bool {
        let Some(walk) = &mut self.walk else { return true };
        walk.rows += seen.rows;
        walk.newest = walk.newest.max(seen.newest);
        if let Some(next) = &seen.next {
            walk.after = Some(next.clone());
            return false;
        }
        // What was modified during the walk may stand before the place where the walk was.
        let reached = walk.newest.map(|newest| newest.min(walk.until));
        self.watermark = self.watermark.max(reached);
        if walk.kind != Kind::Poll {
            self.swept_at = Some(walk.until);
        }
        self.is_filled = true;
        self.walked_at = Some(now);
        self.walk = None;
        true
    }
}

/// Whether so many records may be taken for deleted without anybody confirming it.
pub fn may_remove(known: u64, gone: u64) -> bool {
    gone <= GONE_FEW || gone * 100 <= known * GONE_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap_or_default()
    }

    #[test]
    fn a_walk_with_no_rows_leaves_the_watermark() {
        let mut cursor = Cursor { watermark: Some(at(0)), is_filled: true, ..Cursor::default() };
        cursor.begin(at(9000));
        assert!(cursor.advance(&Seen { rows: 0, newest: None, next: None }, at(9001)));
        assert_eq!(cursor.watermark, Some(at(0)));
    }

    #[test]
    fn a_walk_is_taken_up_where_it_was() {
        let mut cursor = Cursor::default();
        cursor.begin(at(0));
        assert!(!cursor.advance(&Seen { rows: 200, newest: Some(at(-50)), next: Some("9".into()) }, at(1)));
        let walk = cursor.begin(at(500)).clone();
        assert_eq!((walk.until, walk.after.as_deref(), walk.kind), (at(0), Some("9"), Kind::Backfill));
    }

    #[test]
    fn few_may_go_and_many_may_not() {
        assert!(may_remove(10, 5) && may_remove(1000, 20) && !may_remove(1000, 21) && !may_remove(10, 6));
    }

    proptest! {
        /// Records are modified at any time and shown up to 55 minutes later; polls every 5 minutes miss none.
        #[test]
        fn nothing_is_lost_to_lag(records in prop::collection::vec((0..30_000i64, 0..3300i64, 0..40u32), 1..60)) {
            let mut cursor = Cursor { is_filled: true, watermark: Some(at(0)), ..Cursor::default() };
            let mut seen = std::collections::BTreeSet::new();
            let mut now = 0;
            while now < 42_000 {
                let begun = now;
                loop {
                    let walk = cursor.begin(at(begun)).clone();
                    let from: u32 = walk.after.as_deref().map_or(0, |mark| mark.parse().unwrap_or(0));
                    let mut shown: Vec<(u32, i64)> = records.iter().enumerate()
                        .filter(|(_, (changed, lag, _))| changed + lag <= now
                            && walk.since.is_none_or(|since| at(*changed) >= since) && at(*changed) <= walk.until)
                        .map(|(id, (changed, ..))| (u32::try_from(id).unwrap_or(0) + 1, *changed))
                        .filter(|(id, _)| *id > from).collect();
                    shown.sort_unstable();
                    let is_last = shown.len() <= 7;
                    shown.truncate(7);
                    seen.extend(shown.iter().map(|(id, _)| *id));
                    let page = Seen {
                        rows: shown.len() as u64,
                        newest: shown.iter().map(|(_, changed)| at(*changed)).max(),
                        next: if is_last { None } else { shown.last().map(|(id, _)| id.to_string()) },
                    };
                    now += 1;
                    if cursor.advance(&page, at(now)) { break }
                }
                now = begun + 300;
            }
            prop_assert_eq!(seen.len(), records.len());
        }
    }
}
