//! A stored request to an `Inbound`, leniently: what we do not need may be missing or strange.

use domain::ids::InboundId;
use domain::inbound::{Content, FileAt, Inbound, Place, SharedFile};
use domain::person::Channel;
use serde_json::Value;

use super::press::{self, CHOICES, Meaning};
use super::{Kind, direct, events, keys, markup};
use crate::payload::{first_text, text_at};
use crate::said::Said;

/// A signed request that we cannot read. It stays stored and is never answered with an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unparsable {
    /// What is wrong with it.
    pub reason: String,
}

impl Unparsable {
    fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    pub(super) fn missing(what: &str) -> Self {
        Self::because(format!("{what} is missing"))
    }
}

/// Decodes a raw body. The workspace is blank for what was said in direct messages and not on a card of ours.
///
/// # Errors
/// Says why the body cannot be read: no JSON, or without something that an answer needs.
pub fn decode(kind: Kind, body: &[u8], id: InboundId) -> Result<Inbound, Unparsable> {
    let payload: Value =
        serde_json::from_slice(body).map_err(|e| Unparsable::because(format!("no JSON: {e}")))?;
    if !payload.is_object() {
        return Err(Unparsable::because("no JSON object"));
    }
    let said = match kind {
        Kind::Interaction => interaction(&payload),
        Kind::Event => events::decode(&payload),
    }?;
    Ok(Inbound {
        id,
        channel: Channel::Discord,
        workspace: said.workspace,
        sender: said.sender,
        sender_name: said.sender_name,
        place: said.place,
        content: said.content,
    })
}

/// The short-lived token of an interaction, with which its sender alone can be told something.
pub fn token(body: &[u8]) -> Option<String> {
    let payload: Value = serde_json::from_slice(body).ok()?;
    payload.get("type").and_then(Value::as_u64).filter(|kind| (2..=5).contains(kind))?;
    text_at(&payload, "/token").map(str::to_owned)
}

fn interaction(payload: &Value) -> Result<Said, Unparsable> {
    let ignored = |reason: String| Ok(Said::ignored(keys::workspace(payload).as_deref(), reason));
    if let Some(event) = text_at(payload, "/event/type") {
        return ignored(format!("event {event}"));
    }
    match payload.get("type").and_then(Value::as_u64) {
        Some(1) => ignored("ping".to_owned()),
        Some(2) if text_at(payload, "/token").is_none() => Err(Unparsable::missing("the token")),
        Some(2) => match payload.pointer("/data/type").and_then(Value::as_u64) {
            None | Some(1) => command(payload),
            Some(other) => ignored(format!("a command of type {other}")),
        },
        Some(3) => press(payload),
        Some(4) => ignored("autocomplete".to_owned()),
        Some(5) => submission(payload),
        Some(other) => ignored(format!("interaction {other}")),
        None => Err(Unparsable::missing("the type")),
    }
}

fn by(payload: &Value, content: Content, place: Place) -> Result<Said, Unparsable> {
    let sender = first_text(payload, &["/member/user/id", "/user/id"])
        .ok_or_else(|| Unparsable::missing("the user"))?;
    let names = [
        "/member/nick",
        "/member/user/global_name",
        "/member/user/username",
        "/user/global_name",
        "/user/username",
    ];
    Ok(Said {
        workspace: keys::workspace(payload).unwrap_or_default(),
        sender: sender.to_owned(),
        sender_name: first_text(payload, &names).map(str::to_owned),
        place,
        content,
    })
}

/// Where something was said; `message` is the card it hangs on, under which the talk goes on.
fn place(payload: &Value, message: Option<&str>) -> Result<Place, Unparsable> {
    let room = first_text(payload, &["/channel_id", "/channel/id", "/message/channel_id"])
        .ok_or_else(|| Unparsable::missing("the channel"))?;
    let kind = payload.pointer("/channel/type").and_then(Value::as_u64);
    let is_private = matches!(kind, Some(1 | 3))
        || (payload.get("guild_id").is_none_or(Value::is_null)
            && payload.get("member").is_none_or(Value::is_null));
    // Threads are channels of their own, under the one that they were begun in.
    if let (Some(10..=12), Some(parent)) = (kind, text_at(payload, "/channel/parent_id")) {
        return Ok(Place { room: parent.to_owned(), thread: Some(room.to_owned()), is_private: false });
    }
    let room = if is_private { direct(room) } else { room.to_owned() };
    Ok(Place { room, thread: message.map(str::to_owned), is_private })
}

fn command(payload: &Value) -> Result<Said, Unparsable> {
    let name = text_at(payload, "/data/name").ok_or_else(|| Unparsable::missing("the command"))?;
    let mut words = Vec::new();
    let mut files = Vec::new();
    options(payload, payload.pointer("/data/options"), &mut words, &mut files);
    let text = markup::plain(&words.join(" "), None);
    let trigger = text_at(payload, "/token").map(str::to_owned);
    let content = if files.is_empty() {
        Content::Command { command: format!("/{name}"), text, trigger }
    } else {
        Content::Files { text, files }
    };
    by(payload, content, place(payload, None)?)
}

/// The words of a command's options in their order: names of subcommands, then what was typed.
fn options(payload: &Value, given: Option<&Value>, words: &mut Vec<String>, files: &mut Vec<SharedFile>) {
    for option in given.and_then(Value::as_array).into_iter().flatten() {
        let value = option.get("value");
        match (option.get("type").and_then(Value::as_u64), value) {
            (Some(1 | 2), _) => {
                words.extend(text_at(option, "/name").map(|name| name.replace(['-', '_'], " ")));
                options(payload, option.get("options"), words, files);
            }
            (Some(11), Some(Value::String(id))) => {
                let file = payload.pointer("/data/resolved/attachments").and_then(|all| all.get(id));
                files.extend(file.and_then(shared_file));
            }
            // A person is named by the number, as a mention is.
            (Some(6), Some(Value::String(id))) => words.push(format!("@{id}")),
            (_, Some(Value::String(text))) => words.push(text.clone()),
            (_, Some(value @ (Value::Number(_) | Value::Bool(_)))) => words.push(value.to_string()),
            _ => {}
        }
    }
}

pub(super) fn shared_file(file: &Value) -> Option<SharedFile> {
    Some(SharedFile {
        name: first_text(file, &["/filename", "/title"]).unwrap_or("file").to_owned(),
        bytes: file.get("size").and_then(Value::as_u64),
        at: FileAt::Channel { url: text_at(file, "/url")?.to_owned() },
    })
}

fn press(payload: &Value) -> Result<Said, Unparsable> {
    let id = text_at(payload, "/data/custom_id").ok_or_else(|| Unparsable::missing("the custom id"))?;
    let ignored = |reason: &str| Ok(Said::ignored(keys::workspace(payload).as_deref(), reason));
    let Some(Meaning { verb, value, .. }) = press::meaning(id) else { return ignored("not our button") };
    if verb == CHOICES {
        return ignored("a choice, kept on the card");
    }
    let message = text_at(payload, "/message/id");
    // Nothing can hang on a message that only one person sees.
    let flags = payload.pointer("/message/flags").and_then(Value::as_u64).unwrap_or(0);
    let place = place(payload, message.filter(|_| flags & 64 == 0))?;
    let content = Content::Press {
        verb,
        value,
        chosen: chosen(payload),
        message: message.map(str::to_owned),
        trigger: text_at(payload, "/token").map(str::to_owned),
    };
    by(payload, content, place)
}

/// The values that are marked on the card's lists.
fn chosen(payload: &Value) -> Vec<String> {
    let rows = payload.pointer("/message/components").and_then(Value::as_array).into_iter().flatten();
    let elements = rows.filter_map(|row| row.get("components")?.as_array()).flatten();
    let options = elements.filter_map(|element| element.get("options")?.as_array()).flatten();
    let marked = options.filter(|option| option.get("default") == Some(&Value::Bool(true)));
    marked.filter_map(|option| text_at(option, "/value")).map(str::to_owned).collect()
}

fn submission(payload: &Value) -> Result<Said, Unparsable> {
    let meaning = text_at(payload, "/data/custom_id").and_then(press::meaning);
    let Some(Meaning { verb, value, .. }) = meaning else {
        return Ok(Said::ignored(keys::workspace(payload).as_deref(), "not our form"));
    };
    let mut fields = Vec::new();
    for row in payload.pointer("/data/components").and_then(Value::as_array).into_iter().flatten() {
        // Older forms have rows of fields, newer ones labels of one.
        let many = row.get("components").and_then(Value::as_array).into_iter().flatten();
        for field in many.chain(row.get("component")) {
            let Some(name) = text_at(field, "/custom_id") else { continue };
            fields.push((name.to_owned(), typed(field)));
        }
    }
    let message = text_at(payload, "/message/id");
    by(payload, Content::Form { verb, value, fields }, place(payload, message)?)
}

/// What was typed or selected in one field; several selections are joined by commas.
fn typed(field: &Value) -> String {
    if let Some(text) = text_at(field, "/value") {
        return text.to_owned();
    }
    let values = field.get("values").and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::InboundId;

    fn said(json: &str) -> Result<Inbound, Unparsable> {
        decode(Kind::Interaction, json.as_bytes(), InboundId(Default::default()))
    }

    const DANA: &str = r#""token":"tok","guild_id":"4","channel_id":"7","channel":{"type":0},
        "member":{"nick":null,"user":{"id":"11","username":"dana","global_name":"Dana"}}"#;

    #[test]
    fn a_commands_options_become_its_words() {
        let json = format!(
            r#"{{"type":2,"id":"9",{DANA},"data":{{"type":1,"name":"deal","options":[{{"type":1,"name":"find",
                "options":[{{"type":3,"name":"text","value":"payments in Germany"}},{{"type":4,"name":"n","value":3}},
                {{"type":6,"name":"who","value":"12"}}]}}]}}}}"#
        );
        let said = said(&json).unwrap();
        assert_eq!((said.workspace.as_str(), said.sender.as_str()), ("4", "11"));
        assert_eq!(said.sender_name.as_deref(), Some("Dana"));
        assert_eq!(said.place, Place { room: "7".into(), thread: None, is_private: false });
        let expected = Content::Command {
            command: "/deal".into(),
            text: "find payments in Germany 3 @12".into(),
            trigger: Some("tok".into()),
        };
        assert_eq!(said.content, expected);
    }

    #[test]
    fn a_file_beside_a_command_is_shared() {
        let json = format!(
            r#"{{"type":2,{DANA},"data":{{"name":"contract","options":[{{"type":11,"name":"file","value":"31"}},
                {{"type":3,"name":"text","value":"for Acme"}}],"resolved":{{"attachments":{{"31":
                {{"filename":"msa.pdf","size":9,"url":"https://cdn.discordapp.com/x/msa.pdf"}}}}}}}}}}"#
        );
        let Content::Files { text, files } = said(&json).unwrap().content else { panic!() };
        assert_eq!((text.as_str(), files[0].name.as_str(), files[0].bytes), ("for Acme", "msa.pdf", Some(9)));
    }

    #[test]
    fn a_press_in_a_thread_carries_what_is_chosen() {
        let json = r#"{"type":3,"token":"tok","guild_id":"4","channel_id":"70","channel":{"type":11,"parent_id":"7"},
            "member":{"user":{"id":"11"}},"data":{"custom_id":"create_deals:4:0:p1"},
            "message":{"id":"71","components":[{"components":[{"options":[{"value":"a","default":true},{"value":"b"}]}]}]}}"#;
        let said = said(json).unwrap();
        assert_eq!(said.place, Place { room: "7".into(), thread: Some("70".into()), is_private: false });
        let expected = Content::Press {
            verb: "create_deals".into(),
            value: "p1".into(),
            chosen: vec!["a".into()],
            message: Some("71".into()),
            trigger: Some("tok".into()),
        };
        assert_eq!(said.content, expected);
    }

    #[test]
    fn a_press_in_private_belongs_to_the_server_of_its_card() {
        let json = r#"{"type":3,"token":"tok","channel_id":"70","user":{"id":"11","username":"dana"},
            "data":{"custom_id":"approve:4:0:p1"},"message":{"id":"71"}}"#;
        let said = said(json).unwrap();
        assert_eq!(said.workspace, "4");
        assert_eq!(said.place, Place { room: "D70".into(), thread: Some("71".into()), is_private: true });
    }

    #[test]
    fn forms_of_both_kinds_come_back() {
        for components in [
            r#"[{"type":18,"component":{"type":4,"custom_id":"comment","value":"too small"}}]"#,
            r#"[{"type":1,"components":[{"type":4,"custom_id":"comment","value":"too small"}]}]"#,
        ] {
            let json = format!(
                r#"{{"type":5,{DANA},"data":{{"custom_id":"reject:4:0:p1","components":{components}}},"message":{{"id":"71"}}}}"#
            );
            let expected = Content::Form {
                verb: "reject".into(),
                value: "p1".into(),
                fields: vec![("comment".into(), "too small".into())],
            };
            assert_eq!(said(&json).unwrap().content, expected);
        }
    }

    #[test]
    fn what_is_not_ours_is_ignored_or_unparsable() {
        for json in [
            r#"{"type":3,"data":{"custom_id":"click_one"}}"#,
            r#"{"type":5,"data":{"custom_id":"bug_modal"}}"#,
            r#"{"type":4,"data":{}}"#,
            r#"{"type":2,"token":"t","data":{"type":3,"name":"context"}}"#,
            r#"{"version":1,"type":1,"event":{"type":"ENTITLEMENT_CREATE"}}"#,
        ] {
            assert!(matches!(said(json).unwrap().content, Content::Ignored { .. }), "{json}");
        }
        for json in [
            "[]",
            "{}",
            r#"{"type":"2"}"#,
            r#"{"type":2,"token":"t"}"#,
            r#"{"type":2,"token":"t","data":{"name":"deal"}}"#,
        ] {
            assert!(said(json).is_err(), "{json}");
        }
    }
}
