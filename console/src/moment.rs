//! Times for people: relative in words, exact on demand.

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, SecondsFormat, Utc};

/// A time, to be read at another; shows itself as a `<time>` element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    at: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Moment {
    /// A time as read at `now`.
    pub(crate) fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { at, now }
    }

    fn words(self) -> String {
        let seconds = (self.now - self.at).num_seconds();
        let (distance, is_past) = (seconds.abs(), seconds >= 0);
        if distance < 45 {
            return "just now".to_owned();
        }
        let span = match distance {
            ..3_600 => format!("{} min", (distance + 30) / 60),
            3_600..86_400 => format!("{} h", (distance + 1_800) / 3_600),
            86_400..604_800 => match (distance + 43_200) / 86_400 {
                1 => "1 day".to_owned(),
                days => format!("{days} days"),
            },
            _ => return self.at.format("%-d %b %Y").to_string(),
        };
        if is_past { format!("{span} ago") } else { format!("in {span}") }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "<time datetime=\"{exact}\" title=\"{exact}\">{}</time>", self.words())
    }
}

impl HtmlSafe for Moment {}

/// How long something took, in words.
pub(crate) fn duration(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let ms = (to - from).num_milliseconds().max(0);
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        3_600_000..86_400_000 => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
        _ => format!("{} days", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone};

    use super::*;

    #[test]
    fn times_read_like_speech() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        for (seconds, words) in [
            (0, "just now"),
            (44, "just now"),
            (46, "1 min ago"),
            (3_599, "60 min ago"),
            (7_200, "2 h ago"),
            (86_400, "1 day ago"),
            (200_000, "2 days ago"),
            (864_000, "12 Nov 2026"),
            (-7_200, "in 2 h"),
            (-172_800, "in 2 days"),
        ] {
            assert_eq!(Moment::new(now - Duration::seconds(seconds), now).words(), words);
        }
    }

    #[test]
    fn durations_keep_two_units() {
        let from = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        for (ms, words) in [
            (7, "7 ms"),
            (1_480, "1.4 s"),
            (61_000, "1 min 1 s"),
            (5_400_000, "1 h 30 min"),
            (172_800_000, "2 days"),
            (-5, "0 ms"),
        ] {
            assert_eq!(duration(from, from + Duration::milliseconds(ms)), words);
        }
    }
}
