//! What `doctor` wants to know of the server.

use chrono::{DateTime, Utc};

use crate::db::Db;
use crate::error::Error;

/// The server, as it shows itself to the application.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Server {
    /// E.g. `18.6`.
    pub version: String,
    /// Its clock.
    pub now: DateTime<Utc>,
    /// The application's role owns no table and does not bypass row-level security.
    pub app_is_bound: bool,
    /// The login that we connect with, when it is a superuser or bypasses row-level security: a slip then costs the
    /// wall between tenants.
    pub strong_login: Option<String>,
    /// `pg_trgm` is installed.
    pub has_trigrams: bool,
}

/// Looks at the server.
pub async fn server(db: &Db) -> Result<Server, Error> {
    Ok(sqlx::query_as(
        "SELECT current_setting('server_version') AS version, now() AS now,
                NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'dealdesk_app' AND (rolsuper OR rolbypassrls))
                AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE tableowner IN ('dealdesk_app', 'dealdesk_system'))
                AS app_is_bound,
                (SELECT rolname::text FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls))
                AS strong_login,
                EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') AS has_trigrams",
    )
    .fetch_one(db.system())
    .await?)
}
