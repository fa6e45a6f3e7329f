//! DocuSign's JWT grant: a signed statement for a token that lasts an hour.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::call::{CallError, Http};

/// How long a statement is good, seconds; the provider allows an hour.
const STATEMENT_S: i64 = 600;
/// What we ask to be allowed.
pub(super) const SCOPES: &str = "signature impersonation";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Who we are to DocuSign.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Where tokens are given, e.g. `https://account.docusign.com`.
    pub oauth_url: String,
    /// The integration key of our app.
    pub integration_key: String,
    /// The user in whose name envelopes are sent.
    pub user_id: String,
    /// The app's RSA key, PEM.
    pub private_key: SecretString,
}

/// A token and until when it is good.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub token: SecretString,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Why no token was given.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The user has not (or no longer) allowed our app to act for her.
    #[error("the DocuSign user has not allowed this app to act for her")]
    Consent,
    /// The key, the app or the user is wrong.
    #[error("DocuSign does not know this app, user or key: {0}")]
    Unknown(String),
    /// The private key is no RSA key in PEM.
    #[error("the private key is not an RSA key in PEM")]
    Key,
    /// The call.
    #[error(transparent)]
    Call(CallError),
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: i64,
}

impl Credentials {
    /// Asks for a token.
    ///
    /// Errors: see [`GrantError`].
    pub async fn token(&self, http: &Http, now: DateTime<Utc>) -> Result<Token, GrantError> {
        let url = format!("{}/oauth/token", self.oauth_url.trim_end_matches('/'));
        let statement = self.statement(now)?;
        let asked = http.client().post(url).form(&[("grant_type", GRANT), ("assertion", statement.as_str())]);
        let answer = http.send(asked).await.map_err(|error| match error {
            CallError::Refused { reason, .. } | CallError::Unauthorised { reason } => refused(reason),
            other => GrantError::Call(other),
        })?;
        let granted: Granted = answer.json().map_err(GrantError::Call)?;
        Ok(Token { token: granted.access_token, expires_at: now + Duration::seconds(granted.expires_in) })
    }

    /// Where an admin allows the app to act for the user, once.
    pub fn consent_url(&self, back_to: &str) -> String {
        let url = format!("{}/oauth/auth", self.oauth_url.trim_end_matches('/'));
        let query = [
            ("response_type", "code"),
            ("scope", SCOPES),
            ("client_id", &self.integration_key),
            ("redirect_uri", back_to),
        ];
        reqwest::Url::parse_with_params(&url, query).map_or(url, String::from)
    }

    /// The signed statement.
    fn statement(&self, now: DateTime<Utc>) -> Result<String, GrantError> {
        let audience = self.oauth_url.split("://").last().unwrap_or_default().trim_end_matches('/');
        let head = json!({ "typ": "JWT", "alg": "RS256" });
        let body = json!({
            "iss": self.integration_key, "sub": self.user_id, "aud": audience, "scope": SCOPES,
            "iat": now.timestamp(), "exp": now.timestamp() + STATEMENT_S,
        });
        let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&head), encoded(&body));
        let pair = key_pair(self.private_key.expose_secret()).ok_or(GrantError::Key)?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| GrantError::Key)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn refused(reason: String) -> GrantError {
    if reason.contains("consent_required") { GrantError::Consent } else { GrantError::Unknown(reason) }
}

/// An RSA key in either of the two PEM forms: DocuSign hands out the older one.
fn key_pair(pem: &str) -> Option<RsaKeyPair> {
    let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).ok()?;
    if pem.contains("BEGIN RSA PRIVATE KEY") {
        RsaKeyPair::from_der(&der).ok()
    } else {
        RsaKeyPair::from_pkcs8(&der).ok()
    }
}
