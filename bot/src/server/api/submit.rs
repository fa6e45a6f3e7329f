//! Puts what a program asks for into the inbox, once for each idempotency key.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{InboundId, PlanId};
use domain::inbound::{WebAct, WebBody};
use domain::person::{Channel, Person};
use metrics::counter;
use serde::Serialize;
use sha2::{Digest, Sha256};
use storage::idempotency::{self, Claim};
use storage::inbox::{Raw, Stored};
use tracing::Instrument;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Edge;
use super::super::problem::Problem;
use crate::telemetry::export;

/// How the decoder of our own channel knows its messages.
const ROUTE: &str = "web";
/// How figures and spans tell them from the console's.
const LABEL: &str = "api";

/// What was asked for is stored and will be worked on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Where to see what comes of it: `GET /v1/plans/{plan}`.
    #[schema(example = "0190f3c2-7a10-7c3e-9d2a-0123456789ab")]
    plan: Uuid,
}

/// Stores a request; answers 202 with the plan's number.
pub(super) async fn submit(
    edge: &Edge,
    person: &Person,
    key: Option<String>,
    act: WebAct,
) -> Result<Response, Problem> {
    let is_urgent = !matches!(act, WebAct::Message { .. });
    let body = WebBody { tenant: person.tenant, person: person.id, act };
    let bytes = serde_json::to_vec(&body).map_err(|error| {
        tracing::error!(%error, "a body cannot be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side; it was noted.")
    })?;
    let mut id = InboundId(edge.ids.next());
    if let Some(key) = &key {
        id = claim(edge, person, key, &bytes, id).await?;
    }
    let plan = PlanId::from(id);
    let raw = Raw {
        id,
        tenant: Some(person.tenant),
        channel: Channel::Web,
        route: ROUTE,
        workspace: Some(person.tenant.to_string()),
        event_key: key.map(|key| format!("api:{}:{key}", person.id)),
        natural_key: None,
        is_urgent,
        body: bytes,
    };
    let span = tracing::info_span!("intake", channel = "web", route = LABEL);
    export::follow(&span, plan);
    // The message of a repeated call is stored again under its own number, in case the first call
    // ended between the key and the message; if not, it is a double.
    let outcome = match edge.intake.store(raw).instrument(span).await? {
        Stored::New => "stored",
        Stored::Double => "double",
    };
    counter!("inbox_messages_total", "channel" => "web", "route" => LABEL, "outcome" => outcome).increment(1);
    edge.bell.notify_one();
    let place = HeaderValue::from_str(&format!("/v1/plans/{plan}")).ok();
    let mut answer = (StatusCode::ACCEPTED, Json(Accepted { plan: plan.0 })).into_response();
    if let Some(place) = place {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    Ok(answer)
}

async fn claim(
    edge: &Edge,
    person: &Person,
    key: &str,
    bytes: &[u8],
    id: InboundId,
) -> Result<InboundId, Problem> {
    let hash = Sha256::digest(bytes);
    let mut tx = edge.db.tenant(person.tenant).begin().await?;
    let claim = idempotency::claim(&mut tx, person.id, key, hash.as_slice(), id).await?;
    tx.commit().await?;
    match claim {
        Claim::New => Ok(id),
        Claim::Repeated(first) => Ok(first),
        Claim::Taken => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request.",
        )),
    }
}
