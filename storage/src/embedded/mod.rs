//! The embedded server: a Postgres of our own on a private socket, for when no `DATABASE_URL` is given.
//!
//! ```text
//! <home>/postgres.lock        held by the process that owns the server
//! <home>/postgres/data        the cluster; made by initdb at the first start
//! <home>/postgres/socket      the private folder of the socket
//! <home>/postgres/server.log  what the server prints
//! ```
//! The server is a child of a small shell script (`watchdog.sh`) that reads a pipe from us: when we end, in
//! whatever way, the pipe ends and the script stops the server; when the server dies alone, the script starts it
//! again. When we are root, script and server run as an unprivileged account.

mod account;
mod config;
mod error;
mod find;
mod layout;
mod leftover;
mod server;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::time::{Instant, sleep};

pub use config::{Config, cache_folders};
pub use error::Error;
pub use server::{Server, running, start};

/// How long a command waits for another process that is just starting or stopping its server.
const ATTACH_LIMIT: Duration = Duration::from_secs(30);

/// A server that this process owns, or another process's that it may use.
#[derive(Debug)]
pub enum Opened {
    /// Started here, stopped when dropped.
    Owned(Box<Server>),
    /// Another process's; it goes away when that process ends.
    Attached(Box<PgConnectOptions>),
}

impl Opened {
    /// How to connect as the cluster's superuser to Dealdesk's database.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        match self {
            Self::Owned(server) => server.connect_options(),
            Self::Attached(options) => (**options).clone(),
        }
    }

    /// Stops an owned server and waits for it; leaves another process's alone.
    ///
    /// # Errors
    /// When it has not stopped within a minute.
    pub async fn stop(self) -> Result<(), Error> {
        match self {
            Self::Owned(server) => server.stop().await,
            Self::Attached(_) => Ok(()),
        }
    }
}

/// For one-shot commands beside `serve`: uses the server that another process runs on the data folder, or starts one.
///
/// # Errors
/// As [`start`]; that the folder is in use only when the other process's server does not come up within 30 s.
pub async fn open(config: &Config) -> Result<Opened, Error> {
    let begun = Instant::now();
    loop {
        if let Some(options) = running(&config.home) {
            return Ok(Opened::Attached(Box::new(options)));
        }
        match start(config).await {
            Ok(server) => return Ok(Opened::Owned(Box::new(server))),
            Err(Error::InUse { .. }) if begun.elapsed() < ATTACH_LIMIT => {
                sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error),
        }
    }
}
