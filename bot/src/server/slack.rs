//! Slack's requests: checked over their raw bytes, stored, acknowledged. Nothing is read further here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use channels::keys::Keys;
use channels::slack::Kind;
use channels::slack::keys::{challenge, keys};
use channels::slack::verify::{VerifyError, verify};
use domain::ids::{InboundId, TenantId};
use domain::person::Channel;
use domain::wording;
use futures_util::StreamExt;
use metrics::{Counter, counter};
use secrecy::SecretString;
use storage::inbox::{Raw, Stored};
use storage::workspaces;
use tracing::Instrument;

use super::Edge;
use super::problem::Problem;
use crate::telemetry::export;
use crate::telemetry::metrics::Endpoint;

/// How long storing may take before we say "busy": Slack waits three seconds, a person less.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long we go on believing that a workspace belongs to a tenant.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// How long we go on believing that a workspace is unknown: it may be installed at any moment.
const UNKNOWN_FOR: Duration = Duration::from_secs(3);
/// Workspaces remembered at most.
const KNOWN_MAX: usize = 10_000;

/// How long a refused body is read.
const DISCARD_FOR: Duration = Duration::from_secs(2);

/// The three routes. Without a signing secret Slack is not connected and they do not exist.
pub(super) fn routes(edge: &Edge) -> Router {
    let secrets = edge.config.slack.secrets();
    if secrets.is_empty() {
        return Router::new();
    }
    let body_max = edge.config.limits.body_kib * 1024;
    let routes = Kind::ALL.into_iter().fold(Router::new(), |router, kind| {
        let (path, word) = match kind {
            Kind::Command => ("/slack/commands", "command"),
            Kind::Event => ("/slack/events", "event"),
            Kind::Interaction => ("/slack/interactions", "interaction"),
        };
        let outcome = |outcome: &'static str| {
            counter!("inbox_messages_total", "channel" => "slack", "route" => word, "outcome" => outcome)
        };
        let desk = Arc::new(Desk {
            edge: edge.clone(),
            kind,
            word,
            body_max,
            secrets: secrets.clone(),
            endpoint: edge.metrics.endpoint(&format!("POST {path}")),
            stored: outcome("stored"),
            double: outcome("double"),
            refused: outcome("refused"),
            known: RwLock::new(HashMap::new()),
            acknowledgement: ephemeral(wording::ON_IT),
        });
        router.route(path, post(receive).with_state(desk))
    });
    routes.layer(DefaultBodyLimit::max(body_max))
}

/// What one route keeps at hand.
struct Desk {
    edge: Edge,
    kind: Kind,
    word: &'static str,
    body_max: usize,
    secrets: Vec<SecretString>,
    endpoint: Arc<Endpoint>,
    stored: Counter,
    double: Counter,
    refused: Counter,
    known: RwLock<HashMap<String, (Option<TenantId>, Instant)>>,
    /// What answers a command, made once.
    acknowledgement: Bytes,
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
        self.store(body).await
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (timestamp, signature) = (text("x-slack-request-timestamp"), text("x-slack-signature"));
        let now = self.edge.clock.now();
        verify(&self.secrets, timestamp, signature, body, now).map_err(|error: VerifyError| {
            let reason = if signature.is_empty() { "unsigned" } else { error.name() };
            counter!("slack_requests_refused_total", "route" => self.word, "reason" => reason).increment(1);
            tracing::debug!(route = self.word, %error, "refused a request");
            Problem::new(StatusCode::UNAUTHORIZED, "This request is not signed by Slack, or not now.")
        })
    }

    async fn store(&self, body: Bytes) -> Result<Response, Problem> {
        let Keys { workspace, event, natural, urgent } = keys(self.kind, &body);
        let tenant = match &workspace {
            // What names no workspace cannot be read; it is kept for people of this installation to see.
            None => Some(self.edge.home),
            Some(workspace) => match self.tenant(workspace).await? {
                Some(tenant) => Some(tenant),
                None => return Ok(self.unknown_workspace()),
            },
        };
        let id = InboundId(self.edge.ids.next());
        let team = workspace.as_deref().unwrap_or("-");
        let raw = Raw {
            id,
            tenant,
            channel: Channel::Slack,
            route: self.word,
            event_key: event.map(|event| format!("slack:{team}:event:{event}")),
            natural_key: natural.map(|natural| format!("slack:{natural}")),
            workspace,
            is_urgent: urgent,
            body: body.to_vec(),
        };
        let stored =
            tokio::time::timeout(PATIENCE, self.keep(raw)).await.unwrap_or_else(|_| Err(Problem::away()));
        match stored {
            Ok(Stored::New) => {
                self.edge.points.pass("intake.stored");
                self.stored.increment(1);
            }
            Ok(Stored::Double) => self.double.increment(1),
            Err(problem) => {
                self.refused.increment(1);
                return Err(problem);
            }
        }
        self.edge.bell.notify_one();
        Ok(self.acknowledge())
    }

    async fn keep(&self, raw: Raw) -> Result<Stored, Problem> {
        let id = raw.id;
        let storing = self.edge.intake.store(raw);
        let stored = if export::is_exporting() {
            let span = tracing::info_span!("intake", channel = "slack", route = self.word);
            export::follow(&span, id.into());
            storing.instrument(span).await
        } else {
            storing.await
        };
        Ok(stored?)
    }

    /// The workspace's tenant, remembered for a while.
    async fn tenant(&self, workspace: &str) -> Result<Option<TenantId>, Problem> {
        let remembered = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(workspace).copied()
        };
        if let Some((tenant, since)) = remembered {
            let lasts = if tenant.is_some() { KNOWN_FOR } else { UNKNOWN_FOR };
            if since.elapsed() < lasts {
                return Ok(tenant);
            }
        }
        let found = workspaces::find(&self.edge.db, &self.edge.seal, Channel::Slack, workspace);
        let found = tokio::time::timeout(PATIENCE, found).await.map_err(|_| Problem::away())??;
        let tenant = found.map(|workspace| workspace.tenant);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(workspace.to_owned(), (tenant, Instant::now()));
        Ok(tenant)
    }

    fn acknowledge(&self) -> Response {
        match self.kind {
            Kind::Command => json(self.acknowledgement.clone()),
            Kind::Event | Kind::Interaction => StatusCode::OK.into_response(),
        }
    }

    fn unknown_workspace(&self) -> Response {
        tracing::info!(route = self.word, "a workspace that did not install us");
        if self.kind != Kind::Command {
            return StatusCode::OK.into_response();
        }
        let how = format!(
            "This workspace has not joined Dealdesk yet, so nothing was done. An admin can add it here: {}/slack/install",
            self.edge.config.public_url()
        );
        json(ephemeral(&how))
    }
}

/// A text for the sender alone, as Slack reads it.
fn ephemeral(text: &str) -> Bytes {
    serde_json::json!({ "response_type": "ephemeral", "text": text }).to_string().into()
}

fn json(text: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.into()).into_response()
}
