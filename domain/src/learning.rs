//! What was shown and what people said of it: the raw material of learning.

use serde::{Deserialize, Serialize};

use crate::company::CompanyId;
use crate::feature::Values;
use crate::ids::{PersonId, PlanId};
use crate::search::Reason;

/// A company on a first page, as it is kept for learning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impression {
    /// The company.
    pub company: CompanyId,
    /// Its name.
    pub name: String,
    /// Place on the page, from 1.
    pub position: u32,
    /// The fit that was shown, 0 to 100.
    pub fit: u8,
    /// The fit by the stated rules.
    pub rule_fit: u8,
    /// Which scorer gave the fit, e.g. `rules` or `partner_fit_scorer 1.2.0`.
    pub scored_by: String,
    /// Why the fit is what it is.
    pub reasons: Vec<Reason>,
    /// The chance that this company had of standing on this page.
    pub propensity: f64,
    /// True when it stands there to be learnt from, not for its rank.
    pub is_exploration: bool,
    /// What another version would have said: its name and the fit.
    pub shadow: Option<(String, u8)>,
    /// What the scorer read.
    pub values: Values,
}

/// A page of companies that a person was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The search.
    pub plan: PlanId,
    /// Who asked.
    pub to: PersonId,
    /// The page, top first.
    pub hits: Vec<Impression>,
}

/// What a person said of companies that a search showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// The search, when it is known.
    pub plan: Option<PlanId>,
    /// The companies.
    pub companies: Vec<CompanyId>,
    /// Good fit, or not for us.
    pub is_good: bool,
    /// Why; may be empty.
    pub reason: String,
    /// Who says so.
    pub by: PersonId,
}
