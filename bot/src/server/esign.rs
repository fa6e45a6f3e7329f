//! Messages of DocuSign Connect: signed over the raw body, kept before they are acknowledged.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use integrations::esign::webhook::{SIGNATURE_HEADER, is_signed};
use storage::{connections, envelopes};

use super::Edge;
use super::problem::Problem;
use crate::esign::{PROVIDER, keys};

/// A message without documents is far smaller, bytes.
const BODY_MAX: usize = 4 << 20;

/// The routes.
pub(super) fn routes(edge: &Edge) -> Router {
    Router::new()
        .route("/docusign/connect/{account}", post(receive))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(Arc::new(edge.clone()))
}

/// Takes a message. 200 means that it is safe with us; what cannot be read is kept too.
async fn receive(
    State(edge): State<Arc<Edge>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let known = connections::of_account(&edge.db, &edge.seal, (PROVIDER, &account)).await?;
    let signatures: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with(SIGNATURE_HEADER))
        .filter_map(|(_, value)| value.to_str().ok())
        .collect();
    // Tenants may share an account; each has keys of its own.
    let signed: Vec<_> =
        known.iter().filter(|known| is_signed(&keys(known), &body, signatures.iter().copied())).collect();
    // The same answer for an account that is not ours: nobody is told whose we know.
    if signed.is_empty() {
        metrics::counter!("esign_messages_total", "outcome" => "refused").increment(1);
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "This message is not signed with a key we know."));
    }
    for known in signed {
        let mut tx = edge.db.tenant(known.status.tenant).begin().await?;
        let is_new = envelopes::receive(&mut tx, &body, edge.clock.now()).await?;
        tx.commit().await?;
        let outcome = if is_new { "kept" } else { "known" };
        metrics::counter!("esign_messages_total", "outcome" => outcome).increment(1);
    }
    edge.signatures.notify_one();
    Ok(StatusCode::OK)
}
