//! The REST interface: tokens, faults, the ledger, and what each call does.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};

use super::state::{Call, Message, Room, Server, text};
use super::{Fault, Inner, check_message, locked};

pub(super) fn router(inner: Weak<Inner>) -> Router {
    Router::new().route("/api/v10/{*path}", any(call)).route("/files/{name}", get(file)).with_state(inner)
}

async fn file(State(inner): State<Weak<Inner>>, Path(name): Path<String>) -> Response {
    let Some(inner) = inner.upgrade() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let found =
        locked(&inner.server).files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.clone());
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

/// Status and answer of a refused call.
type Refusal = (u16, Value);

fn refusal(status: u16, code: u32, message: &str) -> Refusal {
    (status, json!({"code": code, "message": message}))
}

async fn call(
    State(inner): State<Weak<Inner>>,
    (method, headers): (Method, HeaderMap),
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let Some(inner) = inner.upgrade() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let name = format!("{method} {path}");
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = next_fault(&inner, &name);
    let (status, answer) = match fault {
        Some(Fault::RateLimited { after_s, is_global }) => (
            429,
            json!({"message": "You are being rate limited.", "retry_after": after_s, "global": is_global}),
        ),
        Some(Fault::Status(status)) => (status, json!({"code": 0, "message": "a fault"})),
        None | Some(Fault::StatusAfter(_)) => {
            let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let mut server = locked(&inner.server);
            let expected = format!("Bot {}", server.setup.token);
            let done = if path == "gateway" {
                Ok(json!({"url": format!("ws://{}", inner.gateway)}))
            } else if !path.starts_with("webhooks/") && token != Some(&expected) {
                Err(refusal(401, 0, "401: Unauthorized"))
            } else {
                run(&mut server, &name, &body, query.as_deref().unwrap_or_default())
            };
            done.map_or_else(|refused| refused, |answer| (200, answer))
        }
    };
    locked(&inner.server).calls.push(Call { call: name, body, status });
    inner.changed.send_modify(|n| *n += 1);
    let (status, answer) = match fault {
        Some(Fault::StatusAfter(status)) => (status, json!({"code": 0, "message": "a fault"})),
        _ => (status, answer),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

fn next_fault(inner: &Arc<Inner>, call: &str) -> Option<Fault> {
    let mut faults = locked(&inner.faults);
    let all = faults.iter_mut().find(|(begins, all)| call.starts_with(begins.as_str()) && !all.is_empty());
    all.map(|(_, all)| all.remove(0))
}

fn run(server: &mut Server, call: &str, body: &Value, query: &str) -> Result<Value, Refusal> {
    let (method, path) = call.split_once(' ').unwrap_or((call, ""));
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["users", "@me"]) => Ok(json!({"id": server.setup.bot, "username": "Dealdesk", "bot": true})),
        ("GET", ["users", "@me", "guilds"]) => Ok(json!([{"id": server.setup.guild, "name": "Acme"}])),
        ("POST", ["users", "@me", "channels"]) => match server.user(&text(&body["recipient_id"])).cloned() {
            Some(user) => Ok(json!({"id": server.direct(&user.id), "type": 1})),
            None => Err(refusal(400, 50_007, "Cannot send messages to this user")),
        },
        ("GET", ["guilds", _]) => Ok(json!({"id": server.setup.guild, "name": "Acme", "owner_id": "1",
            "roles": [{"id": server.setup.guild, "permissions": "1024"}, {"id": "55", "permissions": "8"}]})),
        ("GET", ["guilds", _, "members", id]) => match server.user(id) {
            Some(user) => {
                Ok(json!({"user": {"id": user.id, "username": user.handle}, "nick": name_of(&user.handle),
                "roles": if user.is_admin { json!(["55"]) } else { json!([]) }}))
            }
            None => Err(refusal(404, 10_007, "Unknown Member")),
        },
        ("PUT", ["applications", _, "commands"]) => {
            server.commands = body.clone();
            Ok(body.clone())
        }
        ("POST", ["channels", room, "messages"]) => post(server, room, body),
        ("GET", ["channels", room, "messages"]) => history(server, room, query),
        ("PATCH", ["channels", room, "messages", id]) => edit(server, (room, id), body),
        ("POST", ["channels", room, "messages", id, "threads"]) => begin_thread(server, (room, id), body),
        ("POST", ["webhooks", _, token]) => whisper(server, token, body),
        ("PATCH", ["webhooks", _, token, "messages", "@original"]) => settle(server, token, body),
        _ => Err(refusal(404, 0, "404: Not Found")),
    }
}

fn name_of(handle: &str) -> String {
    let mut name = handle.to_owned();
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// The room, if it is there and open to the application.
fn open(server: &Server, room: &str) -> Result<Room, Refusal> {
    match server.setup.rooms.iter().find(|known| known.id == room) {
        None => Err(refusal(404, 10_003, "Unknown Channel")),
        Some(room) if room.is_closed => Err(refusal(403, 50_001, "Missing Access")),
        Some(room) => Ok(room.clone()),
    }
}

fn checked(body: &Value) -> Result<(), Refusal> {
    check_message(body).map_err(|what| refusal(400, 50_035, &format!("Invalid Form Body: {what}")))
}

fn post(server: &mut Server, room: &str, body: &Value) -> Result<Value, Refusal> {
    open(server, room)?;
    checked(body)?;
    let nonce = text(&body["nonce"]);
    let known = server.messages.iter().find(|m| !nonce.is_empty() && m.nonce == nonce && m.room == room);
    if let (Some(known), Some(true)) = (known, body["enforce_nonce"].as_bool()) {
        return Ok(server.shown(known));
    }
    let (id, author) = (server.next_id(), server.setup.bot.clone());
    let message =
        Message { id, room: room.to_owned(), author, body: body.clone(), nonce, to: None, edits: 0 };
    server.messages.push(message.clone());
    Ok(server.shown(&message))
}

fn history(server: &Server, room: &str, query: &str) -> Result<Value, Refusal> {
    open(server, room)?;
    let after = query.split('&').find_map(|pair| pair.strip_prefix("after="));
    let after: u64 = after.and_then(|text| text.parse().ok()).unwrap_or(0);
    let is_wanted =
        |m: &&Message| m.room == room && m.to.is_none() && m.id.parse::<u64>().is_ok_and(|id| id > after);
    Ok(server.messages.iter().filter(is_wanted).take(100).map(|m| server.shown(m)).collect())
}

fn edit(server: &mut Server, (room, id): (&str, &str), body: &Value) -> Result<Value, Refusal> {
    open(server, room)?;
    checked(body)?;
    let bot = server.setup.bot.clone();
    let found = server.messages.iter_mut().find(|m| m.room == room && m.id == id);
    let message = found.ok_or_else(|| refusal(404, 10_008, "Unknown Message"))?;
    if message.author != bot {
        return Err(refusal(403, 50_005, "Cannot edit a message authored by another user"));
    }
    message.body = body.clone();
    message.edits += 1;
    let message = message.clone();
    Ok(server.shown(&message))
}

fn begin_thread(server: &mut Server, (room, id): (&str, &str), body: &Value) -> Result<Value, Refusal> {
    let parent = open(server, room)?;
    if parent.kind != 0 {
        return Err(refusal(400, 50_024, "Cannot execute action on this channel type"));
    }
    if !server.messages.iter().any(|m| m.room == room && m.id == id) {
        return Err(refusal(404, 10_008, "Unknown Message"));
    }
    if server.room(id).is_some() {
        return Err(refusal(400, 160_004, "A thread has already been created for this message"));
    }
    let name = text(&body["name"]);
    if !(1..=100).contains(&name.chars().count()) {
        return Err(refusal(400, 50_035, "Invalid Form Body: name"));
    }
    let thread = Room { id: id.to_owned(), name, kind: 11, is_closed: false, parent: Some(room.to_owned()) };
    server.setup.rooms.push(thread);
    Ok(json!({"id": id, "type": 11, "parent_id": room}))
}

fn whisper(server: &mut Server, token: &str, body: &Value) -> Result<Value, Refusal> {
    checked(body)?;
    let found = server.tokens.iter_mut().find(|known| known.token == token);
    let held = found.ok_or_else(|| refusal(404, 10_015, "Unknown Webhook"))?;
    let (to, room) = (held.user.clone(), held.room.clone());
    let (id, author) = (server.next_id(), server.setup.bot.clone());
    let message =
        Message { id, room, author, body: body.clone(), nonce: String::new(), to: Some(to), edits: 0 };
    server.messages.push(message.clone());
    Ok(server.shown(&message))
}

fn settle(server: &mut Server, token: &str, body: &Value) -> Result<Value, Refusal> {
    let found = server.tokens.iter_mut().find(|known| known.token == token && known.is_waiting);
    let held = found.ok_or_else(|| refusal(404, 10_008, "Unknown Message"))?;
    held.is_waiting = false;
    Ok(json!({"id": "1", "content": body["content"]}))
}
