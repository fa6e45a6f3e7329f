//! Language models: one prompt, many providers, streamed. No tools: what comes back is text that must parse into a closed
//! schema, and what is asked, of whom and for how much is decided by whoever calls.

mod anthropic;
pub mod breaker;
mod chat;
mod compatible;
mod deepseek;
mod events;
mod gemini;
mod openai;
pub mod table;

use std::time::Duration;

use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::Value;

use crate::call::{CallError, Http};
use events::Events;

/// What a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// What it is to do, in our words.
    pub system: &'a str,
    /// What it is to do it with: redacted, and never an instruction.
    pub user: &'a str,
    /// Name of the answer's schema: letters, digits, underscores.
    pub schema_name: &'a str,
    /// JSON schema of the answer.
    pub schema: &'a Value,
    /// Most tokens of the answer, thinking included.
    pub max_tokens: u32,
}

impl Prompt<'_> {
    /// More tokens than any provider counts for what is sent: no token is shorter than a byte.
    pub fn input_tokens_max(&self) -> u64 {
        /// Roles, separators and the like that a provider adds.
        const FRAME: usize = 512;
        (self.system.len() + self.user.len() + self.schema.to_string().len() + FRAME) as u64
    }
}

/// Who makes a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's Chat Completions.
    OpenAi,
    /// Google's Gemini API.
    Gemini,
    /// DeepSeek.
    DeepSeek,
    /// Any server that speaks OpenAI's Chat Completions.
    Compatible,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Anthropic, Self::OpenAi, Self::Gemini, Self::DeepSeek, Self::Compatible];

    /// The word used in settings, tables and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::DeepSeek => "deepseek",
            Self::Compatible => "compatible",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.name() == name)
    }
}

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until the first event of the answer.
    pub first: Duration,
    /// Between two events.
    pub idle: Duration,
    /// In all.
    pub whole: Duration,
}

/// Tokens that a provider counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// What was sent.
    pub input: u64,
    /// What came back, thinking included.
    pub output: u64,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its text.
    pub text: String,
    /// What the provider counted, if it said.
    pub usage: Option<Usage>,
}

/// A call that brought no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was seen.
    pub error: CallError,
    /// The provider certainly takes no money for it.
    pub is_free: bool,
    /// What had come until it broke off; nothing may be done with it.
    pub draft: String,
    /// What the provider counted, if it said.
    pub usage: Option<Usage>,
}

/// A provider that is configured.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Who.
    pub vendor: Vendor,
    /// Its address, without a slash at the end.
    pub url: String,
    /// What it knows us by; may be empty for a server of one's own.
    pub key: SecretString,
    /// Where it computes, e.g. `us`; held against what a tenant allows.
    pub region: String,
}

/// An answer in the making.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    usage: Option<Usage>,
    /// The provider said that the answer is whole.
    is_whole: bool,
}

impl Provider {
    /// Asks a model; `on_text` sees the answer grow. Errors: [`Failure`], with what had come by then.
    pub async fn ask(
        &self,
        http: &Http,
        model: &str,
        (prompt, patience): (&Prompt<'_>, Patience),
        on_text: impl FnMut(&str),
    ) -> Result<Reply, Failure> {
        let mut draft = Draft::default();
        let asked = self.stream(http, (model, prompt, patience), &mut draft, on_text);
        let ended = match tokio::time::timeout(patience.whole, asked).await {
            Ok(ended) => ended,
            Err(_) => Err((CallError::OutcomeUnknown { cause: "no whole answer in time".to_owned() }, false)),
        };
        let Draft { text, usage, .. } = draft;
        match ended {
            Ok(()) => Ok(Reply { text, usage }),
            Err((error, is_free)) => Err(Failure { error, is_free, draft: text, usage }),
        }
    }

    async fn stream(
        &self,
        http: &Http,
        (model, prompt, patience): (&str, &Prompt<'_>, Patience),
        draft: &mut Draft,
        mut on_text: impl FnMut(&str),
    ) -> Result<(), (CallError, bool)> {
        let request = self.request(http, model, prompt);
        let begun = tokio::time::Instant::now();
        let late = || CallError::OutcomeUnknown { cause: "no answer in time".to_owned() };
        let opened = tokio::time::timeout(patience.first, http.open(request)).await;
        let response = opened.map_err(|_| (late(), false))?.map_err(|error| {
            let is_free = is_free(&error);
            (error, is_free)
        })?;
        let mut events = Events::of(response);
        let mut wait = patience.first.saturating_sub(begun.elapsed());
        loop {
            let next = tokio::time::timeout(wait, events.next()).await.map_err(|_| (late(), false))?;
            wait = patience.idle;
            let Some(event) = next.map_err(|error| (error, false))? else { break };
            let before = draft.text.len();
            self.read(&event, draft).map_err(|error| (error, false))?;
            if draft.text.len() > before {
                on_text(&draft.text[before..]);
            }
        }
        if draft.is_whole {
            return Ok(());
        }
        Err((CallError::Garbage { cause: "the answer broke off".to_owned() }, false))
    }

    fn request(&self, http: &Http, model: &str, prompt: &Prompt<'_>) -> RequestBuilder {
        match self.vendor {
            Vendor::Anthropic => anthropic::request(self, http, model, prompt),
            Vendor::OpenAi => openai::request(self, http, model, prompt),
            Vendor::Gemini => gemini::request(self, http, model, prompt),
            Vendor::DeepSeek => deepseek::request(self, http, model, prompt),
            Vendor::Compatible => compatible::request(self, http, model, prompt),
        }
    }

    fn read(&self, event: &str, draft: &mut Draft) -> Result<(), CallError> {
        match self.vendor {
            Vendor::Anthropic => anthropic::read(event, draft),
            Vendor::Gemini => gemini::read(event, draft),
            Vendor::OpenAi | Vendor::DeepSeek | Vendor::Compatible => chat::read(event, draft),
        }
    }
}

/// Whether a call that failed before its answer began certainly costs nothing: the provider answered with an error.
fn is_free(error: &CallError) -> bool {
    match error {
        CallError::OutcomeUnknown { cause } => {
            cause.get(..3).is_some_and(|status| status.starts_with('5') && status.parse::<u16>().is_ok())
        }
        CallError::Garbage { .. } => false,
        _ => true,
    }
}

/// A provider's answer that is none.
fn garbage(cause: impl Into<String>) -> CallError {
    CallError::Garbage { cause: cause.into() }
}
