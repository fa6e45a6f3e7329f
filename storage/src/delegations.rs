//! Who decides in whose place, and until when.

use chrono::{DateTime, Utc};
use domain::approval::Delegation;
use domain::ids::PersonId;
use domain::person::Role;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// Delegations between active people that had not ended at a time, in the order they were made.
pub async fn since(tx: &mut Tx, at: DateTime<Utc>) -> Result<Vec<Delegation>, Error> {
    type Row = (Uuid, String, String, Uuid, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT d.from_person, f.name, f.role, d.to_person, d.starts_at, d.ends_at
         FROM approval_delegations d JOIN people f ON f.person_id = d.from_person
              JOIN people t ON t.person_id = d.to_person
         WHERE d.ends_at > $1 AND f.is_active AND t.is_active ORDER BY d.created_at, d.delegation_id",
    )
    .bind(at)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(from, from_name, role, to, starts_at, ends_at)| {
            let from_role = Role::from_name(&role).ok_or_else(|| Error::unreadable("role", &role))?;
            let (from, to) = (PersonId(from), PersonId(to));
            Ok(Delegation { from, from_name, from_role, to, starts_at, ends_at })
        })
        .collect()
}

/// Lets a person decide in another's place; what the other had arranged for that time before ends.
pub async fn add(tx: &mut Tx, id: Uuid, new: &Delegation, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    // One at a time for a person: two that come at once must not both stay.
    sqlx::query("SELECT 1 FROM people WHERE person_id = $1 FOR UPDATE")
        .bind(new.from.0)
        .execute(&mut **tx)
        .await?;
    end(tx, new.from, now).await?;
    sqlx::query(
        "INSERT INTO approval_delegations (delegation_id, tenant_id, from_person, to_person, starts_at, ends_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(tenant.0)
    .bind(new.from.0)
    .bind(new.to.0)
    .bind(new.starts_at)
    .bind(new.ends_at)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends what a person had arranged. True if there was something.
pub async fn end(tx: &mut Tx, from: PersonId, now: DateTime<Utc>) -> Result<bool, Error> {
    let done =
        sqlx::query("UPDATE approval_delegations SET ends_at = $2 WHERE from_person = $1 AND ends_at > $2")
            .bind(from.0)
            .bind(now)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() > 0)
}
