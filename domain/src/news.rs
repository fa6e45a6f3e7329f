//! News: what a room that follows is told of events, and what a stalled deal is.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::deal::Stage;

/// A deal to which nothing happened for so many days is stalled. HubSpot's and Pipedrive's guides use the same figure.
pub const QUIET_DAYS: i64 = 14;
/// A deal that is in its stage for so many times the usual time is stalled.
pub const SLOW_TIMES: f64 = 1.5;
/// How many deals must have left a stage before its usual time is believed.
pub const USUAL_FROM: i64 = 5;

/// What a room wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Deals that start and move.
    Deals,
    /// Requests that are asked, decided and lapse.
    Decisions,
    /// Contracts that come in, are read and accepted.
    Contracts,
    /// Deals that stalled.
    Stalled,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 4] = [Self::Deals, Self::Decisions, Self::Contracts, Self::Stalled];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Decisions => "decisions",
            Self::Contracts => "contracts",
            Self::Stalled => "stalled",
        }
    }

    /// The kinds of events it stands for.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Deals => &["deal.started", "deal.moved"],
            Self::Decisions => &["approval.opened", "approval.decided", "approval.expired"],
            Self::Contracts => &["contract.added", "terms.extracted", "contract.accepted"],
            Self::Stalled => &["deal.stalled"],
        }
    }

    /// The topics that some kinds of events make up.
    pub fn of_kinds(kinds: &[String]) -> Vec<Self> {
        let has = |topic: &Self| topic.kinds().iter().all(|kind| kinds.iter().any(|known| known == kind));
        Self::ALL.into_iter().filter(has).collect()
    }
}

/// How often a room is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    /// As it happens.
    AtOnce,
    /// Once a day, in the morning.
    Daily,
}

/// What is asked about a room's news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "follow", rename_all = "snake_case")]
pub enum Follow {
    /// What it is told.
    Show,
    /// It is told nothing any more.
    Off,
    /// It is told of topics from now on.
    On {
        /// Which.
        topics: Vec<Topic>,
        /// Of moves, only those to this stage.
        stage: Option<Stage>,
        /// How often.
        rhythm: Rhythm,
    },
}

/// One thing that happened, with the names that people know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The kind of event, e.g. `deal.moved`.
    pub kind: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The deal's or document's name, or what a request is about.
    pub about: String,
    /// Who did it.
    pub who: Option<String>,
    /// The stage a deal came to, or is stalled in.
    pub stage: Option<Stage>,
    /// What else is worth a word, e.g. a verdict.
    pub detail: Option<String>,
}

/// Why a deal counts as stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Stall {
    /// Nothing happened to it.
    Quiet {
        /// For so many days.
        days: i64,
    },
    /// It is in its stage for longer than others were.
    Slow {
        /// For so many days.
        days: i64,
        /// The mean of those that left the stage, days.
        usual: i64,
    },
}

/// Judges whether a deal is stalled, by when anything last happened to it, since when it is in its stage, and the mean time
/// that deals spent there (seconds), if enough did.
pub fn stall(
    now: DateTime<Utc>,
    (touched, since): (DateTime<Utc>, DateTime<Utc>),
    usual_s: Option<f64>,
) -> Option<Stall> {
    let quiet = (now - touched).num_days();
    if quiet >= QUIET_DAYS {
        return Some(Stall::Quiet { days: quiet });
    }
    #[expect(clippy::cast_precision_loss, reason = "times are far below 2^52 s")]
    let in_stage = (now - since).num_seconds() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "days of a stage are few")]
    match usual_s {
        Some(usual) if usual >= 86_400.0 && in_stage > SLOW_TIMES * usual => {
            Some(Stall::Slow { days: (now - since).num_days(), usual: (usual / 86_400.0).round() as i64 })
        }
        _ => None,
    }
}

/// When a room with a rhythm is told next: at once, or the next morning at eight (UTC).
pub fn next_time(rhythm: Rhythm, now: DateTime<Utc>) -> DateTime<Utc> {
    match rhythm {
        Rhythm::AtOnce => now,
        Rhythm::Daily => {
            let eight = now.date_naive().and_hms_opt(8, 0, 0).map_or(now, |time| time.and_utc());
            if eight > now { eight } else { eight + Duration::days(1) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_deal_is_stalled_when_nothing_happens_or_it_takes_half_as_long_again() {
        let now = at("2026-11-23T12:00:00Z");
        let days = Duration::days;
        assert_eq!(stall(now, (now - days(13), now - days(60)), None), None);
        assert_eq!(stall(now, (now - days(14), now - days(60)), None), Some(Stall::Quiet { days: 14 }));
        let usual = Some(10.0 * 86_400.0);
        assert_eq!(stall(now, (now - days(1), now - days(15)), usual), None);
        assert_eq!(
            stall(now, (now - days(1), now - days(16)), usual),
            Some(Stall::Slow { days: 16, usual: 10 })
        );
        // A stage that deals leave within the day says nothing.
        assert_eq!(stall(now, (now - days(1), now - days(3)), Some(3600.0)), None);
    }

    #[test]
    fn a_digest_comes_in_the_morning() {
        assert_eq!(next_time(Rhythm::Daily, at("2026-11-23T07:59:00Z")), at("2026-11-23T08:00:00Z"));
        assert_eq!(next_time(Rhythm::Daily, at("2026-11-23T08:00:00Z")), at("2026-11-24T08:00:00Z"));
        let now = at("2026-11-23T08:00:00Z");
        assert_eq!(next_time(Rhythm::AtOnce, now), now);
    }

    #[test]
    fn topics_are_made_of_events_that_exist() {
        for topic in Topic::ALL {
            assert!(topic.kinds().iter().all(|kind| Kind::of_name(kind).is_some()), "{}", topic.name());
            let kinds: Vec<String> = topic.kinds().iter().map(|&kind| kind.to_owned()).collect();
            assert_eq!(Topic::of_kinds(&kinds), [topic]);
        }
    }
}
