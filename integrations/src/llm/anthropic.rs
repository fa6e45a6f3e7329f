//! Anthropic's Messages API.

use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::{Draft, Prompt, Provider, garbage};
use crate::call::{CallError, Http};

/// The version of the interface that is spoken.
const VERSION: &str = "2023-06-01";

pub(super) fn request(provider: &Provider, http: &Http, model: &str, prompt: &Prompt<'_>) -> RequestBuilder {
    let body = json!({
        "model": model,
        "max_tokens": prompt.max_tokens,
        "system": prompt.system,
        "messages": [{ "role": "user", "content": prompt.user }],
        "output_config": { "format": { "type": "json_schema", "schema": prompt.schema } },
        "stream": true,
    });
    http.client()
        .post(format!("{}/v1/messages", provider.url))
        .header("x-api-key", provider.key.expose_secret())
        .header("anthropic-version", VERSION)
        .json(&body)
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Started,
    },
    ContentBlockStart {
        content_block: Block,
    },
    ContentBlockDelta {
        delta: Delta,
    },
    MessageDelta {
        delta: Ended,
        usage: Option<Counted>,
    },
    MessageStop,
    Error {
        error: Trouble,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Started {
    usage: Option<Counted>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Ended {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Counted {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    /// Not counted in `input_tokens`.
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

/// Reads one event.
pub(super) fn read(event: &str, draft: &mut Draft) -> Result<(), CallError> {
    let event: Event = serde_json::from_str(event).map_err(|error| garbage(error.to_string()))?;
    match event {
        Event::MessageStart { message } => {
            count(draft, message.usage);
        }
        Event::ContentBlockStart { content_block } => {
            if content_block.kind.contains("tool_use") {
                return Err(garbage("it asked for a tool; there are none"));
            }
        }
        Event::ContentBlockDelta { delta } => {
            if delta.kind == "text_delta" {
                draft.text.push_str(&delta.text.unwrap_or_default());
            }
        }
        Event::MessageDelta { delta, usage } => {
            count(draft, usage);
            match delta.stop_reason.as_deref() {
                None | Some("end_turn" | "stop_sequence") => {}
                Some(other) => return Err(garbage(format!("it ended by `{other}`"))),
            }
        }
        Event::MessageStop => draft.is_whole = true,
        Event::Error { error } => {
            let message: String = error.message.chars().take(200).collect();
            let cause = format!("an error in the stream: {}: {message}", error.kind);
            return Err(CallError::OutcomeUnknown { cause });
        }
        Event::Other => {}
    }
    Ok(())
}

/// Counts are sums so far: a later one replaces an earlier one.
fn count(draft: &mut Draft, counted: Option<Counted>) {
    let Some(counted) = counted else { return };
    let usage = draft.usage.get_or_insert_default();
    if let Some(input) = counted.input_tokens {
        let written = counted.cache_creation_input_tokens.unwrap_or(0);
        usage.input = input + written + counted.cache_read_input_tokens.unwrap_or(0);
    }
    if let Some(output) = counted.output_tokens {
        usage.output = output;
    }
}
