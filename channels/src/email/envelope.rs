//! A mail as it is stored: how it came to us, then its bytes untouched.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::auth;

/// How a mail came to us.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The machine that handed it in, when it did so for others: only then SPF says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// What that machine calls itself.
    #[serde(default)]
    pub helo: String,
    /// The envelope's sender, if known; empty for `<>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
    /// The address it was delivered to, with its token.
    #[serde(default)]
    pub recipient: String,
}

impl Arrival {
    /// What senders are checked by.
    #[must_use]
    pub fn envelope(&self) -> Option<auth::Envelope> {
        let mail_from = self.mail_from.clone()?;
        Some(auth::Envelope { ip: self.ip?, helo: self.helo.clone(), mail_from })
    }

    /// The bytes to store: one line about the arrival, then the mail.
    #[must_use]
    pub fn wrap(&self, raw: &[u8]) -> Vec<u8> {
        // A value like this can always be written; an empty line would be read back as one that was not stored by us.
        let mut out = serde_json::to_vec(self).unwrap_or_default();
        out.push(b'\n');
        out.extend_from_slice(raw);
        out
    }

    /// Takes stored bytes apart; none if they are not what [`Arrival::wrap`] made.
    #[must_use]
    pub fn unwrap(stored: &[u8]) -> Option<(Self, &[u8])> {
        let end = memchr::memchr(b'\n', stored)?;
        let arrival = serde_json::from_slice(&stored[..end]).ok()?;
        Some((arrival, &stored[end + 1..]))
    }
}

/// What a mail is by itself, whichever way and however often it comes: its number and its body.
#[must_use]
pub fn natural_key(inbox: &str, raw: &[u8]) -> String {
    let crlf = memchr::memmem::find(raw, b"\r\n\r\n").map(|at| (at, at + 4));
    let lf = memchr::memmem::find(raw, b"\n\n").map(|at| (at, at + 2));
    let (head, body) = [crlf, lf].into_iter().flatten().min().unwrap_or((raw.len(), raw.len()));
    let mut hash = Sha256::new();
    match number(&raw[..head]) {
        Some(id) => hash.update(id),
        None => hash.update(&raw[..head]),
    }
    hash.update([0]);
    // Some servers change line ends on the way.
    for line in raw[body..].split(|b| *b == b'\n') {
        hash.update(line.strip_suffix(b"\r").unwrap_or(line));
        hash.update(b"\n");
    }
    format!("email/{inbox}/{}", hex::encode(hash.finalize()))
}

/// The value of the `Message-ID` field.
fn number(head: &[u8]) -> Option<&[u8]> {
    let name = b"message-id:";
    let mut lines = head.split(|b| *b == b'\n');
    let line =
        lines.find(|line| line.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)))?;
    let value = line[name.len()..].trim_ascii();
    let value = if value.is_empty() { lines.next().unwrap_or_default().trim_ascii() } else { value };
    (!value.is_empty()).then_some(value)
}

/// The inbox, among ours, that an address means, whatever its token; none if it is not ours.
#[must_use]
pub fn inbox_of<'a>(address: &str, inboxes: &'a [String]) -> Option<&'a str> {
    let (local, domain) = address.rsplit_once('@')?;
    let plain = local.split('+').next().unwrap_or_default();
    inboxes.iter().map(String::as_str).find(|inbox| {
        inbox
            .rsplit_once('@')
            .is_some_and(|(ours, host)| ours.eq_ignore_ascii_case(plain) && host.eq_ignore_ascii_case(domain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_stored_untouched_beside_how_it_came() {
        let arrival = Arrival { recipient: "deals+x@us.example".into(), ..Arrival::default() };
        let raw = b"From: a@b\r\n\r\n\xff\0\n";
        let stored = arrival.wrap(raw);
        assert_eq!(Arrival::unwrap(&stored), Some((arrival, raw.as_slice())));
        assert_eq!(Arrival::unwrap(b"From: a@b\n\n"), None);
    }

    #[test]
    fn a_mail_is_the_same_by_another_way_and_another_one_is_not() {
        let key = |raw: &str| natural_key("deals@us.example", raw.as_bytes());
        let mail = "Received: one\nMessage-ID: <1@a>\nSubject: x\n\nHello\n";
        assert_eq!(key(mail), key("Received: two\r\nMessage-Id:\r\n <1@a>\r\nSubject: x\r\n\r\nHello\r\n"));
        assert_ne!(key(mail), key("Message-ID: <1@a>\n\nAnother text under the same number\n"));
        assert_ne!(key(mail), key("Message-ID: <2@a>\n\nHello\n"));
        assert_ne!(key("Subject: a\n\nx\n"), key("Subject: b\n\nx\n"), "without a number the head tells");
    }

    #[test]
    fn only_our_inboxes_take_mail() {
        let ours = vec!["deals@us.example".to_owned()];
        for address in ["deals@us.example", "Deals+token@US.example"] {
            assert_eq!(inbox_of(address, &ours), Some("deals@us.example"), "{address}");
        }
        for address in ["eve@us.example", "deals@evil.example", "deals", "", "deals@us.example@evil.example"]
        {
            assert_eq!(inbox_of(address, &ours), None, "{address}");
        }
    }
}
