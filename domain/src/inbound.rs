//! A message in, as a channel decoded it: typed, not yet understood.

use serde::{Deserialize, Serialize};

use crate::ids::{InboundId, PersonId};
use crate::person::Channel;

/// A message from a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// The stored row it was decoded from.
    pub id: InboundId,
    /// Where it came in.
    pub channel: Channel,
    /// The channel's workspace, e.g. Slack's team id; decides the tenant.
    pub workspace: String,
    /// The sender as the channel numbers people, e.g. `U024BE7LH`.
    pub sender: String,
    /// The sender's name if the message carried one.
    pub sender_name: Option<String>,
    /// Where to answer.
    pub place: Place,
    /// What was said.
    pub content: Content,
}

/// Where on a channel something was said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The room, e.g. Slack's channel id.
    pub room: String,
    /// The thread in it, e.g. Slack's `thread_ts`; none starts a new one.
    pub thread: Option<String>,
    /// Only the sender and we can read the room.
    pub is_private: bool,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A slash command with the text after it.
    Command {
        /// The command itself, e.g. `/deal`.
        command: String,
        /// The words after the command.
        text: String,
        /// The channel's short-lived handle to open a form.
        trigger: Option<String>,
    },
    /// A message meant for us: a mention, a direct message, a reply in our thread.
    Message {
        /// Text, without the mention of us.
        text: String,
    },
    /// Files meant for us, perhaps with words.
    Files {
        /// The words beside them, without the mention of us.
        text: String,
        /// The files in order.
        files: Vec<SharedFile>,
    },
    /// A press on one of our buttons.
    Press {
        /// Which button, as in [`crate::card::Verb`].
        verb: String,
        /// What it was about.
        value: String,
        /// What was ticked on the same card.
        chosen: Vec<String>,
        /// The message the button sits on, as the channel numbers it.
        message: Option<String>,
        /// The channel's short-lived handle to open a form.
        trigger: Option<String>,
    },
    /// A form that we opened was sent.
    Form {
        /// Which form, as in [`crate::card::Verb`].
        verb: String,
        /// What it was about.
        value: String,
        /// Field name and what was typed.
        fields: Vec<(String, String)>,
    },
    /// Links to pages of ours in somebody's message, to be shown there.
    Links {
        /// The addresses.
        urls: Vec<String>,
        /// The message, as the channel names it to us.
        at: String,
        /// Whether the channel says that people of other organisations read it.
        is_shared: bool,
    },
    /// The person looks at the home tab that the channel has for us.
    Home,
    /// Something that needs no answer, e.g. our own message or a joined member.
    Ignored {
        /// Why, for the log.
        reason: String,
    },
    /// The workspace removed us.
    Uninstalled,
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFile {
    /// As its sender called it.
    pub name: String,
    /// Its length, if the channel says.
    pub bytes: Option<u64>,
    /// Where its bytes are.
    pub at: FileAt,
}

/// Where the bytes of a shared file are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum FileAt {
    /// In our object store, under their SHA-256.
    Stored {
        /// Lower-case hex.
        sha256: String,
    },
    /// With the channel, which gives them to whoever holds our token.
    Channel {
        /// The address to fetch them from.
        url: String,
    },
}

/// What our own console and programming interface put into the inbox: the person is known already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WebBody {
    /// Something typed.
    Message {
        /// Who.
        person: PersonId,
        /// The words.
        text: String,
    },
    /// A press on one of our buttons.
    Press {
        /// Who.
        person: PersonId,
        /// Which button, as in [`crate::card::Verb`].
        verb: String,
        /// What it was about.
        value: String,
        /// What was ticked on the same card.
        #[serde(default)]
        chosen: Vec<String>,
    },
    /// A file, already in our object store.
    File {
        /// Who.
        person: PersonId,
        /// The words beside it.
        #[serde(default)]
        text: String,
        /// As its sender called it.
        name: String,
        /// SHA-256 of its bytes, lower-case hex: their key.
        sha256: String,
        /// Their number.
        bytes: u64,
    },
    /// A form that was sent.
    Form {
        /// Who.
        person: PersonId,
        /// Which form, as in [`crate::card::Verb`].
        verb: String,
        /// What it was about.
        value: String,
        /// Field name and what was typed.
        #[serde(default)]
        fields: Vec<(String, String)>,
    },
}
