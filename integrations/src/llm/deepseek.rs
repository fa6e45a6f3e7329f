//! DeepSeek: OpenAI's format, JSON without a schema.

use reqwest::RequestBuilder;
use serde_json::json;

use super::{Prompt, Provider, chat};
use crate::call::Http;

pub(super) fn request(provider: &Provider, http: &Http, model: &str, prompt: &Prompt<'_>) -> RequestBuilder {
    let system = chat::schema_words(prompt);
    let mut body = chat::body(model, &Prompt { system: &system, ..*prompt });
    body["max_tokens"] = prompt.max_tokens.into();
    body["response_format"] = json!({ "type": "json_object" });
    chat::post(provider, http, &body)
}
