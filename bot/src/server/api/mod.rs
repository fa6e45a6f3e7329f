//! The programming interface: the same work as the channels, for programs that speak for a person.

mod approvals;
mod auth;
mod contracts;
mod deals;
mod describe;
mod json;
mod messages;
mod plans;
mod submit;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

pub(super) use describe::description;

use super::Edge;
use super::problem::Problem;

/// The routes below `/v1`.
pub(super) fn routes() -> Router<Arc<Edge>> {
    Router::new()
        .route("/messages", post(messages::send))
        .route("/plans/{id}", get(plans::show))
        .route("/deals", get(deals::list))
        .route("/deals/{id}", get(deals::show))
        .route("/deals/{id}/notes", post(deals::change::note))
        .route("/deals/{id}/move", post(deals::change::change_stage))
        .route("/contracts", get(contracts::list))
        .route("/contracts/{version}", get(contracts::show))
        .route("/contracts/{version}/redline", get(contracts::redline::get))
        .route(
            "/analyze-contract",
            post(contracts::analyze::analyze).layer(DefaultBodyLimit::max(contracts::analyze::BODY_MAX)),
        )
        .route("/approvals", get(approvals::list))
        .route("/approvals/{id}/decision", post(approvals::decide))
        .fallback(async || Problem::missing("address"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take that method.")
        })
}
