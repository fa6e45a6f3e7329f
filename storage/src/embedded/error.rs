//! What can go wrong with the embedded server, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the data folder.
    #[error(
        "the data folder {home} is in use by {}; stop it first, or set DEALDESK_HOME to another folder",
        holder(*pid)
    )]
    InUse {
        /// The data folder asked for.
        home: PathBuf,
        /// The other process, when it has written its id already.
        pid: Option<u32>,
    },
    /// The data folder belongs to another account and this process is not root.
    #[error(
        "{folder} belongs to the account with id {owner}; run as that account or as root, \
         or set DEALDESK_HOME to a folder of your own"
    )]
    Foreign {
        /// The folder with another owner.
        folder: PathBuf,
        /// The user id that owns it.
        owner: u32,
    },
    /// Postgres refuses to run as root, and the account it would run as cannot enter a folder.
    #[error(
        "Postgres does not run as root, and the account with id {uid} cannot enter {folder}; \
         set DEALDESK_HOME to a folder that every account can reach, such as /var/lib/dealdesk"
    )]
    Unreachable {
        /// The first folder on the way that is closed.
        folder: PathBuf,
        /// The user id the server would run as.
        uid: u32,
    },
    /// No usable server was found.
    #[error(
        "no Postgres server of version {oldest} or newer was found (looked at: {}); run `make run`, which fetches \
         one, or install one (Debian: apt install postgresql; macOS: brew install postgresql@18), or set \
         DEALDESK_PG_BIN to the folder with initdb and postgres, or DATABASE_URL to a running server",
        listed(tried)
    )]
    NoServer {
        /// The oldest major version that works.
        oldest: u32,
        /// Each place looked at, with the reason it did not serve.
        tried: Vec<String>,
    },
    /// The data folder was made by another major version than any server found.
    #[error(
        "{data} was made by Postgres {made_by}, and no server of that version was found (looked at: {}). Nothing was \
         changed. Either set DEALDESK_PG_BIN to the bin folder of a Postgres {made_by}, or move the data over: with \
         that server run pg_dumpall, start Dealdesk once with a new DEALDESK_HOME, and load the dump with psql",
        listed(tried)
    )]
    OtherVersion {
        /// The data folder.
        data: PathBuf,
        /// The major version in its `PG_VERSION` file.
        made_by: u32,
        /// Each place looked at, with what was found there.
        tried: Vec<String>,
    },
    /// `initdb` failed.
    #[error("initdb could not make {data}: {output}")]
    Init {
        /// The data folder it was to make.
        data: PathBuf,
        /// What it printed last.
        output: String,
    },
    /// The server ended before it accepted a connection.
    #[error("Postgres ended before it was ready; the end of {log}: {tail}")]
    Ended {
        /// The server's log file.
        log: PathBuf,
        /// The lines it wrote during this start.
        tail: String,
    },
    /// The server did not accept a connection, or did not stop, within the time given.
    #[error("Postgres did not {what} within {seconds} s; see {log}")]
    Slow {
        /// `start` or `stop`.
        what: &'static str,
        /// The time waited.
        seconds: u64,
        /// The server's log file.
        log: PathBuf,
    },
    /// The socket's path would be longer than the operating system takes, wherever it is put.
    #[error("no folder short enough for a socket was found; set DEALDESK_HOME to a shorter path than {home}")]
    SocketPath {
        /// The data folder asked for.
        home: PathBuf,
    },
    /// A file or a program could not be used.
    #[error("{path}: {source}")]
    Io {
        /// The file, folder or program.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The server answered with an error.
    #[error("the embedded database: {0}")]
    Sql(#[from] sqlx::Error),
}

impl Error {
    /// For `map_err`: an input/output error that names its path.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

fn listed(tried: &[String]) -> String {
    if tried.is_empty() { "no place at all".to_owned() } else { tried.join("; ") }
}
