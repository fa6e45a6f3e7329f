//! Any server that speaks OpenAI's Chat Completions, e.g. one's own.

use reqwest::RequestBuilder;

use super::{Prompt, Provider, chat};
use crate::call::Http;

pub(super) fn request(provider: &Provider, http: &Http, model: &str, prompt: &Prompt<'_>) -> RequestBuilder {
    // Some servers pass over the schema, so that the words say it as well.
    let system = chat::schema_words(prompt);
    let mut body = chat::body(model, &Prompt { system: &system, ..*prompt });
    body["max_tokens"] = prompt.max_tokens.into();
    body["response_format"] = chat::schema_format(prompt);
    chat::post(provider, http, &body)
}
