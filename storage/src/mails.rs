//! Mails by their numbers: to which thread an answer belongs; and how far each mailbox was read.

use crate::db::Tx;
use crate::error::Error;

/// A mail of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its number, without angle brackets.
    pub message_id: String,
    /// The number of the thread's first mail.
    pub thread: String,
    /// Its subject without what answering puts before it, lower case.
    pub subject: String,
    /// Its subject as it was written.
    pub title: String,
    /// We wrote it.
    pub is_ours: bool,
}

/// The thread of a mail that is known. With a subject only if the known mail has the same.
pub async fn thread_of(
    tx: &mut Tx,
    message_id: &str,
    subject: Option<&str>,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT thread FROM mails WHERE message_id = $1 AND subject = coalesce($2, subject)",
    )
    .bind(message_id)
    .bind(subject)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Remembers a mail; one that is known already stays as it is.
pub async fn remember(tx: &mut Tx, mail: &Known) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO mails (tenant_id, message_id, thread, subject, title, is_ours)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(&mail.message_id)
    .bind(&mail.thread)
    .bind(&mail.subject)
    .bind(&mail.title)
    .bind(mail.is_ours)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest mail of a thread that somebody else wrote: the one to answer.
pub async fn newest(tx: &mut Tx, thread: &str) -> Result<Option<Known>, Error> {
    let row: Option<(String, String, String, String, bool)> = sqlx::query_as(
        "SELECT message_id, thread, subject, title, is_ours FROM mails WHERE thread = $1
         ORDER BY is_ours, seen_at DESC, message_id LIMIT 1",
    )
    .bind(thread)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(message_id, thread, subject, title, is_ours)| Known {
        message_id,
        thread,
        subject,
        title,
        is_ours,
    }))
}

/// How far a mailbox was read: the server's number for its numbering, and the last mail's number in it.
pub async fn read_to(tx: &mut Tx, mailbox: &str) -> Result<Option<(i64, i64)>, Error> {
    Ok(sqlx::query_as("SELECT uid_validity, uid FROM mailboxes WHERE mailbox = $1")
        .bind(mailbox)
        .fetch_optional(&mut **tx)
        .await?)
}

/// Notes how far a mailbox was read; never goes back within one numbering.
pub async fn set_read_to(tx: &mut Tx, mailbox: &str, uid_validity: i64, uid: i64) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO mailboxes (tenant_id, mailbox, uid_validity, uid) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, mailbox) DO UPDATE SET uid_validity = excluded.uid_validity,
            uid = CASE WHEN mailboxes.uid_validity = excluded.uid_validity
                       THEN greatest(mailboxes.uid, excluded.uid) ELSE excluded.uid END",
    )
    .bind(tenant.0)
    .bind(mailbox)
    .bind(uid_validity)
    .bind(uid)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many mails of others came in a thread lately: two programs that answer each other write many.
pub async fn recent(tx: &mut Tx, thread: &str) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM mails WHERE thread = $1 AND NOT is_ours AND seen_at > now() - interval '10 minutes'",
    )
    .bind(thread)
    .fetch_one(&mut **tx)
    .await?)
}
