//! The fake speaks HubSpot's CRM API v3.

use std::collections::BTreeMap;

use axum::http::Method;
use domain::crm::Object;
use serde_json::{Map, Value, json};

use super::{Book, Record, Reply, Request, time};

/// A search ends here.
const ROWS_MAX: u64 = 10_000;

pub(super) fn answer(book: &mut Book, request: &Request<'_>) -> Reply {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.method, parts.as_slice()) {
        (&Method::POST, ["oauth", "v2", "private-apps", "get", "access-token-info"]) => {
            let scopes = [
                "crm.objects.companies.read",
                "crm.objects.companies.write",
                "crm.objects.contacts.read",
                "crm.objects.deals.read",
                "crm.objects.deals.write",
                "crm.schemas.companies.write",
                "crm.schemas.deals.write",
                "crm.schemas.contacts.write",
            ];
            (200, json!({ "hubId": 42, "scopes": scopes }))
        }
        (&Method::POST, ["crm", "v3", "properties", _]) => (201, json!({})),
        (&Method::GET, ["crm", "v3", "objects", name]) => list(book, object(name), request),
        (&Method::POST, ["crm", "v3", "objects", name, "search"]) => {
            search(book, object(name), &request.json())
        }
        (&Method::POST, ["crm", "v3", "objects", name, "batch", "read"]) => {
            read(book, object(name), &request.json())
        }
        (&Method::POST, ["crm", "v3", "objects", name, "batch", "upsert" | "update"]) => {
            write(book, object(name), &request.json())
        }
        (&Method::POST, ["crm", "v4", "associations", from, to, "batch", "read"]) => {
            links(book, (object(from), object(to)), &request.json())
        }
        (&Method::POST, ["crm", "v4", "associations", from, to, "batch", "associate", "default"]) => {
            link(book, (object(from), object(to)), &request.json())
        }
        _ => (404, json!({ "message": "no such address" })),
    }
}

fn object(name: &str) -> Object {
    match name {
        "companies" => Object::Company,
        "contacts" => Object::Contact,
        "notes" => Object::Note,
        _ => Object::Deal,
    }
}

fn shown(id: u64, record: &Record, wanted: &[String]) -> Value {
    let mut properties: Map<String, Value> = wanted
        .iter()
        .map(|name| (name.clone(), record.fields.get(name).map_or(Value::Null, |value| json!(value))))
        .collect();
    let merged: Vec<String> = record.merged.iter().map(u64::to_string).collect();
    if !merged.is_empty() {
        properties.insert("hs_merged_object_ids".to_owned(), json!(merged.join(";")));
    }
    json!({
        "id": id.to_string(), "properties": properties, "updatedAt": time(record.modified),
        "archived": record.is_archived,
    })
}

fn names(value: &Value) -> Vec<String> {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect()
}

fn list(book: &Book, object: Object, request: &Request<'_>) -> Reply {
    let of = |name: &str| request.query.get(name).map_or("", String::as_str);
    let limit: usize = of("limit").parse().unwrap_or(10);
    if limit > 100 {
        return (400, json!({ "message": "limit is too large" }));
    }
    let after: u64 = of("after").parse().unwrap_or(0);
    let wanted: Vec<String> = of("properties").split(',').map(ToOwned::to_owned).collect();
    let is_archived = of("archived") == "true";
    let all = book.after(object, after).filter(|(_, one)| one.is_archived == is_archived);
    let found: Vec<(&u64, &Record)> = all.take(limit + 1).collect();
    let results: Vec<Value> = found
        .iter()
        .take(limit)
        .map(|(id, one)| {
            let mut told = shown(**id, one, &wanted);
            for (to, link) in &one.links {
                let name = match to {
                    Object::Company => "companies",
                    Object::Contact => "contacts",
                    Object::Deal => "deals",
                    Object::Note => "notes",
                };
                let place = &mut told["associations"][name]["results"];
                if place.is_null() {
                    *place = json!([]);
                }
                if let Some(all) = place.as_array_mut() {
                    all.push(json!({ "id": link.to_string(), "type": "deal_to_company" }));
                }
            }
            told
        })
        .collect();
    let mut told = json!({ "results": results });
    if found.len() > limit {
        told["paging"] = json!({ "next": { "after": found[limit - 1].0.to_string() } });
    }
    (200, told)
}

fn search(book: &Book, object: Object, body: &Value) -> Reply {
    let limit = body["limit"].as_u64().unwrap_or(10);
    let after: u64 = body["after"].as_str().and_then(|after| after.parse().ok()).unwrap_or(0);
    if limit > 200 || after + limit > ROWS_MAX {
        return (400, json!({ "message": "a search ends at 10,000 rows" }));
    }
    let filters = body["filterGroups"][0]["filters"].as_array().cloned().unwrap_or_default();
    if filters.len() > 6 {
        return (400, json!({ "message": "too many filters" }));
    }
    let now = book.now();
    let fits = |id: u64, one: &Record| {
        filters.iter().all(|filter| {
            let value: i64 = filter["value"].as_str().and_then(|value| value.parse().ok()).unwrap_or(0);
            let has = if filter["propertyName"] == "hs_object_id" {
                i64::try_from(id).unwrap_or(0)
            } else {
                one.modified
            };
            match filter["operator"].as_str() {
                Some("GT") => has > value,
                Some("GTE") => has >= value,
                Some("LTE") => has <= value,
                _ => false,
            }
        })
    };
    let wanted = names(&body["properties"]);
    let past = filters.iter().find(|filter| filter["operator"] == "GT").map(|filter| &filter["value"]);
    let past = past.and_then(|id| id.as_str()?.parse().ok()).unwrap_or(0);
    let all =
        book.after(object, past).filter(|(id, one)| !one.is_archived && one.shown <= now && fits(**id, one));
    let limit = usize::try_from(limit).unwrap_or(200);
    let found: Vec<(&u64, &Record)> = all.take(limit + 1).collect();
    let results: Vec<Value> = found.iter().take(limit).map(|(id, one)| shown(**id, one, &wanted)).collect();
    let mut told = json!({ "total": found.len(), "results": results });
    if found.len() > limit {
        told["paging"] = json!({ "next": { "after": limit.to_string() } });
    }
    (200, told)
}

fn read(book: &Book, object: Object, body: &Value) -> Reply {
    let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
    if inputs.len() > 100 {
        return (400, json!({ "message": "at most 100 inputs" }));
    }
    let wanted = names(&body["properties"]);
    let mut results = Vec::new();
    for input in inputs {
        let key = input["id"].as_str().unwrap_or_default();
        let id = if body["idProperty"].is_string() {
            book.external.get(&(object, key.to_owned())).copied()
        } else {
            key.parse().ok()
        };
        let found = id.and_then(|id| Some((id, book.records.get(&object)?.get(&id)?)));
        if let Some((id, one)) = found.filter(|(_, one)| !one.is_archived) {
            results.push(shown(id, one, &wanted));
        }
    }
    (200, json!({ "status": "COMPLETE", "results": results }))
}

fn write(book: &mut Book, object: Object, body: &Value) -> Reply {
    let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
    if inputs.len() > 100 {
        return (400, json!({ "message": "at most 100 inputs" }));
    }
    let fields_of = |input: &Value| -> BTreeMap<String, String> {
        let all = input["properties"].as_object().cloned().unwrap_or_default();
        all.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned())).collect()
    };
    for input in &inputs {
        if let Some(name) = fields_of(input).keys().find(|name| book.removed.contains(name)) {
            let message = format!("Property values were not valid: Property \"{name}\" does not exist");
            return (400, json!({ "status": "error", "category": "VALIDATION_ERROR", "message": message }));
        }
    }
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in inputs {
        let fields = fields_of(&input);
        let key = fields.get("dealdesk_id").cloned();
        let key = key.or_else(|| input["id"].as_str().map(ToOwned::to_owned)).unwrap_or_default();
        if let Some(left) = book.refused.get_mut(&key).filter(|left| **left > 0) {
            *left -= 1;
            errors.push(json!({
                "status": "error", "category": "CONFLICT", "message": "the record is locked",
                "context": { "ids": [key] },
            }));
            continue;
        }
        let id = if input["idProperty"].is_string() {
            book.external.get(&(object, key.clone())).copied()
        } else {
            input["id"].as_str().and_then(|id| id.parse().ok())
        };
        let id = book.write(object, id, fields);
        if let Some(one) = book.records.get(&object).and_then(|all| all.get(&id)) {
            results.push(shown(id, one, &["dealdesk_id".to_owned()]));
        }
    }
    let status = if errors.is_empty() { 200 } else { 207 };
    (status, json!({ "status": "COMPLETE", "results": results, "errors": errors }))
}

fn links(book: &Book, (from, to): (Object, Object), body: &Value) -> Reply {
    let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
    if inputs.len() > 1000 {
        return (400, json!({ "message": "at most 1,000 inputs" }));
    }
    let mut results = Vec::new();
    for input in inputs {
        let id: u64 = input["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(0);
        let links = book.records.get(&from).and_then(|all| all.get(&id)).map(|one| one.links.as_slice());
        let of: Vec<Value> = links
            .unwrap_or_default()
            .iter()
            .filter(|(object, _)| *object == to)
            .map(|(_, id)| json!({ "toObjectId": id }))
            .collect();
        if !of.is_empty() {
            results.push(json!({ "from": { "id": id.to_string() }, "to": of }));
        }
    }
    (200, json!({ "results": results }))
}

fn link(book: &mut Book, (from, to): (Object, Object), body: &Value) -> Reply {
    for input in body["inputs"].as_array().cloned().unwrap_or_default() {
        let id =
            |side: &str| -> u64 { input[side]["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(0) };
        let (one, other) = (id("from"), id("to"));
        if let Some(record) = book.records.get_mut(&from).and_then(|all| all.get_mut(&one))
            && !record.links.contains(&(to, other))
        {
            record.links.push((to, other));
        }
    }
    (200, json!({ "status": "COMPLETE" }))
}
