//! Envelopes: documents on their way to those who sign them, and what the vendor told of them.

use chrono::{DateTime, Utc};
use domain::contract::signing::{NewEnvelope, Signer, State};
use domain::effect::{self, Effect};
use domain::ids::{ConversationId, DealId, DocumentId, EnvelopeId, PersonId, PlanId, VersionId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// An envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Key.
    pub id: EnvelopeId,
    /// At whom, e.g. `docusign`.
    pub provider: String,
    /// The vendor's key.
    pub remote: Option<String>,
    /// The document.
    pub document: DocumentId,
    /// The accepted version of it.
    pub version: VersionId,
    /// SHA-256 of what was sent.
    pub sha256: String,
    /// What the document is called.
    pub name: String,
    /// Its deal.
    pub deal: Option<DealId>,
    /// Who signs.
    pub signers: Vec<Signer>,
    /// Where it stands.
    pub state: State,
    /// Since when, by the vendor's clock.
    pub state_at: Option<DateTime<Utc>>,
    /// Why, when it was declined, voided or could not be sent.
    pub reason: Option<String>,
    /// Who asked for it.
    pub asked_by: PersonId,
    /// Who let it happen.
    pub approved_by: PersonId,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last handed to the vendor.
    pub tried_at: Option<DateTime<Utc>>,
    /// What came back signed.
    pub signed_version: Option<VersionId>,
    /// The thread in which it was asked for.
    pub conversation: ConversationId,
}

#[derive(sqlx::FromRow)]
struct Row {
    envelope_id: Uuid,
    provider: String,
    remote_id: Option<String>,
    document_id: Uuid,
    version_id: Uuid,
    sha256: String,
    name: String,
    deal_id: Option<Uuid>,
    signers: Value,
    state: String,
    state_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    asked_by: Uuid,
    approved_by: Uuid,
    created_at: DateTime<Utc>,
    tried_at: Option<DateTime<Utc>>,
    signed_version_id: Option<Uuid>,
    conversation_id: Uuid,
}

impl TryFrom<Row> for Envelope {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: EnvelopeId(row.envelope_id),
            provider: row.provider,
            remote: row.remote_id,
            document: DocumentId(row.document_id),
            version: VersionId(row.version_id),
            sha256: row.sha256,
            name: row.name,
            deal: row.deal_id.map(DealId),
            signers: serde_json::from_value(row.signers)
                .map_err(|_| Error::unreadable("envelope", "signers"))?,
            state: State::from_name(&row.state).ok_or_else(|| Error::unreadable("envelope", &row.state))?,
            state_at: row.state_at,
            reason: row.reason,
            asked_by: PersonId(row.asked_by),
            approved_by: PersonId(row.approved_by),
            created_at: row.created_at,
            tried_at: row.tried_at,
            signed_version: row.signed_version_id.map(VersionId),
            conversation: ConversationId(row.conversation_id),
        })
    }
}

const ENVELOPE: &str = "SELECT e.envelope_id, e.provider, e.remote_id, e.document_id, e.version_id, e.sha256, e.name, \
    e.deal_id, e.signers, e.state, e.state_at, e.reason, e.asked_by, e.approved_by, e.created_at, e.tried_at, e.signed_version_id, \
    p.conversation_id FROM envelopes e JOIN plans p ON p.plan_id = e.plan_id";

/// Keeps a new envelope. Errors: [`Error::Conflict`] when its document is out for signature already.
pub async fn add(tx: &mut Tx, plan: PlanId, new: &NewEnvelope, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO envelopes (envelope_id, tenant_id, provider, document_id, version_id, sha256, name, deal_id,
                                plan_id, signers, asked_by, approved_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(new.envelope.0)
    .bind(tenant.0)
    .bind(&new.provider)
    .bind(new.document.0)
    .bind(new.version.0)
    .bind(&new.sha256)
    .bind(&new.name)
    .bind(new.deal.map(|deal| deal.0))
    .bind(plan.0)
    .bind(json!(new.signers))
    .bind(new.asked_by.0)
    .bind(new.approved_by.0)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("envelope")) }
}

/// One envelope. Errors: [`Error::Missing`].
pub async fn get(tx: &mut Tx, id: EnvelopeId) -> Result<Envelope, Error> {
    one(tx, format!("{ENVELOPE} WHERE e.envelope_id = $1"), id.0).await?.ok_or(Error::Missing("envelope"))
}

/// The newest envelope of a document.
pub async fn of_document(tx: &mut Tx, document: DocumentId) -> Result<Option<Envelope>, Error> {
    let sql =
        format!("{ENVELOPE} WHERE e.document_id = $1 ORDER BY e.created_at DESC, e.envelope_id DESC LIMIT 1");
    one(tx, sql, document.0).await
}

async fn one(tx: &mut Tx, sql: String, key: Uuid) -> Result<Option<Envelope>, Error> {
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(key).fetch_optional(&mut **tx).await?;
    row.map(Envelope::try_from).transpose()
}

/// The envelope that a vendor's key belongs to.
pub async fn by_remote(tx: &mut Tx, (provider, remote): (&str, &str)) -> Result<Option<Envelope>, Error> {
    let sql = format!("{ENVELOPE} WHERE e.provider = $1 AND e.remote_id = $2");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(provider)
        .bind(remote)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Envelope::try_from).transpose()
}

/// The vendor's keys of the envelopes that are out, the oldest first; at most `most`.
pub async fn out(tx: &mut Tx, provider: &str, most: i64) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT remote_id FROM envelopes WHERE provider = $1 AND state IN ('asked', 'sent', 'delivered')
           AND remote_id IS NOT NULL ORDER BY created_at LIMIT $2",
    )
    .bind(provider)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?)
}

/// How many envelopes are out.
pub async fn count_out(tx: &mut Tx) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM envelopes WHERE state IN ('asked', 'sent', 'delivered')")
        .fetch_one(&mut **tx)
        .await?)
}

/// Notes that an envelope is about to be handed to the vendor.
pub async fn trying(tx: &mut Tx, id: EnvelopeId, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("UPDATE envelopes SET tried_at = $2 WHERE envelope_id = $1")
        .bind(id.0)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What is told of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// Where it stands.
    pub state: State,
    /// Since when, by the vendor's clock.
    pub at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<&'a str>,
    /// The vendor's key, when it is told for the first time.
    pub remote: Option<&'a str>,
}

/// Keeps what is told, if it takes the place of what is known; the envelope as it was before, locked for this transaction,
/// and whether it changed.
pub async fn follow(tx: &mut Tx, id: EnvelopeId, told: Told<'_>) -> Result<(Envelope, bool), Error> {
    sqlx::query("SELECT 1 FROM envelopes WHERE envelope_id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    let known = get(tx, id).await?;
    let changes = known.state.gives_way_to(told.state);
    sqlx::query(
        "UPDATE envelopes SET remote_id = coalesce(remote_id, $2), state = CASE WHEN $3 THEN $4 ELSE state END,
                state_at = CASE WHEN $3 THEN $5 ELSE state_at END, reason = CASE WHEN $3 THEN $6 ELSE reason END
         WHERE envelope_id = $1",
    )
    .bind(id.0)
    .bind(told.remote)
    .bind(changes)
    .bind(told.state.name())
    .bind(told.at)
    .bind(told.reason)
    .execute(&mut **tx)
    .await?;
    Ok((known, changes))
}

/// What is to be done with an envelope at the vendor. One envelope's effects are done one after the other.
pub fn effect(tx: &Tx, (provider, envelope, action): (&str, EnvelopeId, &str), mut payload: Value) -> Effect {
    payload["envelope"] = json!(envelope);
    Effect {
        key: effect::key(tx.tenant(), &format!("envelope/{envelope}/{action}"), &payload),
        provider: provider.to_owned(),
        action: action.to_owned(),
        subject: format!("envelope:{envelope}"),
        payload,
        urgency: 0,
    }
}

/// Keeps which version came back signed.
pub async fn signed(tx: &mut Tx, id: EnvelopeId, version: VersionId) -> Result<(), Error> {
    sqlx::query("UPDATE envelopes SET signed_version_id = $2 WHERE envelope_id = $1")
        .bind(id.0)
        .bind(version.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Keeps a signed message as it came. False when the very same was kept before.
pub async fn receive(tx: &mut Tx, body: &[u8], now: DateTime<Utc>) -> Result<bool, Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO envelope_messages (tenant_id, body_hash, body, received_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(hex::encode(Sha256::digest(body)))
    .bind(body)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The oldest message that nobody read yet, held for this transaction: its hash and its body.
pub async fn next_message(tx: &mut Tx) -> Result<Option<(String, Vec<u8>)>, Error> {
    Ok(sqlx::query_as(
        "SELECT body_hash, body FROM envelope_messages WHERE done_at IS NULL
         ORDER BY received_at LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Notes that a message was read, and why nothing came of it if so.
pub async fn read_message(
    tx: &mut Tx,
    hash: &str,
    ignored: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("UPDATE envelope_messages SET done_at = $2, ignored = $3 WHERE body_hash = $1")
        .bind(hash)
        .bind(now)
        .bind(ignored)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets messages that were read so many days ago; how many.
pub async fn forget_messages(tx: &mut Tx, days: i32) -> Result<u64, Error> {
    let done = sqlx::query("DELETE FROM envelope_messages WHERE done_at < now() - make_interval(days => $1)")
        .bind(days)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
