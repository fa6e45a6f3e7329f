//! What DocuSign Connect tells us: whether it is signed, and what it says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use super::Told;
use super::docusign::{Summary, told};

/// The headers that may hold a signature begin so; each active key signs one.
pub const SIGNATURE_HEADER: &str = "x-docusign-signature-";
/// At most so many keys, and so many signatures, are looked at.
const KEYS_MAX: usize = 100;

/// Whether any of the signatures is that of any of the keys, over the body as it came.
pub fn is_signed<'a>(keys: &[SecretString], body: &[u8], signatures: impl Iterator<Item = &'a str>) -> bool {
    let signatures: Vec<Vec<u8>> =
        signatures.take(KEYS_MAX).filter_map(|text| STANDARD.decode(text.trim()).ok()).collect();
    keys.iter().filter(|key| !key.expose_secret().is_empty()).take(KEYS_MAX).any(|key| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
            return false;
        };
        mac.update(body);
        // Compared in constant time, each on a copy.
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    })
}

#[derive(Deserialize)]
struct Message {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    envelope_id: String,
    envelope_summary: Option<Summary>,
}

/// What a message says of an envelope; nothing when it is about something else.
///
/// Errors: what cannot be read in it.
pub fn read(body: &[u8]) -> Result<Option<Told>, serde_json::Error> {
    let message: Message = serde_json::from_slice(body)?;
    let envelope = message.data.envelope_id;
    Ok(message.data.envelope_summary.map(|summary| Told { remote: envelope, ..told(summary) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::contract::signing::State;

    const BODY: &[u8] = br#"{"event":"envelope-completed","apiVersion":"v2.1","retryCount":0,
        "generatedDateTime":"2026-11-23T10:00:05.123Z","data":{"accountId":"a","userId":"u","envelopeId":"e-1",
        "envelopeSummary":{"status":"completed","envelopeId":"e-1","statusChangedDateTime":"2026-11-23T10:00:00.1234567Z"}}}"#;

    fn keys() -> Vec<SecretString> {
        ["old-key", "new-key"].map(SecretString::from).to_vec()
    }

    fn sign(key: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    #[test]
    fn any_key_in_any_header_is_enough() {
        let (good, other) = (sign("new-key", BODY), sign("foreign", BODY));
        assert!(is_signed(&keys(), BODY, [other.as_str(), good.as_str()].into_iter()));
        assert!(!is_signed(&keys(), BODY, [other.as_str(), "", "not base64!"].into_iter()));
        assert!(!is_signed(&keys(), BODY, std::iter::empty()));
        assert!(!is_signed(&[SecretString::from("")], BODY, [sign("", BODY).as_str()].into_iter()));
    }

    /// Ten thousand alterations of body and signature, none of which may pass.
    #[test]
    fn no_altered_message_passes() {
        let good = sign("new-key", BODY);
        let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut next = |most: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % most as u64).unwrap()
        };
        let mut accepted = 0;
        for round in 0..10_000 {
            let (mut body, mut signature) = (BODY.to_vec(), good.clone().into_bytes());
            match round % 4 {
                0 => {
                    let at = next(body.len());
                    body[at] ^= 1 << next(8);
                }
                1 => {
                    let at = next(body.len() + 1);
                    body.insert(at, b' ');
                }
                2 => {
                    let raw = STANDARD.decode(&signature).unwrap();
                    let mut raw = raw;
                    let at = next(raw.len());
                    raw[at] ^= 1 << next(8);
                    signature = STANDARD.encode(raw).into_bytes();
                }
                _ => signature.truncate(next(signature.len())),
            }
            let text = String::from_utf8(signature).unwrap();
            accepted += usize::from(is_signed(&keys(), &body, std::iter::once(text.as_str())));
        }
        assert_eq!(accepted, 0);
    }

    #[test]
    fn a_message_is_read_and_others_are_told_apart() {
        let told = read(BODY).unwrap().unwrap();
        assert_eq!((told.remote.as_str(), told.state), ("e-1", Some(State::Completed)));
        assert_eq!(told.at.unwrap().timestamp(), 1_795_428_000);
        assert!(read(br#"{"event":"recipient-sent","data":{"envelopeId":"e-1"}}"#).unwrap().is_none());
        assert!(read(b"garbage").is_err());
    }
}
