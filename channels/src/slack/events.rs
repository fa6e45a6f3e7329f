//! Events of the Events API: mentions, messages, and the end of an installation.

use domain::inbound::{Content, FileAt, Place, SharedFile};
use serde_json::{Value, json};

use super::body::event_workspace;
use super::decode::{Unparsable, in_private, is_private};
use super::markup::{mentions, our_user, plain};
use crate::payload::{first_text, text_at};
use crate::said::Said;

pub(super) fn decode(body: &[u8]) -> Result<Said, Unparsable> {
    let event: Value =
        serde_json::from_slice(body).map_err(|e| Unparsable::because(format!("no JSON: {e}")))?;
    if !event.is_object() {
        return Err(Unparsable::because("no JSON object"));
    }
    let workspace = event_workspace(&event);
    match text_at(&event, "/event/type") {
        Some("message") => message(&event, workspace, false),
        Some("app_mention") => message(&event, workspace, true),
        Some("app_uninstalled") => {
            Ok(uninstalled(workspace.ok_or_else(|| Unparsable::missing("the workspace"))?))
        }
        Some("link_shared") => links(&event, workspace),
        Some("app_home_opened") => home(&event, workspace),
        Some("tokens_revoked") => tokens_revoked(&event, workspace),
        Some(other) => Ok(Said::ignored(workspace, format!("event {other}"))),
        None => match text_at(&event, "/type") {
            Some(other) => Ok(Said::ignored(workspace, format!("envelope {other}"))),
            None => Err(Unparsable::missing("the type")),
        },
    }
}

fn uninstalled(workspace: &str) -> Said {
    Said { content: Content::Uninstalled, ..Said::ignored(Some(workspace), "") }
}

/// Somebody opened our home; the tab with the messages is none of our business.
fn home(event: &Value, workspace: Option<&str>) -> Result<Said, Unparsable> {
    if text_at(event, "/event/tab") != Some("home") {
        return Ok(Said::ignored(workspace, "the tab with the messages"));
    }
    let sender = text_at(event, "/event/user").ok_or_else(|| Unparsable::missing("the user"))?;
    Ok(Said {
        workspace: workspace.ok_or_else(|| Unparsable::missing("the workspace"))?.to_owned(),
        sender: sender.to_owned(),
        sender_name: None,
        place: in_private(sender),
        content: Content::Home,
    })
}

/// Most links of one message that are shown.
const LINKS_MAX: usize = 5;

/// Links to our pages that somebody sent, or is about to.
fn links(event: &Value, workspace: Option<&str>) -> Result<Said, Unparsable> {
    let sender = text_at(event, "/event/user").ok_or_else(|| Unparsable::missing("the user"))?;
    let listed = event.pointer("/event/links").and_then(Value::as_array).into_iter().flatten();
    let urls: Vec<String> =
        listed.filter_map(|link| text_at(link, "/url")).take(LINKS_MAX).map(str::to_owned).collect();
    let word = |pointer: &str| text_at(event, pointer).map(str::to_owned);
    // What is still being written has no room, and is seen by its writer alone.
    let is_draft = text_at(event, "/event/source") == Some("composer");
    let at = match (
        word("/event/unfurl_id"),
        word("/event/source"),
        word("/event/channel"),
        word("/event/message_ts"),
    ) {
        (Some(id), Some(source), _, _) if is_draft => json!({"unfurl_id": id, "source": source}),
        (_, _, Some(room), Some(ts)) => json!({"channel": room, "ts": ts}),
        _ => return Err(Unparsable::missing("the message")),
    };
    let room = text_at(event, "/event/channel").filter(|_| !is_draft);
    Ok(Said {
        workspace: workspace.ok_or_else(|| Unparsable::missing("the workspace"))?.to_owned(),
        sender: sender.to_owned(),
        sender_name: None,
        place: Place {
            room: room.unwrap_or(sender).to_owned(),
            thread: None,
            is_private: room.is_none_or(is_private),
        },
        content: Content::Links {
            urls,
            at: at.to_string(),
            is_shared: event.get("is_ext_shared_channel") == Some(&Value::Bool(true)),
        },
    })
}

/// A person who revokes their own token leaves our bot's alone.
fn tokens_revoked(event: &Value, workspace: Option<&str>) -> Result<Said, Unparsable> {
    let is_bot =
        event.pointer("/event/tokens/bot").and_then(Value::as_array).is_some_and(|bots| !bots.is_empty());
    if !is_bot {
        return Ok(Said::ignored(workspace, "tokens_revoked of users only"));
    }
    Ok(uninstalled(workspace.ok_or_else(|| Unparsable::missing("the workspace"))?))
}

/// Why a message is none of our business, if so.
fn unwanted(event: &Value, us: Option<&str>) -> Option<String> {
    if text_at(event, "/event/bot_id").is_some()
        || event.pointer("/event/bot_profile").is_some_and(Value::is_object)
    {
        return Some("message of a bot".to_owned());
    }
    match text_at(event, "/event/subtype") {
        None | Some("file_share" | "thread_broadcast" | "me_message") => {}
        Some(subtype) => return Some(format!("message {subtype}")),
    }
    if event.pointer("/event/hidden") == Some(&Value::Bool(true)) {
        return Some("hidden message".to_owned());
    }
    if us.is_some() && text_at(event, "/event/user") == us {
        return Some("our own message".to_owned());
    }
    None
}

fn message(event: &Value, workspace: Option<&str>, is_mention: bool) -> Result<Said, Unparsable> {
    let us = our_user(event);
    if let Some(reason) = unwanted(event, us) {
        return Ok(Said::ignored(workspace, reason));
    }
    let room = text_at(event, "/event/channel").ok_or_else(|| Unparsable::missing("the channel"))?;
    let is_direct = is_private(room) || text_at(event, "/event/channel_type") == Some("im");
    if !is_mention && !is_direct && !us.is_some_and(|us| mentions(event, us)) {
        return Ok(Said::ignored(workspace, "message not meant for us"));
    }
    let ts = first_text(event, &["/event/ts", "/event/event_ts"]);
    let ts = ts.ok_or_else(|| Unparsable::missing("the message's number"))?;
    let sender = text_at(event, "/event/user").ok_or_else(|| Unparsable::missing("the user"))?;
    let raw = text_at(event, "/event/text").unwrap_or_default();
    // Old mention events do not say who we are; they start with us.
    let us = us.or_else(|| if is_mention { first_mention(raw) } else { None });
    let text = plain(raw, us);
    if text.is_empty() && !is_mention && event.pointer("/event/files").is_none() {
        return Ok(Said::ignored(workspace, "message without words"));
    }
    Ok(Said {
        workspace: workspace.ok_or_else(|| Unparsable::missing("the workspace"))?.to_owned(),
        sender: sender.to_owned(),
        sender_name: first_text(
            event,
            &["/event/user_profile/display_name", "/event/user_profile/real_name"],
        )
        .map(str::to_owned),
        place: Place {
            room: room.to_owned(),
            // We answer in the message's thread; a message outside any starts one.
            thread: Some(text_at(event, "/event/thread_ts").unwrap_or(ts).to_owned()),
            is_private: is_direct,
        },
        content: match files(event) {
            files if files.is_empty() => Content::Message { text },
            files => Content::Files { text, files },
        },
    })
}

/// The files of a message; what Slack no longer shows, or keeps elsewhere, has no address and is left out.
fn files(event: &Value) -> Vec<SharedFile> {
    let listed = event.pointer("/event/files").and_then(Value::as_array);
    let file = |file: &Value| {
        let url = first_text(file, &["/url_private_download", "/url_private"])?;
        let is_elsewhere =
            text_at(file, "/mode").is_some_and(|mode| matches!(mode, "external" | "tombstone"));
        (!is_elsewhere).then(|| SharedFile {
            name: first_text(file, &["/name", "/title"]).unwrap_or("file").to_owned(),
            bytes: file.get("size").and_then(Value::as_u64),
            at: FileAt::Channel { url: url.to_owned() },
        })
    };
    listed.into_iter().flatten().filter_map(file).collect()
}

fn first_mention(text: &str) -> Option<&str> {
    let tag = text.trim_start().strip_prefix("<@")?;
    tag.split(['>', '|']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes an event by a user U1 in team T1, in which we are UBOT.
    fn said(fields: &str) -> Said {
        let json = format!(
            r#"{{"team_id":"T1","type":"event_callback","authorizations":[{{"team_id":"T1","user_id":"UBOT","is_bot":true}}],
                "event":{{"user":"U1","ts":"1.5",{fields}}}}}"#
        );
        decode(json.as_bytes()).unwrap()
    }

    fn text(fields: &str) -> String {
        match said(fields).content {
            Content::Message { text } => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_meant_for_us_is_a_message() {
        assert_eq!(text(r#""type":"app_mention","channel":"C1","text":"<@UBOT> find it""#), "find it");
        assert_eq!(
            text(r#""type":"message","channel":"C1","text":"please <@UBOT> find it""#),
            "please find it"
        );
        assert_eq!(text(r#""type":"message","channel":"D1","text":"find it""#), "find it");
        let place = said(r#""type":"message","channel":"D1","text":"find it","thread_ts":"1.1""#).place;
        assert_eq!(place, Place { room: "D1".into(), thread: Some("1.1".into()), is_private: true });
    }

    #[test]
    fn files_meant_for_us_come_with_their_address() {
        let sent = r#""type":"message","channel":"D1","subtype":"file_share","text":"for Adyen","files":[
            {"id":"F1","name":"msa.pdf","size":5,"url_private":"https://files.slack.com/a/msa.pdf"},
            {"id":"F2","mode":"tombstone"}]"#;
        let url = "https://files.slack.com/a/msa.pdf".to_owned();
        let file = SharedFile { name: "msa.pdf".to_owned(), bytes: Some(5), at: FileAt::Channel { url } };
        assert_eq!(said(sent).content, Content::Files { text: "for Adyen".to_owned(), files: vec![file] });
        let elsewhere =
            r#""type":"message","channel":"C1","text":"see","files":[{"url_private":"https://x"}]"#;
        assert!(matches!(said(elsewhere).content, Content::Ignored { .. }));
    }

    #[test]
    fn what_is_not_meant_for_us_is_ignored_with_its_reason() {
        for (fields, reason) in [
            (r#""type":"message","channel":"C1","text":"lunch?""#, "message not meant for us"),
            (
                r#""type":"message","channel":"C1","text":"and?","thread_ts":"1.1""#,
                "message not meant for us",
            ),
            (r#""type":"message","channel":"C1","text":"<@UBOT> x","bot_id":"B1""#, "message of a bot"),
            (r#""type":"app_mention","channel":"C1","text":"<@UBOT> x","bot_id":"B1""#, "message of a bot"),
            (r#""type":"message","channel":"D1","subtype":"message_changed""#, "message message_changed"),
            (r#""type":"message","channel":"C1","subtype":"channel_join""#, "message channel_join"),
            (r#""type":"message","channel":"D1","user":"UBOT","text":"hi""#, "our own message"),
            (r#""type":"reaction_added""#, "event reaction_added"),
            (r#""type":"tokens_revoked","tokens":{"oauth":["U1"]}"#, "tokens_revoked of users only"),
        ] {
            assert_eq!(said(fields).content, Content::Ignored { reason: reason.to_owned() }, "{fields}");
        }
    }

    #[test]
    fn the_end_of_an_installation_is_seen() {
        assert_eq!(said(r#""type":"app_uninstalled""#).content, Content::Uninstalled);
        assert_eq!(
            said(r#""type":"tokens_revoked","tokens":{"bot":["UBOT"]}"#).content,
            Content::Uninstalled
        );
    }
}
