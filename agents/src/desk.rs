//! What every agent works with.

use domain::card::Card;
use domain::clock::Clock;
use domain::ids::{Ids, VersionId};
use domain::intent::{Intent, Understood};
use domain::person::Role;
use domain::plan::{Context, Recovery, Step};
use serde::de::DeserializeOwned;
use storage::Db;

use crate::contract::Tools;
use crate::discovery::Directory;
use crate::failpoint::FailPoints;
use crate::learning::Models;
use crate::llm::Llm;

/// What every agent works with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    /// State.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// The companies.
    pub directory: Directory,
    /// What reads documents and finds terms.
    pub contracts: Tools,
    /// The versions of models that serve.
    pub models: Models,
    /// How long a request waits for a decision, days.
    pub approval_days: i64,
    /// Where people's browsers reach the console, without a slash at the end.
    pub console_url: String,
    /// Places where a test ends the process.
    pub points: FailPoints,
    /// The help on a command, or on all, for a role: made from the channels' table of commands.
    pub help: fn(Option<&str>, Role) -> Card,
    /// The channels' grammar, for words that a model put in order.
    pub grammar: Grammar,
    /// Language models; off unless configured.
    pub llm: Llm,
}

/// The channels' grammar: what a text means, and how an intent is said.
#[derive(Debug, Clone, Copy)]
pub struct Grammar {
    /// Text to intent.
    pub understand: fn(&str) -> Understood,
    /// Intent to the command that says it; none for what only a button can say.
    pub print: fn(&Intent) -> Option<String>,
}

impl Desk {
    /// The console's page on what was read in a version.
    pub(crate) fn report_url(&self, version: VersionId) -> String {
        format!("{}/contracts/{version}", self.console_url)
    }
}

/// The output of an earlier step, typed.
pub(crate) fn earlier<T: DeserializeOwned>(context: &Context, action: &str) -> Result<T, Recovery> {
    let value = context
        .output(action)
        .ok_or_else(|| Recovery::Escalate { reason: format!("the step {action} left nothing") })?;
    serde_json::from_value(value.clone())
        .map_err(|cause| Recovery::Escalate { reason: format!("the output of {action}: {cause}") })
}

/// A step's input, typed.
pub(crate) fn input<T: DeserializeOwned>(step: &Step) -> Result<T, Recovery> {
    serde_json::from_value(step.input.clone())
        .map_err(|cause| Recovery::Escalate { reason: format!("the input of {}: {cause}", step.action) })
}

/// Storage failed: try again, unless the state itself is wrong.
pub(crate) fn storage(error: storage::Error) -> Recovery {
    match error {
        storage::Error::Unreadable { .. } | storage::Error::Missing(_) => {
            Recovery::Escalate { reason: chain(&error) }
        }
        storage::Error::Unavailable(_) => Recovery::Away { cause: chain(&error) },
        _ => Recovery::Retry { after_ms: 500, cause: chain(&error) },
    }
}

/// An error with its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        cause = inner.source();
    }
    line
}

/// The plan names a step that its agent does not know.
pub(crate) fn unknown_action(step: &Step) -> Recovery {
    Recovery::Escalate { reason: format!("{} does not know `{}`", step.agent.name(), step.action) }
}
