//! `/v1/deals/{id}/…`: notes and moves, handed in like anybody's.

use axum::response::Response;
use domain::ids::DealId;
use domain::inbound::WebBody;
use domain::intent::Intent;
use serde::Deserialize;
use storage::deals;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::super::problem::Problem;
use super::super::auth::Caller;
use super::super::describe::{Answers, NoSuchThing, NotAllowed, Refusals};
use super::super::json::{Body, Key, RepeatKey};
use super::super::messages::check_text;
use super::super::submit::submit;
use super::stage_named;

/// A note to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::api) struct NewNote {
    /// The text.
    #[schema(example = "Call on Tuesday; ask for the fee table", min_length = 1, max_length = 8000)]
    text: String,
}

/// Write a note on a deal
#[utoipa::path(post, path = "/v1/deals/{id}/notes", tag = "deals", request_body = NewNote,
    params(("id" = Uuid, Path, description = "The deal"), RepeatKey),
    responses(Answers, NotAllowed, NoSuchThing, Refusals))]
pub(in crate::server::api) async fn note(
    caller: Caller,
    Key(id): Key<Uuid>,
    key: RepeatKey,
    Body(note): Body<NewNote>,
) -> Result<Response, Problem> {
    check_text("text", &note.text)?;
    caller.may(&Intent::NoteDeal { deal: id.to_string(), text: note.text.clone() })?;
    deals::get(&mut caller.begin().await?, DealId(id)).await?;
    // The key stands where a name would: it names one deal, whatever others are called.
    let text = format!("note {id}: {}", note.text.trim());
    submit(&caller, key, &WebBody::Message { person: caller.person.id, text }).await
}

/// A move to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::api) struct Move {
    /// Where to.
    #[schema(example = "negotiation")]
    stage: String,
    /// Why, when the rules ask for it: backwards, to `lost`, to `on_hold`, and when an approver overrides.
    #[schema(example = "they accepted the fee table", max_length = 8000)]
    reason: Option<String>,
}

/// Move a deal to another stage
#[utoipa::path(post, path = "/v1/deals/{id}/move", tag = "deals", request_body = Move,
    params(("id" = Uuid, Path, description = "The deal"), RepeatKey),
    responses(Answers, NotAllowed, NoSuchThing, Refusals))]
pub(in crate::server::api) async fn change_stage(
    caller: Caller,
    Key(id): Key<Uuid>,
    key: RepeatKey,
    Body(wanted): Body<Move>,
) -> Result<Response, Problem> {
    let stage = stage_named(&wanted.stage)?;
    let reason = wanted.reason.filter(|reason| !reason.trim().is_empty());
    if let Some(reason) = &reason {
        check_text("reason", reason)?;
    }
    let intent = Intent::MoveDeal { deal: id.to_string(), stage, reason: reason.clone() };
    caller.may(&intent)?;
    deals::get(&mut caller.begin().await?, DealId(id)).await?;
    let because = reason.map(|reason| format!(" because {}", reason.trim())).unwrap_or_default();
    let text = format!("move {id} to {}{because}", stage.label().to_lowercase());
    submit(&caller, key, &WebBody::Message { person: caller.person.id, text }).await
}
