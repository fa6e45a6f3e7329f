//! `/v1/approvals`: what waits for a decision, and deciding it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::approval::Verdict;
use domain::card::Verb;
use domain::ids::ApprovalId;
use domain::inbound::WebBody;
use domain::intent::Intent;
use serde::{Deserialize, Serialize};
use storage::approvals;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::{Answers, NoSuchThing, NotAllowed, Refusals};
use super::json::{Body, Key, RepeatKey};
use super::messages::check_text;
use super::submit::submit;

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
    responses((status = 200, description = "Open approvals", body = Approvals), Refusals))]
pub(super) async fn list(caller: Caller) -> Result<Json<Approvals>, Problem> {
    caller.may(&Intent::ListApprovals)?;
    let mut tx = caller.begin().await?;
    let open = approvals::open_ones(&mut tx).await?;
    let now = caller.edge.clock.now();
    let may_decide = |approval: &domain::approval::Approval| {
        let verdict = Verdict::Approve;
        domain::approval::decide(approval, &caller.person, verdict, None, now).is_ok()
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
    /// Not as it is; the comment says what is to change.
    SendBack,
}

/// Decide
///
/// The decision is judged when it is worked on: the plan says whether it counted.
#[utoipa::path(post, path = "/v1/approvals/{id}/decision", tag = "approvals", request_body = NewDecision,
    params(("id" = Uuid, Path, description = "The approval"), RepeatKey),
    responses(Answers, NotAllowed, NoSuchThing, Refusals))]
pub(super) async fn decide(
    caller: Caller,
    Key(id): Key<Uuid>,
    key: RepeatKey,
    Body(decision): Body<NewDecision>,
) -> Result<Response, Problem> {
    let (verdict, verb) = match decision.verdict {
        Way::Approve => (Verdict::Approve, Verb::Approve),
        Way::Reject => (Verdict::Reject, Verb::Reject),
        Way::SendBack => (Verdict::SendBack, Verb::SendBack),
    };
    let comment = decision.comment.filter(|comment| !comment.trim().is_empty());
    match &comment {
        Some(comment) => check_text("comment", comment)?,
        None if verdict != Verdict::Approve => {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "A rejection needs a `comment`, and what is sent back needs one, too.",
            ));
        }
        None => {}
    }
    let intent = Intent::Decide { approval: ApprovalId(id), verdict, comment: comment.clone() };
    caller.may(&intent)?;
    approvals::get(&mut caller.begin().await?, ApprovalId(id)).await?;
    let fields = comment.map(|comment| ("comment".to_owned(), comment)).into_iter().collect();
    let body = WebBody::Form {
        person: caller.person.id,
        verb: verb.name().to_owned(),
        value: id.to_string(),
        fields,
    };
    submit(&caller, key, &body).await
}
