//! Requests that others recorded, sent to the running product: none may break it.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};
use tests::conversation::{Conversation, ROOM};
use tests::shared::data;

/// The folders of the recordings that Slack's requests are in.
const FOLDERS: [&str; 3] =
    ["messages/slack-java-sdk/", "messages/bolt-python-payloads/", "messages/python-slack-sdk/"];
const FORM: &str = "application/x-www-form-urlencoded";

fn samples(archive: &Path) -> Vec<(String, String)> {
    let unpacked = zstd::Decoder::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut samples = Vec::new();
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let is_wanted = name.ends_with(".json") && FOLDERS.iter().any(|folder| name.starts_with(folder));
        let mut text = String::new();
        if is_wanted && entry.read_to_string(&mut text).is_ok() {
            samples.push((name, text));
        }
    }
    samples
}

/// The same request as if our workspace had sent it, so that it is decoded and worked on, not turned away. Not for
/// those that would end the installation.
fn as_ours(text: &str, team: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let fields = value.as_object_mut()?;
    if text.contains("app_uninstalled") || text.contains("tokens_revoked") {
        return None;
    }
    fields.insert("team_id".to_owned(), json!(team));
    fields.insert("enterprise_id".to_owned(), Value::Null);
    fields.insert("is_enterprise_install".to_owned(), json!(false));
    fields.remove("authorizations");
    fields.remove("enterprise");
    fields.insert("team".to_owned(), json!({"id": team, "domain": "acme"}));
    Some(value.to_string())
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// The fields of a JSON object as a form.
fn form_of(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let fields = value.as_object().into_iter().flatten();
    let pairs = fields.map(|(name, value)| {
        format!(
            "{}={}",
            escaped(name),
            escaped(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        )
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn recorded_requests_break_nothing() {
    let Some(archive) = data("messages.tar.zst") else { return };
    let samples = samples(&archive);
    assert!(samples.len() > 400, "{} samples", samples.len());
    let talk = Conversation::begin().await;
    let team = talk.slack.look(|w| w.setup.team.clone());
    let mut sent = 0;
    for (name, text) in samples {
        for text in as_ours(&text, &team).into_iter().chain([text]) {
            for (path, kind, body) in [
                ("/slack/events", "application/json", text.clone()),
                ("/slack/interactions", FORM, format!("payload={}", escaped(&text))),
                ("/slack/commands", FORM, form_of(&text)),
            ] {
                let delivery = talk.slack.signed(path, kind, body.into_bytes());
                let ack = talk.slack.send(&delivery).await.unwrap();
                assert!(ack.status < 500, "{name} to {path}: {} {}", ack.status, ack.body);
                sent += 1;
            }
        }
    }
    println!("replayed {sent} requests");
    let waiting = "SELECT count(*) FROM inbox WHERE state IN ('new', 'running')";
    tests::database::eventually("all of them dealt with", async || talk.number(waiting).await == 0).await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox WHERE state = 'failed'").await, 0);
    let log = talk.product.log();
    assert!(!log.contains("panicked"), "{log}");
    talk.slack.user("dana").command("/deal help", ROOM).await.unwrap();
    talk.is_told("dana", "What you can say").await;
}
