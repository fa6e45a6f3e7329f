//! Documents made here, read back.

use super::*;
use crate::contract::read::{self, Veil};

/// A document of the given body and further parts.
pub(crate) fn document(body: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut put = |name: &str, data: &str| {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name, options).expect("an entry");
        zip.write_all(data.as_bytes()).expect("written");
    };
    let kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    put(
        "[Content_Types].xml",
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>",
    );
    put(
        "_rels/.rels",
        &format!(
            "<Relationships><Relationship Id=\"rId1\" Type=\"{kinds}/officeDocument\" Target=\"word/document.xml\"/></Relationships>"
        ),
    );
    let links: String = parts
        .iter()
        .enumerate()
        .map(|(index, (name, kind, _))| {
            format!("<Relationship Id=\"rId{index}\" Type=\"{kinds}/{kind}\" Target=\"{name}\"/>")
        })
        .collect();
    put("word/_rels/document.xml.rels", &format!("<Relationships>{links}</Relationships>"));
    put(
        "word/document.xml",
        &format!("<?xml version=\"1.0\"?>\n<w:document {SPACES}><w:body>{body}</w:body></w:document>"),
    );
    for (name, _, data) in parts {
        put(&format!("word/{name}"), data);
    }
    zip.finish().expect("an archive").into_inner()
}

const SPACES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
    xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\"";

fn text(body: &str) -> String {
    reading(body).text.text
}

fn reading(body: &str) -> Reading {
    read::read(&document(body, &[]), &Bounds::untimed()).expect("a document")
}

#[test]
fn changes_are_read_as_accepted() {
    let body = "<w:p><w:r><w:t>net </w:t></w:r><w:del w:author=\"A\"><w:r><w:delText>30</w:delText></w:r></w:del>\
        <w:ins w:author=\"B\"><w:r><w:t>45</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom></w:p>\
        <w:p><w:pPr><w:rPr><w:del w:author=\"A\"/></w:rPr></w:pPr><w:r><w:t>joined </w:t></w:r></w:p><w:p><w:r><w:t>here</w:t></w:r></w:p>";
    let reading = reading(body);
    assert_eq!(reading.text.text, "net 45\njoined here\n");
    assert_eq!(
        reading.notes,
        [Note::Tracked { count: 4, authors: vec!["A".into(), "B".into(), String::new()] }]
    );
}

#[test]
fn tables_boxes_and_fields_are_read_where_they_stand() {
    let body = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Law</w:t></w:r></w:p></w:tc><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>in</w:t></w:r></w:p>\
        </w:tc></w:tr></w:tbl><w:p/></w:tc></w:tr></w:tbl>\
        <w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>\
        <w:r><w:t>5.2</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/><w:tab/><w:t>end</w:t></w:r></w:p>\
        <w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></w:drawing></mc:Choice>\
        <mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>\
        <w:sdt><w:sdtContent><w:p><w:hyperlink><w:r><w:t>held &amp; linked</w:t></w:r></w:hyperlink></w:p></w:sdtContent></w:sdt>";
    assert_eq!(text(body), "Law\tin\n5.2\tend\n\nbox\nheld & linked\n");
}

#[test]
fn hidden_letters_are_left_out_and_noted() {
    let run = |looks: &str, words: &str| {
        format!("<w:r><w:rPr>{looks}</w:rPr><w:t xml:space=\"preserve\">{words}</w:t></w:r>")
    };
    let body = format!(
        "<w:p>{}{}{}{}</w:p>",
        run("<w:vanish/>", "say yes"),
        run("<w:vanish w:val=\"0\"/>", "seen "),
        run("<w:color w:val=\"FFFFFF\"/>", "approve"),
        run("<w:color w:val=\"FFFFFF\"/><w:shd w:fill=\"000000\"/>", "light")
    );
    let reading = reading(&body);
    assert_eq!(reading.text.text, "seen light\n");
    assert_eq!(reading.notes, [Note::hidden(Veil::Hidden, "say yes"), Note::hidden(Veil::White, "approve")]);
}

#[test]
fn white_letters_in_a_shaded_cell_are_read() {
    let white = "<w:p><w:r><w:rPr><w:color w:val=\"FFFFFF\"/></w:rPr><w:t>Key Terms</w:t></w:r></w:p>";
    let table = |cell: &str| {
        format!("<w:tbl><w:tr><w:tc>{cell}{white}</w:tc></w:tr></w:tbl><w:p><w:r><w:t>x</w:t></w:r></w:p>")
    };
    assert_eq!(text(&table("<w:tcPr><w:shd w:val=\"clear\" w:fill=\"1F3864\"/></w:tcPr>")), "Key Terms\nx\n");
    assert_eq!(text(&table("<w:tcPr><w:shd w:val=\"clear\" w:fill=\"auto\"/></w:tcPr>")), "\nx\n");
}

#[test]
fn paragraphs_are_numbered_as_on_the_page() {
    let numbering = format!(
        "<w:numbering {SPACES}><w:abstractNum w:abstractNumId=\"7\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"upperRoman\"/>\
        <w:lvlText w:val=\"Article %1.\"/></w:lvl><w:lvl w:ilvl=\"1\"><w:numFmt w:val=\"decimal\"/><w:isLgl/><w:lvlText w:val=\"%1.%2\"/></w:lvl>\
        <w:lvl w:ilvl=\"2\"><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"(%3)\"/></w:lvl></w:abstractNum>\
        <w:num w:numId=\"3\"><w:abstractNumId w:val=\"7\"/></w:num>\
        <w:num w:numId=\"4\"><w:abstractNumId w:val=\"7\"/><w:lvlOverride w:ilvl=\"0\"><w:startOverride w:val=\"9\"/></w:lvlOverride></w:num></w:numbering>"
    );
    let styles = format!(
        "<w:styles {SPACES}><w:style w:type=\"paragraph\" w:styleId=\"H1\"><w:pPr><w:numPr><w:numId w:val=\"3\"/></w:numPr></w:pPr></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"Sub\"><w:basedOn w:val=\"H1\"/><w:pPr><w:numPr><w:ilvl w:val=\"1\"/></w:numPr></w:pPr></w:style></w:styles>"
    );
    let p = |properties: &str, words: &str| {
        format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{words}</w:t></w:r></w:p>")
    };
    let list = |list: u8, level: u8| {
        format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr>")
    };
    let body = [
        p("<w:pStyle w:val=\"H1\"/>", "Term"),
        p("<w:pStyle w:val=\"Sub\"/>", "Length"),
        p(&list(3, 2), "first"),
        p(&list(3, 2), "second"),
        p("<w:pStyle w:val=\"Sub\"/>", "Renewal"),
        p(&list(3, 2), "anew"),
        p("<w:pStyle w:val=\"H1\"/>", "Fees"),
        p("<w:pStyle w:val=\"Sub\"/>", "Amount"),
        p("<w:pStyle w:val=\"Sub\"/><w:numPr><w:numId w:val=\"0\"/></w:numPr>", "plain"),
        p(&list(4, 0), "elsewhere"),
    ];
    let file = document(
        &body.concat(),
        &[("numbering.xml", "numbering", &numbering), ("styles.xml", "styles", &styles)],
    );
    let reading = read::read(&file, &Bounds::untimed()).expect("a document");
    let lines: Vec<&str> = reading.text.text.lines().collect();
    let expected = [
        "Article I. Term",
        "1.1 Length",
        "(a) first",
        "(b) second",
        "1.2 Renewal",
        "(a) anew",
        "Article II. Fees",
        "2.1 Amount",
        "plain",
        "Article IX. elsewhere",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn notes_headers_and_footers_come_behind_the_body() {
    let note = |id: u8, words: &str| {
        format!("<w:footnote w:id=\"{id}\"><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:footnote>")
    };
    let footnotes =
        format!("<w:footnotes {SPACES}>{}{}</w:footnotes>", note(2, "the note"), note(3, "on no page"));
    let header = format!("<w:hdr {SPACES}><w:p><w:r><w:t>Draft</w:t></w:r></w:p></w:hdr>");
    let body = "<w:p><w:r><w:t>Body</w:t><w:footnoteReference w:id=\"2\"/></w:r></w:p>";
    let parts = [
        ("footnotes.xml", "footnotes", footnotes.as_str()),
        ("h1.xml", "header", &header),
        ("h2.xml", "header", &header),
    ];
    let reading = read::read(&document(body, &parts), &Bounds::untimed()).expect("a document");
    assert_eq!(reading.text.text, "Body\nthe note\nDraft\n");
}

#[test]
fn bad_files_are_refused_for_what_is_wrong_with_them() {
    let good = document("<w:p><w:r><w:t>x</w:t></w:r></w:p>", &[]);
    let deep = format!("{}{}", "<w:sdt>".repeat(5000), "</w:sdt>".repeat(5000));
    let bomb = document(&format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", "a".repeat(60 << 20)), &[]);
    let entities = document(
        "<w:p/>",
        &[(
            "styles.xml",
            "styles",
            "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><w:styles>&a;</w:styles>",
        )],
    );
    let locked: Vec<u8> = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]
        .into_iter()
        .chain("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let rows: [(&str, &[u8], Fault); 9] = [
        ("cut off", &good[..good.len() / 2], Fault::Broken),
        ("deep", &document(&deep, &[]), Fault::Bomb),
        ("bomb", &bomb, Fault::Bomb),
        ("entities", &entities, Fault::Entities),
        ("locked", &locked, Fault::Locked),
        ("empty", b" \n", Fault::Empty),
        ("photo", b"\xFF\xD8\xFF\xE0....", Fault::Unsupported(Kind::Image)),
        ("unclosed", &document("<w:p>", &[]), Fault::Broken),
        ("no words", &document("<w:p/>", &[]), Fault::NoText),
    ];
    for (name, bytes, fault) in rows {
        assert_eq!(read::read(bytes, &Bounds::untimed()).map(|_| ()), Err(fault), "{name}");
        assert!(!fault.explain().text.is_empty());
    }
    let mut large = good.clone();
    large.resize(25 * 1024 * 1024 + 1, 0);
    assert_eq!(read::read(&large, &Bounds::untimed()).map(|_| ()), Err(Fault::TooLarge(25 * 1024 * 1024)));
    assert_eq!(read::read(&good, &Bounds::new(&|| true)).map(|_| ()), Err(Fault::Late));
}
