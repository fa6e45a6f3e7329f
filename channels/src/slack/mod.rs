//! Slack: signed bytes to `Inbound`, `Card` to Block Kit, and the calls that send it.

pub mod body;
pub mod client;
pub mod decode;
pub mod form;
pub mod keys;
pub mod manifest;
pub mod markup;
pub mod oauth;
pub mod options;
pub mod render;
pub mod socket;
pub mod verify;

mod events;
mod files;
mod interactions;
mod limits;
mod send_error;

use std::fmt;

/// By which of our three routes a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A slash command, form-encoded.
    Command,
    /// An event of the Events API, JSON.
    Event,
    /// A press, a form, a shortcut: JSON in a form field.
    Interaction,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Command, Self::Event, Self::Interaction];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Event => "event",
            Self::Interaction => "interaction",
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
