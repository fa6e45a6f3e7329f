//! A team's rules for its guardrail: every change is a new number; 0 comes with the program and is not kept here.

use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use domain::screening::Rules;

use crate::db::Tx;
use crate::error::Error;

/// Kept rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// Their number; 0 when the team has none of its own.
    pub number: i32,
    /// What they say.
    pub rules: Rules,
}

/// An earlier version, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its number.
    pub number: i32,
    /// What changed and why, in words.
    pub note: String,
    /// Who changed it; none: somebody at the shell.
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The newest rules of the team.
pub async fn newest(tx: &mut Tx) -> Result<Kept, Error> {
    let row: Option<(i32, String)> =
        sqlx::query_as("SELECT number, rules::text FROM screening_rules ORDER BY number DESC LIMIT 1")
            .fetch_optional(&mut **tx)
            .await?;
    row.map_or_else(|| Ok(Kept::default()), kept)
}

/// The rules under a number; none when there are none.
pub async fn numbered(tx: &mut Tx, number: i32) -> Result<Option<Kept>, Error> {
    let row: Option<(i32, String)> =
        sqlx::query_as("SELECT number, rules::text FROM screening_rules WHERE number = $1")
            .bind(number)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(kept).transpose()
}

fn kept((number, text): (i32, String)) -> Result<Kept, Error> {
    let rules = serde_json::from_str(&text).map_err(|cause| Error::unreadable("guardrail rules", cause))?;
    Ok(Kept { number, rules })
}

/// The latest versions, newest first.
pub async fn history(tx: &mut Tx, most: i64) -> Result<Vec<Past>, Error> {
    let rows: Vec<(i32, String, Option<String>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT r.number, r.note, p.name, r.created_at FROM screening_rules r
         LEFT JOIN people p ON p.person_id = r.created_by ORDER BY r.number DESC LIMIT $1",
    )
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(number, note, by, at)| Past { number, note, by, at }).collect())
}

/// Keeps rules under the next number.
///
/// Errors: [`Error::Conflict`] when their number is not the one after the newest: somebody else changed them meanwhile.
pub async fn save(
    tx: &mut Tx,
    kept: &Kept,
    note: &str,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let text =
        serde_json::to_string(&kept.rules).map_err(|cause| Error::unreadable("guardrail rules", cause))?;
    let stored = sqlx::query(
        "INSERT INTO screening_rules (tenant_id, number, rules, note, created_by, created_at)
         SELECT $1, $2, $3::json, $4, $5, $6 FROM screening_rules HAVING coalesce(max(number), 0) + 1 = $2
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
    if stored.rows_affected() == 0 { Err(Error::Conflict("guardrail rules")) } else { Ok(()) }
}
