//! Slack's Socket Mode in the running program: two connections that we open, so that no address of ours need be public
//! and one of them stands while the other is renewed. What comes is acknowledged once it is stored.

use std::sync::Arc;
use std::time::Duration;

use channels::SendError;
use channels::slack::Kind;
use channels::slack::client::Slack;
use channels::slack::socket::{self, Envelope, Frame, Reason};
use domain::ids::Ids;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use metrics::{counter, gauge};
use secrecy::SecretString;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::serve::Running;
use crate::slack_door::Door;

/// Connections at the same time; Slack allows ten.
const LINKS: usize = 2;
/// How long connecting may take.
const CONNECT_IN: Duration = Duration::from_secs(10);
/// How long we go on listening to a connection that Slack is about to close.
const DRAIN: Duration = Duration::from_secs(20);
/// How long what was begun may take when the process ends.
const FINISH_IN: Duration = Duration::from_secs(3);
/// Connections that stood for less count as failed tries.
const STOOD: Duration = Duration::from_secs(10);
/// Envelopes of one connection that may be under way at the same time.
const UNDER_WAY_MAX: u32 = 256;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How closely a connection is watched.
#[derive(Debug, Clone, Copy)]
struct Watch {
    /// How often we ask for a sign of life.
    ping_every: Duration,
    /// After so long without one, a connection is given up.
    silence_max: Duration,
}

const WATCH: Watch = Watch { ping_every: Duration::from_secs(10), silence_max: Duration::from_secs(30) };

/// Keeps the connections up when Socket Mode is configured (SLACK_APP_TOKEN).
pub(crate) fn start(app: &App, running: &Running, door: Arc<Door>) {
    let Some(token) = app.config.slack.app_token() else { return };
    gauge!("slack_socket_connections").set(0.0);
    for _ in 0..LINKS {
        let link = Link {
            slack: app.slack.clone(),
            token: token.clone(),
            is_plain_taken: app.config.slack.api_url.starts_with("http:"),
            body_max: app.config.limits.body_kib * 1024,
            ids: app.ids.clone(),
            door: door.clone(),
            tasks: running.tasks.clone(),
            stop: running.stop.clone(),
            watch: WATCH,
        };
        running.tasks.spawn(link.run());
    }
}

/// One of the connections, renewed again and again.
#[derive(Clone)]
struct Link {
    slack: Slack,
    token: SecretString,
    /// Only a fake Slack talks without encryption.
    is_plain_taken: bool,
    body_max: usize,
    ids: Ids,
    door: Arc<Door>,
    tasks: TaskTracker,
    stop: CancellationToken,
    watch: Watch,
}

/// Why there is no connection, or no longer.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("Slack gives no connection: {0}")]
    Refused(#[from] SendError),
    #[error("the connection: {0}")]
    Broken(#[from] Error),
    #[error("the connection: no sign of life")]
    Silent,
    #[error("the connection was closed")]
    Closed,
    #[error("Slack's address for it is not encrypted")]
    Plain,
    #[error("Socket Mode is switched off for the app; switch it on at api.slack.com/apps")]
    Disabled,
    #[error("too many connections are open for the app: is another Dealdesk running with the same token?")]
    TooMany,
}

/// How a connection ended in good order.
enum End {
    /// It is to be replaced; until Slack closes it, it is still listened to.
    Renew(Line),
    /// The process ends.
    Stopped,
}

impl Link {
    async fn run(self) {
        let mut failures: u32 = 0;
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            let trouble = match self.hold().await {
                Ok(End::Stopped) => return,
                Ok(End::Renew(old)) => {
                    let stop = self.stop.clone();
                    self.tasks.spawn(async move { old.drain(&stop).await });
                    None
                }
                Err(trouble) => Some(trouble),
            };
            let stood = began.elapsed() > STOOD;
            if let Some(trouble) = &trouble {
                tracing::warn!(error = %trouble, "Slack's Socket Mode");
            }
            failures = if stood { 0 } else { failures.saturating_add(1) };
            let chance = self.ids.next().as_u64_pair().1;
            let wait = match &trouble {
                // A connection that stood is renewed at once.
                None if stood => continue,
                // The first renewal may come at any moment.
                None => socket::wait(failures.saturating_sub(1), chance),
                Some(Trouble::Refused(SendError::RateLimited { after_s })) => {
                    Duration::from_secs(*after_s) + socket::wait(0, chance)
                }
                Some(Trouble::Disabled | Trouble::Refused(SendError::Unauthorised { .. })) => {
                    socket::wait(u32::MAX, chance)
                }
                Some(_) => socket::wait(failures.saturating_sub(1), chance),
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Opens a connection and listens until it ends.
    async fn hold(&self) -> Result<End, Trouble> {
        let connecting = async { tokio::time::timeout(CONNECT_IN, self.connect()).await };
        let socket = tokio::select! {
            () = self.stop.cancelled() => return Ok(End::Stopped),
            connected = connecting => connected.map_err(|_| Trouble::Silent)??,
        };
        let mut line = Line::over(socket, self);
        match line.listen(&self.stop).await? {
            Heard::Renew => Ok(End::Renew(line)),
            Heard::Stopped => {
                line.finish().await;
                Ok(End::Stopped)
            }
        }
    }

    async fn connect(&self) -> Result<Socket, Trouble> {
        let address = self.slack.socket_address(&self.token).await?;
        if !(address.starts_with("wss://") || self.is_plain_taken && address.starts_with("ws://")) {
            return Err(Trouble::Plain);
        }
        // What is larger than we store must still be read, or the connection would break on it again and again.
        let config = WebSocketConfig::default()
            .max_message_size(Some(self.body_max * 16))
            .max_frame_size(Some(self.body_max * 16));
        // The address holds a ticket: it is in no error and no log.
        Ok(connect_async_with_config(address, Some(config), true).await?.0)
    }
}

/// Why listening ended without trouble.
enum Heard {
    Renew,
    Stopped,
}

/// An open connection.
struct Line {
    frames: SplitStream<Socket>,
    /// What is to be written.
    out: mpsc::Sender<Message>,
    door: Arc<Door>,
    tasks: TaskTracker,
    under_way: Arc<Semaphore>,
    body_max: usize,
    watch: Watch,
    /// Counts the connection while it stands.
    standing: Option<Standing>,
}

/// A connection that Slack greeted.
struct Standing;

impl Standing {
    fn begin() -> Self {
        gauge!("slack_socket_connections").increment(1.0);
        Self
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        gauge!("slack_socket_connections").decrement(1.0);
    }
}

impl Line {
    fn over(socket: Socket, link: &Link) -> Self {
        let (sink, frames) = socket.split();
        let (out, to_write) = mpsc::channel(64);
        link.tasks.spawn(write(sink, to_write));
        Self {
            frames,
            out,
            door: link.door.clone(),
            tasks: link.tasks.clone(),
            under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX as usize)),
            body_max: link.body_max,
            watch: link.watch,
            standing: None,
        }
    }

    /// Takes what comes until the connection ends or is to be renewed.
    async fn listen(&mut self, stop: &CancellationToken) -> Result<Heard, Trouble> {
        let mut last = Instant::now();
        let mut ping = tokio::time::interval(self.watch.ping_every);
        loop {
            let frame = tokio::select! {
                () = stop.cancelled() => return Ok(Heard::Stopped),
                _ = ping.tick() => {
                    if last.elapsed() > self.watch.silence_max {
                        return Err(Trouble::Silent);
                    }
                    // A queue that is full is being written: that it is not stuck shows by what comes back.
                    let _ = self.out.try_send(Message::Ping(Vec::new().into()));
                    continue;
                }
                frame = self.frames.next() => frame.ok_or(Trouble::Closed)??,
            };
            last = Instant::now();
            match frame {
                Message::Text(text) => match socket::read(&text) {
                    Ok(Frame::Hello) => {
                        tracing::info!("listening to Slack in Socket Mode");
                        self.standing = Some(Standing::begin());
                    }
                    Ok(Frame::Disconnect(Reason::Disabled)) => return Err(Trouble::Disabled),
                    Ok(Frame::Disconnect(Reason::TooMany)) => return Err(Trouble::TooMany),
                    Ok(Frame::Disconnect(reason)) => {
                        tracing::info!(?reason, "a connection to Slack is renewed");
                        return Ok(Heard::Renew);
                    }
                    Ok(Frame::Envelope(envelope)) => self.take(envelope).await,
                    Ok(Frame::Other) => tracing::debug!("a frame that asks for nothing"),
                    Err(garbage) => self.keep_odd(&text, &garbage.to_string()),
                },
                Message::Binary(bytes) => {
                    self.keep_odd(&String::from_utf8_lossy(&bytes), "not text");
                }
                Message::Close(_) => return Err(Trouble::Closed),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Stores what an envelope holds, then acknowledges it. What cannot be stored is not: it comes again.
    async fn take(&self, envelope: Envelope) {
        let Envelope { id, kind, body, takes_answer } = envelope;
        if body.len() > self.body_max {
            tracing::warn!(kind = kind.name(), bytes = body.len(), "larger than is taken; not acknowledged");
            return;
        }
        // The semaphore is never closed. Waiting here lets Slack wait, too.
        let Ok(permit) = self.under_way.clone().acquire_owned().await else { return };
        let (door, out) = (self.door.clone(), self.out.clone());
        self.tasks.spawn(async move {
            let _permit = permit;
            match door.take(kind, body, Some(&id)).await {
                Ok(answer) => {
                    let answer = answer.filter(|_| takes_answer);
                    let text = socket::acknowledgement(&id, answer.as_deref());
                    // On a connection that is gone nothing can be acknowledged: it comes again, and is a double.
                    let _ = out.send(Message::text(text)).await;
                }
                Err(error) => tracing::warn!(%error, "not stored, so not acknowledged"),
            }
        });
    }

    /// Keeps a frame that nothing can be read from, for a person to see: Slack alone can write here.
    fn keep_odd(&self, text: &str, why: &str) {
        counter!("slack_socket_garbage_total").increment(1);
        tracing::warn!(why, "a frame that is none of Slack's");
        if text.trim().is_empty() || text.len() > self.body_max {
            return;
        }
        let (door, body) = (self.door.clone(), text.as_bytes().to_vec());
        self.tasks.spawn(async move {
            if let Err(error) = door.take(Kind::Event, body, None).await {
                tracing::warn!(%error, "a strange frame was not kept");
            }
        });
    }

    /// Listens to a connection that was replaced until Slack closes it.
    async fn drain(mut self, stop: &CancellationToken) {
        // The new one is counted.
        self.standing = None;
        let until = Instant::now() + DRAIN;
        while let Ok(Ok(Heard::Renew)) = tokio::time::timeout_at(until, self.listen(stop)).await {}
        self.finish().await;
    }

    /// Waits for what is under way, so that it is acknowledged before the connection is closed.
    async fn finish(self) {
        let all = self.under_way.acquire_many(UNDER_WAY_MAX);
        if tokio::time::timeout(FINISH_IN, all).await.is_err() {
            tracing::info!("some envelopes were not acknowledged; they come again");
        }
    }
}

/// Writes until nobody has anything to write any more, then closes.
async fn write(mut sink: SplitSink<Socket, Message>, mut to_write: mpsc::Receiver<Message>) {
    while let Some(message) = to_write.recv().await {
        // The reader sees for itself that the connection is gone.
        if sink.send(message).await.is_err() {
            return;
        }
    }
    let _ = tokio::time::timeout(FINISH_IN, sink.close()).await;
}
