//! Approval policies of a team: every change is a new number; 0 comes with the program and is not kept here.

use chrono::{DateTime, Utc};
use domain::approval::Policy;
use domain::ids::PersonId;

use crate::db::Tx;
use crate::error::Error;

/// A kept policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number; 0 when the team has none of its own.
    pub number: i32,
    /// What it says.
    pub policy: Policy,
}

/// The newest policy of the team.
pub async fn newest(tx: &mut Tx) -> Result<Kept, Error> {
    let row: Option<(i32, String)> =
        sqlx::query_as("SELECT number, policy::text FROM approval_policies ORDER BY number DESC LIMIT 1")
            .fetch_optional(&mut **tx)
            .await?;
    let Some((number, text)) = row else { return Ok(Kept { number: 0, policy: Policy::default() }) };
    let policy = serde_json::from_str(&text).map_err(|cause| Error::unreadable("policy", cause))?;
    Ok(Kept { number, policy })
}

/// Keeps a policy under the next number; requests that were asked keep theirs.
///
/// Errors: [`Error::Conflict`] when its number is not the one after the newest.
pub async fn save(
    tx: &mut Tx,
    kept: &Kept,
    note: &str,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let text = serde_json::to_string(&kept.policy).map_err(|cause| Error::unreadable("policy", cause))?;
    let stored = sqlx::query(
        "INSERT INTO approval_policies (tenant_id, number, policy, note, created_by, created_at)
         SELECT $1, $2, $3::json, $4, $5, $6 FROM approval_policies HAVING coalesce(max(number), 0) + 1 = $2
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(kept.number)
    .bind(text)
    .bind(note)
    .bind(by.map(|person| person.0))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if stored.rows_affected() == 0 { Err(Error::Conflict("policy")) } else { Ok(()) }
}
