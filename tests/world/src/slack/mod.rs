//! A Slack workspace in memory: a real Web API on loopback, people who type and press, faults on demand.

mod api;
mod blocks;
mod delivery;
mod methods;
mod people;
mod setup;
mod socket;
mod transcript;
mod workspace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use blocks::{check_message, check_view};
pub use delivery::{Ack, Delivery};
pub use people::{Actor, Sent};
pub use setup::{Room, Setup, User};
pub use socket::Transport;
pub use workspace::{Call, Kind, Message, SharedFile, View, Workspace};

/// Something in the world that cannot be, or did not come.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The fake could not be started.
    #[error("the fake Slack does not start: {0}")]
    Start(#[from] std::io::Error),
    /// The product did not take a delivery.
    #[error("delivery to {url}: {cause}")]
    Delivery {
        /// Where to.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// A person, room, button or form that is not there.
    #[error("there is no {what}")]
    Missing {
        /// What was looked for, and what there is.
        what: String,
    },
    /// Something that was waited for.
    #[error("{what} did not come within {limit_ms} ms; so far:\n{transcript}")]
    TimedOut {
        /// What.
        what: String,
        /// How long was waited.
        limit_ms: u128,
        /// What there was instead.
        transcript: String,
    },
}

/// What goes wrong with a call of the Web API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429; nothing is done.
    RateLimited {
        /// The header, seconds.
        after_s: u64,
    },
    /// That status; nothing is done.
    Status(u16),
    /// It is done, then that status comes.
    StatusAfter(u16),
    /// It is done, then no answer ever comes.
    HangAfter,
    /// It is done, then the answer is not one of Slack's.
    Garbage,
    /// It is done after a while.
    Slow(Duration),
}

/// The fake. Clones are the same workspace; the server stops with the last one.
#[derive(Debug, Clone)]
pub struct Slack(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    workspace: Mutex<Workspace>,
    faults: Mutex<HashMap<String, Vec<Fault>>>,
    deliveries: Mutex<Vec<Delivery>>,
    sockets: Mutex<socket::Sockets>,
    product: Mutex<String>,
    changed: watch::Sender<u64>,
    http: reqwest::Client,
    address: String,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(server) = locked(&self.server).take() {
            server.abort();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slack {
    /// Starts the workspace's Web API on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(setup: Setup) -> Result<Self, Trouble> {
        // An error means that somebody installed one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let sockets = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .map_err(std::io::Error::other)?;
        let inner = Arc::new(Inner {
            address: listener.local_addr()?.to_string(),
            workspace: Mutex::new(Workspace::new(setup)),
            faults: Mutex::default(),
            deliveries: Mutex::default(),
            sockets: Mutex::new(socket::Sockets::at(sockets.local_addr()?)),
            product: Mutex::default(),
            changed: watch::Sender::new(0),
            http,
            server: Mutex::new(None),
        });
        locked(&inner.workspace).address = format!("http://{}/api", inner.address);
        let app = api::router(Arc::downgrade(&inner));
        let links = socket::serve(sockets, Arc::downgrade(&inner));
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        let server = tokio::spawn(async move {
            // Ends only with the runtime or by being aborted.
            let _ = tokio::join!(axum::serve(listener, app).into_future(), links);
        });
        *locked(&inner.server) = Some(server);
        Ok(Self(inner))
    }

    /// What the product takes for `https://slack.com/api`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.0.address)
    }

    /// Says where the product listens, e.g. `http://127.0.0.1:8080`; deliveries go to `/slack/…` there.
    pub fn deliver_to(&self, product_url: &str) {
        product_url.trim_end_matches('/').clone_into(&mut locked(&self.0.product));
    }

    /// A person at the keyboard.
    pub fn user(&self, handle: &str) -> Actor {
        Actor::new(self.clone(), handle)
    }

    /// Lets the next `times` calls of a method go wrong; `*` stands for every method.
    pub fn fails(&self, method: &str, fault: Fault, times: usize) {
        let mut faults = locked(&self.0.faults);
        faults.entry(method.to_owned()).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// Looks at the workspace, or changes it.
    pub fn look<T>(&self, look: impl FnOnce(&mut Workspace) -> T) -> T {
        let seen = look(&mut locked(&self.0.workspace));
        self.0.changed.send_modify(|n| *n += 1);
        seen
    }

    /// Reads from the workspace.
    fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        look(&locked(&self.0.workspace))
    }

    /// Waits until `look` finds what it looks for; it is asked after every change, never by the clock.
    ///
    /// # Errors
    /// After `limit`, with a transcript of what there was instead.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Workspace) -> Option<T>,
    ) -> Result<T, Trouble> {
        let mut changes = self.0.changed.subscribe();
        let found = tokio::time::timeout(limit, async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = self.read(&look) {
                    return found;
                }
                // The sender lives as long as we do.
                let _ = changes.changed().await;
            }
        });
        found.await.map_err(|_| Trouble::TimedOut {
            what: what.to_owned(),
            limit_ms: limit.as_millis(),
            transcript: self.transcript(),
        })
    }

    /// Waits for a message of the app, ephemeral ones included, whose words contain `words`.
    ///
    /// # Errors
    /// As [`Slack::wait_for`].
    pub async fn wait_for_words(&self, words: &str, limit: Duration) -> Result<Message, Trouble> {
        self.wait_for(&format!("a message with {words:?}"), limit, |workspace| {
            let ours = |m: &&Message| m.user == workspace.setup.bot && !m.is_deleted;
            workspace.messages.iter().filter(ours).find(|m| m.words().contains(words)).cloned()
        })
        .await
    }

    /// A thread, its first message first.
    pub fn thread(&self, room: &str, ts: &str) -> Vec<Message> {
        self.read(|workspace| workspace.thread(room, ts).into_iter().cloned().collect())
    }

    /// A person's direct messages with the app.
    pub fn dms(&self, user: &str) -> Vec<Message> {
        self.read(|workspace| workspace.dms(user).into_iter().cloned().collect())
    }

    /// What only that person saw.
    pub fn ephemerals(&self, user: &str) -> Vec<Message> {
        self.read(|workspace| workspace.ephemerals(user).into_iter().cloned().collect())
    }

    /// The message as it is now.
    pub fn current(&self, message: &Message) -> Option<Message> {
        self.read(|workspace| {
            workspace.messages.iter().find(|m| m.room == message.room && m.ts == message.ts).cloned()
        })
    }

    /// The form that a person has open.
    pub fn open_view(&self, user: &str) -> Option<View> {
        self.read(|workspace| workspace.open_view(user).cloned())
    }

    /// All calls of the Web API so far.
    pub fn calls(&self) -> Vec<Call> {
        self.read(|workspace| workspace.calls.clone())
    }

    /// All deliveries so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        locked(&self.0.deliveries).clone()
    }

    /// Everything said, as readable text: rooms in order, threads under their first message.
    pub fn transcript(&self) -> String {
        self.read(transcript::of)
    }
}
