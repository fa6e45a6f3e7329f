//! What cannot be said to a person on a chat any more goes by mail, once.

use uuid::Uuid;

use crate::db::{Db, Work};
use crate::error::Error;
use crate::outbox::Delivery;

/// Turns a message that a chat does not take into a mail to the person it is for, or else to whoever began the
/// conversation. False when there is no inbox to write from, no address, or a mail of it already. The delivery stays
/// with its sender, who puts it back.
pub async fn by_mail(db: &Db, delivery: &Delivery) -> Result<bool, Error> {
    let mut tx = db.tenant(delivery.tenant).begin().await?;
    let inbox: Option<String> = sqlx::query_scalar(
        "SELECT external_id FROM workspaces WHERE channel = 'email' AND state = 'active' ORDER BY external_id LIMIT 1",
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(inbox) = inbox else { return Ok(false) };
    let reader: Option<(Uuid, String)> = sqlx::query_as(
        "SELECT p.person_id, p.email FROM people p
         WHERE p.person_id = coalesce($1, (SELECT person_id FROM conversations WHERE conversation_id = $2))
           AND p.is_active AND p.email IS NOT NULL",
    )
    .bind(delivery.person.map(|person| person.0))
    .bind(delivery.conversation.0)
    .fetch_optional(&mut *tx)
    .await?;
    let Some((person, address)) = reader else { return Ok(false) };
    let moved = sqlx::query(
        "UPDATE messages m
         SET channel = 'email', workspace = $2, room = $3, thread = NULL, person_id = $4, is_fleeting = false,
             is_unsure = false, external_id = NULL, post_key = m.post_key || '/mailed', updated_at = now()
         WHERE m.message_id = $1 AND m.channel IN ('slack', 'discord')
           AND NOT EXISTS (SELECT 1 FROM messages o WHERE o.plan_id = m.plan_id AND o.slot = m.slot
                           AND o.channel = 'email' AND o.person_id = $4)",
    )
    .bind(delivery.message.0)
    .bind(inbox)
    .bind(address)
    .bind(person)
    .execute(&mut *tx)
    .await?;
    if moved.rows_affected() != 1 {
        return Ok(false);
    }
    tx.announce(Work::Outbox).await?;
    tx.commit().await?;
    Ok(true)
}
