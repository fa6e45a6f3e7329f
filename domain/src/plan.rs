//! A plan: the steps that one intent causes, who does them, and how each can end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card::Say;
use crate::change::Change;
use crate::error::UserError;
use crate::ids::{ConversationId, PersonId, PlanId, StepId, TenantId};
use crate::intent::Intent;

/// Who does a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Puts the answer together.
    Planner,
    /// Policy, personal data, safety.
    Guardrail,
    /// Finds partners.
    Discovery,
    /// Reads contracts.
    Contract,
    /// Keeps the pipeline.
    Deal,
    /// Checks what the others made.
    Evaluator,
}

impl Agent {
    /// All agents.
    pub const ALL: [Self; 6] =
        [Self::Planner, Self::Guardrail, Self::Discovery, Self::Contract, Self::Deal, Self::Evaluator];

    /// The word used in tables, metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planner => "planner",
            Self::Guardrail => "guardrail",
            Self::Discovery => "discovery",
            Self::Contract => "contract",
            Self::Deal => "deal",
            Self::Evaluator => "evaluator",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agent| agent.name() == name)
    }
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Some step can go on.
    Running,
    /// Every open step waits for a person, a timer or a vendor.
    Waiting,
    /// All steps are done.
    Done,
    /// A step failed for good.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Waits for the steps before it, or for a worker.
    Queued,
    /// A worker has it on lease.
    Running,
    /// Waits for a person, a timer or a vendor.
    Waiting,
    /// Finished.
    Done,
    /// Gave up; the reason is kept.
    Failed,
    /// No longer needed.
    Cancelled,
}

macro_rules! words {
    ($kind:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $kind {
            /// The word used in tables.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// Reads the word.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words!(PlanState {
    Running = "running",
    Waiting = "waiting",
    Done = "done",
    Failed = "failed",
    Cancelled = "cancelled",
});
words!(StepState {
    Queued = "queued",
    Running = "running",
    Waiting = "waiting",
    Done = "done",
    Failed = "failed",
    Cancelled = "cancelled",
});

/// A step that is yet to be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Who does it.
    pub agent: Agent,
    /// What, as the agent knows it, e.g. `search`.
    pub action: String,
    /// What the action needs, typed by the agent.
    pub input: Value,
    /// Positions, in the same list, of the drafts that must be done before.
    pub after: Vec<usize>,
}

impl Draft {
    /// A step that follows nothing.
    pub fn new(agent: Agent, action: &str, input: Value) -> Self {
        Self { agent, action: action.to_owned(), input, after: Vec::new() }
    }

    /// Chains drafts one after the other.
    pub fn chain(drafts: Vec<Self>) -> Vec<Self> {
        drafts
            .into_iter()
            .enumerate()
            .map(|(i, draft)| Self { after: i.checked_sub(1).into_iter().collect(), ..draft })
            .collect()
    }
}

/// A step that a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Key.
    pub id: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which plan.
    pub plan: PlanId,
    /// Its place in the plan, from 0.
    pub position: i32,
    /// Who does it.
    pub agent: Agent,
    /// What.
    pub action: String,
    /// What the action needs.
    pub input: Value,
    /// How often it was begun, this time included.
    pub attempt: i32,
    /// Fencing token: a result under an older one is refused.
    pub fence: i64,
    /// What woke it, when it had been waiting.
    pub signal: Option<Value>,
}

/// What a step's agent may know of the plan it works in.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Whose plan.
    pub tenant: TenantId,
    /// The plan.
    pub plan: PlanId,
    /// Who asked.
    pub requester: PersonId,
    /// The thread to answer in.
    pub conversation: ConversationId,
    /// What was asked.
    pub intent: Intent,
    /// In the person's words; empty for a press.
    pub said: String,
    /// Action and output of each earlier step, in order.
    pub outputs: Vec<(String, Value)>,
}

impl Context {
    /// The latest output of an action, if that step is done.
    pub fn output(&self, action: &str) -> Option<&Value> {
        self.outputs.iter().rev().find(|(a, _)| a == action).map(|(_, value)| value)
    }
}

/// How an agent ends a step that went well.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Finished; changes and messages commit with it.
    Done(Finish),
    /// Goes on when a signal comes or the time is reached; changes and messages commit now.
    Wait {
        /// What commits now.
        finish: Finish,
        /// When to wake without a signal.
        until: Option<DateTime<Utc>>,
    },
}

/// What a step leaves behind, all in one transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finish {
    /// For the steps after it.
    pub output: Value,
    /// Changes of state.
    pub changes: Vec<Change>,
    /// Messages out.
    pub say: Vec<Say>,
    /// Steps to add after this one, in order.
    pub next: Vec<Draft>,
}

impl Finish {
    /// Whether it has words for people, in messages or in the copies of a request.
    pub fn speaks(&self) -> bool {
        let is_shown = |change: &Change| {
            matches!(
                change,
                Change::Decide { .. } | Change::Vote { .. } | Change::Expire { .. } | Change::Void { .. }
            )
        };
        !self.say.is_empty() || self.changes.iter().any(is_shown)
    }
}

/// How an agent ends a step that went wrong: each names its recovery.
#[derive(Debug, thiserror::Error)]
pub enum Recovery {
    /// Try the same again later.
    #[error("try again in {after_ms} ms: {cause}")]
    Retry {
        /// How long to wait, milliseconds.
        after_ms: u64,
        /// What went wrong.
        cause: String,
    },
    /// What the step needs is away; it is tried again, and this time does not count as a try.
    #[error("away: {cause}")]
    Away {
        /// What was seen.
        cause: String,
    },
    /// Try a simpler step in its place.
    #[error("do it more simply: {cause}")]
    Fallback {
        /// The simpler step.
        simpler: Box<Draft>,
        /// What went wrong.
        cause: String,
    },
    /// A person has to look.
    #[error("a person has to look: {reason}")]
    Escalate {
        /// Why, for the person.
        reason: String,
    },
    /// The person asked for something that cannot be.
    #[error(transparent)]
    Refuse(#[from] UserError),
    /// What the person wrote must not be kept: it is refused and blanked wherever it was stored.
    #[error("{error}")]
    Blank {
        /// What to tell the person.
        error: UserError,
        /// What kinds of things it held, for the audit log.
        kinds: Vec<String>,
    },
}
