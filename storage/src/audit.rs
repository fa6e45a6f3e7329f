//! The audit log: append-only, hash-chained per tenant.

use std::path::Path;

use chrono::{DateTime, SubsecRound, Utc};
use domain::audit::{Entry, GENESIS, chain_hash};
use domain::ids::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::db::{Db, Tx};
use crate::error::Error;

/// What is to be written down; the chain adds place and hash.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, e.g. `person:…`, `agent:deal`, `system`.
    pub actor: &'a str,
    /// What, e.g. `deal.moved`.
    pub action: &'a str,
    /// To what, e.g. `deal:…`.
    pub subject: &'a str,
    /// The particulars.
    pub detail: Value,
}

/// Writes an entry at the end of the tenant's chain. The chain's head is locked until the
/// transaction ends, so entries of one tenant stand in the order they commit.
pub async fn append(tx: &mut Tx, act: Act<'_>) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING")
        .bind(tenant.0)
        .bind(GENESIS.as_slice())
        .execute(&mut **tx)
        .await?;
    let (seq, previous): (i64, Vec<u8>) =
        sqlx::query_as("SELECT seq, hash FROM audit_heads WHERE tenant_id = $1 FOR UPDATE")
            .bind(tenant.0)
            .fetch_one(&mut **tx)
            .await?;
    let previous: [u8; 32] = previous.try_into().map_err(|_| Error::unreadable("audit head", "length"))?;
    let entry = Entry {
        tenant,
        seq: seq + 1,
        at: act.at.trunc_subsecs(6),
        actor: act.actor.to_owned(),
        action: act.action.to_owned(),
        subject: act.subject.to_owned(),
        detail: act.detail,
    };
    let hash = chain_hash(&previous, &entry);
    sqlx::query(
        "WITH head AS (UPDATE audit_heads SET seq = $2, hash = $8 WHERE tenant_id = $1)
         INSERT INTO audit_entries (tenant_id, seq, at, actor, action, subject, detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8)",
    )
    .bind(tenant.0)
    .bind(entry.seq)
    .bind(entry.at)
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(entry.detail.to_string())
    .bind(hash.as_slice())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What a check of one chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whose chain.
    pub tenant: TenantId,
    /// Entries read.
    pub entries: i64,
    /// The first thing that does not fit, in words; none means the chain holds.
    pub fault: Option<String>,
}

/// The end of a chain, as written down outside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Anchor {
    tenant: TenantId,
    seq: i64,
    hash: String,
    at: DateTime<Utc>,
}

/// Adds the end of a tenant's chain to a file, if it moved since the file's last line about it.
pub async fn anchor(db: &Db, tenant: TenantId, now: DateTime<Utc>, file: &Path) -> Result<(), Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    let head: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT seq, hash FROM audit_heads").fetch_optional(&mut *tx).await?;
    let Some((seq, hash)) = head else { return Ok(()) };
    if anchors(tenant, file)?.last().is_some_and(|last| last.seq == seq) {
        return Ok(());
    }
    let anchor = Anchor { tenant, seq, hash: hex::encode(hash), at: now };
    let line = serde_json::to_string(&anchor).map_err(|e| Error::unreadable("anchor", e))?;
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, format!("{line}\n").as_bytes()));
    written.map_err(|e| Error::unreadable("anchor file", e))
}

fn anchors(tenant: TenantId, file: &Path) -> Result<Vec<Anchor>, Error> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::unreadable("anchor file", error)),
    };
    let lines = text.lines().map(serde_json::from_str::<Anchor>);
    let all: Result<Vec<_>, _> = lines.collect();
    let all = all.map_err(|e| Error::unreadable("anchor", e))?;
    Ok(all.into_iter().filter(|anchor| anchor.tenant == tenant).collect())
}

type Row = (i64, DateTime<Utc>, String, String, String, String, Vec<u8>);

/// Reads a tenant's whole chain and checks each link, the head, and the ends written down in a file.
pub async fn verify(db: &Db, tenant: TenantId, file: &Path) -> Result<Checked, Error> {
    let mut anchors = anchors(tenant, file)?.into_iter().peekable();
    let mut tx = db.tenant(tenant).begin().await?;
    let head: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT seq, hash FROM audit_heads").fetch_optional(&mut *tx).await?;
    let mut previous = GENESIS;
    let mut seq = 0;
    loop {
        let page: Vec<Row> = sqlx::query_as(
            "SELECT seq, at, actor, action, subject, detail::text, hash FROM audit_entries
             WHERE seq > $1 ORDER BY seq LIMIT 5000",
        )
        .bind(seq)
        .fetch_all(&mut *tx)
        .await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let expected = seq + 1;
            let stored = row.6.clone();
            let found = row.0;
            let broken = |what: &str| Checked {
                tenant,
                entries: expected,
                fault: Some(format!("entry {expected}: {what}")),
            };
            if found != expected {
                return Ok(broken("missing or out of order"));
            }
            let Ok(entry) = read(tenant, row) else {
                return Ok(broken("cannot be read"));
            };
            previous = chain_hash(&previous, &entry);
            if previous.as_slice() != stored {
                return Ok(broken("altered"));
            }
            seq = expected;
            while let Some(anchor) = anchors.next_if(|anchor| anchor.seq <= seq) {
                if anchor.seq == seq && anchor.hash != hex::encode(previous) {
                    return Ok(broken("is not what was written down outside the database"));
                }
            }
        }
    }
    if let Some(anchor) = anchors.next() {
        let fault =
            format!("the chain ends at entry {seq}, but entry {} was written down outside", anchor.seq);
        return Ok(Checked { tenant, entries: seq, fault: Some(fault) });
    }
    let (head_seq, head_hash) = head.unwrap_or((0, GENESIS.to_vec()));
    let fault = if head_seq != seq {
        Some(format!("the chain ends at entry {seq} but its head says {head_seq}"))
    } else if head_hash != previous {
        Some("the head does not match the last entry".to_owned())
    } else {
        None
    };
    Ok(Checked { tenant, entries: seq, fault })
}

/// The latest entries, newest first.
pub async fn recent(tx: &mut Tx, before: Option<i64>, limit: i64) -> Result<Vec<Entry>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT seq, at, actor, action, subject, detail::text, hash FROM audit_entries
         WHERE seq < coalesce($1, 9223372036854775807) ORDER BY seq DESC LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let tenant = tx.tenant();
    rows.into_iter().map(|row| read(tenant, row)).collect()
}

/// The latest entries about one subject, e.g. `deal:…`, newest first.
pub async fn about(tx: &mut Tx, subject: &str, limit: i64) -> Result<Vec<Entry>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT seq, at, actor, action, subject, detail::text, hash FROM audit_entries
         WHERE subject = $1 ORDER BY seq DESC LIMIT $2",
    )
    .bind(subject)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let tenant = tx.tenant();
    rows.into_iter().map(|row| read(tenant, row)).collect()
}

fn read(tenant: TenantId, row: Row) -> Result<Entry, Error> {
    let (seq, at, actor, action, subject, detail, _) = row;
    let detail = serde_json::from_str(&detail).map_err(|e| Error::unreadable("audit detail", e))?;
    Ok(Entry { tenant, seq, at, actor, action, subject, detail })
}
