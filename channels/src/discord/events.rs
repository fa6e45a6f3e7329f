//! Events of the gateway: messages, and the end of an installation.

use domain::inbound::{Content, Place};
use serde_json::Value;

use super::decode::{Unparsable, shared_file};
use super::{direct, markup};
use crate::payload::{first_text, is_true, text_at};
use crate::said::Said;

/// Reads an event as the gateway's client stores it: `t` its name, `d` what it brings, `us` our own number.
pub(super) fn decode(event: &Value) -> Result<Said, Unparsable> {
    match text_at(event, "/t") {
        Some("MESSAGE_CREATE") => message(event),
        // A server that is only unavailable comes back by itself.
        Some("GUILD_DELETE") if !is_true(event, "/d/unavailable") => {
            let workspace = text_at(event, "/d/id").ok_or_else(|| Unparsable::missing("the server"))?;
            Ok(Said { content: Content::Uninstalled, ..Said::ignored(Some(workspace), "") })
        }
        Some(other) => Ok(Said::ignored(None, format!("event {other}"))),
        None => Err(Unparsable::missing("the event's name")),
    }
}

/// Why a message is none of our business, if so.
fn unwanted(event: &Value, us: Option<&str>) -> Option<&'static str> {
    if is_true(event, "/d/author/bot") || text_at(event, "/d/webhook_id").is_some() {
        return Some("message of a bot");
    }
    // Plain messages and replies; others say that somebody joined, pinned, boosted.
    if !matches!(event.pointer("/d/type").and_then(Value::as_u64), None | Some(0 | 19)) {
        return Some("a message of the system");
    }
    let is_private = text_at(event, "/d/guild_id").is_none();
    let mut mentions = event.pointer("/d/mentions").and_then(Value::as_array).into_iter().flatten();
    let is_for_us = us.is_some()
        && (mentions.any(|user| text_at(user, "/id") == us)
            || text_at(event, "/d/referenced_message/author/id") == us);
    (!is_private && !is_for_us).then_some("message not meant for us")
}

fn message(event: &Value) -> Result<Said, Unparsable> {
    let workspace = text_at(event, "/d/guild_id");
    let us = text_at(event, "/us");
    if let Some(reason) = unwanted(event, us) {
        return Ok(Said::ignored(workspace, reason));
    }
    let room = text_at(event, "/d/channel_id").ok_or_else(|| Unparsable::missing("the channel"))?;
    let id = text_at(event, "/d/id").ok_or_else(|| Unparsable::missing("the message's number"))?;
    let sender = text_at(event, "/d/author/id").ok_or_else(|| Unparsable::missing("the user"))?;
    let names = ["/d/member/nick", "/d/author/global_name", "/d/author/username"];
    let is_private = workspace.is_none();
    let text = markup::plain(text_at(event, "/d/content").unwrap_or_default(), us);
    let files = event.pointer("/d/attachments").and_then(Value::as_array).into_iter().flatten();
    let files: Vec<_> = files.filter_map(shared_file).collect();
    Ok(Said {
        sender: sender.to_owned(),
        sender_name: first_text(event, &names).map(str::to_owned),
        place: if is_private {
            Place { room: direct(room), thread: None, is_private }
        } else {
            // The answer hangs on the message, as a thread of the same number.
            Place { room: room.to_owned(), thread: Some(id.to_owned()), is_private }
        },
        content: if files.is_empty() { Content::Message { text } } else { Content::Files { text, files } },
        workspace: workspace.unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(fields: &str) -> Said {
        let json = format!(
            r#"{{"t":"MESSAGE_CREATE","us":"77","d":{{"id":"9","channel_id":"7","author":{{"id":"11"}},{fields}}}}}"#
        );
        decode(&serde_json::from_str(&json).unwrap()).unwrap()
    }

    #[test]
    fn mentions_replies_and_direct_messages_are_for_us() {
        let mention = said(r#""guild_id":"4","content":"<@77> my deals","mentions":[{"id":"77"}]"#);
        assert_eq!(mention.content, Content::Message { text: "my deals".into() });
        assert_eq!(mention.place, Place { room: "7".into(), thread: Some("9".into()), is_private: false });
        let reply =
            said(r#""guild_id":"4","type":19,"content":"yes","referenced_message":{"author":{"id":"77"}}"#);
        assert_eq!(reply.content, Content::Message { text: "yes".into() });
        let private = said(r#""content":"my deals""#);
        assert_eq!(private.place, Place { room: "D7".into(), thread: None, is_private: true });
        let file = said(r#""content":"","attachments":[{"filename":"a.pdf","size":3,"url":"https://x"},{}]"#);
        assert!(matches!(file.content, Content::Files { files, .. } if files.len() == 1));
    }

    #[test]
    fn what_is_not_meant_for_us_is_ignored() {
        for fields in [
            r#""guild_id":"4","content":"lunch?""#,
            r#""guild_id":"4","content":"<@77> x","mentions":[{"id":"77"}],"webhook_id":"3""#,
            r#""content":"x","type":7"#,
        ] {
            assert!(matches!(said(fields).content, Content::Ignored { .. }), "{fields}");
        }
        let of = |json: &str| decode(&serde_json::from_str(json).unwrap());
        assert_eq!(of(r#"{"t":"GUILD_DELETE","d":{"id":"4"}}"#).unwrap().content, Content::Uninstalled);
        let away = of(r#"{"t":"GUILD_DELETE","d":{"id":"4","unavailable":true}}"#).unwrap();
        assert!(matches!(away.content, Content::Ignored { .. }));
        assert!(of(r#"{"t":"MESSAGE_CREATE","d":{}}"#).is_err());
        assert!(of("{}").is_err());
    }
}
