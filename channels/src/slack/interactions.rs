//! Presses on buttons and forms that were sent; everything else of the kind is ignored.

use domain::inbound::{Content, Place};
use serde_json::Value;

use super::body::{interaction, interaction_workspace};
use super::decode::{Unparsable, in_private, is_private};
use super::form::{self, Purpose};
use crate::payload::{first_text, text_at};
use crate::said::Said;

pub(super) fn decode(body: &[u8]) -> Result<Said, Unparsable> {
    let payload = interaction(body).ok_or_else(|| Unparsable::because("no JSON in the payload"))?;
    if !payload.is_object() {
        return Err(Unparsable::because("no JSON object"));
    }
    match text_at(&payload, "/type") {
        Some("block_actions") => press(&payload),
        Some("view_submission") => submission(&payload),
        Some(other) => Ok(Said::ignored(interaction_workspace(&payload), format!("interaction {other}"))),
        None => Err(Unparsable::missing("the type")),
    }
}

/// The workspace and the sender, with their name.
fn whose(payload: &Value) -> Result<(String, String, Option<String>), Unparsable> {
    let workspace = interaction_workspace(payload).ok_or_else(|| Unparsable::missing("the workspace"))?;
    let sender = text_at(payload, "/user/id").ok_or_else(|| Unparsable::missing("the user"))?;
    let name = first_text(payload, &["/user/name", "/user/username"]).map(str::to_owned);
    Ok((workspace.to_owned(), sender.to_owned(), name))
}

fn press(payload: &Value) -> Result<Said, Unparsable> {
    let ignored = |reason: &str| Ok(Said::ignored(interaction_workspace(payload), reason));
    let Some(action) = payload.pointer("/actions/0") else {
        return Err(Unparsable::missing("the action"));
    };
    if text_at(action, "/type").is_some_and(|kind| kind != "button") {
        // Ticks reach us with the press that follows them.
        return ignored("not a button");
    }
    if text_at(action, "/url").is_some() {
        return ignored("a link");
    }
    let room = first_text(payload, &["/channel/id", "/container/channel_id"]);
    let is_home = text_at(payload, "/view/type") == Some("home");
    if room.is_none() && !is_home {
        return ignored("a button outside a message");
    }
    let verb = text_at(action, "/action_id").ok_or_else(|| Unparsable::missing("the button's name"))?;
    let (workspace, sender, sender_name) = whose(payload)?;
    let message = first_text(payload, &["/container/message_ts", "/message/ts"]);
    let is_ephemeral = payload.pointer("/container/is_ephemeral") == Some(&Value::Bool(true));
    let thread = first_text(payload, &["/message/thread_ts", "/container/thread_ts"])
        // An ephemeral message has a number but no thread can hang on it.
        .or(if is_ephemeral { None } else { message });
    Ok(Said {
        workspace,
        sender_name,
        place: match room {
            Some(room) => Place {
                room: room.to_owned(),
                thread: thread.map(str::to_owned),
                is_private: is_private(room),
            },
            None => in_private(&sender),
        },
        sender,
        content: Content::Press {
            // Buttons of one row need different names, so those of the same verb are numbered.
            verb: verb.split(':').next().unwrap_or(verb).to_owned(),
            value: text_at(action, "/value").unwrap_or_default().to_owned(),
            chosen: chosen(payload),
            message: message.map(str::to_owned),
            trigger: text_at(payload, "/trigger_id").map(str::to_owned),
        },
    })
}

/// Each element that holds a state: its block, its action, its value.
fn state<'a>(payload: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let blocks = payload.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    blocks.flat_map(|(block, actions)| {
        actions.as_object().into_iter().flatten().map(move |(_, value)| (block.as_str(), value))
    })
}

/// The values of all ticked options.
fn chosen(payload: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (_, element) in state(payload, "/state/values") {
        let options = element.get("selected_options").and_then(Value::as_array).into_iter().flatten();
        all.extend(options.filter_map(|option| text_at(option, "/value")).map(str::to_owned));
    }
    all
}

fn submission(payload: &Value) -> Result<Said, Unparsable> {
    let Some(Purpose { verb, value, room, thread }) = form::purpose(payload) else {
        return Ok(Said::ignored(interaction_workspace(payload), "not our form"));
    };
    let (workspace, sender, sender_name) = whose(payload)?;
    let fields = fields(payload);
    let place = match room {
        Some(room) => Place { is_private: is_private(&room), room, thread },
        None => in_private(&sender),
    };
    Ok(Said { workspace, sender, sender_name, place, content: Content::Form { verb, value, fields } })
}

/// The fields of a sent form.
pub(super) fn fields(payload: &Value) -> Vec<(String, String)> {
    let all = state(payload, "/view/state/values");
    all.map(|(block, element)| (block.to_owned(), typed(element))).collect()
}

/// What was typed or selected in one element; several selections are joined by commas.
fn typed(element: &Value) -> String {
    let one = ["/value", "/selected_option/value", "/selected_date", "/selected_time", "/selected_user"];
    if let Some(text) = first_text(element, &one) {
        return text.to_owned();
    }
    let options = element.get("selected_options").and_then(Value::as_array).into_iter().flatten();
    options.filter_map(|option| text_at(option, "/value")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Result<Said, Unparsable> {
        decode(json.as_bytes())
    }

    #[test]
    fn a_press_carries_what_is_ticked() {
        let said = said(
            r#"{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U1","name":"dana"},"channel":{"id":"C1"},
                "container":{"message_ts":"2.5"},"message":{"ts":"2.5","thread_ts":"1.5"},"trigger_id":"t1",
                "actions":[{"type":"button","action_id":"create_deals:2","value":"p1"}],
                "state":{"values":{"choices-1":{"choices":{"type":"checkboxes",
                    "selected_options":[{"value":"b"},{"value":"a"},{"text":{}}]}},"other":{"x":{"value":"typed"}}}}}"#,
        )
        .unwrap();
        assert_eq!(said.place, Place { room: "C1".into(), thread: Some("1.5".into()), is_private: false });
        let expected = Content::Press {
            verb: "create_deals".into(),
            value: "p1".into(),
            chosen: vec!["b".into(), "a".into()],
            message: Some("2.5".into()),
            trigger: Some("t1".into()),
        };
        assert_eq!(said.content, expected);
    }

    #[test]
    fn a_press_at_home_is_answered_in_private() {
        let said = said(
            r#"{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U1"},"container":{"type":"view","view_id":"V1"},
                "view":{"type":"home","id":"V1"},"trigger_id":"t1",
                "actions":[{"type":"button","action_id":"approve","value":"a1"}]}"#,
        )
        .unwrap();
        assert_eq!(said.place, Place { room: "U1".into(), thread: None, is_private: true });
        assert!(
            matches!(said.content, Content::Press { message: None, trigger: Some(_), .. }),
            "{:?}",
            said.content
        );
    }

    #[test]
    fn ticks_links_and_strange_views_are_ignored() {
        for (json, reason) in [
            (
                r#"{"type":"block_actions","actions":[{"type":"checkboxes","action_id":"choices"}]}"#,
                "not a button",
            ),
            (r#"{"type":"block_actions","actions":[{"type":"button","url":"https://a.example"}]}"#, "a link"),
            (
                r#"{"type":"block_actions","actions":[{"type":"button","action_id":"x"}],"container":{"view_id":"V1"}}"#,
                "a button outside a message",
            ),
            (r#"{"type":"view_submission","view":{"private_metadata":"This is for you!"}}"#, "not our form"),
            (r#"{"type":"view_submission","view":{"state":{}}}"#, "not our form"),
            (r#"{"type":"shortcut"}"#, "interaction shortcut"),
        ] {
            assert_eq!(said(json).unwrap().content, Content::Ignored { reason: reason.into() }, "{json}");
        }
        assert!(said(r#"{"type":"block_actions","actions":[]}"#).is_err());
        assert!(said("[]").is_err());
    }
}
