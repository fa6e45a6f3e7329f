//! A new access token for a refresh token, at either vendor.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::call::{CallError, Http};

/// What stands for a person's consent.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token endpoint.
    pub url: String,
    /// The application's id.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: SecretString,
    /// The refresh token.
    pub refresh_token: SecretString,
}

/// What a vendor gave for it.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The access token.
    pub token: SecretString,
    /// How long it is good, seconds; two hours when the vendor does not say.
    pub expires_in: i64,
    /// The refresh token from now on, when the vendor changed it.
    pub refresh_token: Option<SecretString>,
    /// Where to call, when the vendor says.
    pub instance_url: Option<String>,
}

/// Renews a token. Errors: [`CallError::Unauthorised`] when the consent was taken back.
pub async fn renew(http: &Http, grant: &Grant) -> Result<Fresh, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        expires_in: Option<i64>,
        refresh_token: Option<String>,
        instance_url: Option<String>,
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &grant.client_id),
        ("client_secret", grant.client_secret.expose_secret()),
        ("refresh_token", grant.refresh_token.expose_secret()),
    ];
    let answer: Answer = match http.send(http.client().post(&grant.url).form(&form)).await {
        Err(CallError::Refused { reason, .. }) => return Err(CallError::Unauthorised { reason }),
        other => other?.json()?,
    };
    Ok(Fresh {
        token: SecretString::from(answer.access_token),
        expires_in: answer.expires_in.unwrap_or(7200),
        refresh_token: answer.refresh_token.map(SecretString::from),
        instance_url: answer.instance_url,
    })
}
