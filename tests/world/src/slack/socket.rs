//! Socket Mode: connections that the product opens, and what Slack sends over them until it is acknowledged.

use std::collections::{HashMap, HashSet};
use std::sync::Weak;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::api::form;
use super::delivery::{Ack, Delivery};
use super::{Inner, Slack, Trouble, locked};

/// How long Slack waits for an acknowledgement before it sends an event again.
const ACK_IN: Duration = Duration::from_secs(5);
/// How long it goes on sending an event.
const GIVE_UP_AFTER: Duration = Duration::from_secs(40);
/// How long a connection stays after Slack announced that it will close it.
const NOTICE: Duration = Duration::from_secs(2);

/// By which way Slack sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// To the product's addresses.
    #[default]
    Http,
    /// Over the connections that the product opened.
    Socket,
}

/// What Slack knows of the connections.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    address: String,
    pub(super) transport: Transport,
    tickets: HashSet<String>,
    lines: Vec<Line>,
    waiting: HashMap<String, (u64, oneshot::Sender<Value>)>,
    next: u64,
    opened: usize,
    is_down: bool,
    acks_to_lose: usize,
    is_sent_twice: bool,
    acknowledged: Vec<String>,
}

#[derive(Debug)]
struct Line {
    id: u64,
    to: mpsc::UnboundedSender<Say>,
    is_retiring: bool,
}

#[derive(Debug)]
enum Say {
    Text(String),
    /// Closes after the notice.
    Retire,
    Cut,
}

impl Sockets {
    pub(super) fn at(address: std::net::SocketAddr) -> Self {
        Self { address: address.to_string(), ..Self::default() }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Where a connection can be opened, once.
    pub(super) fn ticket(&mut self) -> Result<Value, String> {
        if self.is_down {
            return Err("internal_error".to_owned());
        }
        let ticket = format!("ticket-{}", self.number());
        self.tickets.insert(ticket.clone());
        Ok(json!({"url": format!("ws://{}/link/?ticket={ticket}&app_id=A0DESK", self.address)}))
    }

    /// Sends an envelope on the next connection, or on all of them under numbers of their own; what is acknowledged
    /// comes out of the receiver. None when there is no connection.
    fn put(&mut self, kind: &str, payload: &Value, retry: u32) -> Option<oneshot::Receiver<Value>> {
        let fresh = self.lines.iter().filter(|line| !line.is_retiring).count();
        if self.lines.is_empty() {
            return None;
        }
        let first = usize::try_from(self.number()).unwrap_or_default();
        let usable: Vec<u64> =
            self.lines.iter().filter(|line| fresh == 0 || !line.is_retiring).map(|line| line.id).collect();
        let chosen: Vec<u64> = if self.is_sent_twice { usable } else { vec![usable[first % usable.len()]] };
        let mut acknowledged = None;
        for line in chosen {
            let envelope = format!("envelope-{}", self.number());
            let mut frame = json!({"type": kind, "envelope_id": envelope, "payload": payload,
                "accepts_response_payload": kind != "events_api"});
            if kind == "events_api" {
                frame["retry_attempt"] = json!(retry);
                frame["retry_reason"] = json!(if retry > 0 { "timeout" } else { "" });
            }
            let (sender, receiver) = oneshot::channel();
            self.waiting.insert(envelope, (line, sender));
            if let Some(line) = self.lines.iter().find(|known| known.id == line) {
                // A connection that ended just now drops the waiting sender by itself.
                let _ = line.to.send(Say::Text(frame.to_string()));
            }
            acknowledged.get_or_insert(receiver);
        }
        acknowledged
    }

    fn heard(&mut self, text: &str) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return };
        let Some(id) = frame["envelope_id"].as_str() else { return };
        if self.acks_to_lose > 0 {
            self.acks_to_lose -= 1;
            self.waiting.remove(id);
            return;
        }
        self.acknowledged.push(id.to_owned());
        if let Some((_, sender)) = self.waiting.remove(id) {
            // Whoever sent it may have given up.
            let _ = sender.send(frame["payload"].clone());
        }
    }

    fn ended(&mut self, line: u64) {
        self.lines.retain(|known| known.id != line);
        self.waiting.retain(|_, (on, _)| *on != line);
    }
}

/// Takes connections until aborted.
pub(super) async fn serve(listener: TcpListener, inner: Weak<Inner>) {
    let mut talks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        talks.spawn(talk(stream, inner.clone()));
    }
}

/// One connection, until either side closes it.
async fn talk(stream: TcpStream, inner: Weak<Inner>) -> Option<()> {
    let at_door = inner.clone();
    #[expect(clippy::result_large_err, reason = "the library's signature")]
    let check = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default();
        let ticket = query.split('&').find_map(|pair| pair.strip_prefix("ticket=")).unwrap_or_default();
        let is_good = at_door.upgrade().is_some_and(|inner| {
            let mut sockets = locked(&inner.sockets);
            !sockets.is_down && sockets.tickets.remove(ticket)
        });
        if is_good { Ok(response) } else { Err(ErrorResponse::new(Some("no such ticket".to_owned()))) }
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, check).await.ok()?;
    let (to, mut say) = mpsc::unbounded_channel();
    let (id, open) = {
        let inner = inner.upgrade()?;
        let mut sockets = locked(&inner.sockets);
        let id = sockets.number();
        sockets.opened += 1;
        sockets.lines.push(Line { id, to, is_retiring: false });
        (id, sockets.lines.len())
    };
    changed(&inner);
    let hello = json!({"type": "hello", "num_connections": open, "connection_info": {"app_id": "A0DESK"},
        "debug_info": {"host": "applink-1", "approximate_connection_time": 18060}});
    let mut is_open = socket.send(Message::text(hello.to_string())).await.is_ok();
    let mut until = tokio::time::Instant::now() + Duration::from_hours(1);
    while is_open {
        tokio::select! {
            () = tokio::time::sleep_until(until) => {
                // The product may have closed it first.
                let _ = socket.close(None).await;
                is_open = false;
            }
            said = say.recv() => match said {
                Some(Say::Text(text)) => is_open = socket.send(Message::text(text)).await.is_ok(),
                Some(Say::Retire) => until = tokio::time::Instant::now() + NOTICE,
                Some(Say::Cut) | None => is_open = false,
            },
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let Some(inner) = inner.upgrade() else { break };
                    locked(&inner.sockets).heard(&text);
                }
                Some(Ok(message)) => is_open = !message.is_close(),
                Some(Err(_)) | None => is_open = false,
            },
        }
    }
    locked(&inner.upgrade()?.sockets).ended(id);
    changed(&inner);
    Some(())
}

fn changed(inner: &Weak<Inner>) {
    if let Some(inner) = inner.upgrade() {
        inner.changed.send_modify(|n| *n += 1);
    }
}

/// The kind of an envelope and what it carries, of what would have been posted.
fn enveloped(delivery: &Delivery) -> (&'static str, Value) {
    let json = |text: &[u8]| serde_json::from_slice(text).unwrap_or(Value::Null);
    match delivery.path.as_str() {
        "/slack/commands" => {
            let fields: Map<String, Value> =
                form(&delivery.body).into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            ("slash_commands", Value::Object(fields))
        }
        "/slack/interactions" => {
            let payload = form(&delivery.body).into_iter().find(|(name, _)| name == "payload");
            ("interactive", payload.map_or(Value::Null, |(_, text)| json(text.as_bytes())))
        }
        _ => ("events_api", json(&delivery.body)),
    }
}

impl Slack {
    /// From now on everything goes over the connections that the product opened.
    pub fn sends_by_socket(&self) {
        locked(&self.0.sockets).transport = Transport::Socket;
    }

    /// How many connections are open, and how many ever were.
    pub fn connections(&self) -> (usize, usize) {
        let sockets = locked(&self.0.sockets);
        (sockets.lines.len(), sockets.opened)
    }

    /// Numbers of all envelopes that were acknowledged.
    pub fn acknowledged(&self) -> usize {
        locked(&self.0.sockets).acknowledged.len()
    }

    /// Sends a frame as it is on every connection.
    pub fn sends_frame(&self, text: &str) {
        for line in &locked(&self.0.sockets).lines {
            // A connection that ended just now hears nothing.
            let _ = line.to.send(Say::Text(text.to_owned()));
        }
    }

    /// Announces on every connection that it will be closed, and closes it a little later.
    pub fn retires_connections(&self, reason: &str) {
        let frame = json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}});
        for line in &mut locked(&self.0.sockets).lines {
            line.is_retiring = true;
            // A connection that ended just now needs no notice.
            let _ = line.to.send(Say::Text(frame.to_string()));
            let _ = line.to.send(Say::Retire);
        }
    }

    /// Cuts every connection without a word.
    pub fn cuts_connections(&self) {
        for line in &locked(&self.0.sockets).lines {
            // A connection that ended just now is cut already.
            let _ = line.to.send(Say::Cut);
        }
    }

    /// Gives no connections, and cuts those that are open; or gives them again.
    pub fn gives_no_connections(&self, is_down: bool) {
        locked(&self.0.sockets).is_down = is_down;
        if is_down {
            self.cuts_connections();
        }
    }

    /// Does not hear the next `times` acknowledgements.
    pub fn loses_acknowledgements(&self, times: usize) {
        locked(&self.0.sockets).acks_to_lose = times;
    }

    /// Sends everything on every connection.
    pub fn sends_twice(&self) {
        locked(&self.0.sockets).is_sent_twice = true;
    }

    /// Sends what would have been posted; an event comes again until it is acknowledged, anything else is tried once
    /// and fails before the person's eyes.
    pub(super) async fn send_by_socket(&self, delivery: &Delivery) -> Result<Ack, Trouble> {
        let (kind, payload) = enveloped(delivery);
        let is_event = kind == "events_api";
        let began = tokio::time::Instant::now();
        let mut retry = delivery.retry;
        while began.elapsed() < GIVE_UP_AFTER {
            let mut changes = self.0.changed.subscribe();
            let put = locked(&self.0.sockets).put(kind, &payload, retry);
            match put {
                Some(acknowledged) => {
                    if let Ok(Ok(answer)) = tokio::time::timeout(ACK_IN, acknowledged).await {
                        let body = if answer.is_null() { String::new() } else { answer.to_string() };
                        return Ok(Ack { status: 200, body });
                    }
                    retry += 1;
                }
                None => {
                    // Whatever changes is worth another look, as is a second.
                    let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
                }
            }
            if !is_event {
                break;
            }
        }
        Ok(Ack { status: 504, body: "nobody acknowledged it".to_owned() })
    }
}
