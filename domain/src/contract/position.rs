//! A playbook as it is written down: one position a term, with the rules that give its verdicts.

use serde::{Deserialize, Serialize};

use super::{Family, Side, TermKey, Verdict};

/// What a team wants of one term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionRow {
    /// Key of the term.
    pub term: TermKey,
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
    #[serde(default)]
    pub offer: String,
    /// The first rule that holds decides.
    #[serde(default, rename = "rule")]
    pub rules: Vec<RuleRow>,
}

/// A verdict and the conditions under which it is given; all that are named must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one plain sentence.
    pub because: String,
    /// A pattern that the clause's words match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// A pattern that they do not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// The shortest length of time, days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_min: Option<f64>,
    /// The longest length of time, days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_max: Option<f64>,
    /// The largest share, percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_max: Option<f64>,
    /// Places one of which the law or the court is of; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub law: Vec<String>,
    /// Whom the clause burdens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Another term that the contract has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// Another term that it does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// What a person changes of one position; its rules stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionEdit {
    /// Key of the term.
    pub term: TermKey,
    /// What we would like.
    pub preferred: String,
    /// What we can live with.
    pub fallback: String,
    /// What we cannot.
    pub unacceptable: String,
    /// The words we propose; may be empty.
    pub offer: String,
    /// Verdict when the contract has no such term.
    pub absent: Verdict,
    /// Verdict when it has one and no rule holds.
    pub otherwise: Verdict,
}

impl PositionEdit {
    /// Writes the change into its position. False when nothing is different.
    pub fn onto(&self, row: &mut PositionRow) -> bool {
        let old = row.clone();
        row.preferred.clone_from(&self.preferred);
        row.fallback.clone_from(&self.fallback);
        row.unacceptable.clone_from(&self.unacceptable);
        row.offer.clone_from(&self.offer);
        row.absent = self.absent;
        row.otherwise = self.otherwise;
        *row != old
    }
}
