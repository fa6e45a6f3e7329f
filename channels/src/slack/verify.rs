//! Slack's request signature, checked over the raw bytes before anything reads them.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far a request's time may lie from ours, either way, seconds.
pub const WINDOW_S: i64 = 300;

/// Why a request is not from Slack, or not from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No signing secret is configured.
    #[error("no signing secret is configured")]
    NoSecret,
    /// The timestamp is not a number of seconds.
    #[error("the timestamp header is not a number")]
    BadTimestamp,
    /// Too old, or from the future: possibly a replay.
    #[error("the timestamp is {age_s} s away from now")]
    Stale {
        /// Our time minus the request's, seconds.
        age_s: i64,
    },
    /// The signature is not of the form `v0=` and 64 hex digits.
    #[error("the signature header is malformed")]
    Malformed,
    /// Altered, or signed with a secret that is not ours.
    #[error("the signature does not match")]
    Mismatch,
}

impl VerifyError {
    /// A short word for a metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::BadTimestamp => "bad_timestamp",
            Self::Stale { .. } => "stale",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
        }
    }
}

/// Checks a request's signature against each secret in turn, so that secrets can be rotated.
///
/// `timestamp` and `signature` are the headers `X-Slack-Request-Timestamp` and `X-Slack-Signature`.
///
/// # Errors
/// Says which check failed; the caller answers 401 to each.
pub fn verify(
    secrets: &[SecretString],
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
    let digits = signature.strip_prefix("v0=").ok_or(VerifyError::Malformed)?;
    let mut given = [0; 32];
    hex::decode_to_slice(digits, &mut given).map_err(|_| VerifyError::Malformed)?;
    if secrets.is_empty() {
        return Err(VerifyError::NoSecret);
    }
    let is_ours = secrets.iter().any(|secret| {
        // HMAC takes keys of every length, so the error cannot happen; it counts as no match.
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).is_ok_and(|mut mac| {
            mac.update(b"v0:");
            mac.update(timestamp.as_bytes());
            mac.update(b":");
            mac.update(body);
            mac.verify_slice(&given).is_ok()
        })
    });
    if is_ours { Ok(()) } else { Err(VerifyError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The worked example of Slack's own documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIMESTAMP: &str = "1531420618";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

    fn check(secrets: &[&str], timestamp: &str, signature: &str, at: i64) -> Result<(), VerifyError> {
        let secrets: Vec<SecretString> = secrets.iter().map(|s| SecretString::from(*s)).collect();
        let now = DateTime::from_timestamp(at, 0).unwrap();
        verify(&secrets, timestamp, signature, BODY.as_bytes(), now)
    }

    #[test]
    fn the_documented_example_passes_and_rotation_works() {
        assert_eq!(check(&[SECRET], TIMESTAMP, SIGNATURE, 1_531_420_618), Ok(()));
        assert_eq!(check(&["new", SECRET], TIMESTAMP, SIGNATURE, 1_531_420_618), Ok(()));
        assert_eq!(check(&["new", "other"], TIMESTAMP, SIGNATURE, 1_531_420_618), Err(VerifyError::Mismatch));
        assert_eq!(check(&[], TIMESTAMP, SIGNATURE, 1_531_420_618), Err(VerifyError::NoSecret));
    }

    #[test]
    fn the_window_is_300_seconds_both_ways() {
        for (at, expected) in [
            (1_531_420_918, Ok(())),
            (1_531_420_919, Err(VerifyError::Stale { age_s: 301 })),
            (1_531_420_318, Ok(())),
            (1_531_420_317, Err(VerifyError::Stale { age_s: -301 })),
        ] {
            assert_eq!(check(&[SECRET], TIMESTAMP, SIGNATURE, at), expected, "at {at}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for timestamp in ["", "now", "+1531420618", "-1", " 1531420618", "99999999999999999999"] {
            assert!(check(&[SECRET], timestamp, SIGNATURE, 1_531_420_618).is_err(), "{timestamp:?}");
        }
        let digits = SIGNATURE.trim_start_matches("v0=");
        for signature in
            ["", "v0=", "v0=zz", digits, &SIGNATURE[..60], &format!("v1={digits}"), &format!("{SIGNATURE}00")]
        {
            assert_eq!(
                check(&[SECRET], TIMESTAMP, signature, 1_531_420_618),
                Err(VerifyError::Malformed),
                "{signature:?}"
            );
        }
    }
}
