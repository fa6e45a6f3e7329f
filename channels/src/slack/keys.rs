//! The keys of Slack's requests, read before they are stored.

use serde_json::Value;

use super::Kind;
use super::body::{command_workspace, event_workspace, form_field, interaction, interaction_workspace};
use super::markup::{mentions, our_user};
use crate::keys::{Keys, fingerprint};
use crate::payload::{first_text, text_at};

/// Reads the keys of a raw body.
pub fn keys(kind: Kind, body: &[u8]) -> Keys {
    match kind {
        Kind::Command => Keys {
            workspace: command_workspace(body),
            event: form_field(body, "trigger_id"),
            natural: Some(fingerprint(body)),
            urgent: false,
        },
        Kind::Event => {
            serde_json::from_slice(body).map_or_else(|_| Keys::unreadable(body), |event| of_event(&event))
        }
        Kind::Interaction => {
            interaction(body).map_or_else(|| Keys::unreadable(body), |payload| of_interaction(&payload))
        }
    }
}

/// The challenge of Slack's check of our events address, to be echoed; it is not stored.
pub fn challenge(body: &[u8]) -> Option<String> {
    // Most bodies are large and are no challenge: look before parsing.
    if body.len() > 4096 || !body.windows(9).any(|w| w == b"challenge") {
        return None;
    }
    let event: Value = serde_json::from_slice(body).ok()?;
    (text_at(&event, "/type") == Some("url_verification"))
        .then(|| text_at(&event, "/challenge").map(str::to_owned))
        .flatten()
}

fn of_event(event: &Value) -> Keys {
    let workspace = event_workspace(event).map(str::to_owned);
    let natural = message_key(event, workspace.as_deref().unwrap_or("-"));
    Keys { natural, event: text_at(event, "/event_id").map(str::to_owned), workspace, urgent: false }
}

/// A mention reaches us twice, as `app_mention` and as `message`: the same key, under different event ids.
fn message_key(event: &Value, workspace: &str) -> Option<String> {
    let kind = text_at(event, "/event/type")?;
    if !matches!(kind, "message" | "app_mention") {
        return None;
    }
    let room = text_at(event, "/event/channel")?;
    let ts = first_text(event, &["/event/ts", "/event/event_ts"])?;
    let mut key = format!("{workspace}/{room}/{ts}");
    match text_at(event, "/event/subtype") {
        None | Some("file_share" | "thread_broadcast" | "me_message" | "bot_message") => {}
        // An edit or a deletion is not the message that it is about.
        Some(subtype) => {
            key.push('/');
            key.push_str(subtype);
        }
    }
    // A message that we only overhear must not stand in the way of the mention of the same message.
    if kind == "message" && !room.starts_with('D') && !our_user(event).is_some_and(|us| mentions(event, us)) {
        key.push_str("/overheard");
    }
    Some(key)
}

fn of_interaction(payload: &Value) -> Keys {
    let workspace = interaction_workspace(payload).map(str::to_owned);
    let team = workspace.as_deref().unwrap_or("-");
    let natural = match text_at(payload, "/type") {
        Some("block_actions") => press_key(payload, team),
        Some("view_submission" | "view_closed") => text_at(payload, "/view/id").map(|view| {
            let kind = text_at(payload, "/type").unwrap_or_default();
            format!("{team}/{kind}/{view}/{}", text_at(payload, "/view/hash").unwrap_or("-"))
        }),
        _ => None,
    };
    Keys { natural, event: text_at(payload, "/trigger_id").map(str::to_owned), workspace, urgent: true }
}

fn press_key(payload: &Value, team: &str) -> Option<String> {
    let action = text_at(payload, "/actions/0/action_id")?;
    let at = text_at(payload, "/actions/0/action_ts")?;
    let user = text_at(payload, "/user/id")?;
    let room = first_text(payload, &["/channel/id", "/container/channel_id"]).unwrap_or("-");
    let message = first_text(payload, &["/container/message_ts", "/message/ts", "/view/id"]).unwrap_or("-");
    Some(format!("{team}/{room}/{message}/{user}/{action}/{at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Keys {
        keys(Kind::Event, json.as_bytes())
    }

    #[test]
    fn a_mention_and_its_message_event_share_their_key() {
        let mention = event(
            r#"{"team_id":"T1","event_id":"Ev1","authorizations":[{"team_id":"T1","user_id":"UBOT","is_bot":true}],
                "event":{"type":"app_mention","channel":"C1","ts":"1.5","text":"<@UBOT> hi"}}"#,
        );
        let message = event(
            r#"{"team_id":"T1","event_id":"Ev2","authorizations":[{"team_id":"T1","user_id":"UBOT","is_bot":true}],
                "event":{"type":"message","channel":"C1","ts":"1.5","text":"<@UBOT> hi"}}"#,
        );
        assert_eq!(mention.natural.as_deref(), Some("T1/C1/1.5"));
        assert_eq!(message.natural, mention.natural);
        assert_ne!(message.event, mention.event);
    }

    #[test]
    fn what_is_overheard_edited_or_deleted_has_a_key_of_its_own() {
        let plain = |extra: &str| {
            event(&format!(
                r#"{{"team_id":"T1","event":{{"type":"message","channel":"C1","ts":"1.5","text":"<@UBOT> hi"{extra}}}}}"#
            ))
            .natural
        };
        assert_eq!(plain("").as_deref(), Some("T1/C1/1.5/overheard"));
        assert_eq!(
            plain(r#","subtype":"message_changed""#).as_deref(),
            Some("T1/C1/1.5/message_changed/overheard")
        );
    }

    #[test]
    fn each_press_has_its_own_key_and_a_redelivery_the_same() {
        let press = |user: &str, at: &str| {
            let json = format!(
                r#"{{"type":"block_actions","team":{{"id":"T1"}},"user":{{"id":"{user}"}},"channel":{{"id":"C1"}},
                    "container":{{"message_ts":"1.5"}},"trigger_id":"t.{at}",
                    "actions":[{{"action_id":"approve","action_ts":"{at}","type":"button"}}]}}"#
            );
            keys(Kind::Interaction, json.as_bytes())
        };
        assert_eq!(press("U1", "7").natural.as_deref(), Some("T1/C1/1.5/U1/approve/7"));
        assert_eq!(press("U1", "7"), press("U1", "7"));
        assert_ne!(press("U1", "7").natural, press("U2", "7").natural);
        assert_ne!(press("U1", "7").natural, press("U1", "8").natural);
        assert!(press("U1", "7").urgent);
    }

    #[test]
    fn a_challenge_is_told_from_a_message_about_one() {
        let ask = br#"{"token":"t","challenge":"abc","type":"url_verification"}"#;
        assert_eq!(challenge(ask).as_deref(), Some("abc"));
        assert_eq!(challenge(br#"{"type":"event_callback","challenge":"abc"}"#), None);
        assert_eq!(challenge(b"challenge"), None);
    }

    #[test]
    fn what_cannot_be_read_still_has_a_key() {
        for kind in Kind::ALL {
            for body in [&b""[..], b"{", b"payload=%7B", b"null", b"[]", b"\xff\xfe", b"payload=[1]"] {
                let _ = keys(kind, body);
            }
        }
        assert!(keys(Kind::Event, b"{").natural.is_some());
    }
}
