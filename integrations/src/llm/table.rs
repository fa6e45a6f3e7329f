//! Which models are asked for what and what they cost: data, not code.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Usage, Vendor};

const BUILT_IN: &str = include_str!("table.toml");

/// What a model costs: micro-dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of what is sent.
    pub input: u64,
    /// Of what comes back.
    pub output: u64,
}

impl Price {
    /// What so many tokens cost, micro-dollars, rounded up.
    pub fn of(&self, usage: Usage) -> i64 {
        let millionths = u128::from(usage.input) * u128::from(self.input)
            + u128::from(usage.output) * u128::from(self.output);
        i64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(i64::MAX)
    }
}

/// A provider and one of its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Who is asked.
    pub vendor: Vendor,
    /// Which of its models.
    pub model: String,
    /// What it costs; a model without a price is not asked.
    pub price: Option<Price>,
}

/// What is done for one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Who is asked, in order.
    pub routes: Vec<Route>,
    /// Most tokens of an answer.
    pub max_tokens: u32,
}

/// A table that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is no such table.
    #[error("the table of language models cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A model is not written as `provider/model`.
    #[error("`{0}` is not a provider and its model, as in anthropic/claude-haiku-4-5")]
    Model(String),
}

/// Routes by purpose, with prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table(BTreeMap<String, Plan>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    purpose: BTreeMap<String, WrittenPlan>,
    price: BTreeMap<String, Price>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlan {
    models: Vec<String>,
    max_tokens: u32,
}

impl Table {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn built_in() -> Result<Self, TableError> {
        Self::read(BUILT_IN)
    }

    /// Reads a table. Errors: when it is not of the built-in one's form.
    pub fn read(text: &str) -> Result<Self, TableError> {
        let written: Written = toml::from_str(text)?;
        let mut plans = BTreeMap::new();
        for (purpose, plan) in written.purpose {
            let routes =
                plan.models.iter().map(|name| route(name, &written.price)).collect::<Result<_, _>>()?;
            plans.insert(purpose, Plan { routes, max_tokens: plan.max_tokens });
        }
        Ok(Self(plans))
    }

    /// Adds a model behind all others, for every purpose.
    pub fn append(&mut self, route: &Route) {
        for plan in self.0.values_mut() {
            plan.routes.push(route.clone());
        }
    }

    /// What is done for a purpose; none that the table does not name.
    pub fn plan(&self, purpose: &str) -> Option<&Plan> {
        self.0.get(purpose)
    }

    /// All purposes.
    pub fn purposes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn route(name: &str, prices: &BTreeMap<String, Price>) -> Result<Route, TableError> {
    let known = name.split_once('/').and_then(|(vendor, model)| Some((Vendor::from_name(vendor)?, model)));
    let (vendor, model) =
        known.filter(|(_, model)| !model.is_empty()).ok_or_else(|| TableError::Model(name.to_owned()))?;
    Ok(Route { vendor, model: model.to_owned(), price: prices.get(name).copied() })
}

/// Whether a tenant's list lets a provider be asked: it names the provider, the provider in its region, or all of a
/// region. An empty list lets nobody be asked.
pub fn allows(list: &[String], vendor: Vendor, region: &str) -> bool {
    list.iter().any(|one| match one.trim().split_once(':') {
        None => one.trim() == vendor.name(),
        Some((who, place)) => (who == "*" || who == vendor.name()) && place == region,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_has_a_price_for_every_model_and_two_vendors_for_every_purpose() {
        let table = Table::built_in().unwrap();
        for purpose in ["intent", "query", "contract_answer", "second_reader"] {
            let plan = table.plan(purpose).unwrap();
            assert!(plan.routes.iter().all(|route| route.price.is_some()), "{purpose}");
            assert!(plan.routes.windows(2).all(|two| two[0].vendor != two[1].vendor), "{purpose}");
            assert!(plan.routes.len() >= 2, "{purpose}");
        }
    }

    #[test]
    fn costs_are_whole_and_rounded_up() {
        let price = Price { input: 250_000, output: 2_000_000 };
        assert_eq!(price.of(Usage { input: 1, output: 0 }), 1);
        assert_eq!(price.of(Usage { input: 4_000, output: 500 }), 2_000);
        assert_eq!(price.of(Usage { input: u64::MAX, output: u64::MAX }), i64::MAX);
    }

    #[test]
    fn a_model_without_price_is_known_to_have_none_and_a_wrong_name_is_refused() {
        let written =
            |model: &str| format!("[purpose.intent]\nmodels = [\"{model}\"]\nmax_tokens = 1\n[price]\n");
        let table = Table::read(&written("openai/new")).unwrap();
        assert_eq!(table.plan("intent").unwrap().routes[0].price, None);
        assert!(Table::read(&written("gpt")).is_err() && Table::read(&written("nobody/x")).is_err());
    }

    #[test]
    fn a_list_names_providers_regions_or_both() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(allows(&list(&["anthropic"]), Vendor::Anthropic, "us"));
        assert!(allows(&list(&["openai:eu", "*:local"]), Vendor::Compatible, "local"));
        assert!(!allows(&list(&["openai:eu"]), Vendor::OpenAi, "us"));
        assert!(!allows(&list(&["openai"]), Vendor::Anthropic, "us"));
        assert!(!allows(&[], Vendor::Anthropic, "us"));
    }
}
