//! Settings of mail.

use channels::email::Reading;
use secrecy::SecretString;
use serde::Deserialize;

/// Mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Email {
    pub(crate) inboxes: String,
    pub(crate) sender: String,
    pub(crate) smtp_url: SecretString,
    pub(crate) imap_url: SecretString,
    pub(crate) lmtp_listen: String,
    pub(crate) webhook_secret: SecretString,
    pub(crate) upstream: String,
    pub(crate) dkim_selector: String,
    pub(crate) dkim_key: String,
}

impl Email {
    /// The addresses people write to, lower case; none means that mail is not connected.
    pub(crate) fn inboxes(&self) -> Vec<String> {
        self.inboxes
            .split(',')
            .map(|inbox| inbox.trim().to_lowercase())
            .filter(|inbox| inbox.contains('@'))
            .collect()
    }

    /// The address we write from.
    pub(crate) fn sender(&self) -> Option<String> {
        let sender = self.sender.trim().to_lowercase();
        if sender.is_empty() { self.inboxes().into_iter().next() } else { Some(sender) }
    }

    /// What reading a mail depends on.
    pub(crate) fn reading(&self) -> Reading {
        Reading { inboxes: self.inboxes(), own: self.sender().into_iter().collect() }
    }
}
