//! The outbox: sends and edits to be done, each once, the urgent ones first.

use chrono::{DateTime, Utc};
use domain::card::Card;
use domain::ids::{ConversationId, MessageId, PersonId, PlanId, TenantId};
use domain::person::Channel;
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::Db;
use crate::error::Error;
use crate::messages::SHOWN_CHANNEL;

/// How long a sender may hold a delivery without a sign of life, seconds; after that it counts as unsure.
const LEASE_S: f64 = 10.0;
/// How often a sender that is still sending says so, seconds.
pub const HEARTBEAT_S: u64 = 3;

/// A send or an edit that a worker holds.
#[derive(Debug, Clone)]
pub struct Delivery {
    id: Uuid,
    fence: i64,
    /// Whose.
    pub tenant: TenantId,
    /// The plan that says it.
    pub plan: PlanId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The message to send or edit.
    pub message: MessageId,
    /// Where.
    pub channel: Channel,
    /// The channel's workspace.
    pub workspace: String,
    /// The room; none until a private one is opened.
    pub room: Option<String>,
    /// The thread of the room, once there is one.
    pub thread: Option<String>,
    /// The only person meant to see it.
    pub person: Option<PersonId>,
    /// That person's name on the channel.
    pub person_key: Option<String>,
    /// Shown to that person in the room, and gone on reload.
    pub is_fleeting: bool,
    /// The channel's number of the message; none until it was sent.
    pub external_id: Option<String>,
    /// The key the first send carries.
    pub post_key: String,
    /// An earlier first send may have arrived: look it up before sending again.
    pub is_unsure: bool,
    /// When the message was first said.
    pub created_at: DateTime<Utc>,
    /// An earlier message of the same conversation, which opens its thread, is not sent yet.
    pub is_early: bool,
    /// What to say.
    pub card: Card,
    /// How urgent, 0 first.
    pub urgency: i16,
    /// How often it was begun, this time included.
    pub attempt: i32,
}

#[derive(sqlx::FromRow)]
struct Row {
    outbox_id: Uuid,
    fence: i64,
    tenant_id: Uuid,
    plan_id: Uuid,
    conversation_id: Uuid,
    message_id: Uuid,
    channel: String,
    workspace: String,
    room: Option<String>,
    thread: Option<String>,
    person_id: Option<Uuid>,
    person_key: Option<String>,
    is_fleeting: bool,
    external_id: Option<String>,
    post_key: String,
    is_unsure: bool,
    created_at: DateTime<Utc>,
    is_early: bool,
    card: Json<Card>,
    urgency: i16,
    attempt: i32,
}

/// Takes the next delivery: the most urgent, then the oldest. Of several edits of one message only
/// the newest is taken; the older ones are superseded. The first send is never skipped: people see
/// at once that work began.
pub async fn claim(db: &Db, channels: &[Channel]) -> Result<Option<Delivery>, Error> {
    claim_of(db, channels, None).await
}

/// Takes the next delivery of one plan, or of any.
pub async fn claim_of(
    db: &Db,
    channels: &[Channel],
    plan: Option<PlanId>,
) -> Result<Option<Delivery>, Error> {
    let names: Vec<&str> = channels.iter().map(|channel| channel.name()).collect();
    let row: Option<Row> = sqlx::query_as(
        "WITH pick AS (
            SELECT o.outbox_id, o.message_id, m.external_id IS NULL AS is_first
            FROM outbox o JOIN messages m USING (message_id)
            WHERE o.state = 'queued' AND o.run_at <= now() AND m.channel = ANY ($2)
              AND o.plan_id = coalesce($3, o.plan_id)
              AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.message_id = o.message_id AND x.state = 'sending')
            ORDER BY o.urgency, o.seq LIMIT 1 FOR UPDATE OF o SKIP LOCKED),
         newest AS (
            SELECT o.outbox_id, o.seq FROM outbox o JOIN pick USING (message_id)
            WHERE o.state = 'queued'
            ORDER BY CASE WHEN pick.is_first THEN o.seq ELSE -o.seq END LIMIT 1),
         older AS (
            UPDATE outbox o SET state = 'superseded', finished_at = now() FROM pick, newest
            WHERE o.message_id = pick.message_id AND o.state = 'queued' AND o.seq < newest.seq),
         held AS (
            UPDATE outbox o SET state = 'sending', attempt = o.attempt + 1, fence = o.fence + 1,
                                lease_until = now() + make_interval(secs => $1)
            FROM newest WHERE o.outbox_id = newest.outbox_id AND o.state = 'queued'
            RETURNING o.outbox_id, o.fence, o.tenant_id, o.plan_id, o.message_id, o.card, o.urgency, o.attempt)
         SELECT h.outbox_id, h.fence, h.tenant_id, h.plan_id, p.conversation_id, h.message_id, m.channel,
                m.workspace, m.room, CASE WHEN m.room = c.room THEN c.thread ELSE m.thread END AS thread,
                m.person_id, i.external_id AS person_key, m.is_fleeting, m.external_id, m.post_key, m.is_unsure,
                m.created_at,
                (c.thread IS NULL AND m.room = c.room AND EXISTS (
                    SELECT 1 FROM messages f JOIN outbox q USING (message_id)
                    WHERE f.plan_id = m.plan_id AND f.room = m.room AND f.external_id IS NULL
                    AND NOT f.is_fleeting AND q.state IN ('queued', 'sending')
                    AND (f.created_at, f.message_id) < (m.created_at, m.message_id))) AS is_early,
                h.card, h.urgency, h.attempt
         FROM held h JOIN messages m USING (message_id) JOIN plans p ON p.plan_id = h.plan_id
              JOIN conversations c USING (conversation_id)
              LEFT JOIN LATERAL (
                SELECT external_id FROM identities i
                WHERE i.person_id = m.person_id AND i.channel = m.channel AND i.workspace = m.workspace
                ORDER BY i.created_at LIMIT 1) i ON true",
    )
    .bind(LEASE_S)
    .bind(&names)
    .bind(plan.map(|plan| plan.0))
    .fetch_optional(db.system())
    .await?;
    row.map(read).transpose()
}

fn read(row: Row) -> Result<Delivery, Error> {
    let channel =
        Channel::from_name(&row.channel).ok_or_else(|| Error::unreadable("channel", &row.channel))?;
    Ok(Delivery {
        id: row.outbox_id,
        fence: row.fence,
        tenant: TenantId(row.tenant_id),
        plan: PlanId(row.plan_id),
        conversation: ConversationId(row.conversation_id),
        message: MessageId(row.message_id),
        channel,
        workspace: row.workspace,
        room: row.room,
        thread: row.thread,
        person: row.person_id.map(PersonId),
        person_key: row.person_key,
        is_fleeting: row.is_fleeting,
        external_id: row.external_id,
        post_key: row.post_key,
        is_unsure: row.is_unsure,
        created_at: row.created_at,
        is_early: row.is_early,
        card: row.card.0,
        urgency: row.urgency,
        attempt: row.attempt,
    })
}

/// What the channel made of a delivery.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The room it is in now.
    pub room: Option<String>,
    /// The channel's number of the message.
    pub external_id: Option<String>,
    /// How the console shows it.
    pub html: Option<String>,
}

/// Notes that a delivery was made. The first message of a new conversation opens its thread.
pub async fn sent(db: &Db, delivery: &Delivery, sent: &Sent) -> Result<(), Error> {
    let done = sqlx::query(
        "WITH held AS (
            UPDATE outbox SET state = 'sent', lease_until = NULL, finished_at = now(), error = NULL
            WHERE outbox_id = $1 AND fence = $2 AND state = 'sending' RETURNING message_id),
         thread AS (
            UPDATE conversations c SET thread = $4, is_twin = EXISTS (
                SELECT 1 FROM conversations o WHERE o.tenant_id = c.tenant_id AND o.channel = c.channel
                    AND o.workspace = c.workspace AND o.room = c.room AND o.thread = $4 AND NOT o.is_twin)
            WHERE conversation_id = $6 AND thread IS NULL AND $4 IS NOT NULL AND NOT $7 AND room = $3
              AND EXISTS (SELECT 1 FROM held))
         UPDATE messages SET room = coalesce($3, room), external_id = coalesce($4, external_id),
                             html = coalesce($5, html), is_unsure = false, updated_at = now()
         WHERE message_id = (SELECT message_id FROM held)",
    )
    .bind(delivery.id)
    .bind(delivery.fence)
    .bind(sent.room.as_ref().or(delivery.room.as_ref()))
    .bind(&sent.external_id)
    .bind(&sent.html)
    .bind(delivery.conversation.0)
    .bind(delivery.is_fleeting || delivery.person.is_some())
    .execute(db.system())
    .await?;
    if delivery.channel == Channel::Web {
        // A hint for open consoles, which read the messages themselves.
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(SHOWN_CHANNEL)
            .bind(&delivery.room)
            .execute(db.system())
            .await?;
    }
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("delivery")) }
}

/// Keeps a delivery for its sender a while longer. Errors: [`Error::Stale`] when somebody else has it.
pub async fn heartbeat(db: &Db, delivery: &Delivery) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE outbox SET lease_until = now() + make_interval(secs => $3)
         WHERE outbox_id = $1 AND fence = $2 AND state = 'sending'",
    )
    .bind(delivery.id)
    .bind(delivery.fence)
    .bind(LEASE_S)
    .execute(db.system())
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale("delivery")) }
}

/// Puts a delivery back. `is_unsure` says that it may have arrived all the same.
pub async fn put_back(
    db: &Db,
    delivery: &Delivery,
    after_s: f64,
    is_unsure: bool,
    why: &str,
) -> Result<(), Error> {
    sqlx::query(
        "WITH held AS (
            UPDATE outbox SET state = 'queued', run_at = now() + make_interval(secs => $3), error = $4,
                              lease_until = NULL
            WHERE outbox_id = $1 AND fence = $2 AND state = 'sending' RETURNING message_id)
         UPDATE messages SET is_unsure = is_unsure OR $5
         WHERE message_id = (SELECT message_id FROM held) AND external_id IS NULL",
    )
    .bind(delivery.id)
    .bind(delivery.fence)
    .bind(after_s)
    .bind(why)
    .bind(is_unsure)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Puts a delivery back that was not tried: its turn has not come. It does not count as a try.
pub async fn defer(db: &Db, delivery: &Delivery, after_s: f64, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'queued', run_at = now() + make_interval(secs => $3), error = $4,
                           lease_until = NULL, attempt = attempt - 1
         WHERE outbox_id = $1 AND fence = $2 AND state = 'sending'",
    )
    .bind(delivery.id)
    .bind(delivery.fence)
    .bind(after_s)
    .bind(why)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Ends a delivery that cannot be made.
pub async fn fail(db: &Db, delivery: &Delivery, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'failed', error = $3, lease_until = NULL, finished_at = now()
         WHERE outbox_id = $1 AND fence = $2 AND state = 'sending'",
    )
    .bind(delivery.id)
    .bind(delivery.fence)
    .bind(why)
    .execute(db.system())
    .await?;
    Ok(())
}

/// Gives back deliveries whose worker died; they may have arrived. How many.
pub async fn recover(db: &Db) -> Result<u64, Error> {
    let done = sqlx::query(
        "WITH lost AS (
            UPDATE outbox SET state = 'queued', run_at = now(), lease_until = NULL, error = 'the worker died'
            WHERE state = 'sending' AND lease_until < now() RETURNING message_id)
         UPDATE messages SET is_unsure = true WHERE message_id IN (SELECT message_id FROM lost)",
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}

/// How many deliveries of a plan are still to be made.
pub async fn open_of_plan(db: &Db, plan: PlanId) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM outbox WHERE plan_id = $1 AND state IN ('queued', 'sending')";
    Ok(sqlx::query_scalar(sql).bind(plan.0).fetch_one(db.system()).await?)
}

/// How many deliveries wait.
pub async fn depth(db: &Db) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state = 'queued'")
        .fetch_one(db.system())
        .await?)
}
