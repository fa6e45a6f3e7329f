//! What each method of the Web API does to the workspace.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::blocks::{check_blocks, check_message, check_view};
use super::setup::{Room, User};
use super::workspace::{Kind, Message, SharedFile, View, Workspace, word};

type Done = Result<Value, String>;

pub(super) fn run(w: &mut Workspace, method: &str, args: &Value) -> Done {
    match method {
        "auth.test" => Ok(json!({
            "team": w.setup.team_name, "team_id": w.setup.team, "user": "dealdesk", "user_id": w.setup.bot,
            "bot_id": "B0DESK", "enterprise_id": w.setup.organisation,
            "is_enterprise_install": w.setup.organisation.is_some(), "url": "https://acme-bd.slack.example/",
        })),
        "chat.postMessage" => post(w, args),
        "chat.postEphemeral" => post_ephemeral(w, args),
        "chat.update" => update(w, args),
        "chat.delete" => delete(w, args),
        "conversations.open" => open(w, args),
        "conversations.replies" => replies(w, args),
        "conversations.history" => history(w, args),
        "conversations.info" => {
            let room = w.room(&word(&args["channel"])).ok_or("channel_not_found")?;
            Ok(json!({"channel": room_json(room)}))
        }
        "conversations.list" => {
            let rooms = w.setup.rooms.iter().filter(|room| room.direct_with.is_none()).map(room_json);
            Ok(json!({"channels": rooms.collect::<Vec<_>>(), "response_metadata": {"next_cursor": ""}}))
        }
        "users.info" => {
            let user = w.user(&word(&args["user"])).ok_or("user_not_found")?;
            Ok(json!({"user": user_json(user, w)}))
        }
        "users.lookupByEmail" => {
            let email = word(&args["email"]);
            let user = w.setup.users.iter().find(|user| user.email == email).ok_or("users_not_found")?;
            Ok(json!({"user": user_json(user, w)}))
        }
        "views.open" => open_view(w, args),
        "views.update" => update_view(w, args),
        "files.getUploadURLExternal" => upload_place(w, args),
        "files.completeUploadExternal" => upload_done(w, args),
        "chat.unfurl" => unfurl(w, args),
        "views.publish" => publish_home(w, args),
        _ => Err("unknown_method".to_owned()),
    }
}

/// The room to write in, when the app may; a person's id stands for their direct messages.
fn writable(w: &mut Workspace, channel: &str) -> Result<String, String> {
    let channel = match w.user(channel) {
        Some(user) if user.id == channel => {
            let id = user.id.clone();
            w.direct(&id)
        }
        _ => channel.to_owned(),
    };
    let room = w.room(&channel).filter(|room| room.id == channel || !channel.starts_with(['C', 'D', 'G']));
    let room = room.ok_or("channel_not_found")?;
    match room {
        Room { is_archived: true, .. } => Err("is_archived".to_owned()),
        Room { has_bot: false, is_private: true, .. } => Err("channel_not_found".to_owned()),
        Room { has_bot: false, .. } if !w.setup.writes_in_public => Err("not_in_channel".to_owned()),
        Room { is_announcements: true, .. } => Err("restricted_action".to_owned()),
        Room { id, .. } => Ok(id.clone()),
    }
}

/// Checks what every message needs, and makes one.
fn drafted(w: &mut Workspace, args: &Value, room: &str, kind: Kind) -> Result<Message, String> {
    check_content(args)?;
    let thread = args["thread_ts"].as_str().map(str::to_owned);
    if let Some(ts) = &thread {
        let root = w.messages.iter().find(|m| m.room == room && m.ts == *ts && m.kind == Kind::Posted);
        match root {
            None => return Err("thread_not_found".to_owned()),
            Some(m) if m.thread.is_some() => {
                return Err("cannot_reply_to_message: not the first of its thread".to_owned());
            }
            Some(_) => {}
        }
    }
    let bot = w.setup.bot.clone();
    let plain = w.said(&bot, room, &word(&args["text"]), kind);
    Ok(Message { thread, blocks: args["blocks"].clone(), metadata: args["metadata"].clone(), ..plain })
}

fn check_content(args: &Value) -> Result<(), String> {
    let text = args["text"].as_str().unwrap_or_default();
    if text.is_empty() && args["blocks"].is_null() {
        return Err("no_text".to_owned());
    }
    if text.chars().count() > 40_000 {
        return Err("msg_too_long".to_owned());
    }
    let metadata = &args["metadata"];
    let is_metadata = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !metadata.is_null() && !is_metadata {
        return Err("invalid_metadata_format".to_owned());
    }
    if args["blocks"].is_null() {
        return Ok(());
    }
    check_message(&args["blocks"]).map_err(|problem| format!("invalid_blocks: {problem}"))
}

fn post(w: &mut Workspace, args: &Value) -> Done {
    let room = writable(w, &word(&args["channel"]))?;
    let message = drafted(w, args, &room, Kind::Posted)?;
    let shown = message_json(&message, w, true);
    let ts = w.write(message);
    Ok(json!({"channel": room, "ts": ts, "message": shown}))
}

fn post_ephemeral(w: &mut Workspace, args: &Value) -> Done {
    let user = w.user(&word(&args["user"])).ok_or("user_not_found")?.id.clone();
    let room = writable(w, &word(&args["channel"]))?;
    let message = drafted(w, args, &room, Kind::Ephemeral { to: user })?;
    Ok(json!({"message_ts": w.write(message)}))
}

/// A message of the app's own that can be changed.
fn own<'a>(w: &'a mut Workspace, args: &Value, refusal: &str) -> Result<&'a mut Message, String> {
    let (room, ts) = (word(&args["channel"]), word(&args["ts"]));
    let bot = w.setup.bot.clone();
    let is_it = |m: &&mut Message| m.room == room && m.ts == ts && m.kind == Kind::Posted && !m.is_deleted;
    let message = w.messages.iter_mut().find(is_it).ok_or("message_not_found")?;
    if message.user == bot { Ok(message) } else { Err(refusal.to_owned()) }
}

fn update(w: &mut Workspace, args: &Value) -> Done {
    check_content(args)?;
    writable(w, &word(&args["channel"]))?;
    let message = own(w, args, "cant_update_message")?;
    message.text = word(&args["text"]);
    message.blocks = args["blocks"].clone();
    if !args["metadata"].is_null() {
        message.metadata = args["metadata"].clone();
    }
    message.edits += 1;
    Ok(json!({"channel": message.room, "ts": message.ts, "text": message.text}))
}

fn delete(w: &mut Workspace, args: &Value) -> Done {
    let message = own(w, args, "cant_delete_message")?;
    message.is_deleted = true;
    Ok(json!({"channel": message.room, "ts": message.ts}))
}

fn open(w: &mut Workspace, args: &Value) -> Done {
    let id = word(&args["users"]);
    let user = w.user(&id).filter(|user| user.id == id).ok_or("user_not_found")?;
    if user.is_deleted {
        return Err("user_disabled".to_owned());
    }
    Ok(json!({"channel": {"id": w.direct(&id)}}))
}

fn replies(w: &mut Workspace, args: &Value) -> Done {
    let room = readable(w, args)?;
    let ts = word(&args["ts"]);
    let oldest = word(&args["oldest"]);
    let thread = w.thread(&room, &ts);
    if thread.is_empty() {
        return Err("thread_not_found".to_owned());
    }
    // The first message comes always, as it does from Slack.
    let found: Vec<_> = thread.into_iter().filter(|m| m.ts == ts || m.ts >= oldest).collect();
    Ok(page(w, args, &found))
}

fn history(w: &mut Workspace, args: &Value) -> Done {
    let room = readable(w, args)?;
    let oldest = word(&args["oldest"]);
    let is_wanted = |m: &&Message| m.room == room && m.thread.is_none() && m.ts >= oldest;
    let mut found: Vec<_> = w.posted().filter(is_wanted).collect();
    found.reverse();
    Ok(page(w, args, &found))
}

fn readable(w: &Workspace, args: &Value) -> Result<String, String> {
    let room = w.room(&word(&args["channel"])).ok_or("channel_not_found")?;
    if room.has_bot { Ok(room.id.clone()) } else { Err("not_in_channel".to_owned()) }
}

fn page(w: &Workspace, args: &Value, found: &[&Message]) -> Value {
    let number = |name: &str| args[name].as_str().and_then(|text| text.parse::<usize>().ok());
    let (start, limit) = (number("cursor").unwrap_or(0), number("limit").unwrap_or(100).max(1));
    let with_metadata = args["include_all_metadata"] == "true" || args["include_all_metadata"] == true;
    let has_more = found.len() > start + limit;
    let next = if has_more { (start + limit).to_string() } else { String::new() };
    let shown = found.iter().skip(start).take(limit).map(|m| message_json(m, w, with_metadata));
    json!({"messages": shown.collect::<Vec<_>>(), "has_more": has_more, "response_metadata": {"next_cursor": next}})
}

pub(super) fn message_json(m: &Message, w: &Workspace, with_metadata: bool) -> Value {
    let mut shown =
        json!({"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": w.setup.team});
    if !m.blocks.is_null() {
        shown["blocks"] = m.blocks.clone();
    }
    if !m.files.is_empty() {
        let files = m.files.iter().map(|(name, size)| json!({"name": name, "title": name, "size": size}));
        shown["files"] = files.collect();
    }
    if let Some(thread) = &m.thread {
        shown["thread_ts"] = json!(thread);
    }
    if m.user == w.setup.bot {
        shown["bot_id"] = json!("B0DESK");
    }
    if with_metadata && !m.metadata.is_null() {
        shown["metadata"] = m.metadata.clone();
    }
    shown
}

fn room_json(room: &Room) -> Value {
    json!({"id": room.id, "name": room.name, "is_private": room.is_private, "is_archived": room.is_archived,
        "is_im": room.direct_with.is_some(), "is_member": room.has_bot, "is_ext_shared": room.is_shared})
}

fn user_json(user: &User, w: &Workspace) -> Value {
    json!({
        "id": user.id, "team_id": user.other_team.as_ref().unwrap_or(&w.setup.team), "name": user.handle,
        "real_name": user.name, "deleted": user.is_deleted, "is_admin": user.is_admin, "is_owner": false,
        "is_restricted": user.is_guest, "is_ultra_restricted": false, "is_bot": false,
        "is_stranger": user.other_team.is_some(), "is_email_confirmed": true,
        "profile": {"display_name": user.name, "real_name": user.name, "email": user.email},
    })
}

fn open_view(w: &mut Workspace, args: &Value) -> Done {
    check_view(&args["view"]).map_err(|problem| format!("invalid_arguments: {problem}"))?;
    let now_s = w.setup.clock.now().timestamp();
    let id = word(&args["trigger_id"]);
    let trigger = w.triggers.iter_mut().find(|trigger| trigger.id == id).ok_or("invalid_trigger_id")?;
    if trigger.is_used {
        return Err("exchanged_trigger_id".to_owned());
    }
    if now_s - trigger.at_s > 3 {
        return Err("expired_trigger_id".to_owned());
    }
    trigger.is_used = true;
    let user = trigger.user.clone();
    let view =
        View { id: w.next_id("V"), user, view: args["view"].clone(), hash: w.next_ts(), is_open: true };
    w.views.push(view.clone());
    Ok(json!({"view": view_json(&view, w)}))
}

fn update_view(w: &mut Workspace, args: &Value) -> Done {
    check_view(&args["view"]).map_err(|problem| format!("invalid_arguments: {problem}"))?;
    let (id, hash) = (word(&args["view_id"]), w.next_ts());
    let view = w.views.iter_mut().find(|view| view.id == id && view.is_open).ok_or("not_found")?;
    view.view = args["view"].clone();
    view.hash = hash;
    let view = view.clone();
    Ok(json!({"view": view_json(&view, w)}))
}

fn upload_place(w: &mut Workspace, args: &Value) -> Done {
    let name =
        args["filename"].as_str().filter(|name| !name.is_empty()).ok_or("missing_argument: filename")?;
    let length = args["length"].as_str().and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    length.ok_or("missing_argument: length")?;
    let id = w.next_id("F");
    let file = SharedFile { id: id.clone(), name: name.to_owned(), bytes: Vec::new(), fetched: 0 };
    w.uploads.push(file);
    Ok(json!({"file_id": id, "upload_url": format!("{}/upload/{id}", w.address)}))
}

fn upload_done(w: &mut Workspace, args: &Value) -> Done {
    let id = word(&args["files"][0]["id"]);
    let file = w.uploads.iter().find(|file| file.id == id).cloned().ok_or("file_not_found")?;
    if file.bytes.is_empty() {
        return Err("file_update_failed".to_owned());
    }
    let room = writable(w, &word(&args["channel_id"]))?;
    let bot = w.setup.bot.clone();
    let thread = args["thread_ts"].as_str().map(str::to_owned);
    let plain = w.said(&bot, &room, "", Kind::Posted);
    let files = vec![(file.name.clone(), file.bytes.len())];
    w.write(Message { thread, files, ..plain });
    Ok(json!({"files": [{"id": id, "title": file.name}]}))
}

fn unfurl(w: &mut Workspace, args: &Value) -> Done {
    let at = match (args["unfurl_id"].as_str(), args["source"].as_str()) {
        (Some(id), Some(_)) => id.to_owned(),
        _ => {
            let (room, ts) = (word(&args["channel"]), word(&args["ts"]));
            let is_there = w.messages.iter().any(|m| m.room == room && m.ts == ts);
            if is_there { ts } else { return Err("cannot_unfurl_message".to_owned()) }
        }
    };
    let unfurls = args["unfurls"].as_object().filter(|all| !all.is_empty()).ok_or("missing_unfurls")?;
    for (url, shown) in unfurls {
        check_message(&shown["blocks"]).map_err(|problem| format!("cannot_parse_attachment: {problem}"))?;
        w.unfurls.push((at.clone(), url.clone(), super::transcript::blocks_text(&shown["blocks"])));
    }
    Ok(json!({}))
}

fn publish_home(w: &mut Workspace, args: &Value) -> Done {
    if args["view"]["type"] != "home" {
        return Err("invalid_arguments: view: must be home".to_owned());
    }
    check_blocks(&args["view"]["blocks"]).map_err(|problem| format!("invalid_arguments: {problem}"))?;
    let user = w.user(&word(&args["user_id"])).ok_or("user_not_found")?.id.clone();
    let (id, hash) = (w.next_id("V"), w.next_ts());
    let shown = View { id, user: user.clone(), view: args["view"].clone(), hash, is_open: true };
    w.homes.retain(|home| home.user != user);
    w.homes.push(shown.clone());
    Ok(json!({"view": view_json(&shown, w)}))
}

pub(super) fn view_json(view: &View, w: &Workspace) -> Value {
    let mut shown = view.view.clone();
    shown["id"] = json!(view.id);
    shown["hash"] = json!(view.hash);
    shown["team_id"] = json!(w.setup.team);
    shown["app_installed_team_id"] = json!(w.setup.team);
    shown
}

pub(super) fn oauth_access(w: &mut Workspace, args: &Value, headers: &HeaderMap) -> Done {
    // Base 64 of `client_id:client_secret`, or the two as arguments.
    let basic =
        headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Basic "));
    let expected = base64(format!("{}:{}", w.setup.client_id, w.setup.client_secret).as_bytes());
    let is_in_args = args["client_id"] == w.setup.client_id.as_str()
        && args["client_secret"] == w.setup.client_secret.as_str();
    if basic != Some(expected.as_str()) && !is_in_args {
        return Err("bad_client_secret".to_owned());
    }
    if args["grant_type"] == "refresh_token" {
        return renewed(w, args);
    }
    let code = std::mem::take(&mut w.setup.oauth_code);
    if code.is_empty() || args["code"] != code.as_str() {
        w.setup.oauth_code = code;
        return Err("invalid_code".to_owned());
    }
    Ok(granted(w))
}

/// A new token and what renews it; the old ones work no more.
fn renewed(w: &mut Workspace, args: &Value) -> Done {
    if w.setup.refresh_token.is_none() || args["refresh_token"].as_str() != w.setup.refresh_token.as_deref() {
        return Err("invalid_refresh_token".to_owned());
    }
    w.setup.refresh_token = Some(w.next_id("xoxe-"));
    w.setup.bot_token = w.next_id("xoxe.xoxb-");
    Ok(granted(w))
}

fn granted(w: &Workspace) -> Value {
    let mut answer = json!({
        "access_token": w.setup.bot_token, "token_type": "bot", "scope": "chat:write,commands", "app_id": "A0DESK",
        "bot_user_id": w.setup.bot, "team": {"id": w.setup.team, "name": w.setup.team_name},
        "enterprise": w.setup.organisation.as_ref().map(|id| json!({"id": id, "name": "Acme"})),
        "is_enterprise_install": w.setup.organisation.is_some(), "authed_user": {"id": "U0LEE"},
    });
    if let Some(refresh) = &w.setup.refresh_token {
        answer["refresh_token"] = json!(refresh);
        answer["expires_in"] = json!(43_200);
    }
    answer
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { digit as char } else { '=' });
        }
    }
    out
}
