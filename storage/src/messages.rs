//! Messages of ours: each can be edited, and each copy of a request is known.

use chrono::{DateTime, Utc};
use domain::card::{Audience, Card, Say, Urgency};
use domain::ids::{ApprovalId, ConversationId, Ids, MessageId, PersonId, PlanId};
use domain::person::{Channel, Role};
use domain::plan::{Context, Step};
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use uuid::Uuid;

use crate::conversations::{self, Conversation};
use crate::db::{Tx, WORK_CHANNEL, Work};
use crate::error::Error;
use crate::reach::{self, Way};
use crate::{approvals, people};

/// The channel on which the console hears that a message changed; the payload is the room.
pub const SHOWN_CHANNEL: &str = "dealdesk_shown";

/// The place of what no step says: a request shown to somebody who may decide since.
const SHARED: i32 = -2;

/// From where in the work a message comes; part of its effect key.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The plan.
    pub plan: PlanId,
    /// The thread it answers in.
    pub conversation: ConversationId,
    /// Who asked.
    pub requester: PersonId,
    /// The step's place; -1 for what is said before the first.
    pub step: i32,
}

impl Origin {
    /// Where a step speaks from.
    pub fn of(context: &Context, step: &Step) -> Self {
        Self {
            plan: context.plan,
            conversation: context.conversation,
            requester: context.requester,
            step: step.position,
        }
    }
}

struct Target {
    channel: Channel,
    room: Option<String>,
    thread: Option<String>,
    person: Option<PersonId>,
    is_fleeting: bool,
    approval: Option<ApprovalId>,
    workspace: String,
}

impl Target {
    /// Everybody in a thread.
    fn thread(conversation: &Conversation) -> Self {
        Self {
            channel: conversation.channel,
            room: Some(conversation.room.clone()),
            thread: conversation.thread.clone(),
            person: None,
            is_fleeting: false,
            approval: None,
            workspace: conversation.workspace.clone(),
        }
    }
}

/// Puts a message into the outbox; the same slot again edits the same message.
pub async fn say(tx: &mut Tx, ids: &Ids, origin: Origin, say: &Say) -> Result<(), Error> {
    let conversation = conversations::get(tx, origin.conversation).await?;
    for target in targets(tx, &conversation, origin, say).await? {
        // A whisper cannot be edited, and how far something is is not worth a second one.
        if target.is_fleeting && say.urgency == Urgency::Progress && conversation.channel != Channel::Web {
            continue;
        }
        enqueue(tx, ids, origin, target, say).await?;
    }
    Ok(())
}

async fn targets(
    tx: &mut Tx,
    conversation: &Conversation,
    origin: Origin,
    say: &Say,
) -> Result<Vec<Target>, Error> {
    let in_thread = |person, is_fleeting, approval| Target {
        person,
        is_fleeting,
        approval,
        ..Target::thread(conversation)
    };
    match &say.to {
        Audience::Thread => Ok(vec![in_thread(None, false, None)]),
        Audience::Requester => Ok(vec![in_thread(Some(origin.requester), true, None)]),
        Audience::Person { person } => private(tx, conversation, *person, None).await,
        Audience::Deal { deal } => {
            let there = conversations::of_deal(tx, *deal).await?;
            let there =
                there.filter(|there| there.channel.is_chat() && there.channel != conversation.channel);
            Ok(there.iter().map(Target::thread).collect())
        }
        Audience::Approvers { approval } => {
            let mut targets = vec![in_thread(None, false, Some(*approval))];
            let asked = approvals::get(tx, *approval).await?;
            let first = asked.requirement.stages.first();
            for approver in people::approvers(tx, origin.requester).await? {
                if first.is_some_and(|stage| stage.seats_of(approver.id, approver.role).is_empty()) {
                    continue;
                }
                targets.extend(private(tx, conversation, approver.id, Some(*approval)).await?);
            }
            Ok(targets)
        }
    }
}

/// A person in private, on every chat she is known on, else by mail. The console shows everybody what waits for them,
/// so nothing is sent there.
async fn private(
    tx: &mut Tx,
    conversation: &Conversation,
    person: PersonId,
    approval: Option<ApprovalId>,
) -> Result<Vec<Target>, Error> {
    let ways = reach::privately(tx, conversation, person).await?;
    let target = |way: Way| Target {
        channel: way.channel,
        room: None,
        thread: None,
        person: Some(person),
        is_fleeting: false,
        approval,
        workspace: way.workspace,
    };
    Ok(ways.into_iter().map(target).collect())
}

/// Shows a person who may decide every open request that waits for such a person, in private where it was asked.
pub async fn share_open_requests(tx: &mut Tx, ids: &Ids, person: PersonId) -> Result<(), Error> {
    share(tx, ids, None, person).await
}

/// Shows a person one open request, because its next stage asks that person.
pub async fn share_request(
    tx: &mut Tx,
    ids: &Ids,
    approval: ApprovalId,
    person: PersonId,
) -> Result<(), Error> {
    share(tx, ids, Some(approval), person).await
}

async fn share(tx: &mut Tx, ids: &Ids, only: Option<ApprovalId>, person: PersonId) -> Result<(), Error> {
    type Row = (Uuid, Uuid, Json<Card>, Uuid, Uuid);
    let open: Vec<Row> = sqlx::query_as(
        "SELECT DISTINCT ON (a.approval_id) a.approval_id, m.plan_id, m.card, p.conversation_id, p.requester_id
         FROM approvals a JOIN messages m USING (approval_id) JOIN plans p ON p.plan_id = m.plan_id
         WHERE a.state = 'open' AND a.requested_by <> $1 AND m.slot = 'request'
           AND a.approval_id = coalesce($2, a.approval_id)
         ORDER BY a.approval_id, m.person_id NULLS FIRST",
    )
    .bind(person.0)
    .bind(only.map(|id| id.0))
    .fetch_all(&mut **tx)
    .await?;
    let role = people::get(tx, person).await?.map_or(Role::Viewer, |person| person.role);
    for (approval, plan, card, conversation, requester) in open {
        // Whom a later stage asks is shown it when that stage begins.
        let asked = approvals::get(tx, ApprovalId(approval)).await?;
        let stage =
            asked.requirement.stage_after(&asked.votes).and_then(|at| asked.requirement.stages.get(at));
        if stage.is_none_or(|stage| stage.seats_of(person, role).is_empty()) {
            continue;
        }
        let conversation = conversations::get(tx, ConversationId(conversation)).await?;
        let origin = Origin {
            plan: PlanId(plan),
            conversation: conversation.id,
            requester: PersonId(requester),
            step: SHARED,
        };
        let say = Say {
            slot: "request".to_owned(),
            to: Audience::Person { person },
            card: card.0,
            urgency: Urgency::Decision,
        };
        for target in private(tx, &conversation, person, Some(ApprovalId(approval))).await? {
            if has_copy(tx, approval, person, target.channel).await? {
                continue;
            }
            enqueue(tx, ids, origin, target, &say).await?;
        }
    }
    Ok(())
}

/// Whether a person has a request on a channel already.
async fn has_copy(tx: &mut Tx, approval: Uuid, person: PersonId, channel: Channel) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM messages WHERE approval_id = $1 AND person_id = $2 AND channel = $3)",
    )
    .bind(approval)
    .bind(person.0)
    .bind(channel.name())
    .fetch_one(&mut **tx)
    .await?)
}

async fn enqueue(tx: &mut Tx, ids: &Ids, origin: Origin, target: Target, say: &Say) -> Result<(), Error> {
    let tenant = tx.tenant();
    let to = target.person.map_or_else(|| "thread".to_owned(), |person| person.to_string());
    let place = format!("{}/{}/{to}", say.slot, target.channel.name());
    let key = effect_key(tx, origin, &place, &say.card)?;
    let message: Uuid = sqlx::query_scalar(
        "INSERT INTO messages (message_id, tenant_id, plan_id, slot, channel, workspace, room, thread, person_id,
                               is_fleeting, approval_id, post_key, card)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (plan_id, slot, channel, coalesce(person_id, '00000000-0000-0000-0000-000000000000'))
         DO UPDATE SET card = excluded.card, updated_at = now()
         RETURNING message_id",
    )
    .bind(ids.next())
    .bind(tenant.0)
    .bind(origin.plan.0)
    .bind(&say.slot)
    .bind(target.channel.name())
    .bind(&target.workspace)
    .bind(&target.room)
    .bind(&target.thread)
    .bind(target.person.map(|p| p.0))
    .bind(target.is_fleeting)
    .bind(target.approval.map(|a| a.0))
    .bind(&key)
    .bind(Json(&say.card))
    .fetch_one(&mut **tx)
    .await?;
    queue(tx, ids, MessageId(message), origin.plan, (&key, say.urgency.rank(), &say.card)).await
}

async fn queue(
    tx: &mut Tx,
    ids: &Ids,
    message: MessageId,
    plan: PlanId,
    (key, urgency, card): (&str, i16, &Card),
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "WITH queued AS (
            INSERT INTO outbox (outbox_id, tenant_id, plan_id, message_id, effect_key, urgency, card)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, effect_key) DO NOTHING)
         SELECT pg_notify($8, $9)",
    )
    .bind(ids.next())
    .bind(tenant.0)
    .bind(plan.0)
    .bind(message.0)
    .bind(key)
    .bind(urgency)
    .bind(Json(card))
    .bind(WORK_CHANNEL)
    .bind(Work::Outbox.name())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Hands the answer of one plan over to another that asks its question again: what the other says next edits the same
/// message. Only where messages can be edited, and on the same channel and in the same room; else nothing is handed over
/// and the other speaks for itself.
pub async fn hand_over(tx: &mut Tx, origin: Origin, from: PlanId) -> Result<(), Error> {
    let there = conversations::get(tx, origin.conversation).await?;
    sqlx::query(
        "UPDATE messages m SET plan_id = $2
         WHERE m.plan_id = $1 AND m.slot = 'answer' AND m.person_id IS NULL
           AND (m.channel = 'web' OR m.channel IN ('slack', 'discord') AND m.external_id IS NOT NULL)
           AND m.channel = $3 AND m.workspace = $4 AND m.room = $5",
    )
    .bind(from.0)
    .bind(origin.plan.0)
    .bind(there.channel.name())
    .bind(&there.workspace)
    .bind(&there.room)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Edits what told a requester on the console that her request waits; on other channels that was a whisper.
pub async fn edit_waiting(
    tx: &mut Tx,
    ids: &Ids,
    origin: Origin,
    asked: PlanId,
    card: &Card,
) -> Result<(), Error> {
    let waiting: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE messages SET card = $2, updated_at = now()
         WHERE plan_id = $1 AND slot = 'waiting' AND channel = 'web' RETURNING message_id",
    )
    .bind(asked.0)
    .bind(Json(card))
    .fetch_all(&mut **tx)
    .await?;
    for message in waiting {
        let key = effect_key(tx, origin, &format!("waiting/{message}"), card)?;
        queue(tx, ids, MessageId(message), asked, (&key, 0, card)).await?;
    }
    Ok(())
}

/// Edits every copy of a request, whatever channel it was sent on.
pub async fn edit_copies(
    tx: &mut Tx,
    ids: &Ids,
    origin: Origin,
    approval: ApprovalId,
    card: &Card,
) -> Result<(), Error> {
    let copies: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "UPDATE messages SET card = $2, updated_at = now() WHERE approval_id = $1 RETURNING message_id, plan_id",
    )
    .bind(approval.0)
    .bind(Json(card))
    .fetch_all(&mut **tx)
    .await?;
    for (message, plan) in copies {
        let key = effect_key(tx, origin, &format!("copy/{message}"), card)?;
        queue(tx, ids, MessageId(message), PlanId(plan), (&key, 0, card)).await?;
    }
    Ok(())
}

/// What the copies of a request show now; none before it was shown to anybody.
pub async fn request_card(tx: &mut Tx, approval: ApprovalId) -> Result<Option<Card>, Error> {
    let card: Option<Json<Card>> = sqlx::query_scalar(
        "SELECT card FROM messages WHERE approval_id = $1 ORDER BY person_id NULLS FIRST LIMIT 1",
    )
    .bind(approval.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(card.map(|card| card.0))
}

/// Hash of tenant, plan, step and payload: the same effect never gets two rows.
fn effect_key(tx: &Tx, origin: Origin, slot: &str, card: &Card) -> Result<String, Error> {
    let payload = serde_json::to_string(card).map_err(|e| Error::unreadable("card", e))?;
    let mut hash = Sha256::new();
    for field in
        [tx.tenant().to_string(), origin.plan.to_string(), origin.step.to_string(), slot.to_owned(), payload]
    {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    Ok(hex::encode(hash.finalize()))
}

/// A message as the console shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Key.
    pub id: MessageId,
    /// The plan that said it.
    pub plan: PlanId,
    /// Its name within the plan.
    pub slot: String,
    /// Laid out for the console; none until it was delivered.
    pub html: Option<String>,
    /// What it says.
    pub card: Card,
    /// When it was first said.
    pub created_at: DateTime<Utc>,
    /// When it was last edited.
    pub updated_at: DateTime<Utc>,
}

/// What was said on the console to a room, oldest first, of the latest `limit` messages.
pub async fn in_room(tx: &mut Tx, room: &str, limit: i64) -> Result<Vec<Shown>, Error> {
    select(
        tx,
        "SELECT * FROM (
            SELECT message_id, plan_id, slot, html, card, created_at, updated_at FROM messages
            WHERE channel = 'web' AND room = $1 ORDER BY created_at DESC, message_id DESC LIMIT $2) latest
         ORDER BY created_at, message_id",
        (room, limit),
    )
    .await
}

/// What one plan said, on any channel, oldest first; copies of one slot once.
pub async fn of_plan(tx: &mut Tx, plan: PlanId) -> Result<Vec<Shown>, Error> {
    select(
        tx,
        "SELECT * FROM (
            SELECT DISTINCT ON (slot) message_id, plan_id, slot, html, card, created_at, updated_at FROM messages
            WHERE plan_id = $1::uuid ORDER BY slot, person_id NULLS FIRST LIMIT $2) once
         ORDER BY created_at, message_id",
        (&plan.to_string(), 200),
    )
    .await
}

/// What a message says that was sent on a channel, by the channel's number of it.
pub async fn card_at(
    tx: &mut Tx,
    channel: Channel,
    workspace: &str,
    number: &str,
) -> Result<Option<Card>, Error> {
    let card: Option<Json<Card>> = sqlx::query_scalar(
        "SELECT card FROM messages
         WHERE channel = $1 AND workspace = $2 AND (external_id = $3 OR external_id LIKE '%/' || $3) LIMIT 1",
    )
    .bind(channel.name())
    .bind(workspace)
    .bind(number)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(card.map(|card| card.0))
}

async fn select(tx: &mut Tx, sql: &'static str, (key, limit): (&str, i64)) -> Result<Vec<Shown>, Error> {
    type Row = (Uuid, Uuid, String, Option<String>, Json<Card>, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(sql).bind(key).bind(limit).fetch_all(&mut **tx).await?;
    Ok(rows
        .into_iter()
        .map(|(id, plan, slot, html, card, created_at, updated_at)| Shown {
            id: MessageId(id),
            plan: PlanId(plan),
            slot,
            html,
            card: card.0,
            created_at,
            updated_at,
        })
        .collect())
}
