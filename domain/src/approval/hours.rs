//! When people work: days, hours and the clock they live by, so that nobody is reminded at night.

use std::collections::BTreeMap;

use chrono::{
    DateTime, Datelike, Days, Duration, FixedOffset, NaiveDate, NaiveTime, Offset, TimeZone, Utc, Weekday,
};
use serde::{Deserialize, Serialize};

/// More days than a request can stay open; ends the counting.
const DAYS_MAX: u64 = 120;

/// When the clocks of a zone are put forward by an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    Never,
    /// From the last Sunday of March to the last of October, at 1 o'clock UTC.
    Europe,
    /// From the second Sunday of March to the first of November, at 2 o'clock of the zone's winter time.
    America,
}

/// Zones by name, with their winter offset from UTC in minutes. Others are given as an offset.
const ZONES: [(&str, i32, Summer); 34] = [
    ("UTC", 0, Summer::Never),
    ("Europe/London", 0, Summer::Europe),
    ("Europe/Dublin", 0, Summer::Europe),
    ("Europe/Lisbon", 0, Summer::Europe),
    ("Europe/Berlin", 60, Summer::Europe),
    ("Europe/Paris", 60, Summer::Europe),
    ("Europe/Madrid", 60, Summer::Europe),
    ("Europe/Rome", 60, Summer::Europe),
    ("Europe/Amsterdam", 60, Summer::Europe),
    ("Europe/Brussels", 60, Summer::Europe),
    ("Europe/Vienna", 60, Summer::Europe),
    ("Europe/Zurich", 60, Summer::Europe),
    ("Europe/Stockholm", 60, Summer::Europe),
    ("Europe/Oslo", 60, Summer::Europe),
    ("Europe/Copenhagen", 60, Summer::Europe),
    ("Europe/Warsaw", 60, Summer::Europe),
    ("Europe/Prague", 60, Summer::Europe),
    ("Europe/Budapest", 60, Summer::Europe),
    ("Europe/Athens", 120, Summer::Europe),
    ("Europe/Helsinki", 120, Summer::Europe),
    ("Europe/Bucharest", 120, Summer::Europe),
    ("Europe/Istanbul", 180, Summer::Never),
    ("America/New_York", -300, Summer::America),
    ("America/Toronto", -300, Summer::America),
    ("America/Chicago", -360, Summer::America),
    ("America/Denver", -420, Summer::America),
    ("America/Phoenix", -420, Summer::Never),
    ("America/Los_Angeles", -480, Summer::America),
    ("America/Sao_Paulo", -180, Summer::Never),
    ("Asia/Dubai", 240, Summer::Never),
    ("Asia/Kolkata", 330, Summer::Never),
    ("Asia/Singapore", 480, Summer::Never),
    ("Asia/Shanghai", 480, Summer::Never),
    ("Asia/Tokyo", 540, Summer::Never),
];

/// When a team works. The default is Monday to Friday from 8 to 16 o'clock UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hours {
    /// The team's zone: a name, e.g. `Europe/Berlin`, or an offset, e.g. `+05:30`.
    pub zone: String,
    /// The hour in which work begins, 0 to 23.
    pub from: u8,
    /// The hour before which it ends, 1 to 24.
    pub to: u8,
    /// Working days as `mon`, `tue`, …
    pub days: Vec<String>,
    /// People who live by another clock: address or full name, and zone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<String, String>,
}

impl Default for Hours {
    fn default() -> Self {
        let days = ["mon", "tue", "wed", "thu", "fri"].map(str::to_owned).to_vec();
        Self { zone: "UTC".to_owned(), from: 8, to: 16, days, people: BTreeMap::new() }
    }
}

impl Hours {
    /// What is wrong with them, one sentence each.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.from >= self.to || self.to > 24 {
            faults.push(format!("Working hours from {} to {} are none: use 0 to 24.", self.from, self.to));
        }
        if self.days.is_empty() {
            faults.push("Working hours need at least one day.".to_owned());
        }
        for day in self.days.iter().filter(|day| weekday(day).is_none()) {
            faults.push(format!("{day} is no day: use mon, tue, wed, thu, fri, sat or sun."));
        }
        for zone in std::iter::once(&self.zone).chain(self.people.values()) {
            if offset(zone, DateTime::UNIX_EPOCH).is_none() {
                faults.push(format!("The zone {zone} is not known; an offset such as +01:00 always is."));
            }
        }
        faults
    }

    /// Whether it is working time somewhere: in a zone, or in the team's when none is given.
    #[must_use]
    pub fn is_working(&self, zone: Option<&str>, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.clock(zone, at));
        self.window(local.date_naive(), zone).is_some_and(|(begins, ends)| begins <= at && at < ends)
    }

    /// How much working time lies between two moments.
    #[must_use]
    pub fn worked(&self, zone: Option<&str>, (since, until): (DateTime<Utc>, DateTime<Utc>)) -> Duration {
        // A local day can begin a day before or after the day of UTC.
        let first = since.date_naive() - Days::new(1);
        let mut sum = Duration::zero();
        for n in 0..DAYS_MAX {
            let day = first + Days::new(n);
            if day > until.date_naive() + Days::new(1) {
                break;
            }
            if let Some((begins, ends)) = self.window(day, zone) {
                sum += (ends.min(until) - begins.max(since)).max(Duration::zero());
            }
        }
        sum
    }

    /// What day it is by the clock of a zone, or of the team when none is given.
    #[must_use]
    pub fn today(&self, zone: Option<&str>, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.clock(zone, at)).date_naive()
    }

    /// When a day begins by that clock.
    #[must_use]
    pub fn begins(&self, zone: Option<&str>, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        let clock = self.clock(zone, midnight.and_utc());
        midnight.and_utc() - Duration::seconds(clock.local_minus_utc().into())
    }

    fn clock(&self, zone: Option<&str>, at: DateTime<Utc>) -> FixedOffset {
        let minutes = zone.and_then(|zone| offset(zone, at)).or_else(|| offset(&self.zone, at)).unwrap_or(0);
        FixedOffset::east_opt(minutes * 60).unwrap_or_else(|| Utc.fix())
    }

    /// When work begins and ends on a day of the zone; none on a free day.
    fn window(&self, day: NaiveDate, zone: Option<&str>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        if !self.days.iter().any(|known| weekday(known) == Some(day.weekday())) {
            return None;
        }
        // Clocks change at night, so noon tells by which clock a working day goes.
        let noon = day.and_hms_opt(12, 0, 0)?.and_utc();
        let clock = self.clock(zone, noon);
        let midnight = clock.from_local_datetime(&day.and_time(NaiveTime::MIN)).single()?.to_utc();
        Some((midnight + Duration::hours(self.from.into()), midnight + Duration::hours(self.to.into())))
    }
}

fn weekday(day: &str) -> Option<Weekday> {
    day.parse().ok()
}

/// Minutes ahead of UTC at a moment; none for a zone that is not known.
fn offset(zone: &str, at: DateTime<Utc>) -> Option<i32> {
    if let Some((_, winter, summer)) = ZONES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(zone)) {
        return Some(winter + if is_summer(*summer, *winter, at) { 60 } else { 0 });
    }
    let (sign, rest) = match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}

fn is_summer(summer: Summer, winter: i32, at: DateTime<Utc>) -> bool {
    let sunday =
        |month: u32, which: u8| NaiveDate::from_weekday_of_month_opt(at.year(), month, Weekday::Sun, which);
    let last = |month| sunday(month, 5).or_else(|| sunday(month, 4));
    let changes = match summer {
        Summer::Never => None,
        Summer::Europe => {
            let at_one = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc() + Duration::hours(1);
            last(3).map(at_one).zip(last(10).map(at_one))
        }
        Summer::America => {
            // 2 o'clock of winter time in spring is 1 o'clock of winter time in autumn: clocks read 2 then, too.
            let at = |day: NaiveDate, hour| {
                day.and_time(NaiveTime::MIN).and_utc() + Duration::hours(hour)
                    - Duration::minutes(winter.into())
            };
            sunday(3, 2).map(|day| at(day, 2)).zip(sunday(11, 1).map(|day| at(day, 1)))
        }
    };
    changes.is_some_and(|(begins, ends)| begins <= at && at < ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn berlin() -> Hours {
        Hours { zone: "Europe/Berlin".to_owned(), from: 9, to: 17, ..Hours::default() }
    }

    #[test]
    fn nights_weekends_and_other_clocks_do_not_count() {
        let hours = berlin();
        for (since, until, worked) in [
            // Friday 16:00 to Monday 10:00 in Berlin: one hour each.
            ("2026-11-20T15:00:00Z", "2026-11-23T09:00:00Z", 120),
            ("2026-11-23T18:00:00Z", "2026-11-24T07:00:00Z", 0),
            ("2026-11-23T08:00:00Z", "2026-11-23T16:00:00Z", 480),
            // A whole week, and one over the change of the clocks: five days of eight hours either way.
            ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", 2_400),
            ("2026-10-19T00:00:00Z", "2026-10-26T00:00:00Z", 2_400),
            ("2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z", 0),
        ] {
            assert_eq!(hours.worked(None, (at(since), at(until))).num_minutes(), worked, "{since} {until}");
        }
        assert!(hours.is_working(None, at("2026-11-23T08:00:00Z")));
        assert!(!hours.is_working(None, at("2026-11-23T07:59:59Z")), "8:59 in winter");
        assert!(hours.is_working(None, at("2026-07-20T07:00:00Z")), "9:00 in summer");
        assert!(!hours.is_working(Some("America/New_York"), at("2026-11-23T13:59:00Z")));
        assert!(hours.is_working(Some("America/New_York"), at("2026-11-23T14:00:00Z")));
        // It is Sunday still in Los Angeles, Monday already in Tokyo.
        assert!(!hours.is_working(Some("America/Los_Angeles"), at("2026-11-23T01:00:00Z")));
        assert!(hours.is_working(Some("Asia/Tokyo"), at("2026-11-23T01:00:00Z")));
    }

    #[test]
    fn clocks_change_when_they_do() {
        for (zone, moment, minutes) in [
            ("Europe/Berlin", "2026-03-29T00:59:59Z", 60),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", 120),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 120),
            ("Europe/Berlin", "2026-10-25T01:00:00Z", 60),
            ("America/New_York", "2026-03-08T06:59:59Z", -300),
            ("America/New_York", "2026-03-08T07:00:00Z", -240),
            ("America/New_York", "2026-11-01T05:59:59Z", -240),
            ("America/New_York", "2026-11-01T06:00:00Z", -300),
            ("+05:30", "2026-07-01T00:00:00Z", 330),
            ("-03:00", "2026-07-01T00:00:00Z", -180),
        ] {
            assert_eq!(offset(zone, at(moment)), Some(minutes), "{zone} {moment}");
        }
        for unknown in ["Mars", "+25:00", "+1", "", "5"] {
            assert_eq!(offset(unknown, at("2026-01-01T00:00:00Z")), None, "{unknown}");
        }
    }

    #[test]
    fn what_is_wrong_with_working_hours_is_said() {
        assert!(berlin().faults().is_empty());
        let people = BTreeMap::from([("Lee".to_owned(), "Mars".to_owned())]);
        let wrong =
            Hours { zone: "+01:00".to_owned(), from: 9, to: 9, days: vec!["someday".to_owned()], people };
        assert_eq!(wrong.faults().len(), 3, "{:?}", wrong.faults());
    }
}
