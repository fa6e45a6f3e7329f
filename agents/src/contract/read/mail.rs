//! Mails: the words of the body, and every attachment as a file to be read by itself.

use mail_parser::{MessageParser, MessagePart, MimeHeaders, PartType};

use super::{Attachment, Bounds, Fault, Kind, Note, Reading, html, sniff};

/// Most attachments taken from one mail.
const ATTACHMENTS: usize = 50;

/// Reads a mail.
pub(super) fn read(bytes: &[u8], bounds: &Bounds<'_>) -> Result<Reading, Fault> {
    let mail = MessageParser::default().parse(bytes).ok_or(Fault::Broken)?;
    let mut notes = Vec::new();
    let mut text = String::new();
    if let Some(subject) = mail.subject() {
        text.push_str(&format!("Subject: {subject}\n\n"));
    }
    // The plain body is read when there is one: what only the other shows is seldom more than looks.
    for part in mail.text_bodies() {
        match &part.body {
            PartType::Text(body) => text.push_str(body),
            PartType::Html(body) => {
                let (visible, seen) = html::visible(body, bounds)?;
                text.push_str(&visible);
                notes.extend(seen);
            }
            _ => {}
        }
        text.push('\n');
    }
    let mut parts: Vec<Attachment> = mail.attachments().enumerate().filter_map(attachment).collect();
    let left = parts.len().saturating_sub(ATTACHMENTS);
    parts.truncate(ATTACHMENTS);
    notes.extend((left > 0).then_some(Note::AttachmentsLeft { count: left }));
    if text.trim().is_empty() && parts.is_empty() {
        return Err(Fault::NoText);
    }
    let mut reading = Reading::plain(text, Kind::Mail, notes);
    reading.parts = parts;
    Ok(reading)
}

/// An attachment. Pictures shown inside the body (logos, signatures) are none.
fn attachment((index, part): (usize, &MessagePart<'_>)) -> Option<Attachment> {
    let bytes = match &part.body {
        PartType::Binary(bytes) => bytes.to_vec(),
        PartType::Text(text) | PartType::Html(text) => text.as_bytes().to_vec(),
        PartType::Message(mail) => mail.raw_message().to_vec(),
        PartType::InlineBinary(bytes) if !matches!(sniff(bytes), Kind::Image) => bytes.to_vec(),
        _ => return None,
    };
    let kind = sniff(&bytes);
    let name = part.attachment_name().map_or_else(|| format!("attachment {}", index + 1), clean);
    Some(Attachment { name, kind, bytes })
}

/// A name without folders and control letters.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: a@b.example\r\nTo: c@d.example\r\nSubject: =?utf-8?q?Vertrag_M=C3=BCller?=\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nSee the caf=E9 lease.\r\n--x\r\nContent-Type: application/octet-stream\r\n\
        Content-Disposition: attachment; filename=\"../../lease.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--x--\r\n";

    #[test]
    fn body_and_attachments_are_taken_apart() {
        let reading = read(MAIL.as_bytes(), &Bounds::untimed()).expect("a mail");
        assert_eq!(reading.text.text.trim(), "Subject: Vertrag Müller\n\nSee the café lease.");
        assert_eq!(
            reading.parts,
            [Attachment { name: "lease.pdf".into(), kind: Kind::Pdf, bytes: b"%PDF-1.4\n".to_vec() }]
        );
    }
}
