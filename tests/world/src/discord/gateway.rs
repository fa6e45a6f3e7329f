//! The gateway: hello, identify or resume, then every event in order.

use std::sync::Weak;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Inner, locked};

/// Takes connections until aborted.
pub(super) async fn serve(listener: TcpListener, inner: Weak<Inner>) {
    let mut talks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        talks.spawn(talk(stream, inner.clone()));
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, value: &Value) -> Option<()> {
    socket.send(Message::text(value.to_string())).await.ok()
}

/// One connection, until either side closes it.
async fn talk(stream: TcpStream, inner: Weak<Inner>) -> Option<()> {
    let mut socket = tokio_tungstenite::accept_async(stream).await.ok()?;
    say(&mut socket, &json!({"op": 10, "s": null, "t": null, "d": {"heartbeat_interval": 41250}})).await?;
    let (mut changes, mut cuts) = {
        let inner = inner.upgrade()?;
        (inner.changed.subscribe(), inner.cuts.subscribe())
    };
    let mut next: Option<usize> = None;
    loop {
        if let Some(from) = next {
            let fresh: Vec<Value> = locked(&inner.upgrade()?.server).events[from..].to_vec();
            for (i, event) in fresh.iter().enumerate() {
                // Numbers begin with 1, which is READY's.
                let number = from + i + 2;
                say(&mut socket, &json!({"op": 0, "s": number, "t": event["t"], "d": event["d"]})).await?;
            }
            next = Some(from + fresh.len());
        }
        tokio::select! {
            changed = changes.changed() => changed.ok()?,
            cut = cuts.changed() => {
                cut.ok()?;
                // Whoever is cut off so may resume.
                say(&mut socket, &json!({"op": 7, "s": null, "t": null, "d": null})).await?;
            }
            heard = socket.next() => {
                let heard = heard?.ok()?;
                let Message::Text(text) = heard else {
                    if heard.is_close() { return None; }
                    continue;
                };
                let heard: Value = serde_json::from_str(&text).ok()?;
                match heard["op"].as_u64() {
                    Some(1) => say(&mut socket, &json!({"op": 11, "s": null, "t": null, "d": null})).await?,
                    Some(2) => {
                        let (from, ready) = identified(&inner)?;
                        next = Some(from);
                        say(&mut socket, &ready).await?;
                    }
                    Some(6) => {
                        let seen = heard["d"]["seq"].as_u64().and_then(|s| usize::try_from(s).ok())?;
                        next = Some(resumed(&inner, seen)?);
                        say(&mut socket, &json!({"op": 0, "s": seen, "t": "RESUMED", "d": {}})).await?;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A new session hears what comes from now on.
fn identified(inner: &Weak<Inner>) -> Option<(usize, Value)> {
    let inner = inner.upgrade()?;
    let mut server = locked(&inner.server);
    server.sessions.0 += 1;
    let from = server.events.len();
    let ready = json!({"v": 10, "session_id": "session", "guilds": [], "shard": [0, 1],
        "resume_gateway_url": format!("ws://{}", inner.gateway),
        "application": {"id": server.setup.application, "flags": 0},
        "user": {"id": server.setup.bot, "username": "Dealdesk", "discriminator": "0", "avatar": null, "bot": true,
                 "verified": true, "mfa_enabled": false}});
    drop(server);
    inner.changed.send_modify(|n| *n += 1);
    // Its own number comes before that of the next event.
    Some((from, json!({"op": 0, "s": from + 1, "t": "READY", "d": ready})))
}

/// A resumed session hears what it missed, too.
fn resumed(inner: &Weak<Inner>, seen: usize) -> Option<usize> {
    let inner = inner.upgrade()?;
    let mut server = locked(&inner.server);
    server.sessions.1 += 1;
    let from = seen.saturating_sub(1).min(server.events.len());
    drop(server);
    inner.changed.send_modify(|n| *n += 1);
    Some(from)
}
