//! Google's Gemini API.

use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Draft, Prompt, Provider, Usage, garbage};
use crate::call::{CallError, Http};

pub(super) fn request(provider: &Provider, http: &Http, model: &str, prompt: &Prompt<'_>) -> RequestBuilder {
    let body = json!({
        "systemInstruction": { "parts": [{ "text": prompt.system }] },
        "contents": [{ "role": "user", "parts": [{ "text": prompt.user }] }],
        "generationConfig": {
            "maxOutputTokens": prompt.max_tokens,
            "candidateCount": 1,
            "responseMimeType": "application/json",
            "responseJsonSchema": prompt.schema,
        },
    });
    http.client()
        .post(format!("{}/models/{model}:streamGenerateContent?alt=sse", provider.url))
        .header("x-goog-api-key", provider.key.expose_secret())
        .json(&body)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    #[serde(default)]
    candidates: Vec<Candidate>,
    usage_metadata: Option<Counted>,
    prompt_feedback: Option<Feedback>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    /// A summary of what it thinks, not of the answer.
    #[serde(default)]
    thought: bool,
    function_call: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    /// Paid for as output.
    #[serde(default)]
    thoughts_token_count: u64,
}

/// Reads one event.
pub(super) fn read(event: &str, draft: &mut Draft) -> Result<(), CallError> {
    let chunk: Chunk = serde_json::from_str(event).map_err(|error| garbage(error.to_string()))?;
    if let Some(error) = chunk.error {
        let words: String = error.to_string().chars().take(200).collect();
        return Err(CallError::OutcomeUnknown { cause: format!("an error in the stream: {words}") });
    }
    if let Some(counted) = chunk.usage_metadata {
        let output = counted.candidates_token_count + counted.thoughts_token_count;
        draft.usage = Some(Usage { input: counted.prompt_token_count, output });
    }
    if let Some(why) = chunk.prompt_feedback.and_then(|feedback| feedback.block_reason) {
        return Err(garbage(format!("the provider blocked the prompt: {why}")));
    }
    for candidate in chunk.candidates {
        for part in candidate.content.map(|content| content.parts).unwrap_or_default() {
            if part.function_call.is_some() {
                return Err(garbage("it asked for a tool; there are none"));
            }
            if !part.thought {
                draft.text.push_str(&part.text.unwrap_or_default());
            }
        }
        match candidate.finish_reason.as_deref() {
            None => {}
            Some("STOP") => draft.is_whole = true,
            Some(other) => return Err(garbage(format!("it ended by `{other}`"))),
        }
    }
    Ok(())
}
