//! Is the process alive, can it work, and how well does it: for supervisors and for Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use storage::{Db, probe};

use super::Edge;

/// How long the database may take to answer a check.
const PATIENCE: Duration = Duration::from_secs(1);

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when requests can be served, else 503 with the reasons.
pub(super) async fn ready(State(edge): State<Arc<Edge>>) -> Response {
    let mut reasons = BTreeMap::new();
    if let Some(reason) = database_trouble(&edge.db).await {
        reasons.insert("database", reason);
    }
    if !(edge.is_index_open)() {
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
pub(super) async fn metrics(State(edge): State<Arc<Edge>>) -> Response {
    // Without a database the other figures matter all the more.
    if let Ok(Ok(depths)) = tokio::time::timeout(PATIENCE, probe::queue_depths(&edge.db)).await {
        for (queue, depth) in depths {
            metrics::gauge!("queue_depth", "queue" => queue).set(depth as f64);
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], edge.metrics.render())
        .into_response()
}
