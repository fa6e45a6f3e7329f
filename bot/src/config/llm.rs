//! Settings of language models.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use agents::llm::prompts::{self, Pins};
use agents::llm::{Llm as Models, Settings, Use};
use anyhow::{Context, bail, ensure};
use integrations::llm::table::{Price, Route, Table};
use integrations::llm::{Patience, Provider, Vendor};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use storage::llm_spending::Caps;

/// Micro-dollars of a cent.
const CENT_MICRO: i64 = 10_000;

/// Language models.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Llm {
    uses: String,
    allow: String,
    month_cents: i64,
    person_day_cents: i64,
    plan_cents: i64,
    first_ms: u64,
    whole_ms: u64,
    cache_hours: i64,
    table: String,
    prompts: String,
    anthropic_key: SecretString,
    anthropic_url: String,
    anthropic_region: String,
    openai_key: SecretString,
    openai_url: String,
    openai_region: String,
    gemini_key: SecretString,
    gemini_url: String,
    gemini_region: String,
    deepseek_key: SecretString,
    deepseek_url: String,
    deepseek_region: String,
    compatible_url: String,
    compatible_key: SecretString,
    compatible_model: String,
    compatible_price: String,
    compatible_region: String,
}

impl Llm {
    /// The way to language models; off unless something is to be asked and somebody is configured.
    pub(crate) fn open(&self) -> anyhow::Result<Models> {
        Models::new(self.settings()?).map_err(anyhow::Error::msg).context("language models")
    }

    /// What is configured.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        for (name, number) in [
            ("DEALDESK_LLM_MONTH_CENTS", self.month_cents),
            ("DEALDESK_LLM_PERSON_DAY_CENTS", self.person_day_cents),
            ("DEALDESK_LLM_PLAN_CENTS", self.plan_cents),
            ("DEALDESK_LLM_CACHE_HOURS", self.cache_hours),
        ] {
            ensure!((0..=1_000_000_000).contains(&number), "{name} is not a sensible number: {number}");
        }
        let first = Duration::from_millis(self.first_ms);
        Ok(Settings {
            providers: self.providers()?,
            uses: self.uses()?,
            table: self.table()?,
            allowed: listed(&self.allow).map(str::to_owned).collect(),
            caps: Caps {
                tenant_month_micro: self.month_cents * CENT_MICRO,
                person_day_micro: self.person_day_cents * CENT_MICRO,
                plan_micro: self.plan_cents * CENT_MICRO,
            },
            patience: Patience { first, idle: first, whole: Duration::from_millis(self.whole_ms) },
            cache_for: chrono::Duration::hours(self.cache_hours),
            pins: self.pins()?,
        })
    }

    fn uses(&self) -> anyhow::Result<BTreeSet<Use>> {
        let known = || Use::ALL.map(Use::name).join(", ");
        listed(&self.uses)
            .map(|name| {
                Use::from_name(name)
                    .with_context(|| format!("DEALDESK_LLM_USES: `{name}` is none of {}", known()))
            })
            .collect()
    }

    fn providers(&self) -> anyhow::Result<BTreeMap<Vendor, Provider>> {
        let mut providers = BTreeMap::new();
        for (vendor, key, url, region) in [
            (Vendor::Anthropic, &self.anthropic_key, &self.anthropic_url, &self.anthropic_region),
            (Vendor::OpenAi, &self.openai_key, &self.openai_url, &self.openai_region),
            (Vendor::Gemini, &self.gemini_key, &self.gemini_url, &self.gemini_region),
            (Vendor::DeepSeek, &self.deepseek_key, &self.deepseek_url, &self.deepseek_region),
            (Vendor::Compatible, &self.compatible_key, &self.compatible_url, &self.compatible_region),
        ] {
            // A server of one's own may take no key; it is known by its address.
            let is_there =
                if vendor == Vendor::Compatible { !url.is_empty() } else { !key.expose_secret().is_empty() };
            if is_there {
                let address = reqwest::Url::parse(url)
                    .with_context(|| format!("the address of {} is none: {url}", vendor.name()))?;
                ensure!(matches!(address.scheme(), "https" | "http"), "{url} is not an address of the web");
                let url = url.trim_end_matches('/').to_owned();
                let (key, region) = (key.clone(), region.trim().to_owned());
                providers.insert(vendor, Provider { vendor, url, key, region });
            }
        }
        Ok(providers)
    }

    fn table(&self) -> anyhow::Result<Table> {
        let mut table = if self.table.is_empty() {
            Table::built_in()?
        } else {
            let text = std::fs::read_to_string(&self.table)
                .with_context(|| format!("cannot read {} (DEALDESK_LLM_TABLE)", self.table))?;
            Table::read(&text).context("DEALDESK_LLM_TABLE")?
        };
        if !self.compatible_model.is_empty() {
            let price = price(&self.compatible_price).context("DEALDESK_LLM_COMPATIBLE_PRICE")?;
            let model = self.compatible_model.clone();
            table.append(&Route { vendor: Vendor::Compatible, model, price });
        }
        Ok(table)
    }

    fn pins(&self) -> anyhow::Result<Pins> {
        let mut pins = Pins::new();
        for name in listed(&self.prompts) {
            let pin = name.rsplit_once(".v").and_then(|(name, version)| Some((name, version.parse().ok()?)));
            let Some((name, version)) = pin else {
                bail!("DEALDESK_LLM_PROMPTS: `{name}` is not as in planner/intent.v1")
            };
            pins.insert(name.to_owned(), version);
            ensure!(
                prompts::serving(name, &pins).is_some(),
                "DEALDESK_LLM_PROMPTS: there is no prompt {name} of version {version}"
            );
        }
        Ok(pins)
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Two prices as `0.25/2`, dollars per million tokens sent and received; none when nothing is said.
fn price(text: &str) -> anyhow::Result<Option<Price>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let (input, output) = text.split_once('/').context("two numbers with a stroke, e.g. 0.25/2")?;
    Ok(Some(Price { input: micro(input)?, output: micro(output)? }))
}

/// Dollars to micro-dollars, digit by digit.
fn micro(text: &str) -> anyhow::Result<u64> {
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    ensure!(rest.len() <= 6, "{text} has more than six digits behind the point");
    let whole: u64 = whole.parse().with_context(|| format!("{text} is not a sum"))?;
    let rest: u64 = format!("{rest:0<6}").parse().with_context(|| format!("{text} is not a sum"))?;
    whole.checked_mul(1_000_000).and_then(|micro| micro.checked_add(rest)).context("too large")
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        Config::for_tests(variables).llm.settings()
    }

    #[test]
    fn nothing_is_asked_unless_it_is_switched_on() {
        let none = settings(&[("DEALDESK_LLM_ANTHROPIC_KEY", "k")]).unwrap();
        assert!(none.uses.is_empty());
        let some =
            settings(&[("DEALDESK_LLM_USES", "intent, query"), ("DEALDESK_LLM_OPENAI_KEY", "k")]).unwrap();
        assert_eq!(some.uses, BTreeSet::from([Use::Intent, Use::Query]));
        assert_eq!(some.providers.keys().copied().collect::<Vec<_>>(), [Vendor::OpenAi]);
        assert!(settings(&[("DEALDESK_LLM_USES", "everything")]).is_err());
    }

    #[test]
    fn a_server_of_ones_own_needs_an_address_a_model_and_a_price() {
        let own = [
            ("DEALDESK_LLM_COMPATIBLE_URL", "http://10.0.0.7:8000/v1/"),
            ("DEALDESK_LLM_COMPATIBLE_MODEL", "llama"),
        ];
        let free = settings(&[own[0], own[1], ("DEALDESK_LLM_COMPATIBLE_PRICE", "0/0.25")]).unwrap();
        let routes = &free.table.plan("intent").unwrap().routes;
        let last = routes.last().unwrap();
        assert_eq!(
            (last.vendor, last.price),
            (Vendor::Compatible, Some(Price { input: 0, output: 250_000 }))
        );
        assert_eq!(free.providers[&Vendor::Compatible].url, "http://10.0.0.7:8000/v1");
        let unpriced = settings(&own).unwrap();
        assert_eq!(unpriced.table.plan("intent").unwrap().routes.last().unwrap().price, None);
        assert!(settings(&[own[0], own[1], ("DEALDESK_LLM_COMPATIBLE_PRICE", "cheap")]).is_err());
    }

    #[test]
    fn a_pinned_prompt_is_there() {
        assert_eq!(
            settings(&[("DEALDESK_LLM_PROMPTS", "planner/intent.v1")]).unwrap().pins["planner/intent"],
            1
        );
        assert!(settings(&[("DEALDESK_LLM_PROMPTS", "planner/intent.v99")]).is_err());
        assert!(settings(&[("DEALDESK_LLM_PROMPTS", "planner/intent")]).is_err());
    }
}
