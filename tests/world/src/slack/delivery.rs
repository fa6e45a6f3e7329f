//! Requests that Slack sends to the product: signed, recorded, and sent again when a test wants it.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{Slack, Transport, Trouble, locked};

/// A request to the product as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// E.g. `/slack/commands`.
    pub path: String,
    /// The content type.
    pub content_type: String,
    /// The raw bytes.
    pub body: Vec<u8>,
    /// The header with the time, seconds.
    pub timestamp: String,
    /// The header with the signature.
    pub signature: String,
    /// How often it was sent before.
    pub retry: u32,
}

/// What the product answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// HTTP status.
    pub status: u16,
    /// The answer's body.
    pub body: String,
}

/// How a delivery is made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tamper {
    pub(super) wrong_secret: bool,
    pub(super) altered: bool,
    pub(super) age_s: i64,
}

/// The signature that Slack puts on a body.
pub(super) fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    // HMAC takes keys of every length, so there is always a signature.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// A form body.
pub(super) fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(byte.into()),
                b' ' => out.push('+'),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out.into_bytes()
}

impl Slack {
    /// Signs a body as of now. Nothing is sent; the load command can use it as well.
    pub fn signed(&self, path: &str, content_type: &str, body: Vec<u8>) -> Delivery {
        self.tampered(path, content_type, body, Tamper::default())
    }

    pub(super) fn tampered(
        &self,
        path: &str,
        content_type: &str,
        mut body: Vec<u8>,
        tamper: Tamper,
    ) -> Delivery {
        let (now_s, secret) =
            self.read(|w| (w.setup.clock.now().timestamp(), w.setup.signing_secret.clone()));
        let timestamp = (now_s - tamper.age_s).to_string();
        let secret = if tamper.wrong_secret { "not-the-secret" } else { &secret };
        let signature = sign(secret, &timestamp, &body);
        if tamper.altered {
            body.push(b' ');
        }
        let (path, content_type) = (path.to_owned(), content_type.to_owned());
        Delivery { path, content_type, body, timestamp, signature, retry: 0 }
    }

    /// Sends a request exactly as it is, for the first time or again.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(&self, delivery: &Delivery) -> Result<Ack, Trouble> {
        let url = format!("{}{}", locked(&self.0.product), delivery.path);
        locked(&self.0.deliveries).push(delivery.clone());
        let transport = locked(&self.0.sockets).transport;
        if transport == Transport::Socket {
            return self.send_by_socket(delivery).await;
        }
        let mut request = self
            .0
            .http
            .post(&url)
            .header("content-type", &delivery.content_type)
            .header("x-slack-request-timestamp", &delivery.timestamp)
            .header("x-slack-signature", &delivery.signature)
            .body(delivery.body.clone());
        if delivery.retry > 0 {
            request = request
                .header("x-slack-retry-num", delivery.retry.to_string())
                .header("x-slack-retry-reason", "http_timeout");
        }
        let trouble =
            |cause: reqwest::Error| Trouble::Delivery { url: url.clone(), cause: cause.to_string() };
        let answer = request.send().await.map_err(trouble)?;
        let status = answer.status().as_u16();
        Ok(Ack { status, body: answer.text().await.map_err(trouble)? })
    }

    /// Sends a request again as Slack does when it got no answer: signed anew, marked as a retry.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn redeliver(&self, delivery: &Delivery) -> Result<Ack, Trouble> {
        let again = self.signed(&delivery.path, &delivery.content_type, delivery.body.clone());
        self.send(&Delivery { retry: delivery.retry + 1, ..again }).await
    }
}
