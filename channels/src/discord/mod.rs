//! Discord: signed bytes to `Inbound`, `Card` to embeds and components, and the calls that send it.

pub mod answer;
pub mod client;
pub mod commands;
pub mod decode;
pub mod gateway;
pub mod keys;
pub mod press;
pub mod render;
pub mod verify;

mod buckets;
mod errors;
mod events;
mod files;
mod form;
mod markup;

use std::fmt;

/// By which way a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A slash command, a press, a form: signed, at our interactions endpoint.
    Interaction,
    /// An event of the gateway, e.g. a message.
    Event,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Interaction, Self::Event];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Event => "event",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How our tables call a room of direct messages: Discord's numbers do not tell them from other channels.
pub(crate) fn direct(channel: &str) -> String {
    format!("D{channel}")
}

/// Discord's number of a room.
pub(crate) fn channel_of(room: &str) -> &str {
    room.strip_prefix('D').unwrap_or(room)
}
