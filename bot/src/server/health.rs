//! Is the process alive, can it work, and how well does it: for supervisors and for Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use storage::{Db, probe};

use super::Edge;
use super::problem::Problem;
use crate::telemetry::metrics::Metrics;

/// How long the database may take to answer a check.
const PATIENCE: Duration = Duration::from_secs(1);

/// What tells how a process fares.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) db: Db,
    pub(crate) metrics: Metrics,
    /// Whether searches are answered from the index yet.
    pub(crate) is_index_open: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whoever asks for the figures must name it; empty: anybody may.
    pub(crate) token: SecretString,
}

impl Health {
    /// Of a process with a server.
    pub(super) fn of(edge: &Edge) -> Self {
        Self {
            db: edge.db.clone(),
            metrics: edge.metrics.clone(),
            is_index_open: edge.is_index_open.clone(),
            token: edge.config.telemetry.metrics_token.clone(),
        }
    }

    /// The three addresses.
    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(Arc::new(self))
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let wanted = self.token.expose_secret();
        if wanted.is_empty() {
            return true;
        }
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        // Hashes take the same time to compare wherever they differ.
        Sha256::digest(given.trim().as_bytes()) == Sha256::digest(wanted.as_bytes())
    }
}

/// The process answers.
async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when requests can be served, else 503 with the reasons.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let mut reasons = BTreeMap::new();
    if let Some(reason) = database_trouble(&health.db).await {
        reasons.insert("database", reason);
    }
    if !(health.is_index_open)() {
        reasons.insert("index", "the search index is not open yet".to_owned());
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons }))).into_response()
}

async fn database_trouble(db: &Db) -> Option<String> {
    match tokio::time::timeout(PATIENCE, probe::pending_migrations(db)).await {
        Ok(Ok(0)) => None,
        Ok(Ok(pending)) => Some(format!("{pending} migrations are pending: run `dealdesk migrate`")),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// The figures, with the queues counted now.
async fn metrics(State(health): State<Arc<Health>>, headers: HeaderMap) -> Response {
    if !health.admits(&headers) {
        return Problem::new(StatusCode::UNAUTHORIZED, "The figures take a token (DEALDESK_METRICS_TOKEN).")
            .into_response();
    }
    // Without a database the other figures matter all the more.
    if let Ok(Ok(depths)) = tokio::time::timeout(PATIENCE, probe::queue_depths(&health.db)).await {
        for (queue, depth) in depths {
            metrics::gauge!("queue_depth", "queue" => queue).set(depth as f64);
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], health.metrics.render())
        .into_response()
}
