//! The keys of Discord's requests, read before they are stored.

use serde_json::Value;

use super::Kind;
use super::press;
use crate::keys::{Keys, fingerprint};
use crate::payload::{first_text, text_at};

/// Reads the keys of a raw body.
pub fn keys(kind: Kind, body: &[u8]) -> Keys {
    let Ok(payload) = serde_json::from_slice::<Value>(body) else { return Keys::unreadable(body) };
    let keys = match kind {
        Kind::Interaction => of_interaction(&payload),
        Kind::Event => of_event(&payload),
    };
    // Without a number of its own, the bytes are the key.
    if keys.natural.is_none() { Keys { natural: Some(fingerprint(body)), ..keys } } else { keys }
}

/// The server of an interaction. One in direct messages names none; our own cards do.
pub(super) fn workspace(payload: &Value) -> Option<String> {
    let stated = first_text(payload, &["/guild_id", "/guild/id"]).map(str::to_owned);
    stated.or_else(|| {
        let meaning = press::meaning(text_at(payload, "/data/custom_id")?)?;
        (!meaning.workspace.is_empty()).then_some(meaning.workspace)
    })
}

fn of_interaction(payload: &Value) -> Keys {
    let kind = payload.get("type").and_then(Value::as_u64);
    let id = text_at(payload, "/id").filter(|_| text_at(payload, "/token").is_some());
    Keys {
        workspace: workspace(payload),
        event: id.map(str::to_owned),
        natural: id.map(|id| format!("interaction/{id}")),
        urgent: matches!(kind, Some(3 | 5)),
    }
}

fn of_event(payload: &Value) -> Keys {
    let name = text_at(payload, "/t").unwrap_or_default();
    let workspace = match name {
        "GUILD_CREATE" | "GUILD_DELETE" => text_at(payload, "/d/id"),
        _ => text_at(payload, "/d/guild_id"),
    };
    let message = text_at(payload, "/d/id").filter(|_| name == "MESSAGE_CREATE");
    Keys {
        workspace: workspace.map(str::to_owned),
        event: None,
        natural: message.map(|id| format!("message/{id}")),
        urgent: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interaction_has_its_own_key_and_a_redelivery_the_same() {
        let of = |json: &str| keys(Kind::Interaction, json.as_bytes());
        let press =
            of(r#"{"type":3,"id":"9","token":"t","guild_id":"4","data":{"custom_id":"approve:4:0:x"}}"#);
        assert_eq!(press.natural.as_deref(), Some("interaction/9"));
        assert_eq!((press.workspace.as_deref(), press.urgent), (Some("4"), true));
        let private = of(r#"{"type":3,"id":"9","token":"t","data":{"custom_id":"approve:4:0:x"}}"#);
        assert_eq!(private.workspace.as_deref(), Some("4"), "our own card says whose it is");
        assert_eq!(of(r#"{"type":2,"id":"9","token":"t"}"#).workspace, None);
    }

    #[test]
    fn what_cannot_be_read_still_has_a_key() {
        for kind in Kind::ALL {
            for body in [&b""[..], b"{", b"null", b"[]", b"\xff\xfe", b"7", br#"{"id":7}"#] {
                assert!(keys(kind, body).natural.is_some());
            }
        }
    }
}
