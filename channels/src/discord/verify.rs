//! Discord's request signature, checked over the raw bytes before anything reads them.

use chrono::{DateTime, Utc};
use ring::signature::{ED25519, UnparsedPublicKey};

/// How far a request's time may lie from ours, either way, seconds.
pub const WINDOW_S: i64 = 300;

/// An application's public key, as its page at Discord shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// What is configured as public key is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 hex digits")]
pub struct BadKey;

impl PublicKey {
    /// Reads 64 hex digits.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| BadKey)?;
        Ok(Self(key))
    }
}

/// Why a request is not from Discord, or not from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The timestamp is not a number of seconds.
    #[error("the timestamp header is not a number")]
    BadTimestamp,
    /// Too old, or from the future: possibly a replay.
    #[error("the timestamp is {age_s} s away from now")]
    Stale {
        /// Our time minus the request's, seconds.
        age_s: i64,
    },
    /// The signature is not 128 hex digits.
    #[error("the signature header is malformed")]
    Malformed,
    /// Altered, or signed with a key that is not the application's.
    #[error("the signature does not match")]
    Mismatch,
}

impl VerifyError {
    /// A short word for a metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadTimestamp => "bad_timestamp",
            Self::Stale { .. } => "stale",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
        }
    }
}

/// Checks a request's signature over timestamp and body.
///
/// `timestamp` and `signature` are the headers `X-Signature-Timestamp` and `X-Signature-Ed25519`.
///
/// # Errors
/// Says which check failed; the caller answers 401 to each.
pub fn verify(
    key: &PublicKey,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), VerifyError> {
    if !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(VerifyError::BadTimestamp);
    }
    let sent: i64 = timestamp.parse().map_err(|_| VerifyError::BadTimestamp)?;
    let age_s = now.timestamp().saturating_sub(sent);
    if age_s.saturating_abs() > WINDOW_S {
        return Err(VerifyError::Stale { age_s });
    }
    let mut given = [0; 64];
    hex::decode_to_slice(signature, &mut given).map_err(|_| VerifyError::Malformed)?;
    let mut signed = Vec::with_capacity(timestamp.len() + body.len());
    signed.extend_from_slice(timestamp.as_bytes());
    signed.extend_from_slice(body);
    UnparsedPublicKey::new(&ED25519, key.0).verify(&signed, &given).map_err(|_| VerifyError::Mismatch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    const NOW: i64 = 1_700_000_000;

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn check(timestamp: &str, signature: &str, body: &[u8]) -> Result<(), VerifyError> {
        let key = PublicKey::parse(&hex::encode(pair(1).public_key())).unwrap();
        verify(&key, timestamp, signature, body, DateTime::from_timestamp(NOW, 0).unwrap())
    }

    fn signed(seed: u8, timestamp: &str, body: &str) -> String {
        hex::encode(pair(seed).sign(format!("{timestamp}{body}").as_bytes()))
    }

    #[test]
    fn only_the_applications_own_key_signs() {
        let at = NOW.to_string();
        let good = signed(1, &at, r#"{"type":1}"#);
        assert_eq!(check(&at, &good, br#"{"type":1}"#), Ok(()));
        assert_eq!(check(&at, &good.to_uppercase(), br#"{"type":1}"#), Ok(()));
        assert_eq!(check(&at, &good, br#"{"type":2}"#), Err(VerifyError::Mismatch));
        assert_eq!(
            check(&at, &signed(2, &at, r#"{"type":1}"#), br#"{"type":1}"#),
            Err(VerifyError::Mismatch)
        );
        let later = (NOW + 1).to_string();
        assert_eq!(check(&later, &good, br#"{"type":1}"#), Err(VerifyError::Mismatch));
        assert_eq!(check(&at, &"0".repeat(128), br#"{"type":1}"#), Err(VerifyError::Mismatch));
    }

    #[test]
    fn stale_and_malformed_requests_are_refused() {
        for (age, expected) in [
            (300, Ok(())),
            (301, Err(VerifyError::Stale { age_s: 301 })),
            (-301, Err(VerifyError::Stale { age_s: -301 })),
        ] {
            let at = (NOW - age).to_string();
            assert_eq!(check(&at, &signed(1, &at, "x"), b"x"), expected, "{age}");
        }
        let at = NOW.to_string();
        for signature in ["", "zz", &"0".repeat(126), &"0".repeat(130)] {
            assert_eq!(check(&at, signature, b"x"), Err(VerifyError::Malformed), "{signature}");
        }
        for timestamp in ["", "now", "-1", "+1", "99999999999999999999"] {
            assert_eq!(
                check(timestamp, &"0".repeat(128), b"x"),
                Err(VerifyError::BadTimestamp),
                "{timestamp}"
            );
        }
        assert_eq!(PublicKey::parse("abc"), Err(BadKey));
    }
}
