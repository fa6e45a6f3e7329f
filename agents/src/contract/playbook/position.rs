//! One position of a playbook, read from its file, and when its rules hold.

use domain::contract::{
    CalendarUnit, Duration, Extraction, Family, Jurisdiction, PositionRow, RuleRow, Side, State, TermKey, Value,
    Verdict,
};
use regex::Regex;
use serde::Deserialize;
use std::sync::LazyLock;

use super::side::{Ours, burdened};

/// A playbook: one position a term.
#[derive(Debug, Clone)]
pub struct Playbook {
    /// In the order of the file.
    pub positions: Vec<Position>,
}

/// What we want of one term.
#[derive(Debug, Clone)]
pub struct Position {
    /// Key of the term.
    pub term: String,
    /// Kind of harm.
    pub family: Family,
    /// What we would like, in words.
    pub preferred: String,
    /// What we can live with, in words.
    pub fallback: String,
    /// What we cannot, in words.
    pub unacceptable: String,
    /// Verdict when the contract has no such term.
    pub absent: Verdict,
    /// Verdict when it has one and no rule holds.
    pub otherwise: Verdict,
    /// The words we propose in place of a clause that we do not like; empty when we have none.
    pub offer: String,
    /// The first rule that holds decides.
    pub rules: Vec<Rule>,
}

/// A verdict and the conditions under which it is given; all must hold.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one plain sentence.
    pub because: String,
    says: Option<Regex>,
    lacks: Option<Regex>,
    days_min: Option<f64>,
    days_max: Option<f64>,
    percent_max: Option<f64>,
    law: Vec<String>,
    side: Option<Side>,
    has: Option<String>,
    without: Option<String>,
}

/// Why a text is not a playbook.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not laid out as one.
    #[error("the playbook cannot be read: {0}")]
    Layout(#[from] toml::de::Error),
    /// A pattern in it is none.
    #[error("the position on `{term}` has a pattern that cannot be used: {cause}")]
    Pattern {
        /// Of which term.
        term: String,
        /// What is wrong with it.
        cause: Box<regex::Error>,
    },
    /// A term has two positions.
    #[error("there are two positions on `{0}`")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    position: Vec<PositionRow>,
}

static BUILT_IN: LazyLock<Playbook> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    Playbook::read(include_str!("../../../playbooks/default.toml")).expect("the built-in playbook")
});

impl Playbook {
    /// The playbook that comes with the program.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a playbook's file.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let file: File = toml::from_str(text)?;
        Self::of(file.position)
    }

    /// A playbook from its rows.
    pub fn of(rows: Vec<PositionRow>) -> Result<Self, Fault> {
        let mut positions: Vec<Position> = Vec::with_capacity(rows.len());
        for row in rows {
            if positions.iter().any(|position| position.term == row.term.0) {
                return Err(Fault::Twice(row.term.0));
            }
            positions.push(Position::try_from(row)?);
        }
        Ok(Self { positions })
    }

    /// The same as rows, to be kept or shown.
    pub fn rows(&self) -> Vec<PositionRow> {
        self.positions.iter().map(Position::row).collect()
    }

    /// The position on a term.
    pub fn on(&self, term: &TermKey) -> Option<&Position> {
        self.positions.iter().find(|position| position.term == term.0)
    }
}

impl TryFrom<PositionRow> for Position {
    type Error = Fault;

    fn try_from(row: PositionRow) -> Result<Self, Fault> {
        let rules = row.rules.into_iter().map(|rule| read_rule(&row.term.0, rule));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            term: row.term.0,
            family: row.family,
            preferred: row.preferred,
            fallback: row.fallback,
            unacceptable: row.unacceptable,
            absent: row.absent,
            otherwise: row.otherwise,
            offer: row.offer,
        })
    }
}

impl Position {
    /// Key of the term.
    pub fn key(&self) -> TermKey {
        TermKey(self.term.clone())
    }

    fn row(&self) -> PositionRow {
        PositionRow {
            term: self.key(),
            family: self.family,
            preferred: self.preferred.clone(),
            fallback: self.fallback.clone(),
            unacceptable: self.unacceptable.clone(),
            absent: self.absent,
            otherwise: self.otherwise,
            offer: self.offer.clone(),
            rules: self.rules.iter().map(Rule::row).collect(),
        }
    }
}

fn read_rule(term: &str, entry: RuleRow) -> Result<Rule, Fault> {
    let pattern = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => regex::RegexBuilder::new(&text)
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .size_limit(1 << 20)
            .build()
            .map(Some)
            .map_err(|cause| Fault::Pattern { term: term.to_owned(), cause: Box::new(cause) }),
    };
    Ok(Rule {
        verdict: entry.verdict,
        because: entry.because,
        says: pattern(entry.says)?,
        lacks: pattern(entry.lacks)?,
        days_min: entry.days_min,
        days_max: entry.days_max,
        percent_max: entry.percent_max,
        law: entry.law,
        side: entry.side,
        has: entry.has,
        without: entry.without,
    })
}

impl Rule {
    fn row(&self) -> RuleRow {
        let words = |pattern: &Option<Regex>| pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
        RuleRow {
            verdict: self.verdict,
            because: self.because.clone(),
            says: words(&self.says),
            lacks: words(&self.lacks),
            days_min: self.days_min,
            days_max: self.days_max,
            percent_max: self.percent_max,
            law: self.law.clone(),
            side: self.side,
            has: self.has.clone(),
            without: self.without.clone(),
        }
    }

    /// Whether all conditions hold for one place of a term, given all that was found.
    pub(super) fn holds(&self, row: &Extraction, found: &[Extraction], ours: &Ours) -> bool {
        let words = row.quote.as_ref().map_or("", |quote| quote.text.as_str());
        let days = row.value.as_ref().and_then(days);
        let states = |term: &String| found.iter().any(|r| r.term.0 == *term && r.state == State::Stated);
        self.says.as_ref().is_none_or(|pattern| pattern.is_match(words))
            && self.lacks.as_ref().is_none_or(|pattern| !pattern.is_match(words))
            && self.days_min.is_none_or(|least| days.is_some_and(|days| days >= least))
            && self.days_max.is_none_or(|most| days.is_some_and(|days| days <= most))
            && self.percent_max.is_none_or(|most| percent(row).is_some_and(|percent| percent <= most))
            && (self.law.is_empty() || self.is_law(row))
            && self.side.is_none_or(|side| side == burdened(words, ours))
            && self.has.as_ref().is_none_or(states)
            && !self.without.as_ref().is_some_and(states)
    }

    fn is_law(&self, row: &Extraction) -> bool {
        let Some(Value::Jurisdiction(Jurisdiction { region, country, court })) = &row.value else {
            return false;
        };
        self.law.iter().any(|law| {
            [region, country, court].iter().any(|place| !place.is_empty() && place.eq_ignore_ascii_case(law))
        })
    }
}

/// A length of time in days, a month as 30.4 and a year as 365.25; perpetual is longer than all.
fn days(value: &Value) -> Option<f64> {
    let Value::Duration(Duration { count, unit }) = value else { return None };
    let each = match unit {
        CalendarUnit::Hours => 1.0 / 24.0,
        CalendarUnit::Days => 1.0,
        CalendarUnit::BusinessDays => 1.4,
        CalendarUnit::Weeks => 7.0,
        CalendarUnit::Months => 30.4375,
        CalendarUnit::Years => 365.25,
        CalendarUnit::Perpetual => return Some(f64::INFINITY),
    };
    Some(count * each)
}

fn percent(row: &Extraction) -> Option<f64> {
    match row.value {
        Some(Value::Percent(percent)) => Some(percent),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playbook_with_two_positions_on_a_term_or_a_bad_pattern_is_refused() {
        let position = "[[position]]\nterm = \"insurance\"\nfamily = \"OPS\"\npreferred = \"a\"\nfallback = \"b\"\n\
                        unacceptable = \"c\"\nabsent = \"green\"\notherwise = \"green\"\n";
        assert!(Playbook::read(position).is_ok());
        assert!(matches!(Playbook::read(&format!("{position}{position}")), Err(Fault::Twice(_))));
        let broken =
            format!("{position}[[position.rule]]\nverdict = \"red\"\nbecause = \"x\"\nsays = \"(\"\n");
        assert!(matches!(Playbook::read(&broken), Err(Fault::Pattern { .. })));
        let misspelt = position.replace("absent", "abscent");
        assert!(matches!(Playbook::read(&misspelt), Err(Fault::Layout(_))));
    }

    #[test]
    fn a_playbook_written_down_and_read_again_is_the_same() {
        let rows = Playbook::built_in().rows();
        let kept = serde_json::to_string(&rows).unwrap();
        let again: Vec<PositionRow> = serde_json::from_str(&kept).unwrap();
        assert_eq!(rows, again);
        assert_eq!(Playbook::of(again).unwrap().rows(), rows);
        assert!(rows.iter().any(|row| !row.rules.is_empty()));
    }

    #[test]
    fn months_and_years_compare_in_days() {
        let of = |count, unit| days(&Value::Duration(Duration { count, unit })).unwrap();
        assert!(of(2.0, CalendarUnit::Years) <= 731.0);
        assert!(of(24.0, CalendarUnit::Months) <= 731.0);
        assert!(of(1.0, CalendarUnit::Years) <= 366.0);
        assert!(of(0.0, CalendarUnit::Perpetual) > of(99.0, CalendarUnit::Years));
    }
}
