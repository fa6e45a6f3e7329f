//! A customer's webhook, signed and sent as the Standard Webhooks specification says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::call::{CallError, Http};

/// How long to wait before each further try, seconds: the specification's schedule.
pub const SCHEDULE_S: [u32; 7] = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A new secret, from 32 random bytes.
pub fn secret(random: &[u8; 32]) -> SecretString {
    SecretString::from(format!("{PREFIX}{}", STANDARD.encode(random)))
}

/// The value of `webhook-signature`: `v1,` and the HMAC-SHA256 of `id.timestamp.body` under the secret's bytes.
///
/// Errors: when the secret is not `whsec_` and base64.
pub fn signature(
    secret: &SecretString,
    (id, at): (&str, DateTime<Utc>),
    body: &str,
) -> Result<String, CallError> {
    let unusable = || CallError::Refused { status: 0, reason: "the signing secret is unusable".to_owned() };
    let text = secret.expose_secret().strip_prefix(PREFIX).ok_or_else(unusable)?;
    let key = STANDARD.decode(text).map_err(|_| unusable())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| unusable())?;
    mac.update(format!("{id}.{}.{body}", at.timestamp()).as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Hands one message over. `id` stays the same over all tries: with it the receiver tells doubles.
pub async fn deliver(
    http: &Http,
    (url, secret): (Url, &SecretString),
    (id, at): (&str, DateTime<Utc>),
    body: &str,
) -> Result<(), CallError> {
    let signed = signature(secret, (id, at), body)?;
    let request = http
        .client()
        .post(url)
        .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.timestamp().to_string())
        .header("webhook-signature", signed)
        .body(body.to_owned());
    http.send(request).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        // The specification's own example.
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signed = signature(&secret, ("msg_p5jXN8AQM9LWM0D4loKWxJek", at), r#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(signature(&SecretString::from("plain"), ("m", at), "{}").is_err());
    }
}
