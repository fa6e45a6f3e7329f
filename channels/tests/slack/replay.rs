//! Published Slack payloads through keys and decode: each is read or called unparsable; none panics.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use channels::slack::Kind;
use channels::slack::decode::decode;
use channels::slack::keys::{challenge, keys};
use domain::ids::InboundId;
use domain::inbound::Content;
use proptest::prelude::*;
use serde_json::Value;

/// The samples: name and bytes; none when the development data is not there.
fn samples() -> Option<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let path = root.parent()?.join("shared/data/messages.tar.zst");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let is_ours = [
            "slack-java-sdk/events",
            "slack-java-sdk/app-backend",
            "bolt-python-payloads",
            "python-slack-sdk",
        ];
        if is_ours.iter().any(|part| name.contains(part)) && name.ends_with(".json") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            found.push((name, bytes));
        }
    }
    Some(found)
}

/// The route that a sample would come in by; none for what Slack answers rather than sends.
fn kind_of(name: &str, json: &Value) -> Option<Kind> {
    if name.contains("slash-commands") {
        return Some(Kind::Command);
    }
    if name.contains("slack-java-sdk/events") || json.get("event").is_some() {
        return Some(Kind::Event);
    }
    let is_received = name.contains("app-backend") || name.contains("bolt-python");
    (is_received && json.get("type").is_some()).then_some(Kind::Interaction)
}

fn escaped(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// The sample as bytes on the wire.
fn wire(kind: Kind, json: &Value) -> Vec<u8> {
    match kind {
        Kind::Event => json.to_string().into_bytes(),
        Kind::Interaction => format!("payload={}", escaped(&json.to_string())).into_bytes(),
        Kind::Command => {
            let fields = json.as_object().unwrap().iter().map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}={}", escaped(&text))
            });
            fields.collect::<Vec<_>>().join("&").into_bytes()
        }
    }
}

/// Skeletons come with blank values: the same with something in each.
fn filled(json: &Value, name: &str) -> Value {
    match json {
        Value::String(text) if text.is_empty() && name != "bot_id" && name != "subtype" && name != "url" => {
            "X1".into()
        }
        Value::Array(all) => all.iter().map(|value| filled(value, name)).collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), filled(value, name))).collect(),
        other => other.clone(),
    }
}

fn outcome(kind: Kind, body: &[u8]) -> String {
    let _ = (keys(kind, body), challenge(body));
    match decode(kind, body, InboundId(uuid::Uuid::nil())) {
        Err(_) => "unparsable".to_owned(),
        Ok(inbound) => match inbound.content {
            Content::Command { .. } => "command",
            Content::Message { .. } => "message",
            Content::Files { .. } => "files",
            Content::Press { .. } => "press",
            Content::Form { .. } => "form",
            Content::Home => "home",
            Content::Links { .. } => "links",
            Content::Ignored { .. } => "ignored",
            Content::Uninstalled => "uninstalled",
        }
        .to_owned(),
    }
}

#[test]
fn published_payloads_are_read() {
    let Some(samples) = samples() else { return };
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut unparsable = Vec::new();
    for (name, bytes) in &samples {
        let Ok(json) = serde_json::from_slice::<Value>(bytes) else {
            unparsable.push(format!("{name}: no JSON"));
            continue;
        };
        let Some(kind) = kind_of(name, &json) else { continue };
        for (state, json) in [("as published", json.clone()), ("filled", filled(&json, ""))] {
            let body = wire(kind, &json);
            let seen = outcome(kind, &body);
            if seen == "unparsable" {
                let why = decode(kind, &body, InboundId(uuid::Uuid::nil())).unwrap_err();
                unparsable.push(format!("{name} ({state}): {why}"));
            }
            *counts.entry(format!("{state}: {kind} {seen}")).or_default() += 1;
            // The same bytes on the wrong routes, and cut short, must not hurt either.
            for other in Kind::ALL {
                let _ = outcome(other, &body);
                let _ = outcome(other, &body[..body.len() / 2]);
            }
        }
    }
    println!("{counts:#?}\n{}", unparsable.join("\n"));
    assert!(samples.len() > 100, "only {} samples", samples.len());
    let filled_failures = unparsable.iter().filter(|line| line.contains("(filled)")).count();
    assert_eq!(filled_failures, 0, "{unparsable:#?}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for kind in Kind::ALL {
            let _ = outcome(kind, &bytes);
        }
    }

    #[test]
    fn no_json_makes_it_panic(
        name in "type|event|team|team_id|user|view|actions|authorizations|state|container|channel|ts|text",
        inner in "type|id|user_id|values|private_metadata|callback_id|action_id|0|text|channel|subtype",
        value in prop_oneof![Just("null"), Just("[]"), Just("{}"), Just("1"), Just("\"x\""), Just("[[]]"), Just("true")],
        kind in "message|app_mention|block_actions|view_submission|shortcut",
    ) {
        for json in [
            format!(r#"{{"type":"{kind}","{name}":{value}}}"#),
            format!(r#"{{"type":"{kind}","{name}":{{"{inner}":{value}}}}}"#),
            format!(r#"{{"type":"{kind}","{name}":[{{"{inner}":{value}}}]}}"#),
            format!(r#"{{"event":{{"type":"{kind}","{name}":{value}}},"{name}":{value}}}"#),
        ] {
            let body = format!("payload={}", escaped(&json));
            let _ = (outcome(Kind::Event, json.as_bytes()), outcome(Kind::Interaction, body.as_bytes()));
        }
    }
}
