//! A stored request to an `Inbound`, leniently: what we do not need may be missing or strange.

use domain::ids::InboundId;
use domain::inbound::{Content, Inbound, Place};
use domain::person::Channel;

use super::Kind;
use super::body::{command_workspace, form_field};
use super::{events, interactions, markup};
use crate::said::Said;

/// A signed request that we cannot read. It stays stored and is never answered with an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unparsable {
    /// What is wrong with it.
    pub reason: String,
}

impl Unparsable {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    pub(super) fn missing(what: &str) -> Self {
        Self::because(format!("{what} is missing"))
    }
}

/// Decodes a raw body.
///
/// # Errors
/// Says why the body cannot be read: no JSON, or without something that an answer needs.
pub fn decode(kind: Kind, body: &[u8], id: InboundId) -> Result<Inbound, Unparsable> {
    let said = match kind {
        Kind::Command => command(body),
        Kind::Event => events::decode(body),
        Kind::Interaction => interactions::decode(body),
    }?;
    Ok(Inbound {
        id,
        channel: Channel::Slack,
        workspace: said.workspace,
        sender: said.sender,
        sender_name: said.sender_name,
        place: said.place,
        content: said.content,
    })
}

/// Rooms whose id starts with D are direct messages. One between two other people looks the same, but we cannot
/// write there: whatever we manage to post in such a room is between the sender and us.
pub(super) fn is_private(room: &str) -> bool {
    room.starts_with('D')
}

/// Where somebody is answered who wrote in no room: the person's id stands for the direct messages until these are
/// opened.
pub(super) fn in_private(sender: &str) -> Place {
    Place { room: sender.to_owned(), thread: None, is_private: true }
}

fn command(body: &[u8]) -> Result<Said, Unparsable> {
    let workspace = command_workspace(body);
    if form_field(body, "ssl_check").is_some() {
        return Ok(Said::ignored(workspace.as_deref(), "Slack checks our certificate"));
    }
    let command = form_field(body, "command").ok_or_else(|| Unparsable::missing("the command"))?;
    let room = form_field(body, "channel_id").ok_or_else(|| Unparsable::missing("the channel"))?;
    Ok(Said {
        workspace: workspace.ok_or_else(|| Unparsable::missing("the workspace"))?,
        sender: form_field(body, "user_id").ok_or_else(|| Unparsable::missing("the user"))?,
        sender_name: form_field(body, "user_name"),
        place: Place { is_private: is_private(&room), room, thread: form_field(body, "thread_ts") },
        content: Content::Command {
            command,
            text: markup::plain(&form_field(body, "text").unwrap_or_default(), None),
            trigger: form_field(body, "trigger_id"),
        },
    })
}
