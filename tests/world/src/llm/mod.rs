//! Providers of language models in memory: all their wire formats on one real socket, answers by a script, a ledger of
//! what was asked, faults on demand.

mod api;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

/// The key that every provider of this world accepts.
pub const KEY: &str = "sk-for-tests";

/// What goes wrong with a provider until it is well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429; nothing is done.
    RateLimited {
        /// `Retry-After`, seconds.
        after_s: u64,
    },
    /// That status; nothing is done.
    Status(u16),
    /// The connection is taken, and nothing ever comes.
    Silent,
    /// Every event comes after this while.
    Slow(Duration),
    /// 200 with what is no event.
    Garbage,
    /// The stream ends after its first half.
    Cut,
    /// The answer asks for a tool.
    Tool,
    /// The answer is whole, and says nothing of tokens.
    Uncounted,
}

/// A question as a provider got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Whose format it came in, e.g. `anthropic`.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// Our words.
    pub system: String,
    /// What it is about.
    pub user: String,
    /// All of the body, as it came.
    pub body: Value,
}

/// Says what is answered to a question.
type Script = Box<dyn Fn(&Asked) -> String + Send + Sync>;

/// The fake. Clones are the same server; it stops with the last one.
#[derive(Debug, Clone)]
pub struct Models(Arc<Inner>);

pub(crate) struct Inner {
    script: Mutex<Script>,
    faults: Mutex<HashMap<String, Fault>>,
    ledger: Mutex<Vec<Asked>>,
    address: String,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").field("address", &self.address).finish_non_exhaustive()
    }
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

impl Models {
    /// Starts all providers on a free port of 127.0.0.1; until there is a script they answer `{}`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let inner = Arc::new(Inner {
            script: Mutex::new(Box::new(|_| "{}".to_owned())),
            faults: Mutex::default(),
            ledger: Mutex::default(),
            address: listener.local_addr()?.to_string(),
            server: Mutex::new(None),
        });
        let app = api::router(Arc::downgrade(&inner));
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        let server = tokio::spawn(async move {
            // Ends only with the runtime or by being aborted.
            let _ = axum::serve(listener, app).await;
        });
        *locked(&inner.server) = Some(server);
        Ok(Self(inner))
    }

    /// A provider's address as the product is told it.
    pub fn url(&self, provider: &str) -> String {
        let rest = match provider {
            "anthropic" => "anthropic",
            "openai" => "openai/v1",
            "gemini" => "gemini/v1beta",
            "deepseek" => "deepseek",
            _ => "compatible/v1",
        };
        format!("http://{}/{rest}", self.0.address)
    }

    /// From now on answers are what this says, as JSON.
    pub fn answers(&self, script: impl Fn(&Asked) -> Value + Send + Sync + 'static) {
        self.says(move |asked| script(asked).to_string());
    }

    /// From now on answers are what this says, whatever it is.
    pub fn says(&self, script: impl Fn(&Asked) -> String + Send + Sync + 'static) {
        *locked(&self.0.script) = Box::new(script);
    }

    /// A provider has a fault from now on; none makes it well.
    pub fn suffers(&self, provider: &str, fault: Option<Fault>) {
        let mut faults = locked(&self.0.faults);
        match fault {
            Some(fault) => faults.insert(provider.to_owned(), fault),
            None => faults.remove(provider),
        };
    }

    /// All that was asked, in order; also what was answered with an error.
    pub fn asked(&self) -> Vec<Asked> {
        locked(&self.0.ledger).clone()
    }

    /// Every byte of every body that came, for looking for what must not be in it.
    pub fn everything(&self) -> String {
        self.asked().iter().map(|asked| format!("{}\n", asked.body)).collect()
    }
}
