//! Raw bytes to a [`Mail`]. Never fails and never panics: what cannot be read says so.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders, PartType};

use super::attachment::{self, Attachment};
use super::calendar::{self, Calendar};
use super::head::Head;
use super::kind::{self, Kind};
use super::thread::{self, Key};
use super::{bounce, html, reply, structure, tnef};

/// Longer text is cut: no person wrote it, and its bytes are kept anyway.
const TEXT_MAX: usize = 1024 * 1024;

/// Of the head only what is used is taken apart; stations on the way alone would cost more than all the rest.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_mime_headers()
        .with_date_headers()
        .with_address_headers()
        .with_message_ids()
        .header_text(HeaderName::Subject)
});

/// What reading depends on, besides the bytes.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Our inboxes, without plus tokens.
    pub inboxes: Vec<String>,
    /// The addresses we send from.
    pub own: Vec<String>,
}

/// A mail that was read.
#[derive(Debug, Clone)]
pub struct Mail<'a> {
    /// Its head.
    pub head: Head,
    /// What sort of mail it is.
    pub kind: Kind,
    /// Why it cannot be read, if it cannot.
    pub trouble: Option<String>,
    /// How to find its conversation, most telling first.
    pub thread: Vec<Key>,
    /// Its whole text.
    pub text: String,
    /// Its text without quote and signature.
    pub reply: String,
    /// Its HTML as it came, unsafe to show: see [`html::sanitised`].
    pub html: Option<Cow<'a, str>>,
    /// Its files.
    pub attachments: Vec<Attachment<'a>>,
    /// The invitation in it.
    pub calendar: Option<Calendar>,
    /// What it reports, for bounces.
    pub bounce: Option<bounce::Bounce>,
}

/// Reads a mail.
#[must_use]
pub fn read<'a>(raw: &'a [u8], reading: &Reading) -> Mail<'a> {
    if let Err(excess) = structure::check(raw) {
        return unparsable(excess.to_string());
    }
    if calendar::is_calendar(raw) {
        let calendar = calendar::read(&String::from_utf8_lossy(raw));
        return Mail { calendar, ..unparsable("it is an invitation without a mail") };
    }
    let bytes = mended(raw);
    match bytes {
        Cow::Borrowed(raw) => parse(raw, reading),
        // The mail lends from its bytes: those that were mended must go with it.
        Cow::Owned(raw) => into_owned(parse(&raw, reading)),
    }
}

fn unparsable<'a>(trouble: impl Into<String>) -> Mail<'a> {
    Mail {
        head: Head::default(),
        kind: Kind::Unparsable,
        trouble: Some(trouble.into()),
        thread: Vec::new(),
        text: String::new(),
        reply: String::new(),
        html: None,
        attachments: Vec::new(),
        calendar: None,
        bounce: None,
    }
}

/// The bytes without what stands before the head, with line ends that the parser knows.
fn mended(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    // Blank lines before the head: it begins with the first word.
    let blank = raw.iter().take_while(|b| b.is_ascii_whitespace()).count();
    raw = &raw[blank..];
    // What mailbox files put before each mail.
    let is_separator = raw.starts_with(b"From ") || raw.starts_with(b">From ");
    if is_separator && let Some(end) = memchr::memchr2(b'\n', b'\r', raw) {
        raw = raw[end + 1..].trim_ascii_start();
    }
    let has_feeds = memchr::memchr(b'\n', raw).is_some();
    if !has_feeds && memchr::memchr(b'\r', raw).is_some() {
        return raw.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect::<Vec<u8>>().into();
    }
    raw.into()
}

fn parse<'a>(raw: &'a [u8], reading: &Reading) -> Mail<'a> {
    let Some(mut message) = PARSER.parse(raw) else {
        return unparsable("it has no head");
    };
    let head = Head::of(&message);
    if head.is_blank() {
        return unparsable("it has no fields of a mail");
    }
    let kinds = kinds(&message);
    let html = html_body(&message);
    let report = report(&message);
    let mut text = text_body(&message, html.as_deref());
    let calendar = calendar_of(&message);
    let attachments = attachment::all(&mut message);
    if text.trim().is_empty() {
        text = wrapped_text(raw).unwrap_or(text);
    }
    let body = &raw[raw.len().min(body_start(raw))..];
    let kind = kind::of(&head, &text, &kinds, &reading.own);
    let bounce = (kind == Kind::Bounce).then(|| bounce::read(&head, report.as_deref().unwrap_or(&text)));
    Mail {
        thread: thread::keys(&head, &reading.inboxes, body),
        reply: reply::strip(&text),
        kind,
        trouble: None,
        text,
        html: html.map(|html| Cow::Owned(html.into_owned())),
        attachments,
        calendar,
        bounce,
        head,
    }
}

fn body_start(raw: &[u8]) -> usize {
    let lf = memchr::memmem::find(raw, b"\n\n").map(|at| at + 2);
    let crlf = memchr::memmem::find(raw, b"\r\n\r\n").map(|at| at + 4);
    lf.into_iter().chain(crlf).min().unwrap_or(raw.len())
}

/// The declared types of all parts, lower case.
fn kinds(message: &Message<'_>) -> Vec<String> {
    let declared = message.parts.iter().filter_map(|part| part.content_type());
    declared
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase())
        .collect()
}

fn html_body<'x>(message: &Message<'x>) -> Option<Cow<'x, str>> {
    let found: Vec<&Cow<'x, str>> = message
        .html_body
        .iter()
        .filter_map(|id| match &message.parts.get(*id as usize)?.body {
            PartType::Html(html) => Some(html),
            _ => None,
        })
        .collect();
    match found.as_slice() {
        [] => None,
        [one] => Some((*one).clone()),
        many => Some(many.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("\n").into()),
    }
}

/// The plain text where there is one, else that of the HTML.
fn text_body(message: &Message<'_>, html: Option<&str>) -> String {
    let mut text = String::new();
    for part in message.text_body.iter().filter_map(|id| message.parts.get(*id as usize)) {
        match &part.body {
            PartType::Text(part) => push_paragraph(&mut text, part),
            PartType::Html(part) => push_paragraph(&mut text, &html::text(part)),
            _ => {}
        }
    }
    if text.trim().is_empty()
        && let Some(html) = html
    {
        text = html::text(html);
    }
    cleaned(text)
}

fn push_paragraph(text: &mut String, part: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(part);
}

/// `\n` line ends, no NULs and other control characters, at most [`TEXT_MAX`].
fn cleaned(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        let mut end = TEXT_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    let is_odd = |b: u8| b < 0x20 && b != b'\n' && b != b'\t' || b == 0x7f || b == 0xc2 || b == 0xef;
    if !text.bytes().any(is_odd) {
        text.truncate(text.trim_end().len());
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() != Some(&'\n') => out.push('\n'),
            '\n' | '\t' => out.push(c),
            '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// What the machine-readable part of a report says.
fn report(message: &Message<'_>) -> Option<String> {
    message.parts.iter().find_map(|part| {
        let kind = part.content_type()?;
        let is_report = kind.ctype().eq_ignore_ascii_case("message")
            && kind.subtype().is_some_and(|sub| sub.to_ascii_lowercase().ends_with("delivery-status"));
        is_report.then(|| String::from_utf8_lossy(part.contents()).into_owned())
    })
}

fn calendar_of(message: &Message<'_>) -> Option<Calendar> {
    message.parts.iter().find_map(|part| {
        let kind = part.content_type();
        let is_declared = kind.is_some_and(|kind| {
            matches!(kind.subtype(), Some(sub) if sub.eq_ignore_ascii_case("calendar") || sub.eq_ignore_ascii_case("ics"))
        });
        let is_named = part.attachment_name().is_some_and(|name| name.to_ascii_lowercase().ends_with(".ics"));
        if !is_declared && !is_named {
            return None;
        }
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => calendar::read(text),
            PartType::Binary(data) | PartType::InlineBinary(data) => calendar::read(&String::from_utf8_lossy(data)),
            _ => None,
        }
    })
}

/// The text of a mail that is nothing but a `winmail.dat`.
fn wrapped_text(raw: &[u8]) -> Option<String> {
    let message = PARSER.parse(raw)?;
    let data = message.parts.iter().find_map(|part| match &part.body {
        PartType::Binary(data) | PartType::InlineBinary(data) if tnef::is_tnef(data) => Some(data),
        _ => None,
    })?;
    tnef::body(data).map(cleaned)
}

fn into_owned(mail: Mail<'_>) -> Mail<'static> {
    let kept = |file: Attachment<'_>| {
        let Attachment { name, kind, data, sha256, is_inline } = file;
        Attachment { name, kind, data: Cow::Owned(data.into_owned()), sha256, is_inline }
    };
    let attachments = mail.attachments.into_iter().map(kept).collect();
    Mail {
        html: mail.html.map(|html| Cow::Owned(html.into_owned())),
        attachments,
        head: mail.head,
        kind: mail.kind,
        trouble: mail.trouble,
        thread: mail.thread,
        text: mail.text,
        reply: mail.reply,
        calendar: mail.calendar,
        bounce: mail.bounce,
    }
}
