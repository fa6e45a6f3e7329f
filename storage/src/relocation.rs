//! A conversation whose room we may not write in goes on in private with whoever began it.

use domain::card::Card;
use domain::ids::{Ids, PersonId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::{Db, Work};
use crate::error::Error;
use crate::outbox::Delivery;
use crate::people;

/// Where a conversation can go on.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Who began the conversation.
    pub person: PersonId,
    /// That person's name on the channel.
    pub key: String,
    /// What was said, in that person's words; empty for a press.
    pub said: String,
}

/// Whoever began the conversation of a delivery, if the channel knows that person.
pub async fn owner(db: &Db, delivery: &Delivery) -> Result<Option<Owner>, Error> {
    let mut tx = db.tenant(delivery.tenant).begin().await?;
    let row: Option<(Uuid, String)> = sqlx::query_as(
        "SELECT c.person_id, p.said FROM conversations c JOIN plans p USING (conversation_id)
         WHERE p.plan_id = $1",
    )
    .bind(delivery.plan.0)
    .fetch_optional(&mut *tx)
    .await?;
    let Some((person, said)) = row else { return Ok(None) };
    let person = PersonId(person);
    let names = people::identities(&mut tx, person).await?;
    let name = names.into_iter().find(|n| n.channel == delivery.channel && n.workspace == delivery.workspace);
    Ok(name.map(|name| Owner { person, key: name.external_id, said }))
}

/// Moves what could not be said in a delivery's room to the private room `to`, and with the first such message the
/// whole conversation, with a notice that says so. False when there is nowhere else to go. The delivery itself stays
/// with its sender, who puts it back; if that fails, it comes back by itself when its lease runs out.
pub async fn relocate(
    db: &Db,
    ids: &Ids,
    delivery: &Delivery,
    (owner, to): (&Owner, &str),
    notice: &Card,
) -> Result<bool, Error> {
    let Some(from) = delivery.room.as_deref() else { return Ok(false) };
    let mut tx = db.tenant(delivery.tenant).begin().await?;
    // Of several senders that fail at the same moment, one moves the conversation.
    let (room, has_moved): (String, bool) = sqlx::query_as(
        "SELECT room, moved_from IS NOT NULL FROM conversations WHERE conversation_id = $1 FOR UPDATE",
    )
    .bind(delivery.conversation.0)
    .fetch_one(&mut *tx)
    .await?;
    if room == from && (has_moved || from == to) {
        return Ok(false);
    }
    if room == from {
        sqlx::query(
            "UPDATE conversations SET room = $2, thread = NULL, moved_from = $3 WHERE conversation_id = $1",
        )
        .bind(delivery.conversation.0)
        .bind(to)
        .bind(from)
        .execute(&mut *tx)
        .await?;
        announce(&mut tx, ids, delivery, (owner, to), notice).await?;
    }
    // Messages for one other person go to that person; a message that was never sent has nothing to edit.
    sqlx::query(
        "UPDATE messages m
         SET room = CASE WHEN m.person_id IS NULL OR m.person_id = c.person_id THEN c.room END, thread = NULL,
             is_fleeting = false, is_unsure = false, external_id = NULL, post_key = m.post_key || '/moved',
             updated_at = now()
         FROM conversations c
         WHERE c.conversation_id = $1 AND m.room = $2
           AND (m.message_id = $3 OR m.external_id IS NULL AND m.plan_id IN
                (SELECT plan_id FROM plans WHERE conversation_id = $1))",
    )
    .bind(delivery.conversation.0)
    .bind(from)
    .bind(delivery.message.0)
    .execute(&mut *tx)
    .await?;
    tx.announce(Work::Outbox).await?;
    tx.commit().await?;
    Ok(true)
}

/// Says first of all in the private room why the conversation goes on there.
async fn announce(
    tx: &mut crate::Tx,
    ids: &Ids,
    delivery: &Delivery,
    (owner, to): (&Owner, &str),
    notice: &Card,
) -> Result<(), Error> {
    let (tenant, message) = (tx.tenant(), ids.next());
    let key = format!("moved/{}", delivery.conversation);
    sqlx::query(
        "WITH notice AS (
            INSERT INTO messages (message_id, tenant_id, plan_id, slot, channel, workspace, room, person_id, post_key,
                                  card, created_at)
            SELECT $1, $2, $3, 'moved', $4, $5, $6, $7, $8, $9,
                   (SELECT min(created_at) FROM messages WHERE plan_id = $3) - interval '1 ms'
            ON CONFLICT DO NOTHING RETURNING message_id)
         INSERT INTO outbox (outbox_id, tenant_id, plan_id, message_id, effect_key, urgency, card)
         SELECT $10, $2, $3, message_id, $8, 0, $9 FROM notice
         ON CONFLICT DO NOTHING",
    )
    .bind(message)
    .bind(tenant.0)
    .bind(delivery.plan.0)
    .bind(delivery.channel.name())
    .bind(&delivery.workspace)
    .bind(to)
    .bind(owner.person.0)
    .bind(key)
    .bind(Json(notice))
    .bind(ids.next())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
