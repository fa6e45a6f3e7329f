//! What somebody said, before it has a number of ours.

use domain::inbound::{Content, Place};

/// An inbound before it has its number.
pub(crate) struct Said {
    pub(crate) workspace: String,
    pub(crate) sender: String,
    pub(crate) sender_name: Option<String>,
    pub(crate) place: Place,
    pub(crate) content: Content,
}

impl Said {
    /// Something that needs no answer; whatever is missing stays blank.
    pub(crate) fn ignored(workspace: Option<&str>, reason: impl Into<String>) -> Self {
        Self {
            workspace: workspace.unwrap_or_default().to_owned(),
            sender: String::new(),
            sender_name: None,
            place: Place { room: String::new(), thread: None, is_private: false },
            content: Content::Ignored { reason: reason.into() },
        }
    }
}
