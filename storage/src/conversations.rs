//! Conversations: a thread on a channel, and who began it.

use domain::ids::{ConversationId, DealId, PersonId, TenantId};
use domain::inbound::Place;
use domain::person::Channel;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// A thread on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Key.
    pub id: ConversationId,
    /// Whose.
    pub tenant: TenantId,
    /// Which channel.
    pub channel: Channel,
    /// The channel's workspace.
    pub workspace: String,
    /// The room.
    pub room: String,
    /// The thread, once its first message has a number.
    pub thread: Option<String>,
    /// Who began it.
    pub person: PersonId,
}

/// The conversation at a place, begun now if the place names no thread that we know.
pub async fn at(
    tx: &mut Tx,
    id: ConversationId,
    channel: Channel,
    workspace: &str,
    (place, person): (&Place, PersonId),
) -> Result<Conversation, Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO conversations (conversation_id, tenant_id, channel, workspace, room, thread, person_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.0)
    .bind(tenant.0)
    .bind(channel.name())
    .bind(workspace)
    .bind(&place.room)
    .bind(&place.thread)
    .bind(person.0)
    .execute(&mut **tx)
    .await?;
    let Some(thread) = &place.thread else {
        // Without a thread it is new, and as we wrote it.
        let (workspace, room) = (workspace.to_owned(), place.room.clone());
        return Ok(Conversation { id, tenant, channel, workspace, room, thread: None, person });
    };
    let known: Option<Uuid> = sqlx::query_scalar(
        "SELECT conversation_id FROM conversations
         WHERE channel = $1 AND workspace = $2 AND room = $3 AND thread = $4 AND NOT is_twin",
    )
    .bind(channel.name())
    .bind(workspace)
    .bind(&place.room)
    .bind(thread)
    .fetch_optional(&mut **tx)
    .await?;
    get(tx, ConversationId(known.ok_or(Error::Missing("conversation"))?)).await
}

/// The channel of a conversation; none when there is no such conversation.
pub async fn channel(tx: &mut Tx, id: ConversationId) -> Result<Option<Channel>, Error> {
    let name: Option<String> =
        sqlx::query_scalar("SELECT channel FROM conversations WHERE conversation_id = $1")
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(name.and_then(|name| Channel::from_name(&name)))
}

/// One conversation.
pub async fn get(tx: &mut Tx, id: ConversationId) -> Result<Conversation, Error> {
    type Row = (String, String, String, Option<String>, Uuid);
    let row: Option<Row> = sqlx::query_as(
        "SELECT channel, workspace, room, thread, person_id FROM conversations WHERE conversation_id = $1",
    )
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    let (channel, workspace, room, thread, person) = row.ok_or(Error::Missing("conversation"))?;
    let channel = Channel::from_name(&channel).ok_or_else(|| Error::unreadable("channel", &channel))?;
    let person = PersonId(person);
    Ok(Conversation { id, tenant: tx.tenant(), channel, workspace, room, thread, person })
}

/// The conversation in which a deal was proposed: its thread.
pub async fn of_deal(tx: &mut Tx, deal: DealId) -> Result<Option<Conversation>, Error> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT p.conversation_id FROM deals d JOIN plans p ON p.plan_id = d.plan_id WHERE d.deal_id = $1",
    )
    .bind(deal.0)
    .fetch_optional(&mut **tx)
    .await?;
    match id {
        Some(id) => get(tx, ConversationId(id)).await.map(Some),
        None => Ok(None),
    }
}

/// Notes the thread that a conversation's first message opened.
pub async fn set_thread(tx: &mut Tx, id: ConversationId, thread: &str) -> Result<(), Error> {
    sqlx::query("UPDATE conversations SET thread = $2 WHERE conversation_id = $1 AND thread IS NULL")
        .bind(id.0)
        .bind(thread)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The room of a thread in which we talked before.
pub async fn room_of_thread(
    tx: &mut Tx,
    channel: Channel,
    workspace: &str,
    thread: &str,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT room FROM conversations WHERE channel = $1 AND workspace = $2 AND thread = $3 LIMIT 1",
    )
    .bind(channel.name())
    .bind(workspace)
    .bind(thread)
    .fetch_optional(&mut **tx)
    .await?)
}
