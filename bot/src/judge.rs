//! Judges whether a company answers a question, by the rules of `tests/judged/README.md`.

use anyhow::Context;
use domain::company::Company;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;

/// A judged question.
#[derive(Debug, Deserialize)]
pub(crate) struct Judged {
    pub(crate) id: String,
    pub(crate) query: String,
    pub(crate) family: String,
    #[serde(default)]
    must: serde_json::Map<String, Value>,
    relevant_any: Option<Vec<Rule>>,
    #[serde(default)]
    relevant_none: Vec<Rule>,
    expect: Option<String>,
    /// How many companies of the directory answer it.
    #[serde(default)]
    pub(crate) relevant: usize,
}

#[derive(Debug, Deserialize)]
struct Rule {
    field: String,
    #[serde(default, rename = "in")]
    any: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    regex: Option<String>,
}

impl Judged {
    /// Nothing in the directory answers it.
    pub(crate) fn is_impossible(&self) -> bool {
        self.expect.as_deref() == Some("no_match")
    }

    /// Whether a company answers it.
    pub(crate) fn is_answered_by(&self, company: &Company) -> anyhow::Result<bool> {
        if self.is_broken_by(company)? {
            return Ok(false);
        }
        let row = serde_json::to_value(company)?;
        for rule in &self.relevant_none {
            if rule.holds(&row)? {
                return Ok(false);
            }
        }
        let Some(rules) = &self.relevant_any else { return Ok(true) };
        for rule in rules {
            if rule.holds(&row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a company breaks a hard condition, or is not known to meet it.
    pub(crate) fn is_broken_by(&self, company: &Company) -> anyhow::Result<bool> {
        let row = serde_json::to_value(company)?;
        for (key, wanted) in &self.must {
            if !meets(&row, key, wanted).with_context(|| format!("{}: must.{key}", self.id))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn meets(row: &Value, key: &str, wanted: &Value) -> anyhow::Result<bool> {
    let text = |field: &str| row.get(field).and_then(Value::as_str);
    let number = |field: &str| row.get(field).and_then(Value::as_f64);
    let listed = |value: &str| {
        wanted.as_array().is_some_and(|list| {
            list.iter().filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(value))
        })
    };
    let bound = || wanted.as_f64().context("not a number");
    Ok(match key {
        "country" | "state" | "city" | "market_cap" | "status" => text(key).is_some_and(listed),
        "country_not" => text("country").is_some_and(|country| !listed(country)),
        "country_known" => text("country").is_some(),
        "founded_min" => number("founded_year").is_some_and(|year| bound().is_ok_and(|least| year >= least)),
        "founded_max" => number("founded_year").is_some_and(|year| bound().is_ok_and(|most| year <= most)),
        "funding_min_usd" => {
            number("funding_total_usd").is_some_and(|sum| bound().is_ok_and(|least| sum >= least))
        }
        "funding_max_usd" => {
            number("funding_total_usd").is_some_and(|sum| bound().is_ok_and(|most| sum <= most))
        }
        other => anyhow::bail!("no such condition: {other}"),
    })
}

impl Rule {
    fn holds(&self, row: &Value) -> anyhow::Result<bool> {
        let description = || row.get("description").and_then(Value::as_str).unwrap_or_default();
        let beginning = |chars: usize| vec![description().chars().take(chars).collect::<String>()];
        let values: Vec<String> = match self.field.as_str() {
            "lead" => beginning(200),
            "head" => beginning(400),
            field => match row.get(field) {
                Some(Value::Array(list)) => {
                    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                Some(Value::String(text)) => vec![text.clone()],
                _ => Vec::new(),
            },
        };
        if let Some(pattern) = &self.regex {
            let pattern: Regex = RegexBuilder::new(pattern).case_insensitive(true).build()?;
            return Ok(values.iter().any(|value| pattern.is_match(value)));
        }
        if !self.only.is_empty() {
            return Ok(!values.is_empty() && values.iter().all(|value| self.only.contains(value)));
        }
        Ok(values.iter().any(|value| self.any.contains(value)))
    }
}
