//! `/v1/approvals`: what waits for a decision, and deciding it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::approval::Verdict;
use domain::card::Verb;
use domain::ids::ApprovalId;
use domain::inbound::WebAct;
use domain::intent::Intent;
use domain::policy;
use serde::{Deserialize, Serialize};
use storage::approvals;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Edge;
use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::ProblemBody;
use super::json::{Body, Key, RepeatKey};
use super::messages::check_text;
use super::submit::{Accepted, submit};

/// A question to approvers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Approval {
    /// Key.
    id: Uuid,
    /// The plan that waits for it.
    plan: Uuid,
    /// What it is about.
    #[schema(example = "create_deals")]
    subject: String,
    /// Exactly what will be done.
    #[schema(value_type = Object)]
    payload: serde_json::Value,
    /// Who asked.
    requested_by: String,
    /// When it was asked.
    requested_at: DateTime<Utc>,
    /// When it lapses.
    expires_at: DateTime<Utc>,
    /// Whether the caller may decide: nobody decides on a request of their own.
    is_mine_to_decide: bool,
}

/// Open approvals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Approvals {
    /// Oldest first, at most 200.
    approvals: Vec<Approval>,
}

/// List what waits for a decision
#[utoipa::path(get, path = "/v1/approvals", tag = "approvals",
    responses(
        (status = 200, description = "Open approvals", body = Approvals),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
) -> Result<Json<Approvals>, Problem> {
    policy::permit(person.role, &Intent::ListApprovals)?;
    let mut tx = edge.db.tenant(person.tenant).begin().await?;
    let open = approvals::open_ones(&mut tx).await?;
    let now = edge.clock.now();
    let may_decide = |approval: &domain::approval::Approval| {
        let verdict = Verdict::Approve;
        domain::approval::decide(approval, &person, verdict, None, now).is_ok()
    };
    let shown = open.into_iter().map(|approval| Approval {
        is_mine_to_decide: may_decide(&approval),
        id: approval.id.0,
        plan: approval.plan.0,
        subject: approval.subject,
        payload: approval.payload,
        requested_by: approval.requested_by_name,
        requested_at: approval.requested_at,
        expires_at: approval.expires_at,
    });
    Ok(Json(Approvals { approvals: shown.collect() }))
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDecision {
    /// Which way.
    verdict: Way,
    /// Why; a rejection needs it.
    #[schema(example = "we work with a competitor", max_length = 8000)]
    comment: Option<String>,
}

/// Which way a decision goes.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// Go on.
    Approve,
    /// Do not.
    Reject,
}

/// Decide
///
/// The decision is judged when it is worked on: the plan says whether it counted.
#[utoipa::path(post, path = "/v1/approvals/{id}/decision", tag = "approvals", request_body = NewDecision,
    params(("id" = Uuid, Path, description = "The approval"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key is the same call: it is stored once")),
    responses(
        (status = 202, description = "Stored; it will be judged", body = Accepted),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The role does not cover it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such approval", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A rejection without a comment, or the key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn decide(
    State(edge): State<Arc<Edge>>,
    Caller(person): Caller,
    Key(id): Key<Uuid>,
    RepeatKey(key): RepeatKey,
    Body(decision): Body<NewDecision>,
) -> Result<Response, Problem> {
    let (verdict, verb) = match decision.verdict {
        Way::Approve => (Verdict::Approve, Verb::Approve),
        Way::Reject => (Verdict::Reject, Verb::Reject),
    };
    let comment = decision.comment.filter(|comment| !comment.trim().is_empty());
    match &comment {
        Some(comment) => check_text("comment", comment)?,
        None if verdict == Verdict::Reject => {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "A rejection needs a `comment`."));
        }
        None => {}
    }
    let intent = Intent::Decide { approval: ApprovalId(id), verdict, comment: comment.clone() };
    policy::permit(person.role, &intent)?;
    approvals::get(&mut edge.db.tenant(person.tenant).begin().await?, ApprovalId(id)).await?;
    let fields = comment.map(|comment| ("comment".to_owned(), comment)).into_iter().collect();
    let act = WebAct::Form { verb: verb.name().to_owned(), value: id.to_string(), fields };
    submit(&edge, &person, key, act).await
}
