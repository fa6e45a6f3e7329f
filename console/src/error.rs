//! What can go wrong on a page, and how the person learns of it.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::shell::Assets;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody is signed in.
    SignedOut {
        /// A fragment was asked for by a page that is open already.
        is_fragment: bool,
    },
    /// The browser kept the session back because another site led here; the path to load again.
    CameFromElsewhere(String),
    /// Another site sent a form in the person's name.
    Forged,
    /// The role does not cover it; who may.
    NotAllowed(&'static str),
    /// There is no such thing.
    Missing(&'static str),
    /// What was sent does not make sense, in words for the person.
    Unusable(String),
    /// What was sent is too long, in words for the person.
    TooLarge(String),
    /// A file is not there any more, or the place where files are kept is away.
    Objects(storage::objects::Error),
    /// Storage failed.
    Storage(storage::Error),
    /// A page could not be laid out.
    Layout(askama::Error),
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    assets: Assets,
    heading: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "bounce.html")]
struct Bounce {
    path: String,
}

impl From<storage::Error> for Failure {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Missing(what) => Self::Missing(what),
            error => Self::Storage(error),
        }
    }
}

impl From<storage::objects::Error> for Failure {
    fn from(error: storage::objects::Error) -> Self {
        match error {
            storage::objects::Error::Missing(_) => Self::Missing("file"),
            error => Self::Objects(error),
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Layout(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, heading, text) = match self {
            Self::SignedOut { is_fragment: false } => return Redirect::to("/welcome").into_response(),
            Self::SignedOut { is_fragment: true } => {
                let go = (HeaderName::from_static("hx-redirect"), HeaderValue::from_static("/welcome"));
                return (StatusCode::UNAUTHORIZED, [go]).into_response();
            }
            Self::CameFromElsewhere(path) => return page(&Bounce { path }),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "That did not come from this page",
                "Open the console itself and try again there.".to_owned(),
            ),
            Self::NotAllowed(who) => (
                StatusCode::FORBIDDEN,
                "Not for your role",
                format!("This is for {who}. An admin can change your role on the People page."),
            ),
            Self::Missing(what) => (
                StatusCode::NOT_FOUND,
                "Not found",
                format!(
                    "There is no such {what} in your team. It may have been removed, or the link is incomplete."
                ),
            ),
            Self::Unusable(text) => (StatusCode::BAD_REQUEST, "That cannot be", text),
            Self::TooLarge(text) => (StatusCode::PAYLOAD_TOO_LARGE, "That is too large", text),
            Self::Objects(error) => {
                tracing::error!(error = ?error, "the place where files are kept failed");
                broken()
            }
            Self::Storage(error) if error.is_passing() => {
                tracing::warn!(error = ?error, "the database is away");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "One moment",
                    "The database does not answer right now. Nothing you sent before is lost; try again in a few seconds."
                        .to_owned(),
                )
            }
            Self::Storage(error) => {
                tracing::error!(error = ?error, "a page failed");
                broken()
            }
            Self::Layout(error) => {
                tracing::error!(error = ?error, "a page could not be laid out");
                broken()
            }
        };
        let mut answer = page(&Problem { assets: Assets, heading, text: &text });
        *answer.status_mut() = status;
        answer
    }
}

fn broken() -> (StatusCode, &'static str, String) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something broke",
        "That was our fault, not yours, and it is in the log. Try again; if it stays, tell whoever runs Dealdesk.".to_owned(),
    )
}

/// A laid-out template as an answer.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a page could not be laid out");
            let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (StatusCode::INTERNAL_SERVER_ERROR, plain, "Something broke; it is in the log.").into_response()
        }
    }
}

/// Reads a key out of a path; what is no key names nothing.
pub(crate) fn key<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure::Missing(what))
}
