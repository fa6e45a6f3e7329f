//! What can go wrong between us and the database.

/// A failure of storage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached or is shutting down; the same call may work later.
    #[error("the database is away")]
    Unavailable(#[source] sqlx::Error),
    /// The lease on a step, message or row was lost: somebody else went on with it.
    #[error("the lease on {0} is no longer ours")]
    Stale(&'static str),
    /// The state changed since it was read.
    #[error("{0} changed meanwhile")]
    Conflict(&'static str),
    /// There is no such row for this tenant.
    #[error("no such {0}")]
    Missing(&'static str),
    /// A stored value cannot be read.
    #[error("a stored {what} cannot be read: {cause}")]
    Unreadable {
        /// Which noun.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// A sealed value was not sealed with our key, or for this place.
    #[error("a sealed value cannot be opened")]
    Sealed,
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database refused the statement.
    #[error("the database refused the statement")]
    Database(#[source] sqlx::Error),
}

impl Error {
    /// True when waiting may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// What is kept does not make sense.
    pub fn unreadable(what: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Unreadable { what, cause: cause.to_string() }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let is_away = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            // Class 08: connection; 53: out of connections, memory or disk; 57P01-57P03: shut down, crashed,
            // starting up; 25006: a standby that is not the primary yet.
            sqlx::Error::Database(inner) => inner.code().is_some_and(|code| {
                ["08", "53", "57P0", "25006"].iter().any(|begin| code.starts_with(begin))
            }),
            _ => false,
        };
        if is_away { Self::Unavailable(error) } else { Self::Database(error) }
    }
}
