//! Whether a stated value is what the label says.

use domain::contract::{CalendarUnit, Value};

use super::{cuad::Bag, data::Label, parties};
use crate::contract::{
    normalise::{duration, jurisdiction, party},
    terms::{Normaliser, TermSpec},
};

/// Whether a value with its quote is right. A term without a label that the contract does not have is never right.
#[must_use]
pub fn is_right(term: &TermSpec, label: &Label, value: &Value, quote: &str) -> bool {
    if label.golds.is_empty() {
        return false;
    }
    let answer = label.answer.trim();
    match (value, term.normaliser) {
        (Value::Parties(list), _) => {
            let mut keys: Vec<String> = list.iter().map(|one| party::key(&one.name)).collect();
            keys.sort();
            keys.dedup();
            let golds = parties::labelled(label);
            let mut free: Vec<&Vec<String>> = golds.iter().collect();
            let taken = |key: &String| {
                let at = free.iter().position(|names| names.contains(key))?;
                Some(free.remove(at))
            };
            !keys.is_empty()
                && keys.len() == golds.len()
                && keys.iter().filter_map(taken).count() == golds.len()
        }
        (Value::Date(day), _) if has_day(answer) => {
            days(answer).any(|gold| gold == (Some(day_of(day).0), Some(day_of(day).1), Some(day_of(day).2)))
        }
        (Value::Text(text), Normaliser::Date) if answer.contains('[') => partly(answer, text),
        (Value::Duration(length), Normaliser::TermEnd) if answer.to_lowercase().contains("perpetual") => {
            length.unit == CalendarUnit::Perpetual
        }
        (Value::Duration(length), Normaliser::Renewal | Normaliser::Notice)
            if duration::find(answer).next().is_some() =>
        {
            duration::find(answer).any(|gold| duration::same(&gold.duration, length))
        }
        (Value::Jurisdiction(law), Normaliser::Law) if jurisdiction::named(answer).is_some() => answer
            .split([';', ','])
            .filter_map(jurisdiction::named)
            .any(|gold| gold.country == law.country && gold.region == law.region),
        (Value::Duration(_) | Value::Clause, Normaliser::TermEnd) if has_day(answer) => false,
        (Value::Clause, Normaliser::TermEnd) if answer.to_lowercase().contains("perpetual") => false,
        _ => matches(label, quote),
    }
}

/// CUAD's match with a labelled passage, or the whole of one inside the quote.
#[must_use]
pub fn matches(label: &Label, quote: &str) -> bool {
    let bag = Bag::of(quote);
    label.golds.iter().any(|gold| bag.matches(&gold.bag) || quote.contains(&gold.text))
}

fn day_of(day: &chrono::NaiveDate) -> (i32, u32, u32) {
    use chrono::Datelike;
    (day.year(), day.month(), day.day())
}

type Day = (Option<i32>, Option<u32>, Option<u32>);

/// Days of an answer like `3/15/2019; 09/[]/2018`.
fn days(answer: &str) -> impl Iterator<Item = Day> + '_ {
    answer.split(';').filter_map(|one| {
        let mut parts = one.trim().split('/');
        let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
        let year = year.trim().parse::<i32>().ok();
        // The labellers' tool read "2045" as 1945 in places; such a gold is its own fault and stays.
        Some((year, month.trim().parse().ok(), day.trim().parse().ok()))
    })
}

fn has_day(answer: &str) -> bool {
    days(answer).any(|(year, month, day)| year.is_some() && month.is_some() && day.is_some())
}

fn partly(answer: &str, text: &str) -> bool {
    let mut parts = text.split('-');
    let year = parts.next().and_then(|part| part.parse::<i32>().ok());
    let month = parts.next().and_then(|part| part.parse::<u32>().ok());
    days(answer).any(|gold| gold.0 == year && gold.1 == month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{evaluate::data::Gold, terms};

    fn label(answer: &str, text: &str) -> Label {
        Label {
            golds: vec![Gold { text: text.into(), bag: Bag::of(text), spans: vec![] }],
            answer: answer.into(),
        }
    }

    #[test]
    fn dates_compare_by_day_and_clauses_by_words() {
        let term = terms::by_key("agreement_date").expect("a term");
        let day = Value::Date("2019-03-15".parse().expect("a date"));
        assert!(is_right(term, &label("3/15/2019", "x"), &day, "y"));
        assert!(!is_right(term, &label("3/16/2019", "March 15, 2019"), &day, "March 15, 2019"));
        assert!(is_right(term, &label("09/[]/2018", "x"), &Value::Text("2018-09-??".into()), "y"));
        let clause = terms::by_key("insurance").expect("a term");
        assert!(is_right(
            clause,
            &label("Yes", "shall keep insurance"),
            &Value::Clause,
            "It shall keep insurance."
        ));
        assert!(!is_right(clause, &Label::default(), &Value::Clause, "It shall keep insurance."));
    }

    #[test]
    fn laws_compare_by_place() {
        let term = terms::by_key("governing_law").expect("a term");
        let law = jurisdiction::law("governed by English law").map(Value::Jurisdiction).expect("a law");
        assert!(is_right(term, &label("England; Wales", "x"), &law, "y"));
        assert!(!is_right(term, &label("New York", "x"), &law, "y"));
    }
}
