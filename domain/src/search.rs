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
    /// True when the cities are meant inside the states (`Boston, Massachusetts`); else either is enough.
    pub cities_in_states: bool,
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
    /// Words of excluded capabilities outside the taxonomy; a company that leads with them is dropped.
    pub capability_not: Vec<String>,
    /// Those of `capability` that say whom the company serves ("to shops"): they rank, and prove nothing alone.
    pub serves: Vec<String>,
    /// Those of `capability` that stand right before an industry's words ("banana" of "banana plantations"): where nobody
    /// shows them, nobody answers.
    pub narrows: Vec<String>,
    /// The person's own words for the industries: ranks companies that use them first, drops nobody.
    pub said: Vec<String>,
    /// A company that the wanted ones should be like, by name; it is left out itself.
    pub like: Option<String>,
    /// True when the person asked for start-ups: ranks venture-backed companies first, drops nobody.
    pub startup: bool,
}

impl Filters {
    /// True when nothing was asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// True when something is wanted, not only excluded: what nobody asked for has no best answer.
    pub fn asks(&self) -> bool {
        let places = !self.countries.is_empty() || !self.states.is_empty() || !self.cities.is_empty();
        let trade = !self.industries.is_empty() || !self.capability.is_empty() || self.like.is_some();
        let years = self.founded_min.is_some() || self.founded_max.is_some();
        let money = self.funding_min_usd.is_some() || self.funding_max_usd.is_some();
        trade || places || years || money || !self.sizes.is_empty() || self.status.is_some() || self.startup
    }

    /// True when a fact is asked that the directory does not know of every company.
    pub fn may_be_unknown(&self) -> bool {
        let bounds = self.founded_min.is_some() || self.founded_max.is_some();
        let money = self.funding_min_usd.is_some() || self.funding_max_usd.is_some();
        let places = !self.states.is_empty() || !self.cities.is_empty();
        bounds || money || places || !self.sizes.is_empty() || self.status.is_some()
    }

    /// The same question without one of its parts.
    pub fn without(&self, chip: &Chip) -> Self {
        let mut rest = self.clone();
        match chip.kind.as_str() {
            "country" => rest.countries = drop_all(&rest.countries, &chip.value),
            "country_not" => rest.countries_not = drop_all(&rest.countries_not, &chip.value),
            "state" => {
                rest.states = drop_all(&rest.states, &chip.value);
                rest.cities_in_states &= !rest.states.is_empty();
            }
            "city" => {
                rest.cities = drop_all(&rest.cities, &chip.value);
                rest.cities_in_states &= !rest.cities.is_empty();
            }
            "size" => rest.sizes.retain(|size| !chip.value.split('|').any(|label| label == size.label())),
            "industry" => {
                rest.industries = drop_all(&rest.industries, &chip.value);
                // The words cannot be told apart by industry; without them the ranking is only less sharp.
                rest.said.clear();
            }
            "industry_not" => rest.industries_not = drop_all(&rest.industries_not, &chip.value),
            "founded" => (rest.founded_min, rest.founded_max) = (None, None),
            "funding" => (rest.funding_min_usd, rest.funding_max_usd) = (None, None),
            "status" => rest.status = None,
            "capability" => {
                rest.capability = drop_all(&rest.capability, &chip.value);
                rest.serves = drop_all(&rest.serves, &chip.value);
                rest.narrows = drop_all(&rest.narrows, &chip.value);
            }
            "capability_not" => rest.capability_not = drop_all(&rest.capability_not, &chip.value),
            "startup" => rest.startup = false,
            "like" => rest.like = None,
            _ => {}
        }
        rest
    }
}

fn drop_all(held: &[String], dropped: &str) -> Vec<String> {
    held.iter().filter(|value| !dropped.split('|').any(|part| part == value.as_str())).cloned().collect()
}

/// One understood part of the question, shown back to the person as a removable chip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// Which filter, e.g. `country`, `size`, `industry`, `capability`.
    pub kind: String,
    /// In plain words, e.g. `in Germany`.
    pub label: String,
    /// The filter's values it stands for, joined by `|`, e.g. `DE`; [`Filters::without`] takes them away.
    #[serde(default)]
    pub value: String,
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
    /// How far the evaluator trusts the hits, 0 to 1; 0 when there are none.
    #[serde(default)]
    pub confidence: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_chip_takes_exactly_its_values() {
        let filters = Filters {
            countries: vec!["DE".into(), "AT".into(), "FR".into()],
            sizes: vec![Size::Mid, Size::Large],
            ..Filters::default()
        };
        let chip =
            |kind: &str, value: &str| Chip { kind: kind.into(), label: String::new(), value: value.into() };
        assert_eq!(filters.without(&chip("country", "DE|AT")).countries, ["FR"]);
        assert_eq!(filters.without(&chip("size", "Mid Cap")).sizes, [Size::Large]);
        assert_eq!(filters.without(&chip("status", "acquired")), filters);
    }
}
