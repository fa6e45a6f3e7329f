//! Audit entries and the hash that chains them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::TenantId;

/// The hash before the first entry of a chain.
pub const GENESIS: [u8; 32] = [0; 32];

/// Something that happened and can be answered for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose chain.
    pub tenant: TenantId,
    /// Place in the chain, from 1, without gaps.
    pub seq: i64,
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Who, e.g. `person:…`, `agent:deal`, `system`.
    pub actor: String,
    /// What, e.g. `deal.moved`.
    pub action: String,
    /// To what, e.g. `deal:…`.
    pub subject: String,
    /// The particulars.
    pub detail: Value,
}

/// Hash of an entry on top of the one before it.
///
/// SHA-256 over the previous hash and each field with its length before it, so that no two entries
/// share their bytes. `detail` counts as its canonical JSON text (keys sorted, no spaces).
pub fn chain_hash(previous: &[u8; 32], entry: &Entry) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let detail = entry.detail.to_string();
    for field in [
        entry.tenant.0.as_bytes().as_slice(),
        &entry.seq.to_be_bytes(),
        at.as_bytes(),
        entry.actor.as_bytes(),
        entry.action.as_bytes(),
        entry.subject.as_bytes(),
        detail.as_bytes(),
    ] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}
