//! A model's bytes: packed with their schema, and opened only when hash, schema and numbers are as they should be.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Layout of the package itself.
const FORMAT: u32 = 1;
/// No scorer of ours is larger.
const BYTES_MAX: usize = 4 << 20;

/// Why bytes are no model that may serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The bytes are not those that were trained.
    #[error("its bytes do not have the hash that was written down when it was trained")]
    Hash,
    /// They end early or are something else.
    #[error("its bytes cannot be read: {0}")]
    Unreadable(String),
    /// It reads other features than this program computes.
    #[error("it reads other features ({found}) than this program computes ({expected})")]
    Schema {
        /// Of the bytes.
        found: String,
        /// Of this program.
        expected: String,
    },
    /// A number is none, or a list has another length.
    #[error("its numbers do not fit together")]
    Unsound,
}

#[derive(Serialize, Deserialize)]
struct Package<T> {
    format: u32,
    schema: String,
    weights: T,
}

/// A short name for a list of inputs; another list has another name.
#[must_use]
pub fn schema_of(inputs: &[&str]) -> String {
    hex::encode(&Sha256::digest(inputs.join("\n"))[..6])
}

/// The hash that a version is known by.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Packs weights.
///
/// # Errors
/// When the weights cannot be written as JSON.
pub fn pack<T: Serialize>(schema: &str, weights: &T) -> Result<Vec<u8>, Refused> {
    serde_json::to_vec(&Package { format: FORMAT, schema: schema.to_owned(), weights })
        .map_err(|cause| Refused::Unreadable(cause.to_string()))
}

/// Opens weights that are exactly those of a hash and of this schema.
///
/// # Errors
/// Says what is wrong with the bytes.
pub fn open<T: DeserializeOwned>(bytes: &[u8], hash: &str, schema: &str) -> Result<T, Refused> {
    if sha256(bytes) != hash {
        return Err(Refused::Hash);
    }
    if bytes.len() > BYTES_MAX {
        return Err(Refused::Unreadable("too long".to_owned()));
    }
    let unreadable = |cause: serde_json::Error| Refused::Unreadable(cause.to_string());
    let package: Package<serde_json::Value> = serde_json::from_slice(bytes).map_err(unreadable)?;
    if package.format != FORMAT || package.schema != schema {
        let found = format!("{}/{}", package.format, package.schema);
        return Err(Refused::Schema { found, expected: format!("{FORMAT}/{schema}") });
    }
    serde_json::from_value(package.weights).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_bytes_of_the_right_schema_are_opened() {
        let bytes = pack("a", &vec![1.0, 2.5]).expect("packs");
        let hash = sha256(&bytes);
        assert_eq!(open::<Vec<f64>>(&bytes, &hash, "a"), Ok(vec![1.0, 2.5]));
        assert_eq!(open::<Vec<f64>>(&bytes, &sha256(b"other"), "a"), Err(Refused::Hash));
        assert!(matches!(open::<Vec<f64>>(&bytes, &hash, "b"), Err(Refused::Schema { .. })));
        assert!(matches!(open::<String>(&bytes, &hash, "a"), Err(Refused::Unreadable(_))));
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert_eq!(open::<Vec<f64>>(cut, &hash, "a"), Err(Refused::Hash));
            assert!(matches!(open::<Vec<f64>>(cut, &sha256(cut), "a"), Err(Refused::Unreadable(_))), "{end}");
        }
    }
}
