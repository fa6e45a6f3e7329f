//! Facts about a company from outside: each with its source, how sure it is and when it was told; held against each other.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use crate::company::Company;

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What it is called.
    Name,
    /// What it does.
    Description,
    /// Its industry, in the provider's words.
    Industry,
    /// ISO code.
    Country,
    /// City.
    City,
    /// Year of foundation.
    Founded,
    /// People employed.
    Employees,
    /// Raised in all, US dollars.
    FundingUsd,
}

impl Field {
    /// The word people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Industry => "industry",
            Self::Country => "country",
            Self::City => "city",
            Self::Founded => "founded",
            Self::Employees => "employees",
            Self::FundingUsd => "funding",
        }
    }
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// About what.
    pub field: Field,
    /// What it says; numbers in digits.
    pub value: String,
    /// Who said it.
    pub source: String,
    /// How sure its source is, 0 to 1.
    pub confidence: f64,
    /// When it was told.
    pub at: DateTime<Utc>,
}

/// Two sources that cannot both be right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contradiction {
    /// About what.
    pub field: Field,
    /// What one says, and who.
    pub one: (String, String),
    /// What the other says, and who.
    pub other: (String, String),
}

/// What a cross-check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// How many facts of providers could be held against something.
    pub compared: u32,
    /// Those that something contradicts.
    pub contradictions: Vec<Contradiction>,
}

/// The best fact of each field: the surest; of equals the one told first. A worse one never replaces a better.
pub fn best(facts: &[Fact]) -> Vec<Fact> {
    let mut best: Vec<Fact> = Vec::new();
    for fact in facts {
        match best.iter_mut().find(|held| held.field == fact.field) {
            Some(held) if fact.confidence > held.confidence => *held = fact.clone(),
            Some(_) => {}
            None => best.push(fact.clone()),
        }
    }
    best.sort_by_key(|fact| fact.field);
    best
}

/// What the directory knows of a company, as facts to hold others against.
pub fn of_directory(company: &Company, at: DateTime<Utc>) -> Vec<Fact> {
    let known = [
        (Field::Name, Some(company.name.clone())),
        (Field::Country, company.country.clone()),
        (Field::City, company.city.clone()),
        (Field::Founded, company.founded_year.map(|year| year.to_string())),
    ];
    let fact = |(field, value): (Field, Option<String>)| {
        Some(Fact {
            field,
            value: value?,
            source: format!("directory ({})", company.source),
            confidence: 1.0,
            at,
        })
    };
    known.into_iter().filter_map(fact).collect()
}

/// Holds what providers told against each other and against what is known.
pub fn check(told: &[Fact], known: &[Fact]) -> Checked {
    let mut checked = Checked::default();
    for (at, fact) in told.iter().enumerate() {
        let others = known
            .iter()
            .chain(&told[..at])
            .filter(|other| other.field == fact.field && other.source != fact.source);
        let verdicts: Vec<(bool, &Fact)> =
            others.filter_map(|other| Some((agree(fact.field, &fact.value, &other.value)?, other))).collect();
        if verdicts.is_empty() {
            continue;
        }
        checked.compared += 1;
        if let Some((_, other)) = verdicts.iter().find(|(agrees, _)| !agrees) {
            checked.contradictions.push(Contradiction {
                field: fact.field,
                one: (fact.value.clone(), fact.source.clone()),
                other: (other.value.clone(), other.source.clone()),
            });
        }
    }
    checked
}

/// Whether two values can both be right; none where that cannot be told, e.g. of two descriptions.
fn agree(field: Field, one: &str, other: &str) -> Option<bool> {
    match field {
        Field::Country => Some(one.eq_ignore_ascii_case(other)),
        Field::City => Some(shares_word(one, other)),
        Field::Name => Some(shares_word(one, other)),
        Field::Founded => {
            // Registers tell the year of the entity, companies that of their story: a year or two is nothing.
            let (one, other): (i32, i32) = (one.parse().ok()?, other.parse().ok()?);
            Some((one - other).abs() <= 2)
        }
        Field::Employees => within(one, other, 3.0),
        Field::FundingUsd => within(one, other, 2.0),
        Field::Description | Field::Industry => None,
    }
}

fn within(one: &str, other: &str, times: f64) -> Option<bool> {
    let (one, other): (f64, f64) = (one.parse().ok()?, other.parse().ok()?);
    (one > 0.0 && other > 0.0).then(|| one.max(other) / one.min(other) <= times)
}

fn shares_word(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        crate::words::words(text)
            .into_iter()
            .map(|word| word.folded)
            .filter(|word| word.chars().count() > 2)
            .collect()
    };
    let (one, other) = (words(one), words(other));
    one.is_empty() || other.is_empty() || one.iter().any(|word| other.contains(word))
}

/// Whether a value can be one at all; what cannot is dropped before anything is done with it.
pub fn is_plausible(field: Field, value: &str, now: DateTime<Utc>) -> bool {
    let length = value.chars().count();
    match field {
        Field::Founded => value.parse::<i32>().is_ok_and(|year| (1500..=now.year()).contains(&year)),
        Field::Employees => value.parse::<u64>().is_ok_and(|count| (1..=5_000_000).contains(&count)),
        Field::FundingUsd => value.parse::<u64>().is_ok_and(|usd| usd > 0),
        Field::Country => length == 2 && value.chars().all(|c| c.is_ascii_uppercase()),
        Field::Description => (3..=4_000).contains(&length),
        Field::Name | Field::Industry | Field::City => (1..=300).contains(&length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(field: Field, value: &str, source: &str, confidence: f64) -> Fact {
        let at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        Fact { field, value: value.to_owned(), source: source.to_owned(), confidence, at }
    }

    #[test]
    fn a_worse_fact_never_replaces_a_better() {
        let facts = [
            fact(Field::City, "Berlin", "pdl", 0.9),
            fact(Field::City, "Munich", "apollo", 0.6),
            fact(Field::Founded, "1999", "apollo", 0.6),
        ];
        let best: Vec<_> = best(&facts).into_iter().map(|fact| fact.value).collect();
        assert_eq!(best, ["Berlin", "1999"]);
    }

    #[test]
    fn contradictions_are_told_and_the_rest_is_let_be() {
        let known = [
            fact(Field::Country, "DE", "directory (gleif)", 1.0),
            fact(Field::Founded, "2001", "directory (gleif)", 1.0),
        ];
        let told = [
            fact(Field::Country, "FR", "pdl", 0.9),
            fact(Field::Founded, "2003", "pdl", 0.9),
            fact(Field::Employees, "100", "pdl", 0.9),
            fact(Field::Employees, "5000", "apollo", 0.6),
            fact(Field::Description, "Makes clocks.", "apollo", 0.6),
        ];
        let checked = check(&told, &known);
        assert_eq!(checked.compared, 3, "country, year, and the second count of people");
        let about: Vec<_> = checked.contradictions.iter().map(|found| found.field).collect();
        assert_eq!(about, [Field::Country, Field::Employees]);
    }

    #[test]
    fn what_cannot_be_is_dropped() {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        for (field, value, fits) in [
            (Field::Founded, "2099", false),
            (Field::Founded, "1998", true),
            (Field::Country, "Germany", false),
            (Field::Employees, "0", false),
            (Field::Employees, "120", true),
        ] {
            assert_eq!(is_plausible(field, value, now), fits, "{value}");
        }
    }
}
