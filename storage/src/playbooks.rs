//! Playbooks of a team: every change is a new number; 0 is the one that comes with the program and is not kept here.

use chrono::{DateTime, Utc};
use domain::contract::PositionRow;
use domain::ids::PersonId;

use crate::db::Tx;
use crate::error::Error;

/// A kept playbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its number, from 1.
    pub number: i32,
    /// All positions.
    pub positions: Vec<PositionRow>,
    /// What was changed and why.
    pub note: String,
    /// Who changed it.
    pub by_name: String,
    /// When.
    pub at: DateTime<Utc>,
}

type Row = (i32, String, String, String, DateTime<Utc>);

const KEPT: &str = "SELECT b.number, b.positions::text, b.note, p.name, b.created_at
FROM playbooks b JOIN people p ON p.person_id = b.created_by";

/// Keeps a playbook.
///
/// Errors: [`Error::Conflict`] when its number is not the one after the newest.
pub async fn save(
    tx: &mut Tx,
    number: i32,
    (positions, note): (&[PositionRow], &str),
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let text = serde_json::to_string(positions).map_err(|_| Error::unreadable("playbook", ""))?;
    let stored = sqlx::query(
        "INSERT INTO playbooks (tenant_id, number, positions, note, created_by, created_at)
         SELECT $1, $2, $3::json, $4, $5, $6 FROM playbooks HAVING coalesce(max(number), 0) + 1 = $2
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(number)
    .bind(text)
    .bind(note)
    .bind(by.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if stored.rows_affected() == 0 { Err(Error::Conflict("playbook")) } else { Ok(()) }
}

/// The newest playbook of the team; none while it uses the built-in one.
pub async fn newest(tx: &mut Tx) -> Result<Option<Kept>, Error> {
    let sql = format!("{KEPT} ORDER BY b.number DESC LIMIT 1");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_optional(&mut **tx).await?;
    row.map(read).transpose()
}

/// The playbook with a number.
pub async fn get(tx: &mut Tx, number: i32) -> Result<Kept, Error> {
    let sql = format!("{KEPT} WHERE b.number = $1");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(number).fetch_optional(&mut **tx).await?;
    read(row.ok_or(Error::Missing("playbook"))?)
}

/// The latest changes, newest first: number, note, who, when.
pub async fn history(tx: &mut Tx, limit: i64) -> Result<Vec<(i32, String, String, DateTime<Utc>)>, Error> {
    Ok(sqlx::query_as(
        "SELECT b.number, b.note, p.name, b.created_at FROM playbooks b
         JOIN people p ON p.person_id = b.created_by ORDER BY b.number DESC LIMIT $1",
    )
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?)
}

fn read((number, positions, note, by_name, at): Row) -> Result<Kept, Error> {
    let positions = serde_json::from_str(&positions).map_err(|_| Error::unreadable("playbook", number))?;
    Ok(Kept { number, positions, note, by_name, at })
}
