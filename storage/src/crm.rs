//! Following a CRM: which record is which of ours, how far the following is, what we wrote there.

pub mod apply;
pub mod cursors;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::crm::{Object, subject_of};
use domain::deal::Stage;
use domain::effect::{self, Effect};
use domain::ids::{DealId, Ids, PartnerId};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::Tx;
use crate::effects;
use crate::error::Error;

/// The fields of a record, by the CRM's names.
pub type Fields = BTreeMap<String, String>;

/// A record of a CRM as we know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The CRM's id.
    pub remote: String,
    /// Ours.
    pub local: Option<Uuid>,
    /// When the CRM changed what we saw last.
    pub version: DateTime<Utc>,
    /// What that was.
    pub base: Fields,
    /// Neither archived nor merged into another.
    pub is_live: bool,
    /// Fields that stay as they are here.
    pub pinned: Vec<String>,
}

type Row = (String, Option<Uuid>, DateTime<Utc>, Json<Fields>, String, Vec<String>);

const COLUMNS: &str = "SELECT remote_id, local_id, version, base, state, pinned FROM crm_records";

fn read((remote, local, version, base, state, pinned): Row) -> Known {
    Known { remote, local, version, base: base.0, is_live: state == "live", pinned }
}

/// What we know of records, by the CRM's ids.
pub async fn known(
    tx: &mut Tx,
    (provider, object): (&str, Object),
    remote: &[String],
) -> Result<HashMap<String, Known>, Error> {
    let sql =
        format!("{COLUMNS} WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND remote_id = ANY ($4)");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().0)
        .bind(provider)
        .bind(object.name())
        .bind(remote)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.0.clone(), read(row))).collect())
}

/// The live records that stand for some of ours.
pub async fn of_ours(
    tx: &mut Tx,
    (provider, object): (&str, Object),
    local: &[Uuid],
) -> Result<HashMap<Uuid, Known>, Error> {
    let sql = format!(
        "{COLUMNS} WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND local_id = ANY ($4) AND state = 'live'
         ORDER BY remote_id"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().0)
        .bind(provider)
        .bind(object.name())
        .bind(local)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.1?, read(row)))).collect())
}

/// The live records of an object that were seen last, the newest first: what a map is tried on.
pub async fn latest(tx: &mut Tx, (provider, object): (&str, Object), most: i64) -> Result<Vec<Known>, Error> {
    let sql = format!(
        "{COLUMNS} WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND state = 'live'
         ORDER BY version DESC, remote_id LIMIT $4"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().0)
        .bind(provider)
        .bind(object.name())
        .bind(most)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(read).collect())
}

/// A record as it is kept.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The CRM's id.
    pub remote: String,
    /// Ours; none leaves what is known.
    pub local: Option<Uuid>,
    /// When the CRM changed it.
    pub version: DateTime<Utc>,
    /// What it has.
    pub base: Fields,
}

/// Keeps what records have now. A version is never followed by an earlier one.
pub async fn keep(
    tx: &mut Tx,
    (provider, object): (&str, Object),
    seen: &[Seen],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if seen.is_empty() {
        return Ok(());
    }
    let remote: Vec<&str> = seen.iter().map(|one| one.remote.as_str()).collect();
    let local: Vec<Option<Uuid>> = seen.iter().map(|one| one.local).collect();
    let version: Vec<DateTime<Utc>> = seen.iter().map(|one| one.version).collect();
    let base: Vec<Value> = seen.iter().map(|one| json!(one.base)).collect();
    sqlx::query(
        "INSERT INTO crm_records (tenant_id, provider, object, remote_id, local_id, version, base, seen_at)
         SELECT $1, $2, $3, r, l, v, b, $8
         FROM unnest($4::text[], $5::uuid[], $6::timestamptz[], $7::jsonb[]) AS t (r, l, v, b)
         ON CONFLICT (tenant_id, provider, object, remote_id) DO UPDATE
            SET local_id = coalesce(excluded.local_id, crm_records.local_id), base = excluded.base, state = 'live',
                version = greatest(crm_records.version, excluded.version), seen_at = excluded.seen_at",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(object.name())
    .bind(remote)
    .bind(local)
    .bind(version)
    .bind(base)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends the following of records that are archived (`archived`) or were merged into another (`merged`). How many.
pub async fn retire(
    tx: &mut Tx,
    (provider, object): (&str, Object),
    remote: &[String],
    state: &str,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE crm_records SET state = $5
         WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND remote_id = ANY ($4) AND state = 'live'",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(object.name())
    .bind(remote)
    .bind(state)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// The ids of all live records of an object, for a check against what the CRM still has.
pub async fn live(tx: &mut Tx, (provider, object): (&str, Object)) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT remote_id FROM crm_records
         WHERE tenant_id = $1 AND provider = $2 AND object = $3 AND state = 'live' ORDER BY remote_id",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(object.name())
    .fetch_all(&mut **tx)
    .await?)
}

/// Pins fields of a deal, so that they stay as they are here; an empty list releases them. How many records that were.
pub async fn pin(tx: &mut Tx, deal: DealId, fields: &[String]) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE crm_records SET pinned = $3 WHERE tenant_id = $1 AND object = 'deal' AND local_id = $2",
    )
    .bind(tx.tenant().0)
    .bind(deal.0)
    .bind(fields)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// A deal as the rules need it.
#[derive(Debug, Clone)]
pub struct Ours {
    /// Key.
    pub id: DealId,
    /// Its partner.
    pub partner: PartnerId,
    /// The partner's name.
    pub partner_name: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub stage_since: DateTime<Utc>,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
    /// Somebody looks after it.
    pub has_owner: bool,
    /// Its fit is known.
    pub has_fit: bool,
    /// A contract is attached.
    pub has_contract: bool,
}

/// Deals by key, locked until the transaction ends.
pub async fn deals(tx: &mut Tx, keys: &[Uuid]) -> Result<HashMap<Uuid, Ours>, Error> {
    type Row = (Uuid, Uuid, String, String, String, DateTime<Utc>, DateTime<Utc>, bool, bool, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT d.deal_id, d.partner_id, p.name, d.name, d.stage, d.stage_since, d.updated_at, d.owner_id IS NOT NULL,
                d.fit IS NOT NULL,
                EXISTS (SELECT 1 FROM documents o WHERE o.tenant_id = d.tenant_id AND o.deal_id = d.deal_id)
         FROM deals d JOIN partners p ON p.partner_id = d.partner_id
         WHERE d.tenant_id = $1 AND d.deal_id = ANY ($2) ORDER BY d.deal_id FOR UPDATE OF d",
    )
    .bind(tx.tenant().0)
    .bind(keys)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(
            |(
                id,
                partner,
                partner_name,
                name,
                stage,
                since,
                updated_at,
                has_owner,
                has_fit,
                has_contract,
            )| {
                let stage = Stage::from_name(&stage).ok_or_else(|| Error::unreadable("stage", &stage))?;
                let ours = Ours {
                    id: DealId(id),
                    partner: PartnerId(partner),
                    partner_name,
                    name,
                    stage,
                    stage_since: since,
                    updated_at,
                    has_owner,
                    has_fit,
                    has_contract,
                };
                Ok((id, ours))
            },
        )
        .collect()
}

/// The texts of notes, by key; those that are not there are missing.
pub async fn notes(tx: &mut Tx, keys: &[Uuid]) -> Result<HashMap<Uuid, String>, Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT note_id, text FROM notes WHERE tenant_id = $1 AND note_id = ANY ($2)")
            .bind(tx.tenant().0)
            .bind(keys)
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows.into_iter().collect())
}

/// Asks for what a change means at the CRMs that the tenant connected, in the transaction of the change.
pub(crate) async fn follow(tx: &mut Tx, ids: &Ids, change: &Change, cause: &str) -> Result<(), Error> {
    let (deal, action, payload) = match change {
        Change::StartDeal { deal, .. } => {
            (deal, "upsert_deal", json!({ "deal": deal, "fields": ["name", "stage"] }))
        }
        Change::MoveDeal { deal, .. } => (deal, "upsert_deal", json!({ "deal": deal, "fields": ["stage"] })),
        Change::AddNote { deal, note, .. } => (deal, "upsert_note", json!({ "deal": deal, "note": note })),
        _ => return Ok(()),
    };
    let connected: Vec<String> = sqlx::query_scalar(
        "SELECT provider FROM connections WHERE tenant_id = $1 AND provider IN ('hubspot', 'salesforce')",
    )
    .bind(tx.tenant().0)
    .fetch_all(&mut **tx)
    .await?;
    for provider in connected {
        ask(tx, ids, (&provider, action), (deal.0, cause), payload.clone()).await?;
    }
    Ok(())
}

/// Asks for a write to a CRM. Writes about one deal go one after the other.
pub async fn ask(
    tx: &mut Tx,
    ids: &Ids,
    (provider, action): (&str, &str),
    (deal, cause): (Uuid, &str),
    payload: Value,
) -> Result<(), Error> {
    let effect = Effect {
        key: effect::key(tx.tenant(), &format!("crm/{provider}/{action}/{cause}"), &payload),
        provider: provider.to_owned(),
        action: action.to_owned(),
        subject: subject_of(deal),
        payload,
        urgency: 1,
    };
    effects::ask(tx, ids, None, &effect).await?;
    Ok(())
}

/// The CRM's contacts with an address at the company of a deal, by its domain: name and address, the latest changed first.
pub async fn contacts(tx: &mut Tx, deal: DealId, most: i64) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT name, email FROM (
            SELECT DISTINCT ON (email) name, email, version FROM (
                SELECT coalesce(r.base->>'Name', concat_ws(' ', r.base->>'firstname', r.base->>'lastname')) AS name,
                       lower(coalesce(r.base->>'email', r.base->>'Email')) AS email, r.version
                FROM crm_records r WHERE r.tenant_id = $1 AND r.object = 'contact' AND r.state = 'live'
            ) people
            WHERE split_part(email, '@', 2) = (
                SELECT lower(regexp_replace(c.domain, '^www[.]', '')) FROM deals d
                JOIN partners p ON p.tenant_id = d.tenant_id AND p.partner_id = d.partner_id
                JOIN companies c ON c.id = p.company_id
                WHERE d.tenant_id = $1 AND d.deal_id = $2 AND c.domain <> '')
            ORDER BY email, version DESC
         ) found ORDER BY version DESC, email LIMIT $3",
    )
    .bind(tx.tenant().0)
    .bind(deal.0)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?)
}

/// How fresh a deal is at each CRM: provider, when it was last seen there, and whether it still is.
pub async fn freshness(tx: &mut Tx, deal: DealId) -> Result<Vec<(String, DateTime<Utc>, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT r.provider, greatest(r.seen_at, (c.cursor->>'walked_at')::timestamptz), r.state
         FROM crm_records r LEFT JOIN crm_cursors c
              ON c.tenant_id = r.tenant_id AND c.provider = r.provider AND c.object = r.object
         WHERE r.tenant_id = $1 AND r.object = 'deal' AND r.local_id = $2 ORDER BY r.provider",
    )
    .bind(tx.tenant().0)
    .bind(deal.0)
    .fetch_all(&mut **tx)
    .await?)
}
