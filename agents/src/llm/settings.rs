//! What an installation says of language models.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use integrations::llm::table::Table;
use integrations::llm::{Patience, Provider, Vendor};
use storage::llm_spending::Caps;

use super::prompts::Pins;

/// What models are asked for; each is switched on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// What a message means that the grammar is unsure of.
    Intent,
    /// Which sentences of a contract answer a question.
    ContractAnswer,
    /// What a question about companies means that found nothing.
    Query,
}

impl Use {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Intent, Self::ContractAnswer, Self::Query];

    /// The word used in settings, tables and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::ContractAnswer => "contract_answer",
            Self::Query => "query",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|used| used.name() == name)
    }

    /// The name of its prompt.
    pub fn prompt(self) -> &'static str {
        match self {
            Self::Intent => "planner/intent",
            Self::ContractAnswer => "contract/answer",
            Self::Query => "discovery/query",
        }
    }
}

/// What an installation says of language models.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Those that may be asked at all.
    pub providers: BTreeMap<Vendor, Provider>,
    /// What they are asked for.
    pub uses: BTreeSet<Use>,
    /// Who is asked in which order, and what it costs.
    pub table: Table,
    /// Providers that may be asked where a tenant does not say; empty: all that are configured.
    pub allowed: Vec<String>,
    /// Limits where a tenant does not say.
    pub caps: Caps,
    /// How long calls may take; `whole` is for all providers of one question together.
    pub patience: Patience,
    /// For how long an answer stands in for the same question.
    pub cache_for: Duration,
    /// Prompts that do not serve in their latest version.
    pub pins: Pins,
}
