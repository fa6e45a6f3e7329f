//! The providers' routes.

use std::sync::Weak;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{Fault, Inner, locked, wire};

type World = Weak<Inner>;

/// All routes.
pub(super) fn router(inner: World) -> Router {
    Router::new()
        .route(
            "/anthropic/v1/messages",
            post(|world, headers, body| answer("anthropic", None, world, (headers, body))),
        )
        .route(
            "/openai/v1/chat/completions",
            post(|world, headers, body| answer("openai", None, world, (headers, body))),
        )
        .route(
            "/deepseek/chat/completions",
            post(|world, headers, body| answer("deepseek", None, world, (headers, body))),
        )
        .route(
            "/compatible/v1/chat/completions",
            post(|world, headers, body| answer("compatible", None, world, (headers, body))),
        )
        .route("/gemini/v1beta/models/{call}", post(gemini))
        .with_state(inner)
}

async fn gemini(world: State<World>, Path(call): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    match call.strip_suffix(":streamGenerateContent") {
        Some(model) => answer("gemini", Some(model.to_owned()), world, (headers, body)).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn answer(
    provider: &'static str,
    model: Option<String>,
    State(world): State<World>,
    (headers, body): (HeaderMap, Bytes),
) -> Response {
    let Some(inner) = world.upgrade() else { return StatusCode::GONE.into_response() };
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let asked = match wire::read(provider, model.as_deref(), (&headers, &body)) {
        Ok(asked) => asked,
        Err(what) if what == "key" => return refusal(StatusCode::UNAUTHORIZED, "the key is no good"),
        Err(what) => return refusal(StatusCode::BAD_REQUEST, &what),
    };
    locked(&inner.ledger).push(asked.clone());
    let fault = locked(&inner.faults).get(provider).copied();
    let mut pause = Duration::ZERO;
    match fault {
        Some(Fault::RateLimited { after_s }) => {
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "slow down");
            response.headers_mut().insert(header::RETRY_AFTER, after_s.into());
            return response;
        }
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return refusal(status, "overloaded");
        }
        Some(Fault::Silent) => std::future::pending::<()>().await,
        Some(Fault::Garbage) => return "<html>maintenance</html>\n\ndata: {\"oh\n\n".into_response(),
        Some(Fault::Slow(each)) => pause = each,
        Some(Fault::Cut | Fault::Tool | Fault::Uncounted) | None => {}
    }
    let said = locked(&inner.script)(&asked);
    let shape = (fault == Some(Fault::Tool), fault != Some(Fault::Uncounted));
    let mut events = wire::events(&asked, &said, shape);
    if fault == Some(Fault::Cut) {
        events.truncate(wire::cut(provider));
    }
    let events = stream::iter(events).then(move |event| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::convert::Infallible>(event)
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

fn refusal(status: StatusCode, words: &str) -> Response {
    (status, axum::Json(json!({ "error": { "message": words } }))).into_response()
}
