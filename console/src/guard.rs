//! What holds for every request: strict headers on every answer, and no POST from another site.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Console;
use crate::error::Failure;

/// Where browsers say from where a request was begun.
pub(crate) const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Refuses forged requests and adds the headers that keep a browser strict.
pub(crate) async fn watch(State(console): State<Console>, request: Request, next: Next) -> Response {
    let is_harmless = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut answer = if is_harmless || is_from_us(request.headers(), &console.public_url) {
        next.run(request).await
    } else {
        tracing::warn!(path = request.uri().path(), "refused a request from another site");
        Failure::Forged.into_response()
    };
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// Whether one of our own pages began the request. A browser always says so in one of two headers;
/// a request with neither is not a browser's and has no business here.
fn is_from_us(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&FETCH_SITE) {
        // `none`: the person herself, e.g. by loading a page again.
        return matches!(site, "same-origin" | "none");
    }
    let Some((scheme, authority)) = text(&ORIGIN).and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let own = public_url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
    matches!(scheme, "http" | "https") && (authority == own || text(&HOST) == Some(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(headers: &[(&'static str, &'static str)]) -> bool {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_from_us(&map, "https://deals.example.com")
    }

    #[test]
    fn only_our_own_pages_may_post() {
        for (headers, expected) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            // The newer header overrules the older one.
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://deals.example.com")], false),
            (&[("origin", "https://deals.example.com")], true),
            (&[("origin", "https://deals.example.com.evil.test")], false),
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], true),
            (&[("origin", "http://127.0.0.1:9090"), ("host", "127.0.0.1:8080")], false),
            (&[("origin", "null"), ("host", "127.0.0.1:8080")], false),
            (&[("host", "deals.example.com")], false),
            (&[], false),
        ] {
            assert_eq!(judge(headers), expected, "{headers:?}");
        }
    }
}
