//! OpenAI.

use reqwest::RequestBuilder;

use super::{Prompt, Provider, chat};
use crate::call::Http;

pub(super) fn request(provider: &Provider, http: &Http, model: &str, prompt: &Prompt<'_>) -> RequestBuilder {
    let mut body = chat::body(model, prompt);
    // The bound counts what the model thinks, too.
    body["max_completion_tokens"] = prompt.max_tokens.into();
    body["response_format"] = chat::schema_format(prompt);
    body["store"] = false.into();
    chat::post(provider, http, &body)
}
