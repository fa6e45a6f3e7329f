//! The Web API's front: arguments, tokens, faults, the ledger.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Map, Value, json};

use super::workspace::Call;
use super::{Fault, Inner, locked, methods};

/// Methods that read take their arguments from the address or a form, never from JSON; so does Slack.
const READING: [&str; 6] = [
    "conversations.replies",
    "conversations.history",
    "conversations.info",
    "conversations.list",
    "files.getUploadURLExternal",
    "users.info",
];

pub(super) fn router(inner: Weak<Inner>) -> Router {
    Router::new()
        .route("/api/{method}", any(call))
        .route("/api/files-pri/{id}/{name}", get(file))
        .route("/api/upload/{id}", post(upload))
        .with_state(inner)
}

/// A shared file, for whoever holds the app's token; anybody else gets the page to sign in, as with Slack.
async fn file(
    State(inner): State<Weak<Inner>>,
    Path((id, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(inner) = inner.upgrade() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let mut workspace = locked(&inner.workspace);
    let expected = format!("Bearer {}", workspace.setup.bot_token);
    if token != Some(expected.as_str()) {
        let page = "<!DOCTYPE html><title>Sign in</title>";
        return ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
    }
    let found = workspace.files.iter_mut().find(|file| file.id == id).map(|file| {
        file.fetched += 1;
        file.bytes.clone()
    });
    match found {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The bytes of a file that the app is about to share. No token belongs here.
async fn upload(
    State(inner): State<Weak<Inner>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(inner) = inner.upgrade() else { return StatusCode::SERVICE_UNAVAILABLE };
    if headers.contains_key(header::AUTHORIZATION) {
        return StatusCode::BAD_REQUEST;
    }
    if let Some(Fault::Status(code)) = next_fault(&inner, "upload") {
        return status(code);
    }
    let mut workspace = locked(&inner.workspace);
    match workspace.uploads.iter_mut().find(|file| file.id == id) {
        Some(file) => {
            file.bytes = body.to_vec();
            StatusCode::OK
        }
        None => StatusCode::NOT_FOUND,
    }
}

async fn call(
    State(inner): State<Weak<Inner>>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(inner) = inner.upgrade() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let args = arguments(&method, query.as_deref(), &headers, &body);
    let fault = next_fault(&inner, &method);
    match fault {
        Some(Fault::RateLimited { after_s }) => {
            record(&inner, &method, args, "ratelimited");
            let body = json!({"ok": false, "error": "ratelimited"}).to_string();
            let headers =
                [(header::RETRY_AFTER, after_s.to_string()), (header::CONTENT_TYPE, JSON.to_owned())];
            return (StatusCode::TOO_MANY_REQUESTS, headers, body).into_response();
        }
        Some(Fault::Status(code)) => {
            record(&inner, &method, args, &format!("status {code}"));
            return status(code).into_response();
        }
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    let answer = execute(&inner, &method, args, &headers);
    match fault {
        Some(Fault::StatusAfter(code)) => status(code).into_response(),
        Some(Fault::HangAfter) => std::future::pending().await,
        Some(Fault::Garbage) => {
            (StatusCode::OK, "<html>502 from something in between</html>").into_response()
        }
        _ => ([(header::CONTENT_TYPE, JSON)], answer.to_string()).into_response(),
    }
}

const JSON: &str = "application/json; charset=utf-8";

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn next_fault(inner: &Inner, method: &str) -> Option<Fault> {
    let mut faults = locked(&inner.faults);
    let name = if faults.get(method).is_some_and(|all| !all.is_empty()) { method } else { "*" };
    let all = faults.get_mut(name)?;
    if all.is_empty() { None } else { Some(all.remove(0)) }
}

fn record(inner: &Arc<Inner>, method: &str, args: Value, outcome: &str) {
    let call = Call { method: method.to_owned(), args, outcome: outcome.to_owned() };
    locked(&inner.workspace).calls.push(call);
    inner.changed.send_modify(|n| *n += 1);
}

fn execute(inner: &Arc<Inner>, method: &str, args: Value, headers: &HeaderMap) -> Value {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).or_else(|| args["token"].as_str());
    if method == "apps.connections.open" {
        let expected = locked(&inner.workspace).setup.app_token.clone();
        let done = match token {
            Some(token) if token == expected => locked(&inner.sockets).ticket(),
            Some(token) if token.starts_with("xapp-") => Err("invalid_auth".to_owned()),
            Some(_) => Err("not_allowed_token_type".to_owned()),
            None => Err("not_authed".to_owned()),
        };
        return answered(inner, method, args, done);
    }
    let mut workspace = locked(&inner.workspace);
    let done = if method == "oauth.v2.access" {
        methods::oauth_access(&mut workspace, &args, headers)
    } else if token.is_none() {
        Err("not_authed".to_owned())
    } else if token != Some(workspace.setup.bot_token.as_str()) {
        Err("invalid_auth".to_owned())
    } else {
        methods::run(&mut workspace, method, &args)
    };
    drop(workspace);
    answered(inner, method, args, done)
}

/// Writes a call down; its answer.
fn answered(inner: &Arc<Inner>, method: &str, args: Value, done: Result<Value, String>) -> Value {
    let (answer, outcome) = match done {
        Ok(mut answer) => {
            answer["ok"] = json!(true);
            (answer, "ok".to_owned())
        }
        Err(error) => {
            // What Slack says in detail follows its word, after a colon.
            let (word, details) = error.split_once(": ").unwrap_or((&error, ""));
            let mut answer = json!({"ok": false, "error": word});
            if !details.is_empty() {
                answer["errors"] = json!([details]);
            }
            (answer, error)
        }
    };
    record(inner, method, args, &outcome);
    answer
}

fn arguments(method: &str, query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Value {
    let mut args = Map::new();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (name, value) in form(query.unwrap_or_default().as_bytes()) {
        args.insert(name, Value::String(value));
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        for (name, value) in form(body) {
            // In forms, structures are JSON in a field.
            let parsed = if value.starts_with(['{', '[']) { serde_json::from_str(&value).ok() } else { None };
            args.insert(name, parsed.unwrap_or(Value::String(value)));
        }
    } else if kind.starts_with("application/json")
        && !READING.contains(&method)
        && let Ok(Value::Object(fields)) = serde_json::from_slice(body)
    {
        args.extend(fields);
    }
    Value::Object(args)
}

pub(super) fn form(text: &[u8]) -> Vec<(String, String)> {
    let decoded = |part: &[u8]| {
        let mut out = Vec::new();
        let mut rest = part;
        while let [first, tail @ ..] = rest {
            rest = tail;
            match (first, tail) {
                (b'+', _) => out.push(b' '),
                (b'%', [a, b, after @ ..]) => {
                    let digits =
                        std::str::from_utf8(&[*a, *b]).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
                    out.push(digits.unwrap_or(b'?'));
                    rest = after;
                }
                (byte, _) => out.push(*byte),
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    text.split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
        })
        .collect()
}
