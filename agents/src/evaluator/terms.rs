//! Checks what was read in a contract against itself: dates in order, two sides, quotes word for word.

use chrono::NaiveDate;
use domain::contract::{ContractText, Extraction, State, Value};

/// From this confidence a value may be stated; what fails a check falls below it.
const STATED: f32 = 0.7;
/// How many years from now a date in a contract may lie without being looked at.
const YEARS_MAX: i32 = 120;

/// Checks all rows; what does not fit goes to a person with the reason. Rows without a true quote are dropped.
pub fn check(text: &ContractText, mut rows: Vec<Extraction>, today: NaiveDate) -> Vec<Extraction> {
    rows.retain(|row| match (&row.value, &row.quote) {
        (_, Some(quote)) => text.holds(quote),
        (Some(_), None) => false,
        (None, None) => true,
    });
    let dates = Dates::of(&rows);
    for row in &mut rows {
        if row.state != State::Stated {
            continue;
        }
        let doubt = doubt(row, &dates, today);
        if let Some(reason) = doubt {
            row.state = State::Review;
            row.confidence = row.confidence.min(STATED - 0.01);
            row.reason = reason;
        } else if row.confidence < STATED {
            row.state = State::Review;
            row.reason = "We are not sure enough of this.".to_owned();
        }
    }
    rows
}

/// The dates that have to come in order.
#[derive(Debug, Default, Clone, Copy)]
struct Dates {
    agreed: Option<NaiveDate>,
    effective: Option<NaiveDate>,
    ends: Option<NaiveDate>,
}

impl Dates {
    fn of(rows: &[Extraction]) -> Self {
        let day = |term: &str| {
            rows.iter().filter(|row| row.term.0 == term && row.state == State::Stated).find_map(|row| {
                match row.value {
                    Some(Value::Date(day)) => Some(day),
                    _ => None,
                }
            })
        };
        Self {
            agreed: day("agreement_date"),
            effective: day("effective_date"),
            ends: day("expiration_date"),
        }
    }
}

fn doubt(row: &Extraction, dates: &Dates, today: NaiveDate) -> Option<String> {
    match (row.term.0.as_str(), &row.value) {
        ("parties", Some(Value::Parties(parties))) if parties.is_empty() => {
            Some("No party has a name.".to_owned())
        }
        ("expiration_date", Some(Value::Date(ends))) => {
            let begins = dates.effective.or(dates.agreed)?;
            (*ends < begins).then(|| format!("It would end on {ends}, before it begins on {begins}."))
        }
        ("effective_date", Some(Value::Date(begins))) => {
            let ends = dates.ends?;
            (ends < *begins).then(|| format!("It would begin on {begins}, after it ends on {ends}."))
        }
        (_, Some(Value::Date(day))) => {
            use chrono::Datelike;
            ((day.year() - today.year()).abs() > YEARS_MAX).then(|| format!("{day} is far from today."))
        }
        (_, Some(Value::Percent(percent))) if !(0.0..=1000.0).contains(percent) => {
            Some(format!("{percent} % cannot be right."))
        }
        (_, Some(Value::Money(money))) if money.cents < 0 => {
            Some("An amount below zero cannot be right.".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::contract::{Quote, TermKey};

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn row(text: &ContractText, term: &str, said: &str, value: Value) -> Extraction {
        let start = text.text.find(said).unwrap();
        Extraction {
            term: TermKey(term.to_owned()),
            state: State::Stated,
            value: Some(value),
            quote: text.quote(start, start + said.len()),
            confidence: 0.95,
            reason: String::new(),
        }
    }

    #[test]
    fn an_end_before_the_beginning_goes_to_a_person() {
        let text = ContractText::plain("Effective March 1, 2020. It ends on March 1, 2019.".to_owned());
        let rows = vec![
            row(&text, "effective_date", "March 1, 2020", Value::Date(day("2020-03-01"))),
            row(&text, "expiration_date", "March 1, 2019", Value::Date(day("2019-03-01"))),
        ];
        let checked = check(&text, rows, day("2026-11-22"));
        assert!(checked.iter().all(|row| row.state == State::Review && row.confidence < STATED));
        assert!(checked[1].reason.contains("before it begins on 2020-03-01"), "{}", checked[1].reason);
    }

    #[test]
    fn what_fits_stays_stated_and_what_is_not_in_the_text_is_dropped() {
        let text = ContractText::plain("Dated May 4, 2021.".to_owned());
        let good = row(&text, "agreement_date", "May 4, 2021", Value::Date(day("2021-05-04")));
        let made_up = Extraction {
            quote: Some(Quote { text: "May 5, 2021".to_owned(), page: 1, start: 6, end: 17 }),
            ..good.clone()
        };
        let checked = check(&text, vec![good.clone(), made_up], day("2026-11-22"));
        assert_eq!(checked, vec![good]);
    }
}
