//! `POST /v1/messages`: say something, as one would in chat.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::inbound::WebAct;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::Edge;
use super::super::problem::Problem;
use super::auth::Caller;
use super::json::{Body, RepeatKey};
use super::submit::submit;

/// The longest message we take, characters.
pub(super) const TEXT_CHARS_MAX: usize = 8000;

/// Something said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    /// The words: a command or plain language.
    #[schema(example = "find payment companies in Germany, mid cap", min_length = 1, max_length = 8000)]
    text: String,
}

/// Words that are neither missing nor too many.
pub(super) fn check_text(name: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("`{name}` is empty.")));
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("`{name}` has more than {TEXT_CHARS_MAX} characters."),
        ));
    }
    Ok(())
}

/// Say something
///
/// The same words as in chat have the same effect. What comes of it is seen at the plan.
#[utoipa::path(post, path = "/v1/messages", tag = "work", request_body = Message,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key is the same call: it is stored once")),
    responses(
        (status = 202, description = "Stored; it will be worked on", body = super::submit::Accepted),
        (status = 401, description = "No valid token", body = super::describe::ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = super::describe::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The body cannot be used, or the key was used for another request", body = super::describe::ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = super::describe::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = super::describe::ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn send(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
    RepeatKey(key): RepeatKey,
    Body(message): Body<Message>,
) -> Result<Response, Problem> {
    check_text("text", &message.text)?;
    submit(&edge, &person, key, WebAct::Message { text: message.text }).await
}
