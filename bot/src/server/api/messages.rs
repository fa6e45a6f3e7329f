//! `POST /v1/messages`: say something, as one would in chat.

use axum::http::StatusCode;
use axum::response::Response;
use domain::inbound::WebBody;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::{Answers, Refusals};
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
    params(RepeatKey),
    responses(Answers, Refusals))]
pub(super) async fn send(
    caller: Caller,
    key: RepeatKey,
    Body(message): Body<Message>,
) -> Result<Response, Problem> {
    check_text("text", &message.text)?;
    submit(&caller, key, &WebBody::Message { person: caller.person.id, text: message.text }).await
}
