//! When a contract ends, renews, and must be given notice of: dates derived from what was read in it.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::{CalendarUnit, Duration, Extraction, State, Value};

/// More renewals than a contract can have seen; ends the counting on nonsense.
const RENEWALS_MAX: u32 = 1_000;

/// Dates of one contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// The last day of the term that runs on the day asked about, or of the last one.
    pub ends_on: NaiveDate,
    /// It renews by itself unless somebody gives notice.
    pub is_tacit: bool,
    /// The last day on which notice against that renewal can be given.
    pub notice_by: Option<NaiveDate>,
    /// How many times it has renewed by itself already.
    pub renewed: u32,
}

/// A notice that has to be given, to be reminded of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The contract's name.
    pub document: String,
    /// The deal's name, where it belongs to one.
    pub deal: Option<String>,
    /// Its dates.
    pub renewal: Renewal,
    /// The last day on which notice can be given.
    pub by: NaiveDate,
}

/// The stages of reminders, days before the last day for a notice, the last stage first.
pub const STAGES: [u16; 3] = [7, 30, 90];

/// The stage that a notice is in; none while it is far off, or when it is too late.
pub fn stage(notice_by: NaiveDate, today: NaiveDate) -> Option<u16> {
    let left = (notice_by - today).num_days();
    STAGES.into_iter().find(|stage| (0..=i64::from(*stage)).contains(&left))
}

/// Whether people are reminded at this time: from 8 to 16 o'clock UTC on Monday to Friday.
pub fn is_working_time(now: DateTime<Utc>) -> bool {
    now.weekday().number_from_monday() <= 5 && (8..16).contains(&now.hour())
}

/// The terms that dates are derived from.
pub const TERMS: [&str; 5] = [
    "agreement_date",
    "effective_date",
    "expiration_date",
    "renewal_term",
    "notice_period_to_terminate_renewal",
];

/// Derives the dates from the terms of a contract as they stand on `today`; none when no end is stated, or the
/// contract has no end.
///
/// The first term ends on the day that is written, or where its length ends, counted from the effective date, else
/// from the date of the agreement: one year from 1 March 2025 ends on 28 February 2026. A tacit renewal adds its
/// length again and again until the running term ends today or later; its end keeps the day of the month of the
/// first end where the month has that day.
pub fn renewal(rows: &[Extraction], today: NaiveDate) -> Option<Renewal> {
    let stated = |term: &str| {
        rows.iter()
            .find(|row| row.term.0 == term && row.state == State::Stated)
            .and_then(|row| row.value.clone())
    };
    let day = |term: &str| match stated(term) {
        Some(Value::Date(day)) => Some(day),
        _ => None,
    };
    let start = day("effective_date").or_else(|| day("agreement_date"));
    let first = match stated("expiration_date")? {
        Value::Date(day) => day,
        Value::Duration(length) => add(start?, &length, 1)?.checked_sub_days(Days::new(1))?,
        _ => return None,
    };
    let length = match stated("renewal_term") {
        Some(Value::Duration(length)) if length.unit != CalendarUnit::Perpetual => Some(length),
        _ => None,
    };
    let is_tacit = length.is_some() && renews_by_itself(rows);
    let (mut ends_on, mut renewed) = (first, 0);
    if let Some(length) = length.filter(|_| is_tacit) {
        // Counted from the day after the first end, so that a 31st comes back after a February.
        let origin = first.checked_add_days(Days::new(1))?;
        while ends_on < today && renewed < RENEWALS_MAX {
            renewed += 1;
            let next = add(origin, &length, renewed)?.checked_sub_days(Days::new(1))?;
            if next <= ends_on {
                break;
            }
            ends_on = next;
        }
    }
    let notice = match stated("notice_period_to_terminate_renewal") {
        Some(Value::Duration(notice)) => before(ends_on, &notice),
        _ => None,
    };
    Some(Renewal { ends_on, is_tacit, notice_by: notice, renewed })
}

/// Whether the renewal's own sentence says that nobody has to act for it.
fn renews_by_itself(rows: &[Extraction]) -> bool {
    let quotes = rows.iter().filter(|row| row.term.0 == "renewal_term").filter_map(|row| row.quote.as_ref());
    quotes.into_iter().any(|quote| {
        let text = quote.text.to_lowercase();
        let on_request =
            ["by mutual", "mutually agree", "at the option", "may renew", "may be renewed", "may extend"];
        let by_itself = [
            "automatic",
            "tacit",
            "shall renew",
            "will renew",
            "shall be renewed",
            "will be renewed",
            "unless",
        ];
        by_itself.iter().any(|word| text.contains(word)) && !on_request.iter().any(|word| text.contains(word))
    })
}

/// A day so many lengths later; none when the length has no fixed calendar or the day does not exist.
fn add(day: NaiveDate, length: &Duration, times: u32) -> Option<NaiveDate> {
    let whole = whole(length)?.checked_mul(times)?;
    match length.unit {
        CalendarUnit::Days | CalendarUnit::BusinessDays => day.checked_add_days(Days::new(whole.into())),
        CalendarUnit::Weeks => day.checked_add_days(Days::new(u64::from(whole) * 7)),
        CalendarUnit::Months => day.checked_add_months(Months::new(whole)),
        CalendarUnit::Years => day.checked_add_months(Months::new(whole.checked_mul(12)?)),
        CalendarUnit::Hours | CalendarUnit::Perpetual => None,
    }
}

/// The last day that is at least a notice period before the end of a day.
fn before(day: NaiveDate, notice: &Duration) -> Option<NaiveDate> {
    let whole = whole(notice)?;
    match notice.unit {
        CalendarUnit::Days => day.checked_sub_days(Days::new(whole.into())),
        // Five of seven days are business days; rounded up, so that the notice is never late.
        CalendarUnit::BusinessDays => day.checked_sub_days(Days::new(u64::from(whole.div_ceil(5)) * 7)),
        CalendarUnit::Weeks => day.checked_sub_days(Days::new(u64::from(whole) * 7)),
        CalendarUnit::Months => day.checked_sub_months(Months::new(whole)),
        CalendarUnit::Years => day.checked_sub_months(Months::new(whole.checked_mul(12)?)),
        CalendarUnit::Hours => day.checked_sub_days(Days::new(u64::from(whole).div_ceil(24))),
        CalendarUnit::Perpetual => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a small whole number"
)]
fn whole(length: &Duration) -> Option<u32> {
    let n = length.count;
    (n.fract() == 0.0 && (1.0..=36_525.0).contains(&n)).then_some(n as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Quote, TermKey};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_notice_is_in_the_last_stage_that_it_has_reached() {
        for (today, expected) in [
            ("2026-09-01", None),
            ("2026-10-02", Some(90)),
            ("2026-11-30", Some(90)),
            ("2026-12-01", Some(30)),
            ("2026-12-24", Some(7)),
            ("2026-12-31", Some(7)),
            ("2027-01-01", None),
        ] {
            assert_eq!(stage(day("2026-12-31"), day(today)), expected, "{today}");
        }
    }

    #[test]
    fn nobody_is_reminded_at_night_or_on_a_weekend() {
        let at = |text: &str| is_working_time(text.parse().unwrap());
        assert!(at("2026-11-23T08:00:00Z") && at("2026-11-27T15:59:59Z"));
        assert!(!at("2026-11-23T07:59:59Z") && !at("2026-11-23T16:00:00Z") && !at("2026-11-28T10:00:00Z"));
    }

    fn row(term: &str, value: Value, quote: &str) -> Extraction {
        Extraction {
            term: TermKey(term.to_owned()),
            state: State::Stated,
            value: Some(value),
            quote: Some(Quote { text: quote.to_owned(), page: 1, start: 0, end: quote.len() }),
            confidence: 0.9,
            reason: String::new(),
        }
    }

    fn length(amount: f64, unit: CalendarUnit) -> Value {
        Value::Duration(Duration { count: amount, unit })
    }

    fn contract(
        start: &str,
        term: Value,
        renewal: Option<(Value, &str)>,
        notice: Option<Value>,
    ) -> Vec<Extraction> {
        let mut rows =
            vec![row("effective_date", Value::Date(day(start)), ""), row("expiration_date", term, "")];
        rows.extend(renewal.map(|(value, quote)| row("renewal_term", value, quote)));
        rows.extend(notice.map(|value| row("notice_period_to_terminate_renewal", value, "")));
        rows
    }

    #[test]
    fn a_term_ends_the_day_before_its_anniversary() {
        let years = length(3.0, CalendarUnit::Years);
        let found = renewal(&contract("2024-03-01", years, None, None), day("2025-01-01")).unwrap();
        assert_eq!(found.ends_on, day("2027-02-28"));
        assert!(!found.is_tacit && found.notice_by.is_none() && found.renewed == 0);
    }

    #[test]
    fn tacit_renewals_go_on_until_the_running_term() {
        let rows = contract(
            "2020-01-31",
            length(12.0, CalendarUnit::Months),
            Some((
                length(1.0, CalendarUnit::Years),
                "shall automatically renew for successive one-year terms",
            )),
            Some(length(90.0, CalendarUnit::Days)),
        );
        let found = renewal(&rows, day("2026-11-23")).unwrap();
        assert_eq!((found.ends_on, found.renewed), (day("2027-01-30"), 6));
        assert_eq!(found.notice_by, Some(day("2026-11-01")));
        // On its last day a term still runs.
        assert_eq!(renewal(&rows, day("2027-01-30")).unwrap().ends_on, day("2027-01-30"));
        assert_eq!(renewal(&rows, day("2027-01-31")).unwrap().ends_on, day("2028-01-30"));
    }

    #[test]
    fn a_renewal_that_somebody_must_agree_to_is_not_tacit() {
        let quote = "may be renewed for one year by mutual written agreement";
        let rows = contract(
            "2020-01-01",
            length(2.0, CalendarUnit::Years),
            Some((length(1.0, CalendarUnit::Years), quote)),
            None,
        );
        let found = renewal(&rows, day("2026-11-23")).unwrap();
        assert_eq!((found.ends_on, found.is_tacit), (day("2021-12-31"), false));
    }

    #[test]
    fn months_keep_their_day_where_there_is_one() {
        let rows = contract(
            "2025-10-01",
            Value::Date(day("2025-12-30")),
            Some((length(1.0, CalendarUnit::Months), "thereafter automatically renews month to month")),
            Some(length(1.0, CalendarUnit::Months)),
        );
        // The term behind 31 December: months end on the 30th, and on the last day of February.
        assert_eq!(renewal(&rows, day("2026-02-10")).unwrap().ends_on, day("2026-02-27"));
        assert_eq!(renewal(&rows, day("2026-03-10")).unwrap().ends_on, day("2026-03-30"));
    }

    #[test]
    fn what_has_no_end_or_no_start_has_no_dates() {
        let today = day("2026-11-23");
        assert_eq!(renewal(&[row("expiration_date", length(1.0, CalendarUnit::Years), "")], today), None);
        assert_eq!(
            renewal(&contract("2020-01-01", length(1.0, CalendarUnit::Perpetual), None, None), today),
            None
        );
        assert_eq!(
            renewal(&contract("2020-01-01", length(f64::NAN, CalendarUnit::Days), None, None), today),
            None
        );
        assert_eq!(
            renewal(&contract("2020-01-01", length(5e4, CalendarUnit::Years), None, None), today),
            None
        );
    }
}
