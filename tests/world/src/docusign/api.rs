//! The interface: tokens, accounts, envelopes, as DocuSign's REST 2.1 has them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{ACCOUNT, Envelope, Fault, INTEGRATION_KEY, Office, USER, locked};

#[derive(Clone)]
struct Shared {
    office: Arc<Mutex<Office>>,
    address: String,
    key: Vec<u8>,
}

pub(super) fn router(office: Arc<Mutex<Office>>, address: String, key: Vec<u8>) -> Router {
    let account = format!("/restapi/v2.1/accounts/{ACCOUNT}/envelopes");
    Router::new()
        .route("/oauth/token", post(token))
        .route("/oauth/userinfo", get(userinfo))
        .route(&account, post(create).get(list))
        .route(&format!("{account}/{{id}}"), axum::routing::put(update))
        .route(&format!("{account}/{{id}}/documents/combined"), get(combined))
        .with_state(Shared { office, address, key })
}

/// A moment as DocuSign writes it; moments are counted, not measured.
pub(super) fn moment(number: u64) -> String {
    format!("2026-11-23T10:{:02}:{:02}.1230000Z", number / 60 % 60, number % 60)
}

pub(super) fn summary(envelope: &Envelope) -> Value {
    let signers: Vec<Value> = envelope.signers.iter().map(|(name, email)| {
        let declined = envelope.declined.as_ref().filter(|(who, _)| who == name);
        json!({ "name": name, "email": email, "status": if declined.is_some() { "declined" } else { "sent" },
            "declinedReason": declined.map(|(_, why)| why) })
    }).collect();
    json!({ "envelopeId": envelope.id, "status": envelope.status, "transactionId": envelope.transaction,
        "statusChangedDateTime": moment(envelope.changed_at), "voidedReason": envelope.voided_reason,
        "recipients": { "signers": signers } })
}

fn answer(status: u16, body: &Value) -> Response<Body> {
    let builder = Response::builder().status(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    builder.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap_or_default()
}

fn refused(status: u16, code: &str, message: &str) -> Response<Body> {
    answer(status, &json!({ "errorCode": code, "message": message }))
}

/// A fault that stands for this call, if one does.
fn fault(shared: &Shared, call: &str) -> Option<Fault> {
    let mut office = locked(&shared.office);
    office.ledger.push(call.to_owned());
    let key = office.faults.keys().find(|key| call.starts_with(key.as_str())).cloned()?;
    let faults = office.faults.get_mut(&key)?;
    (!faults.is_empty()).then(|| faults.remove(0))
}

/// What a fault makes of a call that was not done yet; none lets it be done.
fn before(fault: Option<Fault>) -> Option<Response<Body>> {
    match fault? {
        Fault::RateLimited => {
            let mut response = refused(429, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", "slow down");
            response.headers_mut().insert("retry-after", axum::http::HeaderValue::from_static("1"));
            Some(response)
        }
        Fault::Status(status) => Some(refused(status, "FAULT", "as asked")),
        Fault::BreakAfter | Fault::Garbage => None,
    }
}

/// What a fault makes of the answer to a call that was done.
fn after(fault: Option<Fault>, response: Response<Body>) -> Response<Body> {
    match fault {
        Some(Fault::BreakAfter) => {
            let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("broken"))]);
            Response::builder()
                .header("content-length", 999)
                .body(Body::from_stream(broken))
                .unwrap_or_default()
        }
        Some(Fault::Garbage) => Response::new(Body::from("<html>Bad Gateway</html>")),
        _ => response,
    }
}

/// Gives a token for a statement that the right key signed.
async fn token(State(shared): State<Shared>, Form(form): Form<HashMap<String, String>>) -> Response<Body> {
    let fault = fault(&shared, "POST oauth/token");
    if let Some(response) = before(fault) {
        return response;
    }
    let grant = |error: &str| answer(400, &json!({ "error": error }));
    let Some(body) = form.get("assertion").and_then(|statement| checked(&shared.key, statement)) else {
        return grant("invalid_grant");
    };
    let host = shared.address.as_str();
    let fits = body["iss"] == INTEGRATION_KEY
        && body["sub"] == USER
        && body["aud"] == host
        && body["scope"] == "signature impersonation"
        && body["exp"].as_i64().unwrap_or(0) - body["iat"].as_i64().unwrap_or(0) <= 3600;
    if !fits {
        return grant("invalid_grant");
    }
    let mut office = locked(&shared.office);
    if !office.consent {
        return grant("consent_required");
    }
    let token = format!("token-{}", office.ledger.len());
    office.tokens.push(token.clone());
    after(fault, answer(200, &json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 })))
}

/// The statement's body, if its signature holds.
fn checked(key: &[u8], statement: &str) -> Option<Value> {
    let (signed, signature) = statement.rsplit_once('.')?;
    let (head, body) = signed.split_once('.')?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let head: Value = serde_json::from_slice(&decoded(head)?).ok()?;
    if head["alg"] != "RS256" {
        return None;
    }
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed.as_bytes(), &decoded(signature)?).ok()?;
    serde_json::from_slice(&decoded(body)?).ok()
}

/// Whether a call carries a token that holds.
fn unauthorised(shared: &Shared, headers: &HeaderMap) -> Option<Response<Body>> {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    let holds = locked(&shared.office).tokens.iter().any(|token| token == given);
    (!holds).then(|| refused(401, "AUTHORIZATION_INVALID_TOKEN", "The access token expired or is invalid."))
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response<Body> {
    if let Some(response) = unauthorised(&shared, &headers) {
        return response;
    }
    let base = format!("http://{}", shared.address);
    answer(
        200,
        &json!({ "sub": USER, "name": "Acme Signatures", "accounts": [
        { "account_id": ACCOUNT, "is_default": true, "account_name": "Acme", "base_uri": base }] }),
    )
}

async fn create(
    State(shared): State<Shared>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response<Body> {
    let fault = fault(&shared, "POST envelopes");
    if let Some(response) = before(fault).or_else(|| unauthorised(&shared, &headers)) {
        return response;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let document = &body["documents"][0];
    let Ok(bytes) = STANDARD.decode(text(&document["documentBase64"])) else {
        return refused(400, "INVALID_REQUEST_BODY", "the document cannot be decoded");
    };
    let signers: Vec<(String, String)> = body["recipients"]["signers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|signer| (text(&signer["name"]), text(&signer["email"])))
        .collect();
    if signers.is_empty() || signers.iter().any(|(name, email)| name.is_empty() || !email.contains('@')) {
        return refused(400, "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", "a signer has no address");
    }
    if signers.iter().any(|(_, email)| email.starts_with("bounces@")) {
        return refused(
            400,
            "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT",
            "The email address for the recipient is invalid.",
        );
    }
    let tell = &body["eventNotification"];
    let tells = tell["requireAcknowledgment"] == "true" && tell["includeHMAC"] == "true";
    let mut office = locked(&shared.office);
    office.moment += 1;
    let envelope = Envelope {
        id: format!("env-{:04}", office.envelopes.len() + 1),
        transaction: text(&body["transactionId"]),
        status: text(&body["status"]),
        voided_reason: None,
        declined: None,
        document: bytes,
        file_name: text(&document["name"]),
        signers,
        tell: tell["url"].as_str().filter(|_| tells).map(str::to_owned),
        resent: 0,
        changed_at: office.moment,
        signed: None,
        listed_from: Instant::now() + office.lag,
    };
    let made = json!({ "envelopeId": envelope.id, "status": envelope.status,
        "statusDateTime": moment(envelope.changed_at), "uri": format!("/envelopes/{}", envelope.id) });
    office.envelopes.push(envelope);
    drop(office);
    after(fault, answer(201, &made))
}

async fn list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response<Body> {
    let fault = fault(&shared, "GET envelopes");
    if let Some(response) = before(fault).or_else(|| unauthorised(&shared, &headers)) {
        return response;
    }
    let asked =
        |name: &str| query.get(name).map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    let (ids, transactions) = (asked("envelope_ids"), asked("transaction_ids"));
    if ids.is_none() && transactions.is_none() && !query.contains_key("from_date") {
        return refused(
            400,
            "INVALID_REQUEST_PARAMETER",
            "from_date, envelope_ids or transaction_ids is needed",
        );
    }
    let office = locked(&shared.office);
    let found: Vec<Value> = office
        .envelopes
        .iter()
        .filter_map(|envelope| {
            let is_wanted = ids.as_ref().is_none_or(|ids| ids.contains(&envelope.id))
                && transactions.as_ref().is_none_or(|keys| keys.contains(&envelope.transaction));
            (is_wanted && envelope.listed_from <= Instant::now()).then(|| summary(envelope))
        })
        .collect();
    let count = found.len().to_string();
    after(fault, answer(200, &json!({ "envelopes": found, "resultSetSize": count, "totalSetSize": count })))
}

async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response<Body> {
    let fault = fault(&shared, &format!("PUT envelopes/{id}"));
    if let Some(response) = before(fault).or_else(|| unauthorised(&shared, &headers)) {
        return response;
    }
    let mut office = locked(&shared.office);
    office.moment += 1;
    let moment = office.moment;
    let Some(envelope) = office.envelopes.iter_mut().find(|envelope| envelope.id == id) else {
        return refused(404, "ENVELOPE_DOES_NOT_EXIST", "no such envelope");
    };
    if ["completed", "declined", "voided"].contains(&envelope.status.as_str()) {
        return refused(400, "ENVELOPE_INVALID_STATUS", "Invalid envelope status.");
    }
    if query.get("resend_envelope").is_some_and(|value| value == "true") {
        envelope.resent += 1;
    }
    if body["status"] == "voided" {
        "voided".clone_into(&mut envelope.status);
        envelope.voided_reason = body["voidedReason"].as_str().map(str::to_owned);
        envelope.changed_at = moment;
    }
    let told = json!({ "envelopeId": id });
    drop(office);
    after(fault, answer(200, &told))
}

async fn combined(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let fault = fault(&shared, &format!("GET envelopes/{id}/documents/combined"));
    if let Some(response) = before(fault).or_else(|| unauthorised(&shared, &headers)) {
        return response;
    }
    let office = locked(&shared.office);
    let Some(envelope) = office.envelopes.iter().find(|envelope| envelope.id == id) else {
        return refused(404, "ENVELOPE_DOES_NOT_EXIST", "no such envelope");
    };
    let bytes = envelope.signed.clone().unwrap_or_else(|| envelope.document.clone());
    drop(office);
    let builder = Response::builder().header("content-type", "application/pdf");
    after(fault, builder.body(Body::from(bytes)).unwrap_or_default())
}
