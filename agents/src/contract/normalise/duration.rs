//! Lengths of time: "thirty (30) days", "2-year", "one year", "12 months".

use std::sync::LazyLock;

use domain::contract::{CalendarUnit, Duration};
use regex::Regex;

use super::number;

/// A length of time in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// How long.
    pub duration: Duration,
}

static DURATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = format!(r"{w}(?:[\s-]+(?:and\s+)?{w}){{0,4}}", w = number::WORDS);
    super::pattern(&format!(
        r"(?i)\b(?:(?P<w>{words})\s*(?:\(\s*(?P<p>\d[\d,.]*)\s*\))?|(?P<n>\d[\d,]*(?:\.\d+)?)(?:\s*\([a-z\s-]+\))?|(?P<a>an?|each|per|every|successive|additional|another)\b)[\s~-]*(?:\(\w+\)\s*)?(?:consecutive\s+|full\s+|additional\s+|successive\s+|prior\s+|contract\s+|further\s+)?(?P<k>business|working|trading|banking|calendar)?[\s-]*(?P<u>hour|day|week|month|year|anniversary|quarter)s?\b"
    ))
});

/// All lengths of time in a text, in order. "a year" counts as one year.
pub fn find(text: &str) -> impl Iterator<Item = Found> + '_ {
    DURATION.iter().flat_map(move |pattern| pattern.captures_iter(text)).filter_map(|found| {
        let whole = found.get(0)?;
        let figure = found.name("p").or(found.name("n")).and_then(|part| number::read(part.as_str()));
        let word = found.name("w").and_then(|part| number::read(part.as_str()));
        let count = figure.or(word).or(found.name("a").map(|_| 1.0))?;
        let business = found.name("k").is_some_and(|kind| !kind.as_str().eq_ignore_ascii_case("calendar"));
        let (count, unit) = match found.name("u")?.as_str().to_ascii_lowercase().as_str() {
            "hour" => (count, CalendarUnit::Hours),
            "day" if business => (count, CalendarUnit::BusinessDays),
            "day" => (count, CalendarUnit::Days),
            "week" => (count, CalendarUnit::Weeks),
            "month" => (count, CalendarUnit::Months),
            "quarter" => (count * 3.0, CalendarUnit::Months),
            _ => (count, CalendarUnit::Years),
        };
        Some(Found { start: whole.start(), end: whole.end(), duration: Duration { count, unit } })
    })
}

/// Whether two lengths are the same: a year is twelve months, a week seven days.
#[must_use]
pub fn same(left: &Duration, right: &Duration) -> bool {
    let parts = |duration: &Duration| match duration.unit {
        CalendarUnit::Years => (duration.count * 12.0, 'm'),
        CalendarUnit::Months => (duration.count, 'm'),
        CalendarUnit::Weeks => (duration.count * 7.0, 'd'),
        CalendarUnit::Days => (duration.count, 'd'),
        CalendarUnit::BusinessDays => (duration.count, 'b'),
        CalendarUnit::Hours => (duration.count / 24.0, 'd'),
        CalendarUnit::Perpetual => (0.0, 'p'),
    };
    let (left, right) = (parts(left), parts(right));
    left.1 == right.1 && (left.0 - right.0).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(f64, CalendarUnit)> {
        find(text).next().map(|found| (found.duration.count, found.duration.unit))
    }

    #[test]
    fn every_form_is_read() {
        use CalendarUnit::{BusinessDays, Days, Hours, Months, Weeks, Years};
        let table = [
            ("thirty (30) days", 30.0, Days),
            ("within 10 business days of", 10.0, BusinessDays),
            ("90 (ninety) days'", 90.0, Days),
            ("successive two-year terms", 2.0, Years),
            ("one (1) year", 1.0, Years),
            ("twenty-four (24) consecutive months", 24.0, Months),
            ("one hundred eighty (180) days", 180.0, Days),
            ("for a year", 1.0, Years),
            ("six weeks", 6.0, Weeks),
            ("72 hours", 72.0, Hours),
            ("2.5 years", 2.5, Years),
        ];
        for (text, count, unit) in table {
            assert_eq!(first(text), Some((count, unit)), "{text}");
        }
        assert_eq!(first("every daylight"), None);
    }

    #[test]
    fn a_year_is_twelve_months() {
        let of = |count, unit| Duration { count, unit };
        assert!(same(&of(1.0, CalendarUnit::Years), &of(12.0, CalendarUnit::Months)));
        assert!(!same(&of(30.0, CalendarUnit::Days), &of(1.0, CalendarUnit::Months)));
        assert!(!same(&of(5.0, CalendarUnit::Days), &of(5.0, CalendarUnit::BusinessDays)));
    }
}
