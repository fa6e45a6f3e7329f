//! Discord's interactions: checked over their raw bytes, stored, answered within its three seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use channels::discord::Kind;
use channels::discord::answer;
use channels::discord::keys::keys;
use channels::discord::verify::{PublicKey, verify};
use channels::keys::Keys;
use domain::ids::{InboundId, TenantId};
use domain::person::Channel;
use metrics::counter;
use serde_json::Value;
use storage::inbox::{Raw, Stored};
use storage::workspaces;
use tracing::Instrument;

use super::Edge;
use super::problem::Problem;
use crate::telemetry::export;
use crate::telemetry::metrics::Endpoint;

/// How long looking up and storing may take before we say "busy": Discord waits three seconds.
const PATIENCE: Duration = Duration::from_millis(1500);
const PATH: &str = "/discord/interactions";

/// The route. Without a public key Discord is not connected and it does not exist.
pub(super) fn routes(edge: &Edge) -> Router {
    // A key that cannot be read was refused at the start.
    let Ok(Some(key)) = edge.config.discord.key() else { return Router::new() };
    let body_max = edge.config.limits.body_kib * 1024;
    let endpoint = edge.metrics.endpoint(&format!("POST {PATH}"));
    let desk = Arc::new(Desk { edge: edge.clone(), key, endpoint });
    Router::new().route(PATH, post(receive).with_state(desk)).layer(DefaultBodyLimit::max(body_max))
}

struct Desk {
    edge: Edge,
    key: PublicKey,
    endpoint: Arc<Endpoint>,
}

async fn receive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let began = Instant::now();
    let answer = desk.take(&headers, body).await.unwrap_or_else(IntoResponse::into_response);
    desk.endpoint.answered(began, answer.status().as_u16());
    answer
}

impl Desk {
    async fn take(&self, headers: &HeaderMap, body: Bytes) -> Result<Response, Problem> {
        self.check(headers, &body)?;
        // What is signed but cannot be read is stored like the rest.
        let payload: Value = serde_json::from_slice(&body).unwrap_or_default();
        if answer::is_ping(&payload) {
            return Ok(json(&answer::pong()));
        }
        let Keys { workspace, event, natural, urgent } = keys(Kind::Interaction, &body);
        let tenant = match &workspace {
            // In direct messages no server is named: the worker finds out.
            None => self.edge.home,
            Some(guild) => match self.tenant(guild).await? {
                Some(tenant) => tenant,
                None => return Ok(not_joined(&payload)),
            },
        };
        let raw = Raw {
            id: InboundId(self.edge.ids.next()),
            tenant: Some(tenant),
            channel: Channel::Discord,
            route: Kind::Interaction.name(),
            event_key: event.map(|event| format!("discord:event:{event}")),
            natural_key: natural.map(|natural| format!("discord:{natural}")),
            workspace,
            is_urgent: urgent,
            body: body.to_vec(),
        };
        self.store(raw).await?;
        Ok(answer::at_once(&payload)
            .map_or_else(|| StatusCode::NO_CONTENT.into_response(), |said| json(&said)))
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (timestamp, signature) = (text("x-signature-timestamp"), text("x-signature-ed25519"));
        verify(&self.key, timestamp, signature, body, self.edge.clock.now()).map_err(|error| {
            let reason = if signature.is_empty() { "unsigned" } else { error.name() };
            counter!("discord_requests_refused_total", "reason" => reason).increment(1);
            tracing::debug!(%error, "refused a request");
            Problem::new(StatusCode::UNAUTHORIZED, "This request is not signed by Discord, or not now.")
        })
    }

    async fn tenant(&self, guild: &str) -> Result<Option<TenantId>, Problem> {
        let found = workspaces::find(&self.edge.db, &self.edge.seal, Channel::Discord, guild);
        let found = tokio::time::timeout(PATIENCE, found).await.map_err(|_| Problem::away())??;
        Ok(found.map(|workspace| workspace.tenant))
    }

    async fn store(&self, raw: Raw) -> Result<(), Problem> {
        let span = tracing::info_span!("intake", channel = "discord", route = raw.route);
        export::follow(&span, raw.id.into());
        let storing = self.edge.intake.store(raw).instrument(span);
        let stored = match tokio::time::timeout(PATIENCE, storing).await {
            Ok(stored) => stored.map_err(Problem::from),
            Err(_) => Err(Problem::away()),
        };
        let outcome = match &stored {
            Ok(Stored::New) => "stored",
            Ok(Stored::Double) => "double",
            Err(_) => "refused",
        };
        let labels = [("channel", "discord"), ("route", Kind::Interaction.name()), ("outcome", outcome)];
        counter!("inbox_messages_total", &labels).increment(1);
        self.edge.points.pass("intake.stored");
        self.edge.bell.notify_one();
        stored.map(drop)
    }
}

/// The answer to a server that is none of ours; nothing of it is stored.
fn not_joined(payload: &Value) -> Response {
    tracing::info!("a server that does not belong to this installation");
    match payload.get("type").and_then(Value::as_u64) {
        Some(2 | 3 | 5) => json(&answer::told(
            "This server has not joined Dealdesk, so nothing was done. Whoever runs it can add the server's id to \
             DISCORD_GUILDS.",
        )),
        _ => answer::at_once(payload)
            .map_or_else(|| StatusCode::NO_CONTENT.into_response(), |said| json(&said)),
    }
}

fn json(value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (kind, value.to_string()).into_response()
}
