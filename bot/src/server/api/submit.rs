//! Puts what a program asks for into the inbox, once for each idempotency key.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{InboundId, PlanId};
use domain::inbound::WebBody;
use metrics::counter;
use serde::Serialize;
use storage::inbox::Stored;
use storage::submission::Submission;
use tracing::Instrument;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::problem::Problem;
use super::auth::Caller;
use super::json::RepeatKey;
use crate::telemetry::export;

/// How the decoder knows messages from here.
const ROUTE: &str = "api";

/// What was asked for is stored and will be worked on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Where to see what comes of it: `GET /v1/plans/{plan}`.
    #[schema(example = "0190f3c2-7a10-7c3e-9d2a-0123456789ab")]
    plan: Uuid,
}

/// Stores a request; answers 202 with the plan's number.
pub(super) async fn submit(
    caller: &Caller,
    RepeatKey(key): RepeatKey,
    body: &WebBody,
) -> Result<Response, Problem> {
    let Caller { edge, person } = caller;
    let submission = Submission::new(person, ROUTE, body)?;
    let mut id = InboundId(edge.ids.next());
    if let Some(key) = &key {
        id = submission.number(&edge.db, key, id).await?.ok_or_else(|| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "This Idempotency-Key was used for another request.",
            )
        })?;
    }
    let plan = PlanId::from(id);
    let span = tracing::info_span!("intake", channel = "web", route = ROUTE);
    export::follow(&span, plan);
    let outcome = match edge.intake.store(submission.into_raw(id)).instrument(span).await? {
        Stored::New => "stored",
        Stored::Double => "double",
    };
    counter!("inbox_messages_total", "channel" => "web", "route" => ROUTE, "outcome" => outcome).increment(1);
    edge.bell.notify_one();
    let place = HeaderValue::from_str(&format!("/v1/plans/{plan}")).ok();
    let mut answer = (StatusCode::ACCEPTED, Json(Accepted { plan: plan.0 })).into_response();
    if let Some(place) = place {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    Ok(answer)
}
