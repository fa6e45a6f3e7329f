//! To which conversation a mail belongs: keys to look for, in the order in which they count.

use std::fmt;

use sha2::{Digest, Sha256};

use super::head::{Head, Mailbox};

/// One way to find a mail's conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Our own token, from the plus address it was sent to.
    Token(String),
    /// The mail's own number: the same mail again, or a mail that was answered before it arrived.
    Own(String),
    /// A mail it answers. Counts alone.
    Answers(String),
    /// A mail before it in the thread. Counts only if that one has the same subject: people start new
    /// threads by answering old mails.
    Mentions {
        /// That mail's number.
        id: String,
        /// [`base_subject`] of this mail.
        subject: String,
    },
    /// The hash of what it says, for mails without a number.
    Content(String),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => write!(f, "token:{token}"),
            Self::Own(id) | Self::Answers(id) | Self::Mentions { id, .. } => f.write_str(id),
            Self::Content(hash) => write!(f, "content:{hash}"),
        }
    }
}

/// The keys of a mail. Tokens are read from the addresses of `inboxes` alone; with none given, from all recipients.
#[must_use]
pub fn keys(head: &Head, inboxes: &[String], body: &[u8]) -> Vec<Key> {
    let mut keys: Vec<Key> = head.to.iter().filter_map(|to| token(to, inboxes)).map(Key::Token).collect();
    keys.dedup();
    match &head.message_id {
        Some(id) => keys.push(Key::Own(id.clone())),
        None => keys.push(Key::Content(content_hash(head, body))),
    }
    keys.extend(head.in_reply_to.iter().cloned().map(Key::Answers));
    let subject = base_subject(&head.subject);
    for id in head.references.iter().rev() {
        if !head.in_reply_to.contains(id) {
            keys.push(Key::Mentions { id: id.clone(), subject: subject.clone() });
        }
    }
    keys
}

/// The word after the plus of one of our inboxes: `contracts+w7k2@example.com` has `w7k2`.
#[must_use]
pub fn token(to: &Mailbox, inboxes: &[String]) -> Option<String> {
    let (plain, token) = to.local().split_once('+')?;
    let ours = inboxes.is_empty()
        || inboxes.iter().any(|inbox| {
            inbox.rsplit_once('@').is_some_and(|(local, domain)| {
                local.eq_ignore_ascii_case(plain) && domain.eq_ignore_ascii_case(to.domain())
            })
        });
    let is_plain = token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'='));
    (ours && !token.is_empty() && token.len() <= 64 && is_plain).then(|| token.to_owned())
}

/// A subject without what answering and forwarding put before it, lower case.
#[must_use]
pub fn base_subject(subject: &str) -> String {
    const MARKS: &[&str] = &[
        "re", "aw", "antw", "antwort", "sv", "vs", "ré", "rép", "ref", "rif", "r", "res", "odp", "ynt", "fw",
        "fwd", "wg", "tr", "rv", "enc", "i", "vb", "vl", "doorst", "pd", "回复", "答复", "转发", "回覆",
        "轉寄", "返信", "転送",
    ];
    let mut rest = subject.trim();
    while let Some((mark, after)) = rest.split_once([':', '：']) {
        let word = mark.trim().to_lowercase();
        let word = word.split(['[', '(', '^']).next().unwrap_or_default().trim();
        let is_mark =
            MARKS.contains(&word) || word.starts_with("re") && word[2..].bytes().all(|b| b.is_ascii_digit());
        if !is_mark || after.trim().is_empty() {
            break;
        }
        rest = after.trim_start();
    }
    rest.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn content_hash(head: &Head, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    let from = head.from.first().map(|from| from.address.as_str()).unwrap_or_default();
    for part in [from, &head.subject, &head.date.unwrap_or_default().to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(body);
    hex::encode(hash.finalize())
}
