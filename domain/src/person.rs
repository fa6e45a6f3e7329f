//! People, what they may do, and by which names channels know them.

use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, TenantId};

/// What a person may do; each role may all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Searches, proposes and moves deals.
    Member,
    /// Decides on what members propose.
    Approver,
    /// Decides who may do what.
    Admin,
}

impl Role {
    /// All roles, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Approver, Self::Admin];

    /// The word used in commands, tables and pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// The channels people talk on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Slack.
    Slack,
    /// Mail.
    Email,
    /// Discord.
    Discord,
    /// Our own console, interface and shell.
    Web,
}

impl Channel {
    /// True where people talk in rooms that others read along in.
    pub fn is_chat(self) -> bool {
        matches!(self, Self::Slack | Self::Discord)
    }

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Discord => "discord",
            Self::Web => "web",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Slack, Self::Email, Self::Discord, Self::Web].into_iter().find(|c| c.name() == name)
    }
}

/// A person of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Key.
    pub id: PersonId,
    /// Whose person.
    pub tenant: TenantId,
    /// Shown name.
    pub name: String,
    /// Mail address, lower case, when known.
    pub email: Option<String>,
    /// What the person may do.
    pub role: Role,
}

/// How a channel describes whoever wrote: what is known before the person is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Shown name.
    pub name: String,
    /// Mail address the channel vouches for, lower case.
    pub email: Option<String>,
    /// Administers the workspace on that channel.
    pub is_admin: bool,
    /// A guest, a bot, a deactivated account or a stranger from another workspace: gets no rights.
    pub is_outsider: bool,
}
