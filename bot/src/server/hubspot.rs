//! HubSpot's webhooks: hints that something changed, checked, noted, and answered. The records are read again.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use integrations::crm::hubspot;
use storage::connections;
use storage::crm::cursors;

use super::Edge;
use super::problem::Problem;

const PATH: &str = "/hubspot/webhook";

/// The route. Without a connection every request is refused.
pub(super) fn routes(edge: &Edge) -> Router {
    let body_max = edge.config.limits.body_kib * 1024;
    Router::new().route(PATH, post(receive)).layer(DefaultBodyLimit::max(body_max)).with_state(edge.clone())
}

/// Takes hints. 200 means that the object will be looked at, whatever happens to this process.
async fn receive(State(edge): State<Edge>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Problem> {
    let refused = || {
        metrics::counter!("crm_webhooks_refused_total", "provider" => "hubspot").increment(1);
        Problem::new(StatusCode::UNAUTHORIZED, "This request is not signed by HubSpot, or not now.")
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = (text("x-hubspot-signature-v3"), text("x-hubspot-request-timestamp"));
    // Read before it is believed, only to know whose secret to try: what is not a list names no account.
    let hints = hubspot::hints(&body).map_err(|_| refused())?;
    let portals: BTreeSet<&str> = hints.iter().map(|hint| hint.portal.as_str()).collect();
    let (Some(portal), 1) = (portals.first(), portals.len()) else { return Err(refused()) };
    let uri = format!("{}{PATH}", edge.config.public_url().trim_end_matches('/'));
    let connected = connections::of_account(&edge.db, &edge.seal, ("hubspot", portal)).await?;
    let is_theirs = |connection: &&connections::Connection| {
        connection
            .secrets
            .get("client_secret")
            .is_some_and(|secret| hubspot::is_signed(secret, (&uri, &body), signed, edge.clock.now()))
    };
    let signers: Vec<_> = connected.iter().filter(is_theirs).collect();
    if signers.is_empty() {
        return Err(refused());
    }
    let objects: BTreeSet<_> = hints.iter().filter_map(|hint| hint.object).collect();
    for connection in signers {
        for object in &objects {
            cursors::want(&edge.db, (connection.status.tenant, "hubspot"), *object).await?;
        }
    }
    Ok(StatusCode::OK)
}
