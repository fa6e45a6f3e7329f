//! OpenAI's Chat Completions as several providers speak it: the request's common part and the streamed answer.

use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Draft, Prompt, Provider, Usage, garbage};
use crate::call::{CallError, Http};

/// What all of them take.
pub(super) fn body(model: &str, prompt: &Prompt<'_>) -> Value {
    json!({
        "model": model,
        "messages": [
            { "role": "system", "content": prompt.system },
            { "role": "user", "content": prompt.user },
        ],
        "stream": true,
        "stream_options": { "include_usage": true },
    })
}

/// The answer's schema, followed to the letter where the server can.
pub(super) fn schema_format(prompt: &Prompt<'_>) -> Value {
    json!({
        "type": "json_schema",
        "json_schema": { "name": prompt.schema_name, "schema": prompt.schema, "strict": true },
    })
}

/// What is asked of those who only promise JSON, beside the prompt.
pub(super) fn schema_words(prompt: &Prompt<'_>) -> String {
    format!(
        "{}\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{}",
        prompt.system, prompt.schema
    )
}

pub(super) fn post(provider: &Provider, http: &Http, body: &Value) -> RequestBuilder {
    let request = http.client().post(format!("{}/chat/completions", provider.url)).json(body);
    match provider.key.expose_secret() {
        "" => request,
        key => request.bearer_auth(key),
    }
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Counted>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Value>,
}

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// Reads one event.
pub(super) fn read(event: &str, draft: &mut Draft) -> Result<(), CallError> {
    if event.trim() == "[DONE]" {
        return Ok(());
    }
    let chunk: Chunk = serde_json::from_str(event).map_err(|error| garbage(error.to_string()))?;
    if let Some(error) = chunk.error {
        let words: String = error.to_string().chars().take(200).collect();
        return Err(CallError::OutcomeUnknown { cause: format!("an error in the stream: {words}") });
    }
    if let Some(counted) = chunk.usage {
        draft.usage = Some(Usage { input: counted.prompt_tokens, output: counted.completion_tokens });
    }
    for choice in chunk.choices {
        if choice.delta.tool_calls.is_some_and(|calls| !calls.is_null()) {
            return Err(garbage("it asked for a tool; there are none"));
        }
        if choice.delta.refusal.is_some_and(|words| !words.is_empty()) {
            return Err(garbage("the model refused"));
        }
        draft.text.push_str(&choice.delta.content.unwrap_or_default());
        match choice.finish_reason.as_deref() {
            None => {}
            Some("stop") => draft.is_whole = true,
            Some(other) => return Err(garbage(format!("it ended by `{other}`"))),
        }
    }
    Ok(())
}
