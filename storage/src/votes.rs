//! What people said on requests: who, by which door, in whose place, and what they had before their eyes.

use chrono::{DateTime, Utc};
use domain::approval::{Verdict, Vote};
use domain::ids::{ApprovalId, PersonId, PlanId};
use domain::person::Person;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;
use crate::people;

/// The votes on a request, in order.
pub async fn of(tx: &mut Tx, approval: ApprovalId) -> Result<Vec<Vote>, Error> {
    #[derive(sqlx::FromRow)]
    struct Read {
        number: i32,
        stage: i32,
        seats: Vec<i32>,
        verdict: String,
        person_id: Uuid,
        name: String,
        instead_of: Option<Uuid>,
        instead_of_name: Option<String>,
        at: DateTime<Utc>,
        comment: Option<String>,
    }
    let rows: Vec<Read> = sqlx::query_as(
        "SELECT v.number, v.stage, v.seats, v.verdict, v.person_id, p.name, v.instead_of,
                i.name AS instead_of_name, v.at, v.comment
         FROM approval_votes v JOIN people p ON p.person_id = v.person_id
              LEFT JOIN people i ON i.person_id = v.instead_of
         WHERE v.approval_id = $1 ORDER BY v.number",
    )
    .bind(approval.0)
    .fetch_all(&mut **tx)
    .await?;
    let place = |n: i32| usize::try_from(n).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            Ok(Vote {
                number: place(row.number),
                stage: place(row.stage),
                seats: row.seats.into_iter().map(place).collect(),
                verdict: Verdict::from_name(&row.verdict)
                    .ok_or_else(|| Error::unreadable("verdict", &row.verdict))?,
                by: PersonId(row.person_id),
                by_name: row.name,
                instead_of: row.instead_of.map(PersonId),
                instead_of_name: row.instead_of_name,
                at: row.at,
                comment: row.comment,
            })
        })
        .collect()
}

/// Holds what a person's right to vote rests on until the transaction ends: nobody changes her role or who stands in for whom
/// before the vote is kept. Gives the person as she is now; none when she left.
pub async fn hold(tx: &mut Tx, voter: PersonId, now: DateTime<Utc>) -> Result<Option<Person>, Error> {
    sqlx::query("SELECT 1 FROM people WHERE person_id = $1 FOR SHARE")
        .bind(voter.0)
        .execute(&mut **tx)
        .await?;
    sqlx::query("SELECT 1 FROM approval_delegations WHERE ends_at > $1 FOR SHARE")
        .bind(now)
        .execute(&mut **tx)
        .await?;
    people::get(tx, voter).await
}

/// Keeps a vote with the door it came in by (`plan` is the message's) and the card the person decided on.
///
/// Errors: [`Error::Conflict`] when another vote was kept since this one was judged.
pub async fn add(tx: &mut Tx, approval: ApprovalId, vote: &Vote, plan: PlanId) -> Result<(), Error> {
    let tenant = tx.tenant();
    let shown: Option<String> = sqlx::query_scalar(
        "SELECT card::text FROM messages WHERE approval_id = $1
         ORDER BY (person_id = $2) DESC NULLS LAST, created_at LIMIT 1",
    )
    .bind(approval.0)
    .bind(vote.by.0)
    .fetch_optional(&mut **tx)
    .await?;
    let hash = shown.as_ref().map(|card| hex::encode(Sha256::digest(card.as_bytes())));
    let (channel, route) = door(tx, plan).await?;
    let small = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let done = sqlx::query(
        "INSERT INTO approval_votes (tenant_id, approval_id, number, stage, seats, verdict, person_id, instead_of, at,
                                     comment, channel, route, shown, shown_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::json, $14) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(approval.0)
    .bind(small(vote.number))
    .bind(small(vote.stage))
    .bind(vote.seats.iter().map(|seat| small(*seat)).collect::<Vec<_>>())
    .bind(vote.verdict.name())
    .bind(vote.by.0)
    .bind(vote.instead_of.map(|person| person.0))
    .bind(vote.at)
    .bind(&vote.comment)
    .bind(channel)
    .bind(route)
    .bind(shown)
    .bind(hash)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("approval")) }
}

/// The channel and the route by which a plan's message came in.
pub async fn door(tx: &mut Tx, plan: PlanId) -> Result<(String, String), Error> {
    let found: Option<(String, String)> =
        sqlx::query_as("SELECT channel, route FROM inbox WHERE inbound_id = $1")
            .bind(plan.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(found.unwrap_or_else(|| ("unknown".to_owned(), "unknown".to_owned())))
}

/// Whether a person decides in the console, on a session begun since a time.
pub async fn is_fresh(
    tx: &mut Tx,
    person: PersonId,
    plan: PlanId,
    since: DateTime<Utc>,
) -> Result<bool, Error> {
    let (channel, route) = door(tx, plan).await?;
    if channel != "web" || route != "web" {
        return Ok(false);
    }
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM credentials WHERE person_id = $1 AND kind = 'session' AND created_at > $2)",
    )
    .bind(person.0)
    .bind(since)
    .fetch_one(&mut **tx)
    .await?)
}
