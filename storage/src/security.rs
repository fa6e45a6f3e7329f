//! What somebody who looks after security would want to know of, and which of it admins were told.

use chrono::{DateTime, Duration, Utc};
use domain::ids::PersonId;
use domain::screening::Severity;
use serde_json::Value;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// Of one kind, admins are told once in so many minutes.
pub const QUIET_MIN: i64 = 60;

/// An event to be kept.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Key.
    pub id: Uuid,
    /// What happened, e.g. `secret_refused`.
    pub kind: &'static str,
    /// How much it asks for.
    pub severity: Severity,
    /// What it is about, e.g. `plan:…`.
    pub subject: &'a str,
    /// Whose doing.
    pub person: Option<PersonId>,
    /// The particulars; never what was found itself.
    pub detail: Value,
}

/// A kept event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: String,
    /// `notice` or `warning`.
    pub severity: String,
    /// What it is about.
    pub subject: String,
    /// Whose doing.
    pub person: Option<String>,
    /// The particulars.
    pub detail: Value,
}

/// Keeps an event; true when admins are to be told of it now. The same matter of the same subject is kept once.
pub async fn add(tx: &mut Tx, new: New<'_>, now: DateTime<Utc>) -> Result<bool, Error> {
    let tenant = tx.tenant();
    if new.severity >= Severity::Warning {
        // Two at once would both find that nobody was told yet.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('security:' || $1 || $2::text, 0))")
            .bind(new.kind)
            .bind(tenant.0)
            .execute(&mut **tx)
            .await?;
    }
    let is_telling = new.severity >= Severity::Warning
        && !sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT 1 FROM security_events WHERE kind = $1 AND told_at > $2)",
        )
        .bind(new.kind)
        .bind(now - Duration::minutes(QUIET_MIN))
        .fetch_one(&mut **tx)
        .await?;
    let kept = sqlx::query(
        "INSERT INTO security_events (event_id, tenant_id, at, kind, severity, subject, person_id, detail, told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(new.id)
    .bind(tenant.0)
    .bind(now)
    .bind(new.kind)
    .bind(new.severity.name())
    .bind(new.subject)
    .bind(new.person.map(|person| person.0))
    .bind(new.detail)
    .bind(is_telling.then_some(now))
    .execute(&mut **tx)
    .await?;
    Ok(is_telling && kept.rows_affected() == 1)
}

type Row = (DateTime<Utc>, String, String, String, Option<String>, Value);

/// The latest events, newest first.
pub async fn latest(tx: &mut Tx, most: i64) -> Result<Vec<Event>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT e.at, e.kind, e.severity, e.subject, p.name, e.detail FROM security_events e
         LEFT JOIN people p ON p.person_id = e.person_id ORDER BY e.at DESC LIMIT $1",
    )
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    let event =
        |(at, kind, severity, subject, person, detail)| Event { at, kind, severity, subject, person, detail };
    Ok(rows.into_iter().map(event).collect())
}
