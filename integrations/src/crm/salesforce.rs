//! Salesforce: SOQL by id inside a window of SystemModstamp, collections upserted by an external id, Bulk API 2.0 above
//! 2,000 records.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::crm::Object;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Account, Page, Record, Wanted, Window, Write, Written, garbage, text_of};
use crate::call::{CallError, Http};

/// The version of the interface.
pub(super) const VERSION: &str = "v61.0";
/// The field that keeps our id.
pub(super) const EXTERNAL: &str = "Dealdesk_Id__c";
/// Most records of a page.
const PAGE: usize = 2000;
/// Most records of a collection.
const COLLECTION: usize = 200;
/// Above so many records a bulk job is cheaper.
const BULK_ABOVE: usize = 2000;
/// Most ids named in one query: they stand in the address.
const NAMED: usize = 100;

/// A Salesforce organisation.
#[derive(Debug, Clone)]
pub struct Salesforce {
    pub(super) http: Http,
    origin: String,
    token: SecretString,
}

#[derive(Deserialize)]
struct Answer {
    records: Vec<BTreeMap<String, Value>>,
    done: bool,
}

#[derive(Deserialize)]
struct Saved {
    id: Option<String>,
    success: bool,
    #[serde(default)]
    errors: Vec<SaveError>,
}

#[derive(Deserialize)]
struct SaveError {
    #[serde(rename = "statusCode", default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Salesforce {
    /// An organisation at its own address, e.g. `https://acme.my.salesforce.com`, opened by a token.
    pub fn new(http: Http, origin: &str, token: SecretString) -> Self {
        Self { http, origin: origin.trim_end_matches('/').to_owned(), token }
    }

    pub(super) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/services/data/{VERSION}{path}", self.origin);
        self.http.client().request(method, url).bearer_auth(self.token.expose_secret())
    }

    async fn query(&self, soql: &str, is_all: bool) -> Result<Answer, CallError> {
        let path = if is_all { "/queryAll" } else { "/query" };
        let answer: Answer =
            self.http.send(self.call(Method::GET, path).query(&[("q", soql)])).await?.json()?;
        Ok(answer)
    }

    pub(super) async fn account(&self) -> Result<Account, CallError> {
        let answer = self.query("SELECT Id FROM Organization", false).await?;
        let id = answer.records.first().map(|record| text_of(record.get("Id")));
        let id = id.ok_or_else(|| garbage("no organisation"))?;
        let mut missing = Vec::new();
        for object in Object::ALL {
            let path = format!("/sobjects/{}/describe", name_of(object));
            let described: Value = self.http.send(self.call(Method::GET, &path)).await?.json()?;
            let has = |field: &str| {
                described["fields"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == field))
            };
            if object != Object::Contact && !has(EXTERNAL) {
                missing.push(format!("field {EXTERNAL} on {} (text, external id, unique)", name_of(object)));
            }
            if object != Object::Contact && described["createable"] != json!(true) {
                missing.push(format!("the right to create {}", name_of(object)));
            }
        }
        Ok(Account { id, missing })
    }

    /// The field has to be made by an admin: what is missing is told by [`Self::account`].
    #[expect(clippy::unused_async, reason = "the port's other provider calls")]
    pub(super) async fn prepare(&self) -> Result<(), CallError> {
        Ok(())
    }

    pub(super) async fn list(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        is_archived: bool,
    ) -> Result<Page, CallError> {
        let mut conditions = Vec::new();
        if is_archived {
            conditions.push("IsDeleted = true".to_owned());
        }
        self.page(wanted, conditions, after, is_archived).await
    }

    pub(super) async fn changed(
        &self,
        wanted: &Wanted,
        window: Window,
        after: Option<&str>,
    ) -> Result<Page, CallError> {
        let mut conditions = vec![format!("SystemModstamp <= {}", time(window.until))];
        if let Some(since) = window.since {
            conditions.push(format!("SystemModstamp >= {}", time(since)));
        }
        // Deleted records too: Salesforce tells of them, and of what they were merged into.
        self.page(wanted, conditions, after, true).await
    }

    async fn page(
        &self,
        wanted: &Wanted,
        mut conditions: Vec<String>,
        after: Option<&str>,
        is_all: bool,
    ) -> Result<Page, CallError> {
        conditions.extend(after.map(|after| format!("Id > {}", quoted(after))));
        let condition = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let soql = format!(
            "SELECT {} FROM {}{condition} ORDER BY Id LIMIT {PAGE}",
            columns(wanted).join(", "),
            name_of(wanted.object)
        );
        let answer = self.query(&soql, is_all).await?;
        let is_last = answer.done && answer.records.len() < PAGE;
        let records =
            answer.records.iter().map(|record| read(wanted, record)).collect::<Result<Vec<_>, _>>()?;
        let next = if is_last { None } else { records.last().map(|last: &Record| last.id.clone()) };
        Ok(Page { records, next })
    }

    pub(super) async fn read(
        &self,
        wanted: &Wanted,
        ids: &[String],
        is_external: bool,
    ) -> Result<Vec<Record>, CallError> {
        let mut records = Vec::with_capacity(ids.len());
        let key = if is_external { EXTERNAL } else { "Id" };
        for part in ids.chunks(NAMED) {
            let named: Vec<String> = part.iter().map(|id| quoted(id)).collect();
            let soql = format!(
                "SELECT {} FROM {} WHERE {key} IN ({})",
                columns(wanted).join(", "),
                name_of(wanted.object),
                named.join(",")
            );
            let answer = self.query(&soql, !is_external).await?;
            for record in &answer.records {
                records.push(read(wanted, record)?);
            }
        }
        Ok(records)
    }

    pub(super) async fn write(&self, object: Object, writes: &[Write]) -> Result<Vec<Written>, CallError> {
        if writes.len() > BULK_ABOVE && writes.iter().all(|write| write.id.is_none()) {
            return self.write_in_bulk(object, writes).await;
        }
        let mut written = Vec::with_capacity(writes.len());
        for part in
            writes.chunk_by(|a, b| a.id.is_some() == b.id.is_some()).flat_map(|run| run.chunks(COLLECTION))
        {
            let records: Vec<Value> = part.iter().map(|write| record(object, write)).collect();
            let path = match part[0].id {
                Some(_) => "/composite/sobjects".to_owned(),
                None => format!("/composite/sobjects/{}/{EXTERNAL}", name_of(object)),
            };
            let body = json!({ "allOrNone": false, "records": records });
            let saved: Vec<Saved> =
                self.http.send(self.call(Method::PATCH, &path).json(&body)).await?.json()?;
            if saved.len() != part.len() {
                return Err(garbage("not one result for each record"));
            }
            written.extend(part.iter().zip(saved).map(|(write, saved)| outcome(write, saved)));
        }
        Ok(written)
    }
}

fn outcome(write: &Write, saved: Saved) -> Written {
    match (saved.success, saved.id, saved.errors.into_iter().next()) {
        (true, Some(id), _) => Written::Done { id, version: None },
        (_, _, Some(error)) => refusal(write, &error.code, &error.message),
        _ => Written::Later { reason: "Salesforce did not say what came of it".to_owned() },
    }
}

/// What a refusal means: a locked row and a busy server are tried again, the rest is not.
pub(super) fn refusal(write: &Write, code: &str, message: &str) -> Written {
    let reason = format!("{code}: {message}");
    if matches!(
        code,
        "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" | "REQUEST_LIMIT_EXCEEDED" | "QUERY_TIMEOUT"
    ) {
        return Written::Later { reason };
    }
    let field = matches!(code, "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE")
        .then(|| write.fields.keys().find(|name| message.contains(name.as_str())).cloned());
    Written::Refused { reason, field: field.flatten() }
}

/// The fields of a record as they are written.
pub(super) fn values(object: Object, write: &Write) -> Map<String, Value> {
    let mut fields: Map<String, Value> =
        write.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if write.id.is_none() {
        fields.insert(EXTERNAL.to_owned(), json!(write.external_id));
    }
    if let Some((_, id)) = &write.link {
        fields.insert(link_of(object).unwrap_or("AccountId").to_owned(), json!(id));
    }
    if object == Object::Deal && write.id.is_none() {
        // A deal cannot be without a day on which it closes.
        fields.entry("CloseDate").or_insert_with(|| json!("2099-12-31"));
    }
    fields
}

fn record(object: Object, write: &Write) -> Value {
    let mut fields = values(object, write);
    fields.insert("attributes".to_owned(), json!({ "type": name_of(object) }));
    if let Some(id) = &write.id {
        fields.insert("id".to_owned(), json!(id));
    }
    Value::Object(fields)
}

fn columns(wanted: &Wanted) -> Vec<String> {
    let mut all = vec!["Id".to_owned(), "SystemModstamp".to_owned(), "IsDeleted".to_owned()];
    if wanted.object != Object::Contact {
        all.push(EXTERNAL.to_owned());
    }
    if matches!(wanted.object, Object::Company | Object::Contact) {
        all.push("MasterRecordId".to_owned());
    }
    all.extend(link_of(wanted.object).map(ToOwned::to_owned));
    all.extend(wanted.fields.iter().cloned());
    all
}

fn read(wanted: &Wanted, record: &BTreeMap<String, Value>) -> Result<Record, CallError> {
    let text = |name: &str| text_of(record.get(name));
    let some = |name: &str| Some(text(name)).filter(|value| !value.is_empty());
    let modified = text("SystemModstamp");
    let modified_at = DateTime::parse_from_str(&modified, "%Y-%m-%dT%H:%M:%S%.f%z")
        .map_err(|_| garbage("a record without SystemModstamp"))?;
    let link = link_of(wanted.object).and_then(some);
    let linked = if wanted.object == Object::Note { Object::Deal } else { Object::Company };
    Ok(Record {
        id: some("Id").ok_or_else(|| garbage("a record without Id"))?,
        modified_at: modified_at.with_timezone(&Utc),
        is_archived: record.get("IsDeleted").and_then(Value::as_bool).unwrap_or(false),
        external_id: some(EXTERNAL),
        merged: Vec::new(),
        merged_into: some("MasterRecordId"),
        fields: wanted.fields.iter().map(|name| (name.clone(), text(name))).collect(),
        links: link.map(|id| (linked, id)).into_iter().collect(),
    })
}

pub(super) fn name_of(object: Object) -> &'static str {
    match object {
        Object::Company => "Account",
        Object::Contact => "Contact",
        Object::Deal => "Opportunity",
        Object::Note => "Task",
    }
}

fn link_of(object: Object) -> Option<&'static str> {
    match object {
        Object::Company => None,
        Object::Contact | Object::Deal => Some("AccountId"),
        Object::Note => Some("WhatId"),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_quotes() {
        assert_eq!(quoted("a' OR Id != '"), r"'a\' OR Id != \''");
    }

    #[test]
    fn a_locked_row_is_tried_again_and_a_missing_field_is_named() {
        let write = Write {
            id: None,
            external_id: "1".to_owned(),
            fields: [("StageName".to_owned(), "x".to_owned())].into(),
            link: None,
        };
        assert!(matches!(refusal(&write, "UNABLE_TO_LOCK_ROW", "busy"), Written::Later { .. }));
        let refused = refusal(&write, "INVALID_FIELD", "No such column 'StageName' on Opportunity");
        assert!(matches!(refused, Written::Refused { field: Some(field), .. } if field == "StageName"));
    }
}
