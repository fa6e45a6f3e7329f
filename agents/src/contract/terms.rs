//! The terms we look for, read from `agents/terms/*.toml`: one file a term.

use std::sync::LazyLock;

use domain::contract::{Family, TermInfo, TermKey};
use serde::Deserialize;

/// What kind of value a term has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A short text.
    Text,
    /// The sides of the contract.
    Parties,
    /// A day.
    Date,
    /// A length of time.
    Duration,
    /// A law or a court.
    Jurisdiction,
    /// A share.
    Percent,
    /// The clause itself.
    Clause,
}

/// How a quote is turned into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normaliser {
    /// The quote without numbering and signs.
    Title,
    /// Name and role.
    Party,
    /// A day.
    Date,
    /// The day or length of time that ends the first term.
    TermEnd,
    /// The length of a renewal and whether it comes by itself.
    Renewal,
    /// The length of a notice.
    Notice,
    /// Notice period and who may give it.
    NoticeWho,
    /// State or country whose law applies.
    Law,
    /// Court or seat of arbitration.
    Forum,
    /// Presence alone.
    Presence,
    /// A percentage and what it is taken of.
    PercentBase,
    /// A percentage.
    Percent,
    /// Money, or a number with a unit.
    Amount,
    /// A number with a unit.
    Number,
    /// Money, or a multiple of fees.
    Cap,
    /// Money.
    Money,
    /// A length of time.
    Duration,
    /// How often.
    Frequency,
    /// Days until payment.
    Payment,
    /// Hours until notice.
    Hours,
}

/// One term: how to find it and how to read it. What we think of it stands in the playbook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermSpec {
    /// Place in the list, from 1.
    pub number: u32,
    /// Its key, e.g. `governing_law`.
    pub key: TermKey,
    /// Its name for people; for labelled terms the category's name in CUAD.
    pub name: String,
    /// Kind of value.
    pub kind: Kind,
    /// How a quote is turned into a value.
    pub normaliser: Normaliser,
    /// Kind of harm it can do.
    #[serde(deserialize_with = "family")]
    pub family: Family,
    /// One of the ten that matter most.
    pub mvp: bool,
    /// Its absence is a finding.
    pub required: bool,
    /// Labelled contracts exist, so that its scorer is trained; otherwise it is found by rules alone.
    pub labelled: bool,
    /// What to ask a language model for.
    pub prompt: String,
    /// Words of questions about it: all of one entry in any order, `a|b` is either.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Headings under which it is usually found, in lower case.
    pub headings: Vec<String>,
    /// Word patterns that point to it; see [`super::extract::cue`].
    pub cues: Vec<String>,
}

fn family<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Family, D::Error> {
    let name = String::deserialize(from)?.to_uppercase();
    Family::deserialize(serde::de::value::StringDeserializer::new(name))
}

static FILES: &[&str] = include!(concat!(env!("OUT_DIR"), "/terms.rs"));

static TERMS: LazyLock<Vec<TermSpec>> = LazyLock::new(|| {
    // The files are compiled in and a test reads them all: a broken one never ships.
    let mut terms: Vec<TermSpec> = FILES.iter().filter_map(|file| toml::from_str(file).ok()).collect();
    terms.sort_by_key(|term| term.number);
    terms
});

/// All terms, by number.
#[must_use]
pub fn all() -> &'static [TermSpec] {
    &TERMS
}

/// The term with a key.
#[must_use]
pub fn by_key(key: &str) -> Option<&'static TermSpec> {
    all().iter().find(|term| term.key.0 == key)
}

/// What people need to know of all terms to read a report.
#[must_use]
pub fn infos() -> Vec<TermInfo> {
    let info = |term: &TermSpec| TermInfo {
        number: term.number,
        key: term.key.clone(),
        name: term.name.clone(),
        family: term.family,
        is_main: term.mvp,
    };
    all().iter().map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_47_terms_and_every_file_is_one() {
        for file in FILES {
            toml::from_str::<TermSpec>(file).expect("a term");
        }
        let numbers: Vec<u32> = all().iter().map(|term| term.number).collect();
        assert_eq!(numbers, (1..=47).collect::<Vec<_>>());
    }

    #[test]
    fn ten_matter_most_and_six_have_no_labels() {
        assert_eq!(all().iter().filter(|term| term.mvp).count(), 10);
        assert_eq!(all().iter().filter(|term| !term.labelled).count(), 6);
    }
}
