//! A Discord server in memory: a real REST interface and gateway on loopback, people who type and press, faults on
//! demand.

mod api;
mod gateway;
mod limits;
mod people;
mod state;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use limits::check_message;
pub use people::{Actor, Sent};
pub use state::{Call, Form, Message, Room, Server, Setup, User};

/// Something in the world that cannot be, or did not come.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The fake could not be started.
    #[error("the fake Discord does not start: {0}")]
    Start(#[from] std::io::Error),
    /// The product did not take an interaction.
    #[error("the interaction was not taken: {0}")]
    Delivery(String),
    /// A person, room, button or form that is not there.
    #[error("there is no {0}")]
    Missing(String),
    /// Something that was waited for.
    #[error("{what} did not come; so far:\n{transcript}")]
    TimedOut {
        /// What.
        what: String,
        /// What there was instead.
        transcript: String,
    },
}

/// What goes wrong with a call of the REST interface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// 429; nothing is done.
    RateLimited {
        /// `retry_after`, seconds.
        after_s: f64,
        /// The limit is the whole application's.
        is_global: bool,
    },
    /// That status; nothing is done.
    Status(u16),
    /// It is done, then that status comes.
    StatusAfter(u16),
}

/// The fake. Clones are the same server; its sockets close with the last one.
#[derive(Debug, Clone)]
pub struct Discord(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    server: Mutex<Server>,
    faults: Mutex<HashMap<String, Vec<Fault>>>,
    product: Mutex<String>,
    changed: watch::Sender<u64>,
    /// Counted up to close every connection of the gateway.
    cuts: watch::Sender<u64>,
    http: reqwest::Client,
    key: Ed25519KeyPair,
    address: String,
    gateway: String,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in locked(&self.tasks).drain(..) {
            task.abort();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Discord {
    /// Starts the server's interfaces on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(setup: Setup) -> Result<Self, Trouble> {
        // An error means that somebody installed one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let rest = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let gateway = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy();
        let key = Ed25519KeyPair::from_seed_unchecked(&setup.seed)
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        let inner = Arc::new(Inner {
            address: rest.local_addr()?.to_string(),
            gateway: gateway.local_addr()?.to_string(),
            server: Mutex::new(Server::new(setup)),
            faults: Mutex::default(),
            product: Mutex::default(),
            changed: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            http: http.build().map_err(std::io::Error::other)?,
            key,
            tasks: Mutex::default(),
        });
        let app = api::router(Arc::downgrade(&inner));
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        let tasks = [
            tokio::spawn(async move {
                // Ends only with the runtime or by being aborted.
                let _ = axum::serve(rest, app).await;
            }),
            tokio::spawn(gateway::serve(gateway, Arc::downgrade(&inner))),
        ];
        locked(&inner.tasks).extend(tasks);
        Ok(Self(inner))
    }

    /// What the product takes for Discord's REST interface.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/v10", self.0.address)
    }

    /// The application's public key, hex.
    pub fn public_key(&self) -> String {
        self.0.key.public_key().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Says where the product listens, e.g. `http://127.0.0.1:8080`.
    pub fn deliver_to(&self, product_url: &str) {
        product_url.trim_end_matches('/').clone_into(&mut locked(&self.0.product));
    }

    /// A person at the keyboard.
    pub fn user(&self, handle: &str) -> Actor {
        Actor::new(self.clone(), handle)
    }

    /// Lets the next `times` calls go wrong whose method and path begin so, e.g. `POST channels/`.
    pub fn fails(&self, call: &str, fault: Fault, times: usize) {
        let mut faults = locked(&self.0.faults);
        faults.entry(call.to_owned()).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// Closes every connection of the gateway, as Discord does now and then.
    pub fn cut(&self) {
        self.0.cuts.send_modify(|n| *n += 1);
    }

    /// Looks at the server, or changes it.
    pub fn look<T>(&self, look: impl FnOnce(&mut Server) -> T) -> T {
        let seen = look(&mut locked(&self.0.server));
        self.0.changed.send_modify(|n| *n += 1);
        seen
    }

    /// Waits until `look` finds what it looks for; it is asked after every change, never by the clock.
    ///
    /// # Errors
    /// After `limit`, with a transcript of what there was instead.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Server) -> Option<T>,
    ) -> Result<T, Trouble> {
        let mut changes = self.0.changed.subscribe();
        let found = tokio::time::timeout(limit, async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = look(&locked(&self.0.server)) {
                    return found;
                }
                // The sender lives as long as we do.
                let _ = changes.changed().await;
            }
        });
        found.await.map_err(|_| Trouble::TimedOut { what: what.to_owned(), transcript: self.transcript() })
    }

    /// Waits for a message of the application, whispers included, whose words contain `words`.
    ///
    /// # Errors
    /// As [`Discord::wait_for`].
    pub async fn wait_for_words(&self, words: &str, limit: Duration) -> Result<Message, Trouble> {
        self.wait_for(&format!("a message with {words:?}"), limit, |server| {
            server
                .messages
                .iter()
                .filter(|m| m.author == server.setup.bot)
                .find(|m| m.words().contains(words))
                .cloned()
        })
        .await
    }

    /// Everything said, as readable text.
    pub fn transcript(&self) -> String {
        locked(&self.0.server).transcript()
    }

    /// Sends a body to the interactions endpoint, signed now with the application's key; status and answer.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn sends(&self, body: &[u8]) -> Result<(u16, Value), Trouble> {
        let timestamp = locked(&self.0.server).setup.clock.now().timestamp().to_string();
        let signed = [timestamp.as_bytes(), body].concat();
        let signature: String =
            self.0.key.sign(&signed).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        self.sends_as(body, (&timestamp, &signature)).await
    }

    /// Sends a body with these headers as they are.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn sends_as(
        &self,
        body: &[u8],
        (timestamp, signature): (&str, &str),
    ) -> Result<(u16, Value), Trouble> {
        let url = format!("{}/discord/interactions", locked(&self.0.product));
        let lost = |error: reqwest::Error| Trouble::Delivery(error.to_string());
        let request = self.0.http.post(url).body(body.to_vec()).header("content-type", "application/json");
        let request =
            request.header("x-signature-timestamp", timestamp).header("x-signature-ed25519", signature);
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(lost)?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }
}
