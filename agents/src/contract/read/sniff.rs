//! What a file is, told from its content and never from its name.

use std::io::Cursor;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Portable document, with or without a text layer.
    Pdf,
    /// Word document of 2007 or later.
    Docx,
    /// An office file locked with a password.
    Locked,
    /// Word document of before 2007.
    Doc,
    /// A workbook.
    Spreadsheet,
    /// Slides.
    Presentation,
    /// An OpenDocument text.
    OpenDocument,
    /// Rich text.
    Rtf,
    /// A web page.
    Html,
    /// A mail with its attachments.
    Mail,
    /// Plain text.
    Plain,
    /// A picture.
    Image,
    /// An archive that is no document.
    Archive,
    /// Nothing at all.
    Empty,
    /// None of these.
    Unknown,
}

impl Kind {
    /// What to call it in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF",
            Self::Docx => "a Word document",
            Self::Locked => "a locked office file",
            Self::Doc => "a Word document in the format of before 2007",
            Self::Spreadsheet => "a workbook",
            Self::Presentation => "a slide show",
            Self::OpenDocument => "an OpenDocument file",
            Self::Rtf => "a rich text file",
            Self::Html => "a web page",
            Self::Mail => "a mail",
            Self::Plain => "plain text",
            Self::Image => "a picture",
            Self::Archive => "an archive",
            Self::Empty => "an empty file",
            Self::Unknown => "a file of no kind I know",
        }
    }

    /// What to do when it cannot be read.
    #[must_use]
    pub fn way_out(self) -> &'static str {
        match self {
            Self::Doc | Self::Rtf | Self::OpenDocument => "Please save it as DOCX or PDF and send that.",
            Self::Spreadsheet | Self::Presentation => "Please send the contract itself, as DOCX or PDF.",
            Self::Archive => "Please send the files in it one by one.",
            Self::Image => "Please send the pages as one PDF.",
            _ => "Please send it as DOCX, PDF or plain text.",
        }
    }
}

/// How much of a text is looked at to tell its kind.
const HEAD: usize = 4096;

/// Tells the kind of a file.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Kind {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Kind::Empty;
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    // Up to a kilobyte of rubbish may stand before the mark of a PDF; readers accept that.
    if head[..head.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
        return Kind::Pdf;
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return archive(bytes);
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return compound(bytes);
    }
    if head.starts_with(b"{\\rtf") {
        return Kind::Rtf;
    }
    if is_image(head) {
        return Kind::Image;
    }
    let text = super::plain::decode(head);
    if !super::plain::is_text(&text) {
        return Kind::Unknown;
    }
    if is_html(&text) {
        return Kind::Html;
    }
    if is_mail(&text) { Kind::Mail } else { Kind::Plain }
}

/// What a zip archive holds, by the names in its directory; nothing is unpacked.
fn archive(bytes: &[u8]) -> Kind {
    let Ok(archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        // A truncated document has lost its directory, which stands at the end.
        return if contains(&bytes[..bytes.len().min(HEAD)], b"[Content_Types].xml") {
            Kind::Docx
        } else {
            Kind::Archive
        };
    };
    let has = |start: &str| {
        archive
            .file_names()
            .flatten()
            .any(|name| name.trim_start_matches('/').to_ascii_lowercase().starts_with(start))
    };
    if has("[content_types].xml") {
        return match () {
            () if has("word/") => Kind::Docx,
            () if has("xl/") => Kind::Spreadsheet,
            () if has("ppt/") => Kind::Presentation,
            () => Kind::Docx,
        };
    }
    if has("mimetype") && has("content.xml") { Kind::OpenDocument } else { Kind::Archive }
}

/// What an OLE compound file holds, by the names of its streams.
fn compound(bytes: &[u8]) -> Kind {
    let named = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(bytes, &wide)
    };
    match () {
        () if named("EncryptedPackage") => Kind::Locked,
        () if named("WordDocument") => Kind::Doc,
        () if named("Workbook") => Kind::Spreadsheet,
        () if named("PowerPoint Document") => Kind::Presentation,
        () => Kind::Unknown,
    }
}

/// Whether the bytes hold the needle.
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Whether the file starts like a picture.
fn is_image(head: &[u8]) -> bool {
    let marks: [&[u8]; 7] = [b"\x89PNG", b"\xFF\xD8\xFF", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\x01\0"];
    // "BM" alone would call many a text a bitmap: the size behind it has zero bytes.
    let bitmap = !head.starts_with(b"BM") || head.get(6..10) == Some(&[0; 4]);
    (bitmap && marks.iter().any(|mark| head.starts_with(mark)))
        || (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"))
        || head
            .get(4..12)
            .is_some_and(|brand| matches!(brand, b"ftypheic" | b"ftypheix" | b"ftypmif1" | b"ftypavif"))
}

/// Whether text is a web page: markup at its start, behind white space and comments.
fn is_html(text: &str) -> bool {
    let head = text.trim_start_matches('\u{FEFF}').trim_start().to_ascii_lowercase();
    let starts = ["<!doctype html", "<html", "<head", "<body", "<?xml"];
    if starts[..4].iter().any(|start| head.starts_with(start)) {
        return true;
    }
    let opens = head.starts_with("<!--") || head.starts_with(starts[4]) || head.starts_with('<');
    opens && ["<html", "<body", "<p>", "<p ", "<div", "<table"].iter().any(|tag| head.contains(tag))
}

/// Whether text is a mail: it starts with header lines, among them two that every mail has.
fn is_mail(text: &str) -> bool {
    let mut known = 0;
    for line in text.trim_start_matches('\u{FEFF}').lines().take(60) {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) || line.starts_with("From ") {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { return false };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return false;
        }
        let usual = [
            "from",
            "to",
            "subject",
            "date",
            "message-id",
            "mime-version",
            "received",
            "content-type",
            "return-path",
        ];
        known += usize::from(usual.contains(&name.to_ascii_lowercase().as_str()));
    }
    known >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_content() {
        let rows: [(&[u8], Kind); 14] = [
            (b"", Kind::Empty),
            (b"\xEF\xBB\xBF\n%PDF-1.7\n", Kind::Pdf),
            (b"{\\rtf1\\ansi", Kind::Rtf),
            (b"\x89PNG\r\n\x1a\n", Kind::Image),
            (b"BMW AG and the Supplier agree as follows", Kind::Plain),
            (b"<!-- saved --><HTML><body>x", Kind::Html),
            (b"<?xml version=\"1.0\"?><html xmlns=\"x\"><p>", Kind::Html),
            (b"<Company> agrees with <Partner> that", Kind::Plain),
            (b"From: a@b.example\nSubject: Contract\n\nHello", Kind::Mail),
            (b"Date: 1 May 2026\nParties: A and B\n\nTerms", Kind::Plain),
            (b"Received: by x\r\n\tfor y\r\nDKIM-Signature: v=1;\r\nFrom: z\r\n\r\n", Kind::Mail),
            (b"\x00\x01\x02\x03\x04\x05", Kind::Unknown),
            (b"PK\x03\x04broken", Kind::Archive),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0", Kind::Doc),
        ];
        for (bytes, kind) in rows {
            assert_eq!(sniff(bytes), kind, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
