//! Asking a language model: redacted first, within the tenant's rules and limits, written down before it is sent, from one
//! provider to the next, and read into a closed schema or not at all.

mod asking;
mod notice;
pub mod prompts;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use domain::card::Say;
use domain::ids::{PersonId, PlanId, TenantId};
use integrations::Http;
use integrations::llm::breaker::Breakers;
use integrations::llm::{Provider, Vendor};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::guardrail::Redacted;
pub use notice::usd;
pub use settings::{Settings, Use};

/// How often calls are looked for whose process died.
const LOST_EVERY: Duration = Duration::minutes(5);

/// The way to language models; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Llm(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    http: Http,
    breakers: Breakers,
    /// When lost calls of a tenant were looked for.
    looked: Mutex<HashMap<TenantId, DateTime<Utc>>>,
}

/// What a model answers: a closed schema.
pub trait Answer: DeserializeOwned + Send {
    /// Name of the schema: letters and underscores.
    const NAME: &'static str;
    /// The JSON schema that the provider is held to; reading refuses what it does not name.
    fn schema() -> Value;
}

/// Something to ask.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Whose data.
    pub tenant: TenantId,
    /// For whom.
    pub person: PersonId,
    /// For which plan.
    pub plan: Option<PlanId>,
    /// What for.
    pub used: Use,
    /// Words that are put behind the prompt's file, of ours alone, e.g. a list of keys.
    pub appendix: &'a str,
    /// What it is about, as it is; it is redacted before it goes anywhere.
    pub text: &'a str,
}

/// A model's answer.
#[derive(Debug, Clone)]
pub struct Told<A> {
    /// What it said.
    pub answer: A,
    /// Puts back what was taken out of the question.
    pub redacted: Redacted,
    /// Who said it, e.g. `anthropic/claude-haiku-4-5`.
    pub model: String,
}

/// Why there is no answer; the rules then do what they can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nobody wants one here.
    Off,
    /// The team lets none of the configured providers be asked.
    NotAllowed,
    /// The team's guardrail keeps what is asked here.
    Kept,
    /// A limit is reached.
    Over,
    /// No provider answers.
    Away,
    /// What came back is not of the schema.
    Unreadable,
}

impl Silence {
    /// What people are told beside an answer that comes from the rules alone; nothing where no model was wanted.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::NotAllowed => {
                Some("By the rules alone: your team lets none of the language models be asked.")
            }
            Self::Kept => Some("By the rules alone: your team keeps what this holds from language models."),
            Self::Over => Some("By the rules alone: the limit for language models is reached."),
            Self::Away => Some("By the rules alone: no language model can be reached right now."),
            Self::Unreadable => Some("By the rules alone: the language model's answer was of no use."),
        }
    }
}

/// What came of asking.
#[derive(Debug)]
pub struct Heard<A> {
    /// The answer, or why there is none.
    pub told: Result<Told<A>, Silence>,
    /// Messages that go out with whatever the agent says: a limit is nearly reached.
    pub says: Vec<Say>,
}

impl Llm {
    /// With these settings. Errors: when TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, String> {
        if settings.providers.is_empty() || settings.uses.is_empty() {
            return Ok(Self(None));
        }
        /// Most bytes of an error's answer; streams have a bound of their own.
        const BYTES_MAX: usize = 1 << 20;
        let limit = settings.patience.whole + std::time::Duration::from_secs(1);
        let http = Http::new(limit, BYTES_MAX).map_err(|error| error.to_string())?;
        Ok(Self(Some(Arc::new(Inner {
            settings,
            http,
            breakers: Breakers::default(),
            looked: Mutex::default(),
        }))))
    }

    /// Whether models are asked for this.
    pub fn serves(&self, used: Use) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.settings.uses.contains(&used))
    }

    /// The settings, if models are asked for anything.
    pub fn settings(&self) -> Option<&Settings> {
        self.0.as_ref().map(|inner| &inner.settings)
    }

    /// Providers that rest after failures, and until when.
    pub fn resting(&self, now: DateTime<Utc>) -> Vec<(Vendor, DateTime<Utc>)> {
        self.0.as_ref().map(|inner| inner.breakers.resting(now)).unwrap_or_default()
    }
}

impl Inner {
    fn provider(&self, vendor: Vendor) -> Option<&Provider> {
        self.settings.providers.get(&vendor)
    }

    /// Whether lost calls of a tenant have to be looked for now.
    fn must_look(&self, tenant: TenantId, now: DateTime<Utc>) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.get(&tenant).is_none_or(|last| now - *last >= LOST_EVERY);
        if is_due {
            looked.insert(tenant, now);
        }
        is_due
    }
}
