//! HubSpot, CRM API v3: lists and searches by id, batch upserts by a unique property, webhooks signed with version 3.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::crm::Object;
use hmac::{Hmac, Mac};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{Account, Page, Record, Wanted, Window, Write, Written, garbage, text_of};
use crate::call::{CallError, Http};

/// The property that keeps our id.
const EXTERNAL: &str = "dealdesk_id";
/// Most records of a listed page and of a batch.
const BATCH: usize = 100;
/// Most records of a searched page.
const SEARCHED: usize = 200;
/// A webhook may be so old or so early.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// What the token must allow.
const SCOPES: [&str; 8] = [
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.contacts.read",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.companies.write",
    "crm.schemas.deals.write",
    "crm.schemas.contacts.write",
];

/// A HubSpot account.
#[derive(Debug, Clone)]
pub struct HubSpot {
    http: Http,
    origin: String,
    token: SecretString,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    properties: BTreeMap<String, Value>,
    #[serde(rename = "updatedAt")]
    updated_at: DateTime<Utc>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    associations: BTreeMap<String, Linked>,
}

#[derive(Deserialize)]
struct Linked {
    results: Vec<Value>,
}

#[derive(Deserialize)]
struct Next {
    after: String,
}

#[derive(Deserialize)]
struct Paging {
    next: Option<Next>,
}

#[derive(Deserialize)]
struct Items {
    results: Vec<Item>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct BatchDone {
    #[serde(default)]
    results: Vec<Item>,
    #[serde(default)]
    errors: Vec<BatchError>,
}

#[derive(Deserialize)]
struct BatchError {
    #[serde(default)]
    category: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    context: BTreeMap<String, Vec<String>>,
}

impl HubSpot {
    /// An account at `origin`, e.g. `https://api.hubapi.com`, opened by a token.
    pub fn new(http: Http, origin: &str, token: SecretString) -> Self {
        Self { http, origin: origin.trim_end_matches('/').to_owned(), token }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.origin);
        self.http.client().request(method, url).bearer_auth(self.token.expose_secret())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<crate::call::Answer, CallError> {
        self.http.send(self.call(Method::POST, path).json(body)).await
    }

    /// A read that is a POST: nothing can have happened.
    async fn ask(&self, path: &str, body: &Value) -> Result<crate::call::Answer, CallError> {
        self.post(path, body).await.map_err(|error| match error {
            CallError::OutcomeUnknown { cause } => CallError::NotSent { cause },
            other => other,
        })
    }

    pub(super) async fn account(&self) -> Result<Account, CallError> {
        #[derive(Deserialize)]
        struct Info {
            #[serde(rename = "hubId", alias = "hub_id")]
            hub: i64,
            scopes: Vec<String>,
        }
        let token = self.token.expose_secret();
        let path = "/oauth/v2/private-apps/get/access-token-info";
        let info = match self.ask(path, &json!({ "tokenKey": token })).await {
            // A token of OAuth is asked about elsewhere.
            Err(CallError::Refused { .. } | CallError::Gone { .. }) => {
                let path = format!("/oauth/v1/access-tokens/{token}");
                self.http.send(self.call(Method::GET, &path)).await?
            }
            other => other?,
        };
        let info: Info = info.json()?;
        let missing = SCOPES.iter().filter(|scope| !info.scopes.iter().any(|has| has == *scope));
        Ok(Account { id: info.hub.to_string(), missing: missing.map(|scope| (*scope).to_owned()).collect() })
    }

    pub(super) async fn prepare(&self) -> Result<(), CallError> {
        for (object, group) in [
            (Object::Company, "companyinformation"),
            (Object::Deal, "dealinformation"),
            (Object::Note, "note"),
        ] {
            let property = json!({
                "name": EXTERNAL, "label": "Dealdesk id", "type": "string", "fieldType": "text",
                "groupName": group, "hasUniqueValue": true,
                "description": "The record's id in Dealdesk. Do not change it.",
            });
            match self.post(&format!("/crm/v3/properties/{}", plural(object)), &property).await {
                Ok(_) | Err(CallError::Refused { status: 409, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) async fn list(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        is_archived: bool,
    ) -> Result<Page, CallError> {
        let mut query = vec![
            ("limit", BATCH.to_string()),
            ("properties", properties(wanted).join(",")),
            ("archived", is_archived.to_string()),
        ];
        if let (Some(linked), false) = (linked_to(wanted.object), is_archived) {
            query.push(("associations", plural(linked).to_owned()));
        }
        if let Some(after) = after {
            query.push(("after", after.to_owned()));
        }
        let path = format!("/crm/v3/objects/{}", plural(wanted.object));
        let items: Items = self.http.send(self.call(Method::GET, &path).query(&query)).await?.json()?;
        let next = items.paging.and_then(|paging| paging.next).map(|next| next.after);
        let records = items.results.into_iter().map(|item| read(wanted, item)).collect();
        Ok(Page { records, next })
    }

    pub(super) async fn changed(
        &self,
        wanted: &Wanted,
        window: Window,
        after: Option<&str>,
    ) -> Result<Page, CallError> {
        let modified = match wanted.object {
            Object::Contact => "lastmodifieddate",
            _ => "hs_lastmodifieddate",
        };
        let mut filters = vec![json!({
            "propertyName": modified, "operator": "LTE", "value": window.until.timestamp_millis().to_string(),
        })];
        if let Some(since) = window.since {
            filters.push(json!({
                "propertyName": modified, "operator": "GTE", "value": since.timestamp_millis().to_string(),
            }));
        }
        if let Some(after) = after {
            filters.push(json!({ "propertyName": "hs_object_id", "operator": "GT", "value": after }));
        }
        // No query goes past its first page, so none comes near the 10,000 rows at which a search ends.
        let body = json!({
            "filterGroups": [{ "filters": filters }],
            "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }],
            "properties": properties(wanted), "limit": SEARCHED,
        });
        let path = format!("/crm/v3/objects/{}/search", plural(wanted.object));
        let items: Items = self.ask(&path, &body).await?.json()?;
        let is_last = items.paging.and_then(|paging| paging.next).is_none();
        let mut records: Vec<Record> = items.results.into_iter().map(|item| read(wanted, item)).collect();
        let next = if is_last { None } else { records.last().map(|last| last.id.clone()) };
        self.link(wanted.object, &mut records).await?;
        Ok(Page { records, next })
    }

    /// Adds what searched records belong to, which a search does not tell.
    async fn link(&self, object: Object, records: &mut [Record]) -> Result<(), CallError> {
        #[derive(Deserialize)]
        struct To {
            #[serde(rename = "toObjectId")]
            id: i64,
        }
        #[derive(Deserialize)]
        struct From {
            id: String,
        }
        #[derive(Deserialize)]
        struct Pair {
            from: From,
            to: Vec<To>,
        }
        #[derive(Deserialize)]
        struct Pairs {
            results: Vec<Pair>,
        }
        let Some(linked) = linked_to(object) else { return Ok(()) };
        if records.is_empty() {
            return Ok(());
        }
        let inputs: Vec<Value> = records.iter().map(|record| json!({ "id": record.id })).collect();
        let path = format!("/crm/v4/associations/{}/{}/batch/read", plural(object), plural(linked));
        let pairs: Pairs = self.ask(&path, &json!({ "inputs": inputs })).await?.json()?;
        let mut of: BTreeMap<String, Vec<To>> =
            pairs.results.into_iter().map(|pair| (pair.from.id, pair.to)).collect();
        for record in records {
            let to = of.remove(&record.id).unwrap_or_default();
            record.links = to.into_iter().map(|to| (linked, to.id.to_string())).collect();
        }
        Ok(())
    }

    pub(super) async fn read(
        &self,
        wanted: &Wanted,
        ids: &[String],
        is_external: bool,
    ) -> Result<Vec<Record>, CallError> {
        let mut records = Vec::with_capacity(ids.len());
        for part in ids.chunks(BATCH) {
            let inputs: Vec<Value> = part.iter().map(|id| json!({ "id": id })).collect();
            let mut body = json!({ "inputs": inputs, "properties": properties(wanted) });
            if is_external {
                body["idProperty"] = json!(EXTERNAL);
            }
            let path = format!("/crm/v3/objects/{}/batch/read", plural(wanted.object));
            let done: BatchDone = self.ask(&path, &body).await?.json()?;
            let mut found: Vec<Record> = done.results.into_iter().map(|item| read(wanted, item)).collect();
            self.link(wanted.object, &mut found).await?;
            records.extend(found);
        }
        Ok(records)
    }

    pub(super) async fn write(&self, object: Object, writes: &[Write]) -> Result<Vec<Written>, CallError> {
        let mut written = Vec::with_capacity(writes.len());
        // Those whose id is known go by it, the others by ours; neighbours of one sort go together.
        for part in writes.chunk_by(|a, b| a.id.is_some() == b.id.is_some()).flat_map(|run| run.chunks(BATCH))
        {
            let inputs: Vec<Value> = part.iter().map(input).collect();
            let way = if part[0].id.is_some() { "update" } else { "upsert" };
            let path = format!("/crm/v3/objects/{}/batch/{way}", plural(object));
            let done = match self.post(&path, &json!({ "inputs": inputs })).await {
                Ok(answer) => answer.json::<BatchDone>()?,
                // One bad record spoils a whole batch: each alone tells which it is.
                Err(CallError::Refused { .. }) if part.len() > 1 => {
                    for one in part {
                        let one = Box::pin(self.write(object, std::slice::from_ref(one))).await?;
                        written.extend(one);
                    }
                    continue;
                }
                Err(CallError::Refused { reason, .. }) => {
                    let field = blamed(&reason, &part[0]);
                    written.push(Written::Refused { reason, field });
                    continue;
                }
                Err(error) => return Err(error),
            };
            let outcomes = outcomes(part, done);
            self.associate(object, part.iter().zip(&outcomes)).await?;
            written.extend(outcomes);
        }
        Ok(written)
    }

    /// Ties written records to what they belong to; doing it again changes nothing.
    async fn associate<'a>(
        &self,
        object: Object,
        written: impl Iterator<Item = (&'a Write, &'a Written)>,
    ) -> Result<(), CallError> {
        let mut inputs: BTreeMap<Object, Vec<Value>> = BTreeMap::new();
        for (write, done) in written {
            if let (Some((to, link)), Written::Done { id, .. }) = (&write.link, done) {
                inputs.entry(*to).or_default().push(json!({ "from": { "id": id }, "to": { "id": link } }));
            }
        }
        for (to, inputs) in inputs {
            let path =
                format!("/crm/v4/associations/{}/{}/batch/associate/default", plural(object), plural(to));
            self.post(&path, &json!({ "inputs": inputs })).await?;
        }
        Ok(())
    }
}

fn input(write: &Write) -> Value {
    let mut fields: Map<String, Value> =
        write.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if write.id.is_none() {
        fields.insert(EXTERNAL.to_owned(), json!(write.external_id));
    }
    match &write.id {
        Some(id) => json!({ "id": id, "properties": fields, "objectWriteTraceId": write.external_id }),
        None => json!({
            "id": write.external_id, "idProperty": EXTERNAL, "properties": fields,
            "objectWriteTraceId": write.external_id,
        }),
    }
}

/// Which of a batch's records were taken, told by their external ids; what is not told of was not taken.
fn outcomes(part: &[Write], done: BatchDone) -> Vec<Written> {
    let is_update = part.first().is_some_and(|write| write.id.is_some());
    let id_of =
        |item: &Item| if is_update { item.id.clone() } else { text_of(item.properties.get(EXTERNAL)) };
    let key_of = |write: &Write| write.id.clone().unwrap_or_else(|| write.external_id.clone());
    let made: BTreeMap<String, Item> = done.results.into_iter().map(|item| (id_of(&item), item)).collect();
    let error_of = |write: &Write| {
        let is_about = |error: &&BatchError| error.context.values().flatten().any(|id| *id == key_of(write));
        done.errors.iter().find(is_about)
    };
    let outcome = |write: &Write| match (made.get(&key_of(write)), error_of(write)) {
        (Some(item), _) => Written::Done { id: item.id.clone(), version: Some(item.updated_at) },
        (None, Some(error)) if error.category == "VALIDATION_ERROR" => {
            Written::Refused { reason: error.message.clone(), field: blamed(&error.message, write) }
        }
        (None, Some(error)) => Written::Later { reason: error.message.clone() },
        (None, None) => Written::Later { reason: "HubSpot did not say what came of it".to_owned() },
    };
    part.iter().map(outcome).collect()
}

/// The field that a refusal names.
fn blamed(reason: &str, write: &Write) -> Option<String> {
    // The words stand in JSON, where quotes are escaped.
    let reason = reason.replace('\\', "");
    let is_named = |name: &&String| {
        reason.contains(&format!("\"{name}\"")) || reason.contains(&format!("PROPERTY_DOESNT_EXIST: {name}"))
    };
    if !reason.contains("does not exist") && !reason.contains("PROPERTY_DOESNT_EXIST") {
        return None;
    }
    write.fields.keys().find(is_named).cloned()
}

fn properties(wanted: &Wanted) -> Vec<String> {
    let mut all = wanted.fields.clone();
    if wanted.object != Object::Contact {
        all.push(EXTERNAL.to_owned());
    }
    all.push("hs_merged_object_ids".to_owned());
    all
}

fn read(wanted: &Wanted, item: Item) -> Record {
    let Item { id, properties, updated_at, archived, associations } = item;
    let fields = wanted.fields.iter().map(|name| (name.clone(), text_of(properties.get(name)))).collect();
    let merged = text_of(properties.get("hs_merged_object_ids"));
    let links = linked_to(wanted.object).map_or_else(Vec::new, |linked| {
        let results = associations.get(plural(linked)).map(|linked| linked.results.as_slice());
        let mut ids: Vec<String> = Vec::new();
        for id in results.unwrap_or_default().iter().map(|to| text_of(to.get("id"))) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids.into_iter().map(|id| (linked, id)).collect()
    });
    Record {
        id,
        modified_at: updated_at,
        is_archived: archived,
        external_id: Some(text_of(properties.get(EXTERNAL))).filter(|id| !id.is_empty()),
        merged: merged.split(';').filter(|id| !id.is_empty()).map(ToOwned::to_owned).collect(),
        merged_into: None,
        fields,
        links,
    }
}

fn plural(object: Object) -> &'static str {
    match object {
        Object::Company => "companies",
        Object::Contact => "contacts",
        Object::Deal => "deals",
        Object::Note => "notes",
    }
}

fn linked_to(object: Object) -> Option<Object> {
    match object {
        Object::Company => None,
        Object::Contact | Object::Deal => Some(Object::Company),
        Object::Note => Some(Object::Deal),
    }
}

/// A change that a webhook hints at. The record itself is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The account.
    pub portal: String,
    /// What, if it is something we follow.
    pub object: Option<Object>,
    /// Which record.
    pub id: String,
    /// The vendor's id of the event.
    pub event: String,
}

/// Whether a webhook is HubSpot's and fresh: version 3 of its signature, over method, address, body and time.
pub fn is_signed(
    secret: &SecretString,
    (uri, body): (&str, &[u8]),
    (signature, timestamp): (&str, &str),
    now: DateTime<Utc>,
) -> bool {
    let Some(at) = timestamp.parse().ok().and_then(DateTime::from_timestamp_millis) else { return false };
    if (now - at).abs() > SKEW {
        return false;
    }
    let Ok(signature) = BASE64_STANDARD.decode(signature) else { return false };
    let Some(mac) = mac(secret, (uri, body), timestamp) else { return false };
    mac.verify_slice(&signature).is_ok()
}

/// The signature that HubSpot gives a webhook.
pub fn signature(secret: &SecretString, (uri, body): (&str, &[u8]), timestamp: &str) -> String {
    mac(secret, (uri, body), timestamp)
        .map(|mac| BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        .unwrap_or_default()
}

fn mac(secret: &SecretString, (uri, body): (&str, &[u8]), timestamp: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    for part in [b"POST", uri.as_bytes(), body, timestamp.as_bytes()] {
        mac.update(part);
    }
    Some(mac)
}

/// What a webhook hints at. Errors: [`CallError::Garbage`].
pub fn hints(body: &[u8]) -> Result<Vec<Hint>, CallError> {
    let all: Vec<Value> = serde_json::from_slice(body).map_err(|_| garbage("not a list of events"))?;
    let hint = |event: &Value| {
        let kind = text_of(event.get("subscriptionType"));
        let type_id = text_of(event.get("objectTypeId"));
        let object = match (kind.split('.').next().unwrap_or_default(), type_id.as_str()) {
            ("company", _) | ("object", "0-2") => Some(Object::Company),
            ("contact", _) | ("object", "0-1") => Some(Object::Contact),
            ("deal", _) | ("object", "0-3") => Some(Object::Deal),
            ("note", _) | ("object", "0-46") => Some(Object::Note),
            _ => None,
        };
        Hint {
            portal: text_of(event.get("portalId")),
            object,
            id: text_of(event.get("objectId")),
            event: text_of(event.get("eventId")),
        }
    };
    Ok(all.iter().map(hint).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_secret_signed_lately_is_taken() {
        let secret = SecretString::from("client secret");
        let now = DateTime::from_timestamp_millis(1_800_000_000_000).unwrap();
        let (uri, body, time) = ("https://d.example/hubspot/webhook", b"[]".as_slice(), "1800000000000");
        let signed = signature(&secret, (uri, body), time);
        assert!(is_signed(&secret, (uri, body), (&signed, time), now));
        assert!(!is_signed(&secret, (uri, b"[1]"), (&signed, time), now));
        assert!(!is_signed(&secret, ("https://e.example/", body), (&signed, time), now));
        assert!(!is_signed(&secret, (uri, body), (&signed, "1800000000001"), now));
        assert!(!is_signed(&SecretString::from("another"), (uri, body), (&signed, time), now));
        assert!(!is_signed(&secret, (uri, body), (&signed, time), now + TimeDelta::minutes(6)));
        assert!(!is_signed(&secret, (uri, body), ("", time), now));
    }

    #[test]
    fn hints_name_the_record() {
        let body = br#"[{"eventId":7,"portalId":42,"subscriptionType":"deal.propertyChange","objectId":9}]"#;
        let hint = &hints(body).unwrap()[0];
        assert_eq!((hint.portal.as_str(), hint.object, hint.id.as_str()), ("42", Some(Object::Deal), "9"));
        assert!(hints(b"{}").is_err());
    }
}
