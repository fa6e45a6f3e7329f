//! What the edge needs of a request before it is stored: whose it is, and which other requests it repeats.

use sha2::{Digest, Sha256};

/// Keys of a request. Nothing here fails: what cannot be found is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The channel's own key of the workspace; none where it names none.
    pub workspace: Option<String>,
    /// The channel's number of the delivery.
    pub event: Option<String>,
    /// What it is about; two requests with the same one mean the same.
    pub natural: Option<String>,
    /// A person waits for a form or a changed button.
    pub urgent: bool,
}

impl Keys {
    /// Keys of what cannot be read: its bytes alone tell it from others.
    pub(crate) fn unreadable(body: &[u8]) -> Self {
        Self { natural: Some(fingerprint(body)), ..Self::default() }
    }
}

/// The SHA-256 of a body, in lower-case hex.
pub(crate) fn fingerprint(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
