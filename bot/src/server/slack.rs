//! Slack's requests: checked over their raw bytes, stored, acknowledged. Nothing is read further here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use channels::slack::Kind;
use channels::slack::keys::challenge;
use channels::slack::verify::{VerifyError, verify};
use futures_util::StreamExt;
use metrics::counter;
use secrecy::SecretString;

use super::Edge;
use super::problem::Problem;
use crate::slack_door::{Door, NotTaken};
use crate::telemetry::metrics::Endpoint;

/// How long a refused body is read.
const DISCARD_FOR: Duration = Duration::from_secs(2);

/// The three routes. Without a signing secret Slack is not connected and they do not exist.
pub(super) fn routes(edge: &Edge) -> Router {
    let secrets = edge.config.slack.secrets();
    if secrets.is_empty() {
        return Router::new();
    }
    let body_max = edge.config.limits.body_kib * 1024;
    let door = Arc::new(Door::of(edge));
    let routes = Kind::ALL.into_iter().fold(Router::new(), |router, kind| {
        let path = match kind {
            Kind::Command => "/slack/commands",
            Kind::Event => "/slack/events",
            Kind::Interaction => "/slack/interactions",
        };
        let desk = Arc::new(Desk {
            edge: edge.clone(),
            kind,
            body_max,
            secrets: secrets.clone(),
            endpoint: edge.metrics.endpoint(&format!("POST {path}")),
            door: door.clone(),
        });
        router.route(path, post(receive).with_state(desk))
    });
    routes.layer(DefaultBodyLimit::max(body_max))
}

/// What one route keeps at hand.
struct Desk {
    edge: Edge,
    kind: Kind,
    body_max: usize,
    secrets: Vec<SecretString>,
    endpoint: Arc<Endpoint>,
    door: Arc<Door>,
}

async fn receive(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let began = Instant::now();
    let answer = desk.take(request).await.unwrap_or_else(IntoResponse::into_response);
    desk.endpoint.answered(began, answer.status().as_u16());
    answer
}

/// Reads a body that is refused, within bounds: a sender that is cut off while writing never sees the answer.
async fn discard(body: Body, most: usize) {
    let mut chunks = body.into_data_stream();
    let mut read = 0;
    let all = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            read += chunk.len();
            if read > most {
                break;
            }
        }
    };
    // Whoever writes slowly is cut off.
    let _ = tokio::time::timeout(DISCARD_FOR, all).await;
}

impl Desk {
    async fn take(&self, mut request: Request) -> Result<Response, Problem> {
        if request.body().size_hint().lower() > self.body_max as u64 {
            discard(request.into_body(), self.body_max * 16).await;
            return Err(Problem::too_large(self.body_max));
        }
        let headers = std::mem::take(request.headers_mut());
        let body = Bytes::from_request(request, &()).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return Problem::too_large(self.body_max);
            }
            Problem::new(StatusCode::BAD_REQUEST, "The body was cut off.")
        })?;
        self.check(&headers, &body)?;
        if self.kind == Kind::Event
            && let Some(challenge) = challenge(&body)
        {
            return Ok(challenge.into_response());
        }
        // A body that nobody else holds is moved, not copied.
        Ok(match self.door.take(self.kind, body.into(), None).await? {
            Some(answer) => json(answer.to_string()),
            None => StatusCode::OK.into_response(),
        })
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (timestamp, signature) = (text("x-slack-request-timestamp"), text("x-slack-signature"));
        let now = self.edge.clock.now();
        verify(&self.secrets, timestamp, signature, body, now).map_err(|error: VerifyError| {
            let reason = if signature.is_empty() { "unsigned" } else { error.name() };
            counter!("slack_requests_refused_total", "route" => self.kind.name(), "reason" => reason)
                .increment(1);
            tracing::debug!(route = self.kind.name(), %error, "refused a request");
            Problem::new(StatusCode::UNAUTHORIZED, "This request is not signed by Slack, or not now.")
        })
    }
}

impl From<NotTaken> for Problem {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Slow => Self::away(),
            NotTaken::Storage(error) => error.into(),
        }
    }
}

fn json(text: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.into()).into_response()
}
