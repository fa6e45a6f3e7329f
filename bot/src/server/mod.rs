//! The HTTP server: one list of routes, and what every request passes through.

mod api;
mod discord;
mod esign;
mod health;
mod hubspot;
mod layers;
mod limits;
pub(crate) mod load;
mod mail;
mod problem;
mod slack;
mod slack_install;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::get;
use domain::clock::Clock;
use domain::ids::{Ids, TenantId};
use storage::Db;
use storage::inbox::Intake;
use storage::seal::Seal;
use tokio::sync::Notify;
use tower_http::compression::CompressionLayer;
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;

pub(crate) use health::Health;
pub(crate) use limits::Limits;

use crate::config::Config;
use crate::telemetry::metrics::Metrics;

/// What the server needs, and nothing else.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) config: Arc<Config>,
    /// The tenant of an installation that serves one team.
    pub(crate) home: TenantId,
    pub(crate) db: Db,
    pub(crate) intake: Intake,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) seal: Seal,
    /// Where files are kept.
    pub(crate) objects: storage::objects::Objects,
    /// Rung when a message was stored.
    pub(crate) bell: Arc<Notify>,
    pub(crate) metrics: Metrics,
    /// Whether searches are answered from the index yet.
    pub(crate) is_index_open: Arc<dyn Fn() -> bool + Send + Sync>,
    /// How often a person may call the interface.
    pub(crate) limits: Limits,
    /// Calls Slack to finish an installation.
    pub(crate) slack: channels::slack::client::Slack,
    /// Where a test may end the process.
    pub(crate) points: agents::failpoint::FailPoints,
    /// Mail, when it is configured.
    pub(crate) mail: Option<Arc<crate::mail::Office>>,
    /// Rung when a message about a signature came.
    pub(crate) signatures: Arc<Notify>,
}

/// All routes. The console brings its own, and the answer to unknown addresses.
pub(crate) fn router(edge: Edge, console: Router) -> Router {
    let body_max = edge.config.limits.body_kib * 1024;
    // Slack's three routes carry the load: they measure themselves and pass through nothing else.
    let fast = slack::routes(&edge);
    let discord = discord::routes(&edge);
    let mail = mail::routes(&edge).merge(hubspot::routes(&edge));
    let signatures = esign::routes(&edge);
    let watched = Router::new()
        .route("/slack/install", get(slack_install::begin))
        .route("/slack/oauth", get(slack_install::finish))
        .route("/openapi.json", get(api::description))
        .nest("/v1", api::routes())
        .with_state(Arc::new(edge.clone()))
        .merge(Health::of(&edge).routes())
        .merge(console.layer(CompressionLayer::new()))
        .layer(DefaultBodyLimit::max(body_max))
        .merge(mail)
        .merge(signatures)
        .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
        .layer(axum::middleware::from_fn_with_state(edge, layers::watch));
    watched.merge(fast).merge(discord).layer(layers::catch_panics())
}
