//! Subscriptions: who is told of events, how far each is, and whether it still listens.

use chrono::{DateTime, Utc};
use domain::deal::Stage;
use domain::ids::{PersonId, TenantId};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Act};
use crate::db::{Db, Tx};
use crate::error::Error;
use crate::seal::Seal;

/// A webhook that fails for so long is dead, hours.
const DEAD_AFTER_H: i32 = 120;

/// How a subscriber is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a signed request to an address of the customer's.
    Webhook,
    /// By the stream of the installation.
    Stream,
    /// By a message in a room of a channel.
    Room,
}

impl Way {
    /// The word in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Stream => "stream",
            Self::Room => "room",
        }
    }

    fn from_name(name: &str) -> Result<Self, Error> {
        [Self::Webhook, Self::Stream, Self::Room]
            .into_iter()
            .find(|way| way.name() == name)
            .ok_or_else(|| Error::unreadable("subscription", name))
    }
}

/// A subscription as it is made.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Its number.
    pub id: Uuid,
    /// How.
    pub way: Way,
    /// Where to: the address of a webhook, the name of a stream, or `channel/workspace/room`.
    pub target: &'a str,
    /// Of deals that move, only those to this stage.
    pub stage: Option<Stage>,
    /// When it is told first, if not at once.
    pub due_at: Option<DateTime<Utc>>,
    /// Which kinds of events; all when there are none.
    pub kinds: &'a [String],
    /// What signs a webhook's deliveries, and what it is sealed with.
    pub secret: Option<(&'a Seal, &'a SecretString)>,
    /// Who subscribes; none at the command line.
    pub by: Option<PersonId>,
}

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its number.
    pub id: Uuid,
    /// How.
    pub way: Way,
    /// Where to.
    pub target: String,
    /// Which kinds of events; all when there are none.
    pub kinds: Vec<String>,
    /// Of deals that move, only those to this stage.
    pub stage: Option<Stage>,
    /// When it is told next, if not at once.
    pub due_at: Option<DateTime<Utc>>,
    /// Who subscribed.
    pub by: Option<PersonId>,
    /// The last event that was handed on.
    pub seq: i64,
    /// How often events were told again.
    pub round: i32,
    /// `active`, `paused` or `dead`.
    pub state: String,
    /// When a delivery last went well.
    pub last_ok_at: Option<DateTime<Utc>>,
    /// What last went wrong, if it did since.
    pub last_error: Option<String>,
    /// Since when every delivery failed.
    pub failing_since: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    subscription_id: Uuid,
    way: String,
    target: String,
    kinds: Vec<String>,
    stage: Option<String>,
    due_at: Option<DateTime<Utc>>,
    created_by: Option<Uuid>,
    seq: i64,
    round: i32,
    state: String,
    last_ok_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    failing_since: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Subscription {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.subscription_id,
            way: Way::from_name(&row.way)?,
            target: row.target,
            kinds: row.kinds,
            stage: row.stage.as_deref().and_then(Stage::from_name),
            due_at: row.due_at,
            by: row.created_by.map(PersonId),
            seq: row.seq,
            round: row.round,
            state: row.state,
            last_ok_at: row.last_ok_at,
            last_error: row.last_error,
            failing_since: row.failing_since,
        })
    }
}

/// Subscribes, from now on: what happened before is told when it is replayed. A target that is known gets the new kinds and
/// secret, and listens again.
pub async fn subscribe(tx: &mut Tx, new: &New<'_>, now: DateTime<Utc>) -> Result<Uuid, Error> {
    let tenant = tx.tenant();
    let known: Option<Uuid> = sqlx::query_scalar(
        "SELECT subscription_id FROM subscriptions WHERE tenant_id = $1 AND way = $2 AND target = $3 FOR UPDATE",
    )
    .bind(tenant.0)
    .bind(new.way.name())
    .bind(new.target)
    .fetch_optional(&mut **tx)
    .await?;
    let id = known.unwrap_or(new.id);
    let secret = match new.secret {
        Some((seal, secret)) => Some(seal.seal(tenant, &place(id), secret)?),
        None => None,
    };
    sqlx::query(
        "INSERT INTO subscriptions (tenant_id, subscription_id, way, target, kinds, secret, created_by, stage, due_at, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                 coalesce((SELECT max(seq) FROM events WHERE tenant_id = $1), 0))
         ON CONFLICT (tenant_id, subscription_id) DO UPDATE
            SET kinds = excluded.kinds, stage = excluded.stage, due_at = excluded.due_at,
                created_by = excluded.created_by, secret = coalesce(excluded.secret, subscriptions.secret), state = 'active',
                failing_since = NULL, last_error = NULL",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(new.way.name())
    .bind(new.target)
    .bind(new.kinds)
    .bind(secret)
    .bind(new.by.map(|person| person.0))
    .bind(new.stage.map(Stage::name))
    .bind(new.due_at)
    .execute(&mut **tx)
    .await?;
    note(tx, (id, new.by), "subscription.made", json!({ "target": new.target, "kinds": new.kinds }), now)
        .await?;
    Ok(id)
}

/// Ends a subscription; its deliveries under way end with it. Errors: [`Error::Missing`].
pub async fn unsubscribe(
    tx: &mut Tx,
    id: Uuid,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query("DELETE FROM subscriptions WHERE tenant_id = $1 AND subscription_id = $2")
        .bind(tenant.0)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Missing("subscription"));
    }
    note(tx, (id, by), "subscription.ended", json!({}), now).await
}

/// Tells everything after a place once more. Errors: [`Error::Missing`].
pub async fn replay(
    tx: &mut Tx,
    (id, since): (Uuid, i64),
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE subscriptions SET seq = $3, round = round + 1, state = 'active', failing_since = NULL
         WHERE tenant_id = $1 AND subscription_id = $2",
    )
    .bind(tx.tenant().0)
    .bind(id)
    .bind(since)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Missing("subscription"));
    }
    note(tx, (id, by), "subscription.replayed", json!({ "since": since }), now).await
}

async fn note(
    tx: &mut Tx,
    (id, by): (Uuid, Option<PersonId>),
    action: &'static str,
    detail: serde_json::Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let actor = by.map_or_else(|| "system".to_owned(), |person| format!("person:{person}"));
    let subject = format!("subscription:{id}");
    audit::append(tx, Act { at: now, actor: &actor, action, subject: &subject, detail }).await
}

const COLUMNS: &str = "SELECT subscription_id, way, target, kinds, stage, due_at, created_by, seq, round, state, last_ok_at, last_error, \
                       failing_since FROM subscriptions";

/// The tenant's subscriptions, the oldest first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Subscription>, Error> {
    let sql = format!("{COLUMNS} ORDER BY created_at, subscription_id");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut **tx).await?;
    rows.into_iter().map(Subscription::try_from).collect()
}

/// Active subscriptions of some ways that have not been told everything yet.
pub async fn behind(db: &Db, ways: &[Way], now: DateTime<Utc>) -> Result<Vec<(TenantId, Uuid)>, Error> {
    let names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT s.tenant_id, s.subscription_id FROM subscriptions s
         WHERE s.state = 'active' AND s.way = ANY ($1)
           AND (s.due_at IS NULL OR s.due_at <= $2)
           AND s.seq < (SELECT max(e.seq) FROM events e WHERE e.tenant_id = s.tenant_id)",
    )
    .bind(&names)
    .bind(now)
    .fetch_all(db.system())
    .await?;
    Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), id)).collect())
}

/// Takes an active subscription to hand events on; none when somebody else does, or it listens no more.
pub async fn hold(tx: &mut Tx, id: Uuid) -> Result<Option<Subscription>, Error> {
    let sql = format!(
        "{COLUMNS} WHERE tenant_id = $1 AND subscription_id = $2 AND state = 'active' FOR UPDATE SKIP LOCKED"
    );
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().0)
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Subscription::try_from).transpose()
}

/// Notes how far a subscription was told. `seq` may skip events of kinds that it does not want.
pub async fn told(tx: &mut Tx, id: Uuid, seq: i64) -> Result<(), Error> {
    sqlx::query("UPDATE subscriptions SET seq = $3 WHERE tenant_id = $1 AND subscription_id = $2")
        .bind(tx.tenant().0)
        .bind(id)
        .bind(seq)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes when a subscription is told next.
pub async fn put_off(tx: &mut Tx, id: Uuid, until: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("UPDATE subscriptions SET due_at = $3 WHERE tenant_id = $1 AND subscription_id = $2")
        .bind(tx.tenant().0)
        .bind(id)
        .bind(until)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The subscription of a target, if there is one.
pub async fn of_target(tx: &mut Tx, way: Way, target: &str) -> Result<Option<Subscription>, Error> {
    let sql = format!("{COLUMNS} WHERE tenant_id = $1 AND way = $2 AND target = $3");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().0)
        .bind(way.name())
        .bind(target)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Subscription::try_from).transpose()
}

/// Notes that a delivery went well.
pub async fn heard(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    sqlx::query(
        "UPDATE subscriptions SET last_ok_at = now(), failing_since = NULL, last_error = NULL
         WHERE tenant_id = $1 AND subscription_id = $2",
    )
    .bind(tx.tenant().0)
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that a delivery failed; one that says it is gone, or fails for five days, is told no more. Whether it is dead.
pub async fn missed(tx: &mut Tx, id: Uuid, why: &str, is_gone: bool) -> Result<bool, Error> {
    let state: Option<String> = sqlx::query_scalar(
        "UPDATE subscriptions
         SET failing_since = coalesce(failing_since, now()), last_error = $3,
             state = CASE WHEN $4 OR failing_since < now() - make_interval(hours => $5) THEN 'dead' ELSE state END
         WHERE tenant_id = $1 AND subscription_id = $2 RETURNING state",
    )
    .bind(tx.tenant().0)
    .bind(id)
    .bind(why)
    .bind(is_gone)
    .bind(DEAD_AFTER_H)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(state.as_deref() != Some("active"))
}

/// The address and the signing secret of a webhook that listens.
pub async fn webhook(tx: &mut Tx, seal: &Seal, id: Uuid) -> Result<Option<(String, SecretString)>, Error> {
    let tenant = tx.tenant();
    let row: Option<(String, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT target, secret FROM subscriptions
         WHERE tenant_id = $1 AND subscription_id = $2 AND way = 'webhook' AND state = 'active'",
    )
    .bind(tenant.0)
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    match row {
        Some((target, Some(sealed))) => Ok(Some((target, seal.open(tenant, &place(id), &sealed)?))),
        _ => Ok(None),
    }
}

fn place(id: Uuid) -> String {
    format!("subscriptions/{id}/secret")
}
