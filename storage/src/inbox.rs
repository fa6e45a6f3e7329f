//! The inbox: every message in, stored before it is acknowledged, claimed by workers.

mod intake;

use chrono::{DateTime, Utc};
use domain::ids::{InboundId, TenantId};
use domain::person::Channel;
use uuid::Uuid;

use crate::db::Db;
use crate::error::Error;

pub use intake::{BATCH_MAX, Intake, Raw, Stored, Writer, intake};

/// How long a worker may hold a message without a sign of life, seconds.
const LEASE_S: f64 = 10.0;
/// How often a worker that still holds a message says so, seconds.
pub const HEARTBEAT_S: u64 = 3;

/// A message that a worker holds.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Key.
    pub id: InboundId,
    /// Whose, when the edge knew.
    pub tenant: Option<TenantId>,
    /// Where it came in.
    pub channel: Channel,
    /// Which kind.
    pub route: String,
    /// The channel's workspace.
    pub workspace: Option<String>,
    /// The bytes as they came.
    pub body: Vec<u8>,
    /// How often it was begun, this time included.
    pub attempt: i32,
    /// Fencing token.
    pub fence: i64,
    /// When it came in.
    pub received_at: DateTime<Utc>,
}

type ClaimedRow = (Uuid, Option<Uuid>, String, String, Option<String>, Vec<u8>, i32, i64, DateTime<Utc>);

macro_rules! claim {
    ($only:literal) => {
        concat!(
            "UPDATE inbox SET state = 'running', attempt = attempt + 1, fence = fence + 1,
                              lease_until = now() + make_interval(secs => $1)
             WHERE inbound_id = (SELECT inbound_id FROM inbox
                                 WHERE state = 'new' AND run_at <= now()",
            $only,
            "    ORDER BY is_urgent DESC, run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING inbound_id, tenant_id, channel, route, workspace, body, attempt, fence, received_at"
        )
    };
}
const CLAIM: &str = claim!("");
const CLAIM_URGENT: &str = claim!(" AND is_urgent");

/// Takes the next message, urgent ones first.
pub async fn claim(db: &Db, urgent_only: bool) -> Result<Option<Claimed>, Error> {
    // Two texts: one with a parameter would walk past everything that waits to find that nothing of it is urgent.
    let sql = if urgent_only { CLAIM_URGENT } else { CLAIM };
    let row: Option<ClaimedRow> = sqlx::query_as(sql).bind(LEASE_S).fetch_optional(db.system()).await?;
    row.map(read_claimed).transpose()
}

/// Takes one message, if nobody has it yet.
pub async fn claim_one(db: &Db, id: InboundId) -> Result<Option<Claimed>, Error> {
    let row: Option<ClaimedRow> = sqlx::query_as(
        "UPDATE inbox SET state = 'running', attempt = attempt + 1, fence = fence + 1,
                          lease_until = now() + make_interval(secs => $2)
         WHERE inbound_id = (SELECT inbound_id FROM inbox WHERE inbound_id = $1 AND state = 'new' AND run_at <= now()
                             FOR UPDATE SKIP LOCKED)
         RETURNING inbound_id, tenant_id, channel, route, workspace, body, attempt, fence, received_at",
    )
    .bind(id.0)
    .bind(LEASE_S)
    .fetch_optional(db.system())
    .await?;
    row.map(read_claimed).transpose()
}

fn read_claimed(row: ClaimedRow) -> Result<Claimed, Error> {
    let (id, tenant, channel, route, workspace, body, attempt, fence, received_at) = row;
    let channel = Channel::from_name(&channel).ok_or_else(|| Error::unreadable("channel", &channel))?;
    let (id, tenant) = (InboundId(id), tenant.map(TenantId));
    Ok(Claimed { id, tenant, channel, route, workspace, body, attempt, fence, received_at })
}

/// How a message ended that caused no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was dealt with.
    Done,
    /// It needs no answer.
    Ignored,
    /// It is genuine but cannot be read; kept for a person to see.
    Unparsable,
    /// It was tried three times in vain; kept for a person to see.
    Failed,
}

impl Ending {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Ignored => "ignored",
            Self::Unparsable => "unparsable",
            Self::Failed => "failed",
        }
    }
}

/// Ends a message that caused no plan.
pub async fn end(db: &Db, claimed: &Claimed, ending: Ending, why: &str) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = $3, error = nullif($4, ''), tenant_id = coalesce(tenant_id, $5), lease_until = NULL
         WHERE inbound_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(claimed.id.0)
    .bind(claimed.fence)
    .bind(ending.name())
    .bind(why)
    .bind(claimed.tenant.map(|t| t.0))
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

/// Keeps a message of somebody who is proved to have written it but is no member, for an admin to see.
pub async fn quarantine(
    db: &Db,
    claimed: &Claimed,
    (address, name): (&str, Option<&str>),
) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = 'unparsable', error = 'nobody here has this address', stranger = $3, stranger_name = $4,
                          lease_until = NULL
         WHERE inbound_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(claimed.id.0)
    .bind(claimed.fence)
    .bind(address.to_lowercase())
    .bind(name)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

/// Puts a message back for a later try.
pub async fn put_back(db: &Db, claimed: &Claimed, after_s: f64, why: &str) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = 'new', error = $4, run_at = now() + make_interval(secs => $3), lease_until = NULL
         WHERE inbound_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(claimed.id.0)
    .bind(claimed.fence)
    .bind(after_s)
    .bind(why)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

/// Ends a message inside the transaction that stores what it caused.
pub async fn done_within(tx: &mut crate::Tx, claimed: &Claimed) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = 'done', lease_until = NULL, error = NULL
         WHERE inbound_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(claimed.id.0)
    .bind(claimed.fence)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

/// Names the tenant of a message, so that the tenant's own transaction can end it.
pub async fn assign(db: &Db, claimed: &mut Claimed, tenant: TenantId) -> Result<(), Error> {
    if claimed.tenant == Some(tenant) {
        return Ok(());
    }
    sqlx::query("UPDATE inbox SET tenant_id = $2 WHERE inbound_id = $1 AND fence = $3")
        .bind(claimed.id.0)
        .bind(tenant.0)
        .bind(claimed.fence)
        .execute(db.system())
        .await?;
    claimed.tenant = Some(tenant);
    Ok(())
}

/// Keeps a message for its worker a while longer. Errors: [`Error::Stale`] when somebody else has it.
pub async fn heartbeat(db: &Db, id: InboundId, fence: i64) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE inbox SET lease_until = now() + make_interval(secs => $3)
         WHERE inbound_id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(id.0)
    .bind(fence)
    .bind(LEASE_S)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

/// Gives back messages whose worker died; how many. A message over which three workers died is kept for a person;
/// tries while a channel was away do not count.
pub async fn recover(db: &Db) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = CASE WHEN deaths >= 2 THEN 'failed' ELSE 'new' END, deaths = deaths + 1, run_at = now(),
                          error = coalesce(error, 'the worker died'), lease_until = NULL
         WHERE state = 'running' AND lease_until < now()",
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}

/// Where a message stands, as the word of the table, and why if it went wrong.
pub async fn state_of(tx: &mut crate::Tx, id: InboundId) -> Result<Option<(String, Option<String>)>, Error> {
    Ok(sqlx::query_as("SELECT state, error FROM inbox WHERE inbound_id = $1")
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?)
}

/// A message that could not be understood, for the console.
#[derive(Debug, Clone)]
pub struct Odd {
    /// Key.
    pub id: InboundId,
    /// Where it came in.
    pub channel: String,
    /// Which kind.
    pub route: String,
    /// `unparsable` or `failed`.
    pub state: String,
    /// Why.
    pub error: Option<String>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// The beginning of its bytes as text.
    pub excerpt: String,
    /// Who wrote it, proved, but no member.
    pub stranger: Option<Stranger>,
}

/// Somebody who wrote and is no member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Mail address, lower case.
    pub address: String,
    /// The name she gives herself.
    pub name: Option<String>,
}

/// Takes up again what strangers with an address wrote, now that she is a member; how many messages.
pub async fn take_up(tx: &mut crate::Tx, address: &str) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = 'new', attempt = 0, run_at = now(), error = NULL, stranger = NULL
         WHERE stranger = $1 AND state = 'unparsable'",
    )
    .bind(address)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Sets an odd message aside for good; its bytes stay. Errors: [`Error::Missing`] when it is not odd, or no longer.
pub async fn set_aside(tx: &mut crate::Tx, id: InboundId) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE inbox SET state = 'ignored' WHERE inbound_id = $1 AND state IN ('unparsable', 'failed')",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("message")) }
}

/// Who wrote an odd message without being a member.
pub async fn stranger(tx: &mut crate::Tx, id: InboundId) -> Result<Option<Stranger>, Error> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(
        "SELECT stranger, stranger_name FROM inbox
         WHERE inbound_id = $1 AND state = 'unparsable' AND stranger IS NOT NULL",
    )
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(address, name)| Stranger { address, name }))
}

/// Messages that could not be dealt with, newest first.
pub async fn odd(tx: &mut crate::Tx, limit: i64) -> Result<Vec<Odd>, Error> {
    type Row = (
        Uuid,
        String,
        String,
        String,
        Option<String>,
        DateTime<Utc>,
        Vec<u8>,
        Option<String>,
        Option<String>,
    );
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT inbound_id, channel, route, state, error, received_at, substring(body from 1 for 400), stranger,
                stranger_name
         FROM inbox WHERE state IN ('unparsable', 'failed') ORDER BY received_at DESC LIMIT $1",
    )
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, channel, route, state, error, received_at, body, address, name)| Odd {
            id: InboundId(id),
            channel,
            route,
            state,
            error,
            received_at,
            excerpt: String::from_utf8_lossy(&body).into_owned(),
            stranger: address.map(|address| Stranger { address, name }),
        })
        .collect())
}

/// A message of a channel that no worker has dealt with yet.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Key; also of the plan it will cause.
    pub id: InboundId,
    /// The bytes as they came.
    pub body: Vec<u8>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
}

/// Whether a message waits to be dealt with, or is being dealt with, and is not a plan yet.
pub async fn is_unread(tx: &mut crate::Tx, id: InboundId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM inbox
         WHERE inbound_id = $1 AND (state = 'new' OR state = 'running' AND lease_until IS NOT NULL))",
    )
    .bind(id.0)
    .fetch_one(&mut **tx)
    .await?)
}

/// Messages of a channel's workspace that are not dealt with yet, oldest first; at most 100.
pub async fn unread(tx: &mut crate::Tx, channel: Channel, workspace: &str) -> Result<Vec<Unread>, Error> {
    let rows: Vec<(Uuid, Vec<u8>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT inbound_id, body, received_at FROM inbox
         WHERE (state = 'new' OR state = 'running' AND lease_until IS NOT NULL) AND channel = $1 AND workspace = $2
         ORDER BY received_at, inbound_id LIMIT 100",
    )
    .bind(channel.name())
    .bind(workspace)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, body, received_at)| Unread { id: InboundId(id), body, received_at })
        .collect())
}

/// The bytes of a message and when it came in, for as long as they are kept.
pub async fn body_of(
    tx: &mut crate::Tx,
    id: InboundId,
) -> Result<Option<(Channel, Vec<u8>, DateTime<Utc>)>, Error> {
    let sql = "SELECT channel, body, received_at FROM inbox WHERE inbound_id = $1";
    let row: Option<(String, Vec<u8>, DateTime<Utc>)> =
        sqlx::query_as(sql).bind(id.0).fetch_optional(&mut **tx).await?;
    let Some((channel, body, received_at)) = row else { return Ok(None) };
    let channel = Channel::from_name(&channel).ok_or_else(|| Error::unreadable("channel", &channel))?;
    Ok(Some((channel, body, received_at)))
}
