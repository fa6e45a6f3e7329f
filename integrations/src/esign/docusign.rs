//! DocuSign's REST interface 2.1: envelopes are made, found, reminded of, voided, and fetched once they are signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::contract::signing::State;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Request, Told};
use crate::call::{CallError, Http};

pub use super::grant::{Credentials, GrantError, Token};

/// What people call it.
pub const NAME: &str = "docusign";
/// Where tokens of real accounts are given.
pub const OAUTH_URL: &str = "https://account.docusign.com";
/// How many envelopes are asked for at once.
const IDS_MAX: usize = 100;

/// An account of DocuSign's, with a token for it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where the account lives, e.g. `https://eu.docusign.net`.
    pub base_url: String,
    /// Its key.
    pub account_id: String,
    /// The token of the moment.
    pub token: SecretString,
}

/// What DocuSign says of an envelope, in lists and in messages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    #[serde(default)]
    envelope_id: String,
    #[serde(default)]
    transaction_id: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    status_changed_date_time: Option<String>,
    #[serde(default)]
    voided_reason: Option<String>,
    #[serde(default)]
    recipients: Option<Recipients>,
}

#[derive(Debug, Deserialize)]
struct Recipients {
    #[serde(default)]
    signers: Vec<Recipient>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    declined_reason: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    envelopes: Vec<Summary>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    accounts: Vec<Home>,
}

#[derive(Deserialize)]
struct Home {
    account_id: String,
    #[serde(default)]
    account_name: String,
    base_uri: String,
    #[serde(default)]
    is_default: bool,
}

/// One of the accounts that a user may send from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its key.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// Where it lives.
    pub base_url: String,
}

/// The accounts of whoever a token is for, the usual one first.
///
/// Errors: see [`CallError`].
pub async fn accounts(http: &Http, oauth_url: &str, token: &SecretString) -> Result<Vec<Known>, CallError> {
    let url = format!("{}/oauth/userinfo", oauth_url.trim_end_matches('/'));
    let asked = http.client().get(url).bearer_auth(token.expose_secret());
    let mut user: User = http.send(asked).await?.json()?;
    user.accounts.sort_by_key(|home| !home.is_default);
    let known =
        |home: Home| Known { account_id: home.account_id, name: home.account_name, base_url: home.base_uri };
    Ok(user.accounts.into_iter().map(known).collect())
}

impl Account {
    fn url(&self, path: &str) -> String {
        let base = self.base_url.trim_end_matches('/');
        format!("{base}/restapi/v2.1/accounts/{}/envelopes{path}", self.account_id)
    }

    /// Makes an envelope and sends it to the signers; gives its key there.
    ///
    /// Errors: see [`CallError`]; after [`CallError::OutcomeUnknown`] look with [`Self::find`].
    pub async fn send(&self, http: &Http, request: &Request<'_>) -> Result<Told, CallError> {
        let asked = http.client().post(self.url("")).bearer_auth(self.token.expose_secret());
        let made: Summary = http.send(asked.json(&definition(request))).await?.json()?;
        if made.envelope_id.is_empty() {
            return Err(CallError::Garbage { cause: "an envelope without a key".to_owned() });
        }
        Ok(told(made))
    }

    /// Looks for the envelope that was made with a key of ours.
    ///
    /// Errors: see [`CallError`].
    pub async fn find(&self, http: &Http, key: &str) -> Result<Option<Told>, CallError> {
        Ok(self.list(http, &[("transaction_ids", key)]).await?.into_iter().next())
    }

    /// What became of envelopes, at most a hundred at once; those that DocuSign does not know are left out.
    ///
    /// Errors: see [`CallError`].
    pub async fn states(&self, http: &Http, remotes: &[String]) -> Result<Vec<Told>, CallError> {
        let mut all = Vec::new();
        for some in remotes.chunks(IDS_MAX) {
            let query = [("envelope_ids", some.join(",")), ("include", "recipients".to_owned())];
            let query: Vec<(&str, &str)> =
                query.iter().map(|(name, value)| (*name, value.as_str())).collect();
            all.extend(self.list(http, &query).await?);
        }
        Ok(all)
    }

    async fn list(&self, http: &Http, query: &[(&str, &str)]) -> Result<Vec<Told>, CallError> {
        let asked = http.client().get(self.url("")).query(query).bearer_auth(self.token.expose_secret());
        let listed: Listed = http.send(asked).await?.json()?;
        Ok(listed.envelopes.into_iter().filter(|found| !found.envelope_id.is_empty()).map(told).collect())
    }

    /// Takes an envelope back, with a reason that the signers read. Voiding what is void already is refused.
    ///
    /// Errors: see [`CallError`].
    pub async fn void(&self, http: &Http, remote: &str, reason: &str) -> Result<(), CallError> {
        self.put(http, (remote, ""), &json!({ "status": "voided", "voidedReason": reason })).await
    }

    /// Sends the mail to those again who have not signed.
    ///
    /// Errors: see [`CallError`].
    pub async fn remind(&self, http: &Http, remote: &str) -> Result<(), CallError> {
        self.put(http, (remote, "?resend_envelope=true"), &json!({})).await
    }

    async fn put(&self, http: &Http, (remote, query): (&str, &str), body: &Value) -> Result<(), CallError> {
        let url = format!("{}{query}", self.url(&format!("/{remote}")));
        let asked = http.client().put(url).bearer_auth(self.token.expose_secret()).json(body);
        http.send(asked).await.map(drop)
    }

    /// All documents of an envelope in one PDF, the certificate with them.
    ///
    /// Errors: see [`CallError`]; what is no PDF is [`CallError::Garbage`].
    pub async fn signed_document(&self, http: &Http, remote: &str) -> Result<Vec<u8>, CallError> {
        let url = self.url(&format!("/{remote}/documents/combined"));
        let answer = http.send(http.client().get(url).bearer_auth(self.token.expose_secret())).await?;
        if answer.body.starts_with(b"%PDF") {
            Ok(answer.body)
        } else {
            Err(CallError::Garbage { cause: "the signed document is no PDF".to_owned() })
        }
    }
}

/// The states as DocuSign calls them. `signed` means that one of several has signed.
fn state(status: &str) -> Option<State> {
    Some(match status.to_lowercase().as_str() {
        "created" | "sent" | "correct" => State::Sent,
        "delivered" | "signed" => State::Delivered,
        "completed" => State::Completed,
        "declined" => State::Declined,
        "voided" | "deleted" => State::Voided,
        _ => return None,
    })
}

pub(super) fn told(summary: Summary) -> Told {
    let declined = summary.recipients.iter().flat_map(|recipients| &recipients.signers).find_map(|signer| {
        let reason = signer.declined_reason.as_deref().filter(|reason| !reason.is_empty())?;
        Some(match &signer.name {
            Some(name) => format!("{name}: {reason}"),
            None => reason.to_owned(),
        })
    });
    let at = summary.status_changed_date_time.and_then(|text| text.parse::<DateTime<Utc>>().ok());
    Told {
        remote: summary.envelope_id,
        key: summary.transaction_id.filter(|key| !key.is_empty()),
        state: state(&summary.status),
        at,
        reason: summary.voided_reason.filter(|reason| !reason.is_empty()).or(declined),
    }
}

/// An envelope as DocuSign wants it.
fn definition(request: &Request<'_>) -> Value {
    let ending = request.file_name.rsplit_once('.').map_or("pdf", |(_, ending)| ending);
    let signers: Vec<Value> = (1_usize..)
        .zip(request.signers)
        .map(|(number, signer)| {
            // At a mark in the document if it has one; else the signer chooses the place. Other words (`By:`) stand in both
            // parties' blocks.
            let mark = json!({ "anchorString": format!("/sn{number}/"), "anchorIgnoreIfNotPresent": "true" });
            json!({ "email": signer.email, "name": signer.name, "recipientId": number.to_string(),
            "routingOrder": number.to_string(), "tabs": { "signHereTabs": [mark] } })
        })
        .collect();
    let mut definition = json!({
        "emailSubject": request.subject,
        "status": "sent",
        "transactionId": request.key,
        "documents": [{ "documentBase64": STANDARD.encode(request.bytes), "name": request.file_name,
            "fileExtension": ending, "documentId": "1" }],
        "recipients": { "signers": signers },
        "customFields": { "textCustomFields": [{ "name": "dealdesk", "value": request.key, "show": "false" }] },
        "notification": { "useAccountDefaults": "false",
            "reminders": { "reminderEnabled": (request.remind_days > 0).to_string(),
                "reminderDelay": request.remind_days.to_string(), "reminderFrequency": request.remind_days.to_string() },
            "expirations": { "expireEnabled": "true", "expireAfter": request.expires_days.to_string(),
                "expireWarn": "2" } },
    });
    if let Some(url) = request.tell {
        let events =
            ["sent", "delivered", "completed", "declined", "voided"].map(|event| format!("envelope-{event}"));
        definition["eventNotification"] = json!({
            "url": url, "requireAcknowledgment": "true", "loggingEnabled": "true", "includeHMAC": "true",
            "deliveryMode": "SIM", "events": events, "includeEnvelopeVoidReason": "true",
            "eventData": { "version": "restv2.1", "format": "json", "includeData": ["recipients"] },
        });
    }
    definition
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::contract::signing::Signer;

    #[test]
    fn an_envelope_says_who_signs_and_where_we_are_told() {
        let signers = [Signer { name: "Ana".to_owned(), email: "ana@x.example".to_owned() }];
        let request = Request {
            key: "k",
            subject: "Please sign: MSA",
            file_name: "MSA.docx",
            bytes: b"PK",
            signers: &signers,
            tell: Some("https://desk.example/docusign/connect/a"),
            expires_days: 30,
            remind_days: 3,
        };
        let made = definition(&request);
        assert_eq!(made["documents"][0]["fileExtension"], "docx");
        assert_eq!(made["recipients"]["signers"][0]["routingOrder"], "1");
        assert_eq!(made["eventNotification"]["requireAcknowledgment"], "true");
        assert_eq!(made["eventNotification"]["includeHMAC"], "true");
        assert_eq!(made["notification"]["expirations"]["expireAfter"], "30");
        assert!(definition(&Request { tell: None, ..request }).get("eventNotification").is_none());
    }

    #[test]
    fn the_reason_is_that_of_whoever_refused() {
        let text = r#"{"envelopeId":"e","status":"Declined","statusChangedDateTime":"2026-11-23T10:00:00Z",
            "recipients":{"signers":[{"name":"Ana","status":"completed"},
                {"name":"Bo","status":"declined","declinedReason":"The price is wrong."}]}}"#;
        let told = told(serde_json::from_str(text).unwrap());
        assert_eq!(told.state, Some(State::Declined));
        assert_eq!(told.reason.as_deref(), Some("Bo: The price is wrong."));
    }
}
