//! The fake speaks Salesforce: queries, collections, and the Bulk API 2.0.

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::DateTime;
use domain::crm::Object;
use serde_json::{Value, json};

use super::soql::{self, Condition};
use super::{Book, Job, Record, Reply, Request};

const EXTERNAL: &str = "Dealdesk_Id__c";

pub(super) enum Told {
    Json(Reply),
    Csv(String),
}

/// A record's id.
pub(super) fn name(object: Object, id: u64) -> String {
    let prefix = match object {
        Object::Company => "001",
        Object::Contact => "003",
        Object::Deal => "006",
        Object::Note => "00T",
    };
    format!("{prefix}{id:015}")
}

fn number(name: &str) -> Option<u64> {
    name.get(3..)?.parse().ok()
}

fn object(name: &str) -> Object {
    match name {
        "Account" => Object::Company,
        "Contact" => Object::Contact,
        "Task" => Object::Note,
        _ => Object::Deal,
    }
}

pub(super) fn answer(book: &mut Book, request: &Request<'_>) -> Told {
    let path = request.path.trim_start_matches("/services/data/v61.0/");
    let parts: Vec<&str> = path.split('/').collect();
    let reply = match (request.method, parts.as_slice()) {
        (&Method::GET, ["query" | "queryAll"]) => query(book, request, parts[0] == "queryAll"),
        (&Method::GET, ["sobjects", _, "describe"]) => {
            (200, json!({ "createable": true, "fields": [{ "name": EXTERNAL }] }))
        }
        (&Method::PATCH, ["composite", "sobjects"]) => collection(book, None, &request.json()),
        (&Method::PATCH, ["composite", "sobjects", name, _]) => {
            collection(book, Some(object(name)), &request.json())
        }
        (&Method::POST, ["jobs", "ingest"]) => {
            book.next += 1;
            let id = book.next;
            let of = object(request.json()["object"].as_str().unwrap_or_default());
            book.jobs.insert(id, Job { object: Some(of), state: "Open", ..Job::default() });
            (200, json!({ "id": id.to_string(), "state": "Open" }))
        }
        (method, ["jobs", "ingest", id, rest @ ..]) => {
            return job(book, (method, id.parse().unwrap_or(0), rest), request);
        }
        _ => (404, json!([{ "errorCode": "NOT_FOUND" }])),
    };
    Told::Json(reply)
}

fn query(book: &Book, request: &Request<'_>, is_all: bool) -> Reply {
    let text = request.query.get("q").map_or("", String::as_str);
    let Some(query) = soql::parse(text) else {
        return (400, json!([{ "errorCode": "MALFORMED_QUERY", "message": text }]));
    };
    if query.from == "Organization" {
        return (200, json!({ "done": true, "totalSize": 1, "records": [{ "Id": "00D000000000001" }] }));
    }
    if let Some(column) = query.columns.iter().find(|column| book.removed.contains(column)) {
        let message = format!("No such column '{column}' on entity '{}'", query.from);
        return (400, json!([{ "errorCode": "INVALID_FIELD", "message": message }]));
    }
    let (of, now) = (object(&query.from), book.now());
    let is_windowed = text.contains("SystemModstamp <=");
    let fits = |id: u64, one: &Record| {
        query.conditions.iter().all(|condition| match condition {
            Condition::Compare(field, operator, value) => match (field.as_str(), operator.as_str()) {
                ("Id", ">") => name(of, id) > *value,
                ("IsDeleted", "=") => one.is_archived == (value == "true"),
                ("SystemModstamp", "<=") => one.modified <= ms(value),
                ("SystemModstamp", ">=") => one.modified >= ms(value),
                _ => false,
            },
            Condition::In(field, values) if field == "Id" => values.contains(&name(of, id)),
            Condition::In(field, values) => one.fields.get(field).is_some_and(|value| values.contains(value)),
        })
    };
    let visible = |one: &Record| (is_all || !one.is_archived) && (!is_windowed || one.shown <= now);
    let past = query.conditions.iter().find_map(|condition| match condition {
        Condition::Compare(field, _, value) if field == "Id" => number(value),
        _ => None,
    });
    let records: Vec<Value> = book
        .after(of, past.unwrap_or(0))
        .filter(|(id, one)| visible(one) && fits(**id, one))
        .take(query.limit)
        .map(|(id, one)| shown((of, *id), one, &query.columns))
        .collect();
    (200, json!({ "done": true, "totalSize": records.len(), "records": records }))
}

fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).map(|at| at.timestamp_millis()).unwrap_or_default()
}

fn shown((of, id): (Object, u64), one: &Record, columns: &[String]) -> Value {
    let mut told = json!({ "attributes": { "type": "x" } });
    for column in columns {
        let modified = DateTime::from_timestamp_millis(one.modified).unwrap_or_default();
        told[column] = match column.as_str() {
            "Id" => json!(name(of, id)),
            "SystemModstamp" => json!(modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()),
            "IsDeleted" => json!(one.is_archived),
            "MasterRecordId" => one.merged_into.map_or(Value::Null, |id| json!(name(of, id))),
            "AccountId" | "WhatId" => one.links.first().map_or(Value::Null, |(to, id)| json!(name(*to, *id))),
            other => one.fields.get(other).map_or(Value::Null, |value| json!(value)),
        };
    }
    told
}

/// Sets fields and what they point at.
fn save(book: &mut Book, of: Object, id: Option<u64>, mut fields: BTreeMap<String, String>) -> u64 {
    let link = fields.remove("AccountId").map(|id| (Object::Company, id));
    let link = link.or_else(|| fields.remove("WhatId").map(|id| (Object::Deal, id)));
    let id = book.write(of, id, fields);
    if let (Some((to, Some(other))), Some(record)) =
        (link.map(|(to, id)| (to, number(&id))), book.records.get_mut(&of).and_then(|all| all.get_mut(&id)))
    {
        record.links = vec![(to, other)];
    }
    id
}

fn refusal(book: &mut Book, fields: &BTreeMap<String, String>) -> Option<(&'static str, String)> {
    if let Some(name) = fields.keys().find(|name| book.removed.contains(name)) {
        return Some(("INVALID_FIELD", format!("No such column '{name}' on entity")));
    }
    let key = fields.get(EXTERNAL)?;
    let left = book.refused.get_mut(key).filter(|left| **left > 0)?;
    *left -= 1;
    Some(("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record".to_owned()))
}

fn collection(book: &mut Book, of: Option<Object>, body: &Value) -> Reply {
    let records = body["records"].as_array().cloned().unwrap_or_default();
    if records.len() > 200 {
        return (400, json!([{ "errorCode": "LIMIT_EXCEEDED", "message": "at most 200" }]));
    }
    let mut told = Vec::new();
    for record in records {
        let of = of.unwrap_or_else(|| object(record["attributes"]["type"].as_str().unwrap_or_default()));
        let fields: BTreeMap<String, String> = record
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| !matches!(name.as_str(), "attributes" | "id"))
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        if let Some((code, message)) = refusal(book, &fields) {
            let errors = json!([{ "statusCode": code, "message": message, "fields": [] }]);
            told.push(json!({ "success": false, "errors": errors }));
            continue;
        }
        let known = fields.get(EXTERNAL).and_then(|key| book.external.get(&(of, key.clone())).copied());
        let id = record["id"].as_str().and_then(number).or(known);
        let id = save(book, of, id, fields);
        told.push(json!({ "id": name(of, id), "success": true, "errors": [] }));
    }
    (200, json!(told))
}

fn job(book: &mut Book, (method, id, rest): (&Method, u64, &[&str]), request: &Request<'_>) -> Told {
    let Some(mut job) = book.jobs.remove(&id) else { return Told::Json((404, json!({}))) };
    let of = job.object.unwrap_or(Object::Deal);
    let told = match (method, rest) {
        (&Method::PUT, ["batches"]) => {
            let rows = csv::Reader::from_reader(request.body).into_deserialize();
            job.rows = rows.filter_map(Result::ok).collect();
            Told::Json((201, Value::Null))
        }
        (&Method::PATCH, []) => {
            job.state = "InProgress";
            let keep = job.rows.len().saturating_sub(book.leave_unprocessed);
            let rows = std::mem::take(&mut job.rows);
            for (at, row) in rows.into_iter().enumerate() {
                let fields: BTreeMap<String, String> = row
                    .iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(n, v)| (n.clone(), v.clone()))
                    .collect();
                if at >= keep {
                    job.rest.push(row);
                } else if let Some((code, message)) = refusal(book, &fields) {
                    job.bad.push((format!("{code}:{message}"), row));
                } else {
                    let known =
                        fields.get(EXTERNAL).and_then(|key| book.external.get(&(of, key.clone())).copied());
                    let made = save(book, of, known, fields);
                    job.good.push((made, row));
                }
            }
            Told::Json((200, json!({ "id": id.to_string(), "state": "UploadComplete" })))
        }
        (&Method::GET, []) => {
            if job.state == "InProgress" {
                job.state = if job.rest.is_empty() { "JobComplete" } else { "Failed" };
            }
            Told::Json((200, json!({ "id": id.to_string(), "state": job.state })))
        }
        (&Method::GET, ["successfulResults"]) => Told::Csv(table(job.good.iter().map(|(made, row)| {
            (vec![("sf__Id", name(of, *made)), ("sf__Created", "true".to_owned())], row)
        }))),
        (&Method::GET, ["failedResults"]) => Told::Csv(table(
            job.bad
                .iter()
                .map(|(error, row)| (vec![("sf__Id", String::new()), ("sf__Error", error.clone())], row)),
        )),
        (&Method::GET, ["unprocessedrecords"]) => {
            Told::Csv(table(job.rest.iter().map(|row| (Vec::new(), row))))
        }
        _ => Told::Json((404, json!({}))),
    };
    book.jobs.insert(id, job);
    told
}

fn table<'a>(
    rows: impl Iterator<Item = (Vec<(&'static str, String)>, &'a BTreeMap<String, String>)>,
) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    for (at, (extra, row)) in rows.enumerate() {
        let names = extra.iter().map(|(name, _)| (*name).to_owned()).chain(row.keys().cloned());
        let values = extra.iter().map(|(_, value)| value.clone()).chain(row.values().cloned());
        if at == 0 {
            let _ = out.write_record(names);
        }
        let _ = out.write_record(values);
    }
    out.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
