//! Reads `winmail.dat`, in which Outlook wraps files for other Outlooks: a list of attributes with lengths.

use std::borrow::Cow;

use super::attachment::{Attachment, FILES_MAX};

/// The first four bytes.
const SIGNATURE: u32 = 0x223e_9f78;
/// Attributes of files.
const RENDER_DATA: u32 = 0x0006_9002;
const DATA: u32 = 0x0006_800f;
const TITLE: u32 = 0x0001_8010;
const FILE_PROPERTIES: u32 = 0x0006_9005;
/// Properties of the mail.
const MAIL_PROPERTIES: u32 = 0x0006_9003;
/// The body as plain text.
const BODY: u32 = 0x0002_800c;

/// Property numbers.
const LONG_NAME: u16 = 0x3707;
const SHORT_NAME: u16 = 0x3704;
const DISPLAY_NAME: u16 = 0x3001;
const CONTENT: u16 = 0x3701;
const MIME_TYPE: u16 = 0x370e;
const BODY_TEXT: u16 = 0x1000;
const BODY_HTML: u16 = 0x1013;

/// Whether bytes begin like a `winmail.dat`.
#[must_use]
pub fn is_tnef(data: &[u8]) -> bool {
    data.first_chunk().is_some_and(|head| u32::from_le_bytes(*head) == SIGNATURE)
}

/// A mail's text and files, as far as they can be read.
#[derive(Debug, Default)]
struct Unpacked {
    body: Option<String>,
    html: Option<Vec<u8>>,
    files: Vec<File>,
}

#[derive(Debug, Default)]
struct File {
    title: Option<String>,
    long_name: Option<String>,
    kind: Option<String>,
    data: Vec<u8>,
}

/// The files in a `winmail.dat`; what is cut off or lies about its length ends the list.
#[must_use]
pub fn files(data: &[u8]) -> Vec<Attachment<'static>> {
    let unpacked = unpack(data);
    unpacked
        .files
        .into_iter()
        .filter(|file| !file.data.is_empty())
        .map(|file| {
            let name = file.long_name.or(file.title).unwrap_or_default();
            let kind = file.kind.unwrap_or_else(|| kind_of(&name).to_owned());
            Attachment::new(&name, &kind, Cow::Owned(file.data))
        })
        .collect()
}

/// The text in a `winmail.dat`, for mails that have no other.
#[must_use]
pub fn body(data: &[u8]) -> Option<String> {
    let unpacked = unpack(data);
    let html = unpacked.html.map(|html| super::html::text(&String::from_utf8_lossy(&html)));
    unpacked.body.or(html).filter(|text| !text.trim().is_empty())
}

fn unpack(data: &[u8]) -> Unpacked {
    let mut unpacked = Unpacked::default();
    let mut bytes = Bytes(data.get(6..).unwrap_or_default());
    while let Some((attribute, value)) = next_attribute(&mut bytes) {
        match attribute {
            RENDER_DATA => {
                if unpacked.files.len() >= FILES_MAX {
                    break;
                }
                unpacked.files.push(File::default());
            }
            BODY => unpacked.body = Some(narrow(value)),
            MAIL_PROPERTIES => {
                for property in properties(value) {
                    match property.number {
                        BODY_TEXT => unpacked.body = property.text().or(unpacked.body.take()),
                        BODY_HTML => unpacked.html = Some(property.value.to_vec()),
                        _ => {}
                    }
                }
            }
            _ => take_file_attribute(&mut unpacked.files, attribute, value),
        }
    }
    unpacked
}

fn take_file_attribute(files: &mut Vec<File>, attribute: u32, value: &[u8]) {
    if !matches!(attribute, DATA | TITLE | FILE_PROPERTIES) {
        return;
    }
    // Some writers leave out the attribute that opens a file.
    if files.is_empty() {
        files.push(File::default());
    }
    let Some(file) = files.last_mut() else { return };
    match attribute {
        DATA => file.data = value.to_vec(),
        TITLE => file.title = Some(narrow(value)).filter(|name| !name.is_empty()),
        _ => {
            for property in properties(value) {
                match property.number {
                    LONG_NAME => file.long_name = property.text().or(file.long_name.take()),
                    SHORT_NAME | DISPLAY_NAME => file.title = file.title.take().or_else(|| property.text()),
                    MIME_TYPE => file.kind = property.text().filter(|kind| kind.contains('/')),
                    CONTENT if file.data.is_empty() => file.data = property.content().to_vec(),
                    _ => {}
                }
            }
        }
    }
}

fn next_attribute<'a>(bytes: &mut Bytes<'a>) -> Option<(u32, &'a [u8])> {
    let _level = bytes.take(1)?;
    let attribute = bytes.u32()?;
    let length = bytes.u32()? as usize;
    let value = bytes.take(length)?;
    // The sum of the bytes; Outlook itself does not hold others to it.
    bytes.take(2);
    Some((attribute, value))
}

/// A named value of a list of properties.
struct Property<'a> {
    number: u16,
    kind: u16,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self) -> Option<String> {
        let text = match self.kind & 0x0fff {
            0x1f => {
                let units: Vec<u16> =
                    self.value.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16_lossy(&units)
            }
            0x1e => narrow(self.value),
            _ => return None,
        };
        let text = text.trim_end_matches('\0').to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Bytes of a file; an object has the number of its interface before them.
    fn content(&self) -> &[u8] {
        if self.kind & 0x0fff == 0x0d { self.value.get(16..).unwrap_or_default() } else { self.value }
    }
}

/// A list of properties, up to the first that cannot be read.
fn properties(data: &[u8]) -> Vec<Property<'_>> {
    let mut bytes = Bytes(data);
    let mut found = Vec::new();
    let count = bytes.u32().unwrap_or_default().min(4096);
    for _ in 0..count {
        match property(&mut bytes) {
            Some(property) => found.push(property),
            None => break,
        }
    }
    found
}

fn property<'a>(bytes: &mut Bytes<'a>) -> Option<Property<'a>> {
    let kind = bytes.u16()?;
    let number = bytes.u16()?;
    if number >= 0x8000 {
        // A named property: a number for the set of names, then a number or a name.
        bytes.take(16)?;
        if bytes.u32()? == 0 {
            bytes.take(4)?;
        } else {
            let length = bytes.u32()? as usize;
            bytes.padded(length)?;
        }
    }
    let is_list = kind & 0x1000 != 0;
    let basic = kind & 0x0fff;
    let is_long = matches!(basic, 0x1e | 0x1f | 0x0d | 0x102);
    let count = if is_list || is_long { bytes.u32()?.min(4096) } else { 1 };
    let mut value: &[u8] = &[];
    for _ in 0..count {
        value = match basic {
            0x1e | 0x1f | 0x0d | 0x102 => {
                let length = bytes.u32()? as usize;
                bytes.padded(length)?
            }
            0x02 | 0x0b => bytes.take(4)?,
            0x03 | 0x04 | 0x0a | 0x01 => bytes.take(4)?,
            0x05 | 0x06 | 0x07 | 0x14 | 0x40 => bytes.take(8)?,
            0x48 => bytes.take(16)?,
            _ => return None,
        };
    }
    Some(Property { number, kind, value })
}

/// Text in the sender's code page, which is nearly always this one or ASCII.
fn narrow(value: &[u8]) -> String {
    let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
    match std::str::from_utf8(&value[..end]) {
        Ok(text) => text.to_owned(),
        Err(_) => mail_parser::decoders::charsets::map::charset_decoder(b"windows-1252")
            .map_or_else(String::new, |decode| decode(&value[..end])),
    }
}

fn kind_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "rtf" => "application/rtf",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        _ => "application/octet-stream",
    }
}

/// Bytes still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A value of that length, and the bytes after it up to the next multiple of four.
    fn padded(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.take(count)?;
        let _ = self.take((4 - count % 4) % 4);
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_le_bytes(*head))
    }

    fn u32(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*head))
    }
}
