//! `/v1/deals`: read deals; notes and moves go through the inbox like anybody's.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::deal::Stage;
use domain::ids::DealId;
use domain::inbound::WebAct;
use domain::intent::Intent;
use domain::policy;
use serde::{Deserialize, Serialize};
use storage::deals::{self, Wanted};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::Edge;
use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::ProblemBody;
use super::json::{Body, Filters, Key, RepeatKey};
use super::messages::check_text;
use super::submit::{Accepted, submit};

/// Which deals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DealFilters {
    /// Only in this stage, e.g. `negotiation`.
    #[param(example = "negotiation")]
    stage: Option<String>,
    /// Only the caller's own.
    #[serde(default)]
    #[param(required = false)]
    mine: bool,
}

/// A partnership in the making.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deal {
    /// Key.
    id: Uuid,
    /// Shown name.
    #[schema(example = "Adyen")]
    name: String,
    /// The company's key in the directory.
    company: String,
    /// The partner's key.
    partner: Uuid,
    /// Where it stands.
    #[schema(example = "negotiation")]
    stage: &'static str,
    /// Since when.
    stage_since: DateTime<Utc>,
    /// Who looks after it.
    owner: Option<Owner>,
    /// Fit of the search it came from, 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    fit: Option<i16>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When anything last happened to it.
    updated_at: DateTime<Utc>,
}

/// Who looks after a deal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Owner {
    /// Key.
    id: Uuid,
    /// Shown name.
    name: String,
}

/// Deals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deals {
    /// The latest touched first, at most 500.
    deals: Vec<Deal>,
}

/// A deal with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DealHistory {
    /// The deal.
    #[serde(flatten)]
    deal: Deal,
    /// Its stages, oldest first.
    stages: Vec<StageChange>,
    /// Its notes, newest first, at most 100.
    notes: Vec<Note>,
}

/// A move from one stage to another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StageChange {
    /// Where it was; none at the start.
    from: Option<&'static str>,
    /// Where it went.
    to: &'static str,
    /// When.
    at: DateTime<Utc>,
    /// Who moved it.
    by: String,
    /// Why.
    reason: Option<String>,
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Note {
    /// Who wrote it.
    by: String,
    /// When.
    at: DateTime<Utc>,
    /// The text.
    text: String,
}

impl From<deals::Deal> for Deal {
    fn from(deal: deals::Deal) -> Self {
        let name = deal.owner_name.unwrap_or_default();
        Self {
            id: deal.id.0,
            name: deal.name,
            company: deal.company,
            partner: deal.partner.0,
            stage: deal.stage.name(),
            stage_since: deal.stage_since,
            owner: deal.owner.map(|id| Owner { id: id.0, name }),
            fit: deal.fit,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
        }
    }
}

fn stage_named(name: &str) -> Result<Stage, Problem> {
    Stage::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("There is no stage `{name}`; the stages are {}.", known.join(", ")),
        )
    })
}

/// List deals
#[utoipa::path(get, path = "/v1/deals", tag = "deals", params(DealFilters),
    responses(
        (status = 200, description = "Deals", body = Deals),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The role does not cover it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "There is no such stage", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
    Filters(filters): Filters<DealFilters>,
) -> Result<Json<Deals>, Problem> {
    let stage = filters.stage.as_deref().map(stage_named).transpose()?;
    policy::permit(person.role, &Intent::ListDeals { stage, mine: filters.mine })?;
    let wanted = Wanted { id: None, stage, owner: filters.mine.then_some(person.id) };
    let mut tx = edge.db.tenant(person.tenant).begin().await?;
    let deals = deals::list(&mut tx, wanted).await?;
    Ok(Json(Deals { deals: deals.into_iter().map(Deal::from).collect() }))
}

/// See a deal with its history
#[utoipa::path(get, path = "/v1/deals/{id}", tag = "deals",
    params(("id" = Uuid, Path, description = "The deal")),
    responses(
        (status = 200, description = "The deal", body = DealHistory),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such deal", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn show(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
    Key(id): Key<Uuid>,
) -> Result<Json<DealHistory>, Problem> {
    let id = DealId(id);
    policy::permit(person.role, &Intent::ShowDeal { deal: id.to_string() })?;
    let mut tx = edge.db.tenant(person.tenant).begin().await?;
    let deal = deals::get(&mut tx, id).await?;
    let stages = deals::history(&mut tx, id).await?;
    let notes = deals::notes(&mut tx, id).await?;
    Ok(Json(DealHistory {
        deal: deal.into(),
        stages: stages
            .into_iter()
            .map(|change| StageChange {
                from: change.from.map(Stage::name),
                to: change.to.name(),
                at: change.at,
                by: change.by,
                reason: change.reason,
            })
            .collect(),
        notes: notes.into_iter().map(|note| Note { by: note.by, at: note.at, text: note.text }).collect(),
    }))
}

/// A note to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNote {
    /// The text.
    #[schema(example = "Call on Tuesday; ask for the fee table", min_length = 1, max_length = 8000)]
    text: String,
}

/// Write a note on a deal
#[utoipa::path(post, path = "/v1/deals/{id}/notes", tag = "deals", request_body = NewNote,
    params(("id" = Uuid, Path, description = "The deal"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key is the same call: it is stored once")),
    responses(
        (status = 202, description = "Stored; it will be worked on", body = Accepted),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The role does not cover it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such deal", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The body cannot be used, or the key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn note(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
    Key(id): Key<Uuid>,
    RepeatKey(key): RepeatKey,
    Body(note): Body<NewNote>,
) -> Result<Response, Problem> {
    check_text("text", &note.text)?;
    policy::permit(person.role, &Intent::NoteDeal { deal: id.to_string(), text: note.text.clone() })?;
    deals::get(&mut edge.db.tenant(person.tenant).begin().await?, DealId(id)).await?;
    // The key stands where a name would: it names one deal, whatever others are called.
    let text = format!("note {id}: {}", note.text.trim());
    submit(&edge, &person, key, WebAct::Message { text }).await
}

/// A move to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// Where to.
    #[schema(example = "negotiation")]
    stage: String,
    /// Why, when the rules ask for it: backwards, to `lost`, to `on_hold`, and when an approver overrides.
    #[schema(example = "they accepted the fee table", max_length = 8000)]
    reason: Option<String>,
}

/// Move a deal to another stage
#[utoipa::path(post, path = "/v1/deals/{id}/move", tag = "deals", request_body = Move,
    params(("id" = Uuid, Path, description = "The deal"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key is the same call: it is stored once")),
    responses(
        (status = 202, description = "Stored; the move is judged when it is worked on", body = Accepted),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The role does not cover it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such deal", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "There is no such stage, or the key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn change_stage(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
    Key(id): Key<Uuid>,
    RepeatKey(key): RepeatKey,
    Body(wanted): Body<Move>,
) -> Result<Response, Problem> {
    let stage = stage_named(&wanted.stage)?;
    let reason = wanted.reason.filter(|reason| !reason.trim().is_empty());
    if let Some(reason) = &reason {
        check_text("reason", reason)?;
    }
    let intent = Intent::MoveDeal { deal: id.to_string(), stage, reason: reason.clone() };
    policy::permit(person.role, &intent)?;
    deals::get(&mut edge.db.tenant(person.tenant).begin().await?, DealId(id)).await?;
    let because = reason.map(|reason| format!(" because {}", reason.trim())).unwrap_or_default();
    let text = format!("move {id} to {}{because}", stage.label().to_lowercase());
    submit(&edge, &person, key, WebAct::Message { text }).await
}
