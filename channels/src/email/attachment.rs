//! Files in a mail, with names that are safe to show and keep.

use std::borrow::Cow;

use mail_parser::{Message, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use super::head::one_line;
use super::tnef;

/// The longest kept file name, in characters.
const NAME_MAX: usize = 200;
/// At most so many files are taken from one mail.
pub const FILES_MAX: usize = 500;

/// A file that came with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// Its name: no folders, no control characters; made up when it had none.
    pub name: String,
    /// `type/subtype` as declared, lower case.
    pub kind: String,
    /// Its bytes, decoded.
    pub data: Cow<'a, [u8]>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Shown within the mail, e.g. a logo; never a contract.
    pub is_inline: bool,
}

impl<'a> Attachment<'a> {
    /// A file with a name that may need mending.
    #[must_use]
    pub fn new(name: &str, kind: &str, data: Cow<'a, [u8]>) -> Self {
        let sha256 = Sha256::digest(&data).into();
        Self { name: safe_name(name, kind), kind: kind.to_ascii_lowercase(), data, sha256, is_inline: false }
    }

    /// Whether a person may have meant it as a document: a PDF, Word or similar file that is not part of the mail's looks.
    #[must_use]
    pub fn is_document(&self) -> bool {
        const ENDS: &[&str] = &["pdf", "docx", "doc", "rtf", "odt", "txt", "html", "htm", "md"];
        let end = self.name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
        !self.is_inline && ENDS.contains(&end.as_str())
    }
}

/// The files of a parsed mail, `winmail.dat` unpacked into what it holds.
pub(super) fn all<'x>(message: &mut Message<'x>) -> Vec<Attachment<'x>> {
    let mut files = Vec::new();
    let ids = std::mem::take(&mut message.attachments);
    let raw = message.raw_message.clone();
    for id in ids.into_iter().take(FILES_MAX) {
        let Some(part) = message.parts.get_mut(id as usize) else { continue };
        let kind = part.content_type().map_or_else(
            || default_type(&part.body).to_owned(),
            |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")),
        );
        let name = part.attachment_name().map(str::to_owned).unwrap_or_default();
        let is_inline = part.content_id().is_some()
            && !part.content_disposition().is_some_and(mail_parser::ContentType::is_attachment);
        let (start, end) = (part.offset_body as usize, part.offset_end as usize);
        let is_plain = matches!(part.encoding, mail_parser::Encoding::None);
        let (name, data) = match std::mem::take(&mut part.body) {
            PartType::Binary(data) | PartType::InlineBinary(data) => (name, data),
            PartType::Text(text) | PartType::Html(text) => (name, bytes_of(text)),
            PartType::Message(inner) => {
                let subject = inner.subject().map(|subject| format!("{subject}.eml"));
                let data = if is_plain { slice(&raw, start, end) } else { inner.raw_message };
                (if name.is_empty() { subject.unwrap_or_default() } else { name }, data)
            }
            PartType::Multipart(_) => continue,
        };
        if tnef::is_tnef(&data) {
            let unpacked = tnef::files(&data);
            if !unpacked.is_empty() {
                files.extend(unpacked);
                continue;
            }
        }
        files.push(Attachment { is_inline, ..Attachment::new(&name, &kind, data) });
    }
    files
}

fn slice<'x>(raw: &Cow<'x, [u8]>, start: usize, end: usize) -> Cow<'x, [u8]> {
    match raw {
        Cow::Borrowed(raw) => Cow::Borrowed(raw.get(start..end).unwrap_or_default()),
        Cow::Owned(raw) => Cow::Owned(raw.get(start..end).unwrap_or_default().to_vec()),
    }
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn default_type(body: &PartType<'_>) -> &'static str {
    match body {
        PartType::Text(_) => "text/plain",
        PartType::Html(_) => "text/html",
        PartType::Message(_) => "message/rfc822",
        _ => "application/octet-stream",
    }
}

/// A name without folders, control characters and marks that turn the direction of reading.
#[must_use]
pub fn safe_name(name: &str, kind: &str) -> String {
    let name = one_line(name);
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let name: String = name.chars().filter(|c| !turns(*c) && *c != ':').take(NAME_MAX).collect();
    let name = name.trim().trim_start_matches('.').trim();
    if name.is_empty() { format!("attachment.{}", extension(kind)) } else { name.to_owned() }
}

fn extension(kind: &str) -> &'static str {
    match kind.to_ascii_lowercase().as_str() {
        "application/pdf" => "pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/msword" => "doc",
        "application/rtf" | "text/rtf" => "rtf",
        "text/plain" | "message/delivery-status" | "text/rfc822-headers" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "message/rfc822" => "eml",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        _ => "bin",
    }
}
