//! A directory search: the typed question, and hits that carry their evidence.

use serde::{Deserialize, Serialize};

use crate::company::{Company, Size};

/// What a search asks for, over a closed taxonomy. Every field that is set is a hard filter, save
/// `capability` and `industries`, which rank and must be shown by evidence. Empty means "any".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// ISO country codes; a company must be in one of them.
    pub countries: Vec<String>,
    /// Countries that are excluded.
    pub countries_not: Vec<String>,
    /// State or province codes.
    pub states: Vec<String>,
    /// Cities, as written in the directory, lower case.
    pub cities: Vec<String>,
    /// Size buckets.
    pub sizes: Vec<Size>,
    /// Ids of the taxonomy's industries, any of which satisfies.
    pub industries: Vec<String>,
    /// Ids of the taxonomy's industries that are excluded.
    pub industries_not: Vec<String>,
    /// Earliest year of foundation, inclusive.
    pub founded_min: Option<i32>,
    /// Latest year of foundation, inclusive.
    pub founded_max: Option<i32>,
    /// Least total raised, US dollars.
    pub funding_min_usd: Option<f64>,
    /// Most total raised, US dollars.
    pub funding_max_usd: Option<f64>,
    /// Operating status, e.g. `operating`, `acquired`.
    pub status: Option<String>,
    /// What the company should do, in the words that were left: ranked by text.
    pub capability: Vec<String>,
}

/// One understood part of the question, shown back to the person as a removable chip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// Which filter, e.g. `country`, `size`, `industry`, `capability`.
    pub kind: String,
    /// In plain words, e.g. `in Germany`.
    pub label: String,
}

/// Whether a part of the question holds for a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A field or a sentence shows it.
    Satisfied,
    /// The directory does not know.
    Unknown,
}

/// The proof that one part of the question holds for a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The part of the question, as on its chip.
    pub part: String,
    /// Satisfied, or unknown.
    pub verdict: Verdict,
    /// The field it was found in, e.g. `country`, `description`.
    pub field: String,
    /// The field's value, or the sentence verbatim.
    pub quote: String,
}

/// One reason of a fit score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Short plain words, e.g. `industry matches: Payments`.
    pub label: String,
    /// Points it gave, out of its share of 100.
    pub points: f64,
    /// The most it could give.
    pub points_max: f64,
}

/// A company that answers the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The company as the directory knows it.
    pub company: Company,
    /// Fit, 0 to 100.
    pub fit: u8,
    /// Why the fit is what it is.
    pub reasons: Vec<Reason>,
    /// One entry for each part of the question.
    pub evidence: Vec<Evidence>,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question in the person's words.
    pub query: String,
    /// The question as understood.
    pub filters: Filters,
    /// The same, for people.
    pub chips: Vec<Chip>,
    /// Best first.
    pub hits: Vec<Hit>,
    /// True when nothing in the directory fits well enough.
    pub no_match: bool,
    /// When nothing fits: the one part whose removal would help most.
    pub relax: Option<String>,
    /// True when the search index was not available and the answer is a simpler one.
    pub degraded: bool,
    /// Companies that satisfied every hard filter.
    pub considered: u64,
}
