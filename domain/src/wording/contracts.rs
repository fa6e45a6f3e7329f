//! Words for what contracts say: verdicts and values.

use crate::contract::{CalendarUnit, Duration, Money, Value, Verdict};

/// A verdict as people read it.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Green => "green",
        Verdict::Yellow => "yellow",
        Verdict::Red => "red",
        Verdict::Missing => "missing",
        Verdict::Unclear => "unclear",
        Verdict::Escalate => "for the lawyers",
    }
}

/// What a term says, in words.
pub fn value_words(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Date(date) => date.format("%Y-%m-%d").to_string(),
        Value::Duration(duration) => duration_words(*duration),
        Value::Money(money) => money_words(money),
        Value::Percent(percent) => format!("{percent} %"),
        Value::Parties(parties) => {
            let party = |party: &crate::contract::Party| match party.role.as_str() {
                "" => party.name.clone(),
                role => format!("{} ({role})", party.name),
            };
            parties.iter().map(party).collect::<Vec<_>>().join("; ")
        }
        Value::Jurisdiction(place) => {
            let country = crate::places::places().country(&place.country);
            let parts = [place.court.as_str(), place.region.as_str(), country];
            parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
        }
        Value::Number { count, of } => format!("{count} {of}").trim().to_owned(),
        Value::Clause => "yes".to_owned(),
    }
}

fn duration_words(duration: Duration) -> String {
    let unit = match duration.unit {
        CalendarUnit::Hours => "hour",
        CalendarUnit::Days => "day",
        CalendarUnit::BusinessDays => "business day",
        CalendarUnit::Weeks => "week",
        CalendarUnit::Months => "month",
        CalendarUnit::Years => "year",
        CalendarUnit::Perpetual => return "without end".to_owned(),
    };
    let is_one = (duration.count - 1.0).abs() < f64::EPSILON;
    format!("{} {unit}{}", duration.count, if is_one { "" } else { "s" })
}

fn money_words(money: &Money) -> String {
    let (whole, cents) = (money.cents / 100, (money.cents % 100).abs());
    let digits = whole.abs().to_string();
    let grouped: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
    let sign = if money.cents < 0 { "-" } else { "" };
    let tail = if cents == 0 { String::new() } else { format!(".{cents:02}") };
    format!("{} {sign}{}{tail}", money.currency, grouped.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        let money = |cents| Value::Money(Money { cents, currency: "USD".to_owned() });
        assert_eq!(value_words(&money(123_456_700)), "USD 1,234,567");
        assert_eq!(value_words(&money(50)), "USD 0.50");
        let days = |count| Value::Duration(Duration { count, unit: CalendarUnit::Days });
        assert_eq!(value_words(&days(30.0)), "30 days");
        assert_eq!(value_words(&days(1.0)), "1 day");
        assert_eq!(value_words(&Value::Percent(12.5)), "12.5 %");
    }
}
