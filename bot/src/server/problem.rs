//! Errors as RFC 9457 problems, in the same words everywhere.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::UserError;
use problem_details::ProblemDetails;

/// An error answer.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(super) status: StatusCode,
    detail: String,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem with a status and words for the caller.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }

    /// The same, and when to come back.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// 503: the database is away.
    pub(super) fn away() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The database is away. Nothing was stored; try again.")
            .retry_after(2)
    }

    /// 413.
    pub(super) fn too_large(max_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request's body is larger than {} KiB.", max_bytes / 1024),
        )
    }

    /// 404 for a noun.
    pub(super) fn missing(noun: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {noun}."))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = ProblemDetails::from_status_code(self.status).with_detail(self.detail);
        let mut answer = details.into_response();
        if let Some(seconds) = self.retry_after_s {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

impl From<storage::Error> for Problem {
    fn from(error: storage::Error) -> Self {
        match &error {
            storage::Error::Missing(noun) => Self::missing(noun),
            storage::Error::Conflict(noun) => {
                Self::new(StatusCode::CONFLICT, format!("The {noun} changed meanwhile; read it again."))
            }
            error if error.is_passing() => {
                tracing::warn!(%error, "answered 503");
                Self::away()
            }
            _ => {
                tracing::error!(error = &error as &dyn std::error::Error, "answered 500");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong on our side; it was noted.",
                )
            }
        }
    }
}

impl From<UserError> for Problem {
    /// What a person may not do.
    fn from(error: UserError) -> Self {
        Self::new(StatusCode::FORBIDDEN, error.to_string())
    }
}
