//! Socket Mode's frames: what Slack sends over a connection that we open, and how it is acknowledged.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Kind;

/// The shortest and the longest wait between two tries to connect.
const WAIT_MIN_MS: u64 = 1_000;
const WAIT_MAX_MS: u64 = 60_000;

/// One frame from Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The connection stands.
    Hello,
    /// Slack is about to close the connection, or wants us to.
    Disconnect(Reason),
    /// Something was sent to us; unless it is acknowledged it comes again.
    Envelope(Envelope),
    /// It asks for nothing.
    Other,
}

/// Why Slack closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// In a few seconds, e.g. because the machine there is restarted.
    Warning,
    /// Connections do not live longer than some hours.
    Refresh,
    /// Socket Mode was switched off for the app.
    Disabled,
    /// There are more connections than an app may have.
    TooMany,
    /// Something newer.
    Other,
}

/// What Slack would have sent to one of our addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// By which it is acknowledged.
    pub id: String,
    /// To which of our addresses it would have gone.
    pub kind: Kind,
    /// The body as that address would have read it.
    pub body: Vec<u8>,
    /// Whether the acknowledgement may carry an answer.
    pub takes_answer: bool,
}

/// A frame that is none of Slack's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of Slack's: {0}")]
pub struct Garbage(String);

/// Reads a frame. What it carries is left as it is: it is stored before anybody looks into it.
///
/// # Errors
/// When it is no JSON object, so that nothing can be acknowledged.
pub fn read(text: &str) -> Result<Frame, Garbage> {
    let fields: HashMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| Garbage(error.to_string()))?;
    let word = |name: &str| {
        let raw = fields.get(name)?;
        String::deserialize(&mut serde_json::Deserializer::from_str(raw.get())).ok()
    };
    let kind = word("type").unwrap_or_default();
    if let Some(id) = word("envelope_id").filter(|id| !id.is_empty()) {
        // What carries nothing is kept whole, for a person to see.
        let payload = fields.get("payload").map_or(text, |raw| raw.get());
        let takes_answer = fields.get("accepts_response_payload").is_some_and(|raw| raw.get() == "true");
        let (kind, body) = match kind.as_str() {
            "slash_commands" => (Kind::Command, form(payload)),
            "interactive" => (Kind::Interaction, payload.as_bytes().to_vec()),
            _ => (Kind::Event, payload.as_bytes().to_vec()),
        };
        return Ok(Frame::Envelope(Envelope { id, kind, body, takes_answer }));
    }
    Ok(match kind.as_str() {
        "hello" => Frame::Hello,
        "disconnect" => Frame::Disconnect(match word("reason").as_deref() {
            Some("warning") => Reason::Warning,
            Some("refresh_requested") => Reason::Refresh,
            Some("link_disabled") => Reason::Disabled,
            Some("too_many_websockets") => Reason::TooMany,
            _ => Reason::Other,
        }),
        _ => Frame::Other,
    })
}

/// The frame that acknowledges an envelope, with the JSON that answers it, if any.
pub fn acknowledgement(envelope: &str, answer: Option<&str>) -> String {
    let id = Value::from(envelope);
    match answer {
        Some(answer) => format!(r#"{{"envelope_id":{id},"payload":{answer}}}"#),
        None => format!(r#"{{"envelope_id":{id}}}"#),
    }
}

/// How long to wait before the next try to connect; `chance` is any number, so that many who were cut off together
/// do not come back together.
pub fn wait(failures: u32, chance: u64) -> Duration {
    let most = WAIT_MIN_MS.saturating_mul(1 << failures.min(16)).min(WAIT_MAX_MS);
    Duration::from_millis(most / 2 + chance % (most / 2 + 1))
}

/// A command's fields as the form that Slack posts to an address; what is no object stays as it is, to be kept for
/// a person.
fn form(payload: &str) -> Vec<u8> {
    let Ok(Value::Object(fields)) = serde_json::from_str(payload) else {
        return payload.as_bytes().to_vec();
    };
    let mut out = String::with_capacity(payload.len());
    for (name, value) in &fields {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !out.is_empty() {
            out.push('&');
        }
        escape_into(&mut out, name);
        out.push('=');
        escape_into(&mut out, &text);
    }
    out.into_bytes()
}

fn escape_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::body::{command_workspace, form_field};
    use crate::slack::keys::keys;

    fn envelope(text: &str) -> Envelope {
        match read(text).unwrap() {
            Frame::Envelope(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_is_read_as_the_form_it_would_have_been() {
        let got = envelope(
            r#"{"type":"slash_commands","envelope_id":"e1","accepts_response_payload":true,"payload":{"team_id":"T1",
                "text":"find a&b = c+d ü \"x\"","user_id":"U1","is_enterprise_install":false,"enterprise_id":null,"trigger_id":"t1"}}"#,
        );
        assert_eq!((got.id.as_str(), got.kind, got.takes_answer), ("e1", Kind::Command, true));
        assert_eq!(form_field(&got.body, "text").as_deref(), Some("find a&b = c+d ü \"x\""));
        assert_eq!(form_field(&got.body, "is_enterprise_install").as_deref(), Some("false"));
        assert_eq!(command_workspace(&got.body).as_deref(), Some("T1"));
        assert_eq!(keys(got.kind, &got.body).event.as_deref(), Some("t1"));
        let wide = envelope(
            r#"{"type":"slash_commands","envelope_id":"e","payload":{"team_id":"T1","enterprise_id":"E1","is_enterprise_install":true}}"#,
        );
        assert_eq!(command_workspace(&wide.body).as_deref(), Some("E1"));
    }

    #[test]
    fn events_and_presses_stay_as_they_are_byte_for_byte() {
        let payload =
            r#"{ "team_id":"T1",  "event_id":"Ev1","event":{"type":"message","n":1.50,"text":"\u00fc"} }"#;
        let got = envelope(&format!(
            r#"{{"envelope_id":"e2","type":"events_api","retry_attempt":1,"retry_reason":"timeout","payload":{payload},"accepts_response_payload":false}}"#
        ));
        assert_eq!((got.kind, got.takes_answer), (Kind::Event, false));
        assert_eq!(got.body, payload.as_bytes());
        let press = r#"{"type":"block_actions","team":{"id":"T1"},"trigger_id":"t"}"#;
        let got = envelope(&format!(r#"{{"payload":{press},"type":"interactive","envelope_id":"e3"}}"#));
        assert_eq!((got.kind, got.body.as_slice()), (Kind::Interaction, press.as_bytes()));
        assert_eq!(keys(got.kind, &got.body).workspace.as_deref(), Some("T1"));
    }

    #[test]
    fn whatever_names_an_envelope_can_be_kept_and_acknowledged() {
        for (text, body) in [
            (r#"{"envelope_id":"e"}"#, r#"{"envelope_id":"e"}"#),
            (r#"{"envelope_id":"e","type":7,"payload":[1]}"#, "[1]"),
            (r#"{"envelope_id":"e","type":"slash_commands","payload":"odd"}"#, r#""odd""#),
            (r#"{"envelope_id":"e","type":"something_newer","payload":null}"#, "null"),
        ] {
            let got = envelope(text);
            assert_eq!((got.id.as_str(), got.body.as_slice()), ("e", body.as_bytes()), "{text}");
            let _ = keys(got.kind, &got.body);
        }
    }

    #[test]
    fn the_end_of_a_connection_says_why() {
        let reason =
            |word: &str| read(&format!(r#"{{"type":"disconnect","reason":"{word}","debug_info":{{}}}}"#));
        for (word, expected) in [
            ("warning", Reason::Warning),
            ("refresh_requested", Reason::Refresh),
            ("link_disabled", Reason::Disabled),
            ("too_many_websockets", Reason::TooMany),
            ("something_newer", Reason::Other),
        ] {
            assert_eq!(reason(word), Ok(Frame::Disconnect(expected)), "{word}");
        }
        assert_eq!(read(r#"{"type":"hello","num_connections":2}"#), Ok(Frame::Hello));
        assert_eq!(read(r#"{"type":"something"}"#), Ok(Frame::Other));
        assert_eq!(read("{}"), Ok(Frame::Other));
        for garbage in ["", "[]", "null", "{", "ping", "{\"a\":}", "\u{0}"] {
            assert!(read(garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn an_acknowledgement_is_json_whatever_the_id() {
        let plain: Value = serde_json::from_str(&acknowledgement("a\"b", None)).unwrap();
        assert_eq!(plain, serde_json::json!({"envelope_id": "a\"b"}));
        let full: Value = serde_json::from_str(&acknowledgement("e", Some(r#"{"text":"On it"}"#))).unwrap();
        assert_eq!(full["payload"]["text"], "On it");
    }

    #[test]
    fn waits_grow_within_bounds_and_differ() {
        for failures in 0..100 {
            for chance in [0, 1, 12_345, u64::MAX] {
                let wait = wait(failures, chance);
                assert!(wait >= Duration::from_millis(500) && wait <= Duration::from_mins(1), "{wait:?}");
            }
        }
        assert!(wait(3, 0) > wait(0, u64::MAX) && wait(2, 7) != wait(2, 900));
    }
}
