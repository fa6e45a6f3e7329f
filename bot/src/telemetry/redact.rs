//! Keeps secrets out of the logs, whoever logged them: tokens by their known beginnings, passwords in
//! addresses.

use std::borrow::Cow;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// What secrets begin with. What follows, up to the first sign that no token has, is masked.
const BEGINNINGS: [&str; 13] = [
    "xoxb-", "xoxp-", "xoxe-", "xoxe.", "xoxa-", "xoxr-", "xapp-", "sk-", "dd_", "Bearer ", "bearer ",
    "Basic ", "v0=",
];
/// Shorter than this it is a word that happens to begin so.
const SECRET_CHARS_MIN: usize = 8;
const MASK: &str = "[secret]";

/// Masks secrets in a text.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let mut clean = Cow::Borrowed(text);
    for beginning in BEGINNINGS {
        if clean.contains(beginning) {
            clean = Cow::Owned(mask_after(&clean, beginning));
        }
    }
    if clean.contains("://") {
        clean = Cow::Owned(mask_passwords(&clean));
    }
    clean
}

fn mask_after(text: &str, beginning: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(beginning) {
        let (before, found) = rest.split_at(at);
        let (_, tail) = found.split_at(beginning.len());
        let length = tail.find(|c: char| !is_token_char(c)).unwrap_or(tail.len());
        let is_inside_a_word = before.chars().next_back().is_some_and(char::is_alphanumeric);
        clean.push_str(before);
        clean.push_str(beginning);
        let is_secret = length >= SECRET_CHARS_MIN && !is_inside_a_word;
        clean.push_str(if is_secret { MASK } else { &tail[..length] });
        rest = &tail[length..];
    }
    clean.push_str(rest);
    clean
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=')
}

/// `scheme://user:password@host` loses its password.
fn mask_passwords(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, tail) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#'));
        let (place, after) = tail.split_at(end.unwrap_or(tail.len()));
        match place.rsplit_once('@').and_then(|(login, host)| Some((login.split_once(':')?.0, host))) {
            Some((user, host)) => clean.push_str(&format!("{user}:{MASK}@{host}")),
            None => clean.push_str(place),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Makes writers that redact each line they are given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Redacting<M>(pub(super) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter(self.0.make_writer())
    }
}

/// Redacts what is written; the subscriber writes one whole event at a time.
#[derive(Debug)]
pub(super) struct RedactingWriter<W>(W);

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(redact(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_signatures_and_passwords_are_masked() {
        for (text, clean) in [
            ("token xoxb-123-456-abcDEF\"", "token xoxb-[secret]\""),
            ("Authorization: Bearer abcdefgh.ijk=, next", "Authorization: Bearer [secret], next"),
            ("v0=a2114d57b48eac39b9ad189dd8316235 ", "v0=[secret] "),
            ("postgres://me:hunter2@db/x?y", "postgres://me:[secret]@db/x?y"),
            ("redis://:p%40ss@cache:6379", "redis://:[secret]@cache:6379"),
            ("xapp-1-A02-99-deadbeef and xapp-1-A02-99-feedbeef", "xapp-[secret] and xapp-[secret]"),
        ] {
            assert_eq!(redact(text), clean);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in
            ["task-oriented desk-research-group", "see https://example.com/a@b:c", "Basic plan", "a://b"]
        {
            assert_eq!(redact(text), text);
        }
    }
}
