//! Events: kept with the change that they tell of, read by those who are told in the order they committed.

use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::event::{self, Event, Kind, Told};
use domain::ids::{ApprovalId, DealId, Ids, VersionId};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// Keeps what a change means to others, if anything. To be called after the change's audit entry, which gives the place.
pub(crate) async fn keep(tx: &mut Tx, ids: &Ids, change: &Change, now: DateTime<Utc>) -> Result<(), Error> {
    match event::of(change) {
        Some(told) => add(tx, ids, &told, now).await,
        None => Ok(()),
    }
}

/// Keeps an event at the place of the audit entry that was written last in this transaction.
pub async fn add(tx: &mut Tx, ids: &Ids, told: &Told, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    let kind = Kind::of_name(told.kind).ok_or_else(|| Error::unreadable("event", told.kind))?;
    sqlx::query(
        "INSERT INTO events (tenant_id, seq, event_id, kind, version, subject, deal_id, at, data)
         SELECT $1, seq, $2, $3, $4, $5, $6, $7, $8 FROM audit_heads WHERE tenant_id = $1",
    )
    .bind(tenant.0)
    .bind(ids.next())
    .bind(kind.name)
    .bind(i16::try_from(kind.version).unwrap_or(i16::MAX))
    .bind(&told.subject)
    .bind(told.deal.map(|deal| deal.0))
    .bind(now)
    .bind(&told.data)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    event_id: Uuid,
    kind: String,
    version: i16,
    subject: String,
    at: DateTime<Utc>,
    data: Value,
}

/// The events after a place, the oldest first: of some kinds, or of all when none is named.
pub async fn after(tx: &mut Tx, seq: i64, kinds: &[String], most: i64) -> Result<Vec<Event>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT seq, event_id, kind, version, subject, at, data FROM events
         WHERE tenant_id = $4 AND seq > $1 AND (cardinality($2::text[]) = 0 OR kind = ANY ($2))
         ORDER BY seq LIMIT $3",
    )
    .bind(seq)
    .bind(kinds)
    .bind(most)
    .bind(tx.tenant().0)
    .fetch_all(&mut **tx)
    .await?;
    Ok(read(tx, rows))
}

/// The newest events of a deal, the newest first.
pub async fn of_deal(tx: &mut Tx, deal: DealId, most: i64) -> Result<Vec<Event>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT seq, event_id, kind, version, subject, at, data FROM events
         WHERE tenant_id = $3 AND deal_id = $1 ORDER BY seq DESC LIMIT $2",
    )
    .bind(deal.0)
    .bind(most)
    .bind(tx.tenant().0)
    .fetch_all(&mut **tx)
    .await?;
    Ok(read(tx, rows))
}

fn read(tx: &Tx, rows: Vec<Row>) -> Vec<Event> {
    let event = |row: Row| Event {
        id: row.event_id,
        tenant: tx.tenant(),
        seq: row.seq,
        kind: row.kind,
        version: u16::try_from(row.version).unwrap_or(1),
        subject: row.subject,
        at: row.at,
        data: row.data,
    };
    rows.into_iter().map(event).collect()
}

/// What a request is about, e.g. `create_deals`; empty when it is not known.
pub async fn about_approval(tx: &mut Tx, approval: ApprovalId) -> Result<String, Error> {
    let about: Option<String> = sqlx::query_scalar("SELECT subject FROM approvals WHERE approval_id = $1")
        .bind(approval.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(about.unwrap_or_default())
}

/// The name of the document that a version is of; empty when it is not known.
pub async fn document_name(tx: &mut Tx, version: VersionId) -> Result<String, Error> {
    let name: Option<String> = sqlx::query_scalar(
        "SELECT d.name FROM versions v JOIN documents d ON d.document_id = v.document_id
         WHERE v.version_id = $1",
    )
    .bind(version.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(name.unwrap_or_default())
}
