//! What a request passes through on its way: number, size, time, figures, panics.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::problem::Problem;
use super::{Edge, api};

/// How long we work on a request before we say that it takes too long.
const TIME_OUT: Duration = Duration::from_secs(30);
/// The same for a file: 25 MB over two megabits a second.
const TIME_OUT_UPLOAD: Duration = Duration::from_secs(120);
/// The header with the number by which a request is found in the logs.
const REQUEST_ID: &str = "x-request-id";

/// Numbers a request, refuses it when it is too large, stops it when it takes too long, and counts it.
pub(super) async fn watch(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let name = endpoint_name(&request);
    let number = edge.ids.next();
    let span = tracing::info_span!("request", endpoint = %name, request = %number.simple());
    // Files come in at two addresses only; these take them as they arrive, over slow lines too.
    let (body_max, time_out) = match request.uri().path() {
        ::console::UPLOAD_PATH => (::console::upload_bytes_max(), TIME_OUT_UPLOAD),
        // It says itself how large a file may be.
        api::ANALYZE_PATH => (usize::MAX, TIME_OUT_UPLOAD),
        _ => (edge.config.limits.body_kib * 1024, TIME_OUT),
    };
    let answer = async {
        if request.body().size_hint().lower() > body_max as u64 {
            return Problem::too_large(body_max).into_response();
        }
        tokio::time::timeout(time_out, next.run(request)).await.unwrap_or_else(|_| {
            tracing::warn!("gave up after {} s", time_out.as_secs());
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "This took too long; try again.")
                .retry_after(5)
                .into_response()
        })
    };
    let mut answer = answer.instrument(span).await;
    if let Ok(number) = HeaderValue::from_str(&number.simple().to_string()) {
        answer.headers_mut().insert(REQUEST_ID, number);
    }
    edge.metrics.endpoint(&name).answered(began, answer.status().as_u16());
    answer
}

/// Method and route template: few, however many addresses are asked for.
fn endpoint_name(request: &Request) -> String {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let method = KNOWN.iter().find(|method| *method == request.method()).map_or("OTHER", Method::as_str);
    let path = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
    format!("{method} {path}")
}

/// A handler that panics answers 500; the process goes on.
pub(super) fn catch_panics() -> CatchPanicLayer<fn(Box<dyn Any + Send>) -> Response> {
    CatchPanicLayer::custom(panicked as fn(Box<dyn Any + Send>) -> Response)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(cause: Box<dyn Any + Send>) -> Response<Body> {
    let words = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no words");
    tracing::error!(panic = words, "a handler panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side; it was noted.")
        .into_response()
}
