//! `GET /v1/plans/{id}`: what comes of a request.

use axum::Json;
use chrono::{DateTime, Utc};
use domain::ids::{InboundId, PlanId};
use serde::Serialize;
use storage::{inbox, messages, plans};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::{NoSuchThing, Refusals};
use super::json::Key;

/// What comes of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Plan {
    /// Key.
    plan: Uuid,
    /// `queued` until somebody took it up; then `running`, `waiting` (for a person or a time), and at
    /// the end `done`, `failed` or `cancelled`.
    #[schema(example = "done")]
    state: String,
    /// What was understood, e.g. `find`.
    #[schema(example = "find")]
    intent: Option<String>,
    /// What was said.
    said: Option<String>,
    /// Who asked.
    requester: Option<String>,
    /// Why it failed.
    error: Option<String>,
    /// When work began.
    created_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
    /// Its steps in order.
    steps: Vec<Step>,
    /// What was answered, oldest first.
    answers: Vec<Answer>,
}

/// One step of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Step {
    /// Who does it.
    #[schema(example = "discovery")]
    agent: &'static str,
    /// What.
    #[schema(example = "search")]
    action: String,
    /// `queued`, `running`, `waiting`, `done`, `failed` or `cancelled`.
    #[schema(example = "done")]
    state: &'static str,
    /// How often it was begun.
    attempt: i32,
    /// Why it failed or was tried again.
    error: Option<String>,
    /// When it first began.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    /// In one line of plain words.
    summary: String,
    /// All of it: heading, blocks (text, fields, table, hits, buttons …), footer.
    #[schema(value_type = Object)]
    card: serde_json::Value,
    /// When it was last edited.
    updated_at: DateTime<Utc>,
}

/// See a plan
///
/// Any member of the team may see any plan of the team, as in the console.
#[utoipa::path(get, path = "/v1/plans/{id}", tag = "work",
    params(("id" = Uuid, Path, description = "The number that the request was answered with")),
    responses((status = 200, description = "The plan", body = Plan), NoSuchThing, Refusals))]
pub(super) async fn show(caller: Caller, Key(id): Key<Uuid>) -> Result<Json<Plan>, Problem> {
    let mut tx = caller.begin().await?;
    let view = match plans::view(&mut tx, PlanId(id)).await {
        Ok(view) => view,
        Err(storage::Error::Missing(_)) => {
            let stored = inbox::state_of(&mut tx, InboundId(id)).await?;
            return stored.map(|stored| Json(not_begun(id, stored))).ok_or_else(|| Problem::missing("plan"));
        }
        Err(error) => return Err(error.into()),
    };
    let answers = messages::of_plan(&mut tx, PlanId(id)).await?;
    let answers = answers.into_iter().map(|shown| Answer {
        summary: shown.card.summary(),
        card: serde_json::to_value(shown.card).unwrap_or_default(),
        updated_at: shown.updated_at,
    });
    let steps = view.steps.into_iter().map(|step| Step {
        agent: step.agent.name(),
        action: step.action,
        state: step.state.name(),
        attempt: step.attempt,
        error: step.error,
        started_at: step.started_at,
        finished_at: step.finished_at,
    });
    Ok(Json(Plan {
        plan: id,
        state: view.state.name().to_owned(),
        intent: Some(view.intent.name().to_owned()),
        said: Some(view.said),
        requester: Some(view.requester),
        error: view.error,
        created_at: Some(view.created_at),
        finished_at: view.finished_at,
        steps: steps.collect(),
        answers: answers.collect(),
    }))
}

/// A message that no plan came of, yet or ever.
fn not_begun(id: Uuid, (state, error): (String, Option<String>)) -> Plan {
    let state = match state.as_str() {
        "new" | "running" => "queued",
        "done" | "ignored" => "done",
        _ => "failed",
    };
    Plan {
        plan: id,
        state: state.to_owned(),
        intent: None,
        said: None,
        requester: None,
        error,
        created_at: None,
        finished_at: None,
        steps: Vec::new(),
        answers: Vec::new(),
    }
}
