//! An effect: one change in the outside world, asked for with the change of our own state that causes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::TenantId;

/// What is to be changed at a vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Told to the vendor where it takes one, and what makes the effect happen once: see [`key`].
    pub key: String,
    /// Which vendor, e.g. `hubspot`.
    pub provider: String,
    /// What is done, e.g. `upsert_deal`; from each provider's fixed list.
    pub action: String,
    /// On what, e.g. `deal:…`. Effects on one subject are done one after the other.
    pub subject: String,
    /// The particulars.
    pub payload: Value,
    /// 0: somebody waits for it; 1: in the ordinary course; 2: whenever there is room.
    pub urgency: i16,
}

/// The key of an effect: a hash of whose it is, what causes it (a plan's step, a version of a record) and its particulars.
pub fn key(tenant: TenantId, cause: &str, payload: &Value) -> String {
    let mut hash = Sha256::new();
    for field in [tenant.0.as_bytes().as_slice(), cause.as_bytes(), payload.to_string().as_bytes()] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn the_same_effect_has_the_same_key_and_no_other_has_it() {
        let (a, b) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let one = key(a, "plan/1", &json!({ "stage": "signed" }));
        assert_eq!(one, key(a, "plan/1", &json!({ "stage": "signed" })));
        assert_ne!(one, key(b, "plan/1", &json!({ "stage": "signed" })));
        assert_ne!(one, key(a, "plan/2", &json!({ "stage": "signed" })));
        assert_ne!(one, key(a, "plan/1", &json!({ "stage": "lost" })));
        assert_eq!(one.len(), 32);
    }
}
