//! Redlines of documents made here: looked at as XML, and changed at random.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::contract::read::docx::tests::document;
use crate::contract::read::{self, Bounds};

fn author() -> Author {
    Author { name: "Ann & Co".into(), when: DateTime::from_timestamp(1_795_000_000, 0).expect("a time") }
}

/// A paragraph of runs; a run in `*` is bold.
fn paragraph(words: &str) -> String {
    let run = |(index, piece): (usize, &str)| {
        let looks = if index % 2 == 1 { "<w:rPr><w:b/></w:rPr>" } else { "" };
        format!("<w:r w:rsidR=\"00A1\">{looks}<w:t xml:space=\"preserve\">{piece}</w:t></w:r>")
    };
    let runs: String = words.split('*').enumerate().filter(|(_, piece)| !piece.is_empty()).map(run).collect();
    format!("<w:p w:rsidR=\"00A1\">{runs}</w:p>")
}

fn body_of(docx: &[u8]) -> String {
    part(docx, "word/document.xml")
}

fn part(docx: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(docx)).expect("an archive");
    let mut entry = archive.by_name(name).expect("the part");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut entry, &mut text).expect("text");
    text
}

fn words(docx: &[u8]) -> String {
    read::read(docx, &Bounds::untimed()).map(|reading| reading.text.text).unwrap_or_default()
}

fn edit_of(docx: &[u8], passage: &str, replacement: &str) -> Edit {
    let start = words(docx).find(passage).expect("the passage");
    Edit {
        start,
        end: start + passage.len(),
        replacement: replacement.into(),
        comment: None,
        author: "Ann & Co".into(),
    }
}

#[test]
fn an_edit_is_written_in_its_place_and_nowhere_else() {
    let body =
        format!("{}{}{}", paragraph("Before."), paragraph("Pay within *thirty* days."), paragraph("After."));
    let docx = document(&body, &[]);
    let edit = edit_of(&docx, "thirty", "sixty");
    let redlined = edit_and_check(&docx, &[edit]);
    let stamp = "w:author=\"Ann &amp; Co\" w:date=\"2026-11-18T11:06:40Z\"";
    let expected = body_of(&docx).replace(
        "<w:r w:rsidR=\"00A1\"><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">thirty</w:t></w:r>",
        &format!(
            "<w:del w:id=\"1\" {stamp}><w:r w:rsidR=\"00A1\"><w:rPr><w:b/></w:rPr><w:delText xml:space=\"preserve\">thirty</w:delText></w:r></w:del>\
             <w:ins w:id=\"2\" {stamp}><w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">sixty</w:t></w:r></w:ins>"
        ),
    );
    assert_eq!(body_of(&redlined), expected);
}

/// The redline of edits.
fn edit_and_check(docx: &[u8], edits: &[Edit]) -> Vec<u8> {
    edit(docx, edits, author().when, &Bounds::untimed()).expect("a redline").docx
}

#[test]
fn a_comment_stands_beside_the_change_and_its_part_is_made() {
    let docx = document(&paragraph("Pay within thirty days."), &[]);
    let edit =
        Edit { comment: Some("Our terms:\nnet 60 < net 90".into()), ..edit_of(&docx, "thirty", "sixty") };
    let redlined = edit_and_check(&docx, &[edit]);
    let comments = part(&redlined, "word/comments.xml");
    assert!(
        comments.contains("net 60 &lt; net 90") && comments.contains("w:initials=\"A&amp;C\""),
        "{comments}"
    );
    assert!(part(&redlined, "[Content_Types].xml").contains("PartName=\"/word/comments.xml\""));
    assert!(part(&redlined, "word/_rels/document.xml.rels").contains("relationships/comments\""));
    let body = body_of(&redlined);
    let order = ["<w:commentRangeStart", "<w:del ", "<w:ins ", "<w:commentRangeEnd", "<w:commentReference"];
    let places: Vec<usize> = order.iter().map(|tag| body.find(tag).expect(tag)).collect();
    assert!(places.is_sorted(), "{body}");
    let again = edit_of(&redlined, "days", "business days");
    let twice = edit_and_check(&redlined, &[Edit { comment: Some("second".into()), ..again }]);
    let comments = part(&twice, "word/comments.xml");
    assert_eq!(comments.matches("<w:comment ").count(), 2);
}

#[test]
fn what_others_changed_stays_theirs() {
    let theirs = "w:author=\"Them\" w:date=\"2026-01-01T00:00:00Z\"";
    let body = format!(
        "<w:p><w:r><w:t xml:space=\"preserve\">Pay </w:t></w:r><w:del w:id=\"5\" {theirs}><w:r><w:delText>now</w:delText></w:r></w:del>\
         <w:ins w:id=\"6\" {theirs}><w:r><w:t xml:space=\"preserve\">within thirty calendar days</w:t></w:r></w:ins><w:r><w:t>.</w:t></w:r></w:p>"
    );
    let docx = document(&body, &[]);
    let redlined = edit_and_check(&docx, &[edit_of(&docx, "calendar", "business")]);
    let found = revisions(&redlined, &Bounds::untimed()).expect("revisions");
    let said: Vec<(&str, RevisionKind, &str)> = found
        .iter()
        .map(|revision| (revision.author.as_str(), revision.kind, revision.text.as_str()))
        .collect();
    let expected = [
        ("Them", RevisionKind::Deleted, "now"),
        ("Them", RevisionKind::Inserted, "within thirty calendar"),
        ("Ann & Co", RevisionKind::Deleted, "calendar"),
        ("Ann & Co", RevisionKind::Inserted, "business"),
        ("Them", RevisionKind::Inserted, " days"),
    ];
    assert_eq!(said, expected);
    let ids: std::collections::HashSet<String> = body_of(&redlined)
        .split("w:id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 5, "every change has its own id");
    let ours_back = decide(
        &redlined,
        &|revision| if revision.author == "Them" { Decision::Keep } else { Decision::Reject },
        &Bounds::untimed(),
    );
    assert_eq!(words(&ours_back.expect("settled")), "Pay within thirty calendar days.\n");
    let theirs_back = decide(
        &redlined,
        &|revision| if revision.author == "Them" { Decision::Reject } else { Decision::Accept },
        &Bounds::untimed(),
    );
    assert_eq!(words(&theirs_back.expect("settled")), "Pay nowbusiness.\n");
}

#[test]
fn an_edit_may_run_over_paragraphs_but_not_over_cells() {
    let body = [paragraph("One two."), paragraph("Three."), paragraph("Four five.")].concat();
    let docx = document(&body, &[]);
    let redlined = edit_and_check(&docx, &[edit_of(&docx, "two.\nThree.\nFour", "2-4")]);
    assert_eq!(words(&redlined), "One 2-4 five.\n");
    let whole = edit_and_check(&docx, &[edit_of(&docx, "One two.\nThree.", "All")]);
    assert_eq!(words(&whole), "All\nFour five.\n");
    let cell = |words: &str| format!("<w:tc>{}</w:tc>", paragraph(words));
    let table = format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell("left"), cell("right"));
    let docx = document(&table, &[]);
    let refused = edit(&docx, &[edit_of(&docx, "left\tright", "x")], author().when, &Bounds::untimed());
    assert_eq!(
        refused,
        Err(Fault::Edit { index: 0, why: "it runs over cells of a table or over different parts" })
    );
}

#[test]
fn numbers_and_fields_do_not_shift_an_edit() {
    let field = "<w:p><w:r><w:t xml:space=\"preserve\">See </w:t></w:r><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>REF a</w:instrText></w:r>\
        <w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>Section 5</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r><w:r><w:t xml:space=\"preserve\"> for more.</w:t></w:r></w:p>";
    let docx = document(field, &[]);
    let redlined = edit_and_check(&docx, &[edit_of(&docx, "Section 5", "Exhibit B")]);
    let taken = accept_all(&redlined, &Bounds::untimed()).expect("settled");
    assert_eq!(words(&taken), "See Exhibit B for more.\n");
    assert!(!body_of(&taken).contains("fldChar"), "the field goes with its words");
    let back = reject_all(&redlined, &Bounds::untimed()).expect("settled");
    assert_eq!(body_of(&back).matches("fldChar ").count(), 3);
}

#[test]
fn paragraphs_and_rows_that_come_and_go_are_marked_at_their_ends() {
    let row = |words: &str| format!("<w:tr><w:tc><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:tc></w:tr>");
    let table = |rows: &[&str]| {
        format!(
            "<w:tbl><w:tblPr/><w:tblGrid/>{}</w:tbl>",
            rows.iter().map(|words| row(words)).collect::<String>()
        )
    };
    let old =
        document(&[paragraph("Stays."), paragraph("Goes away."), table(&["first", "second"])].concat(), &[]);
    let new = document(
        &[paragraph("Stays."), table(&["first", "between", "second"]), paragraph("Comes anew.")].concat(),
        &[],
    );
    let redlined = compare(&old, &new, &author(), &Bounds::untimed()).expect("a redline");
    let kinds: Vec<RevisionKind> = revisions(&redlined.docx, &Bounds::untimed())
        .expect("revisions")
        .iter()
        .map(|revision| revision.kind)
        .collect();
    use RevisionKind::{Deleted, Inserted, ParagraphDeleted, ParagraphInserted, RowInserted};
    let expected =
        [ParagraphDeleted, Deleted, RowInserted, ParagraphInserted, Inserted, ParagraphInserted, Inserted];
    assert_eq!(kinds, expected);
}

#[test]
fn headers_and_notes_are_compared_and_new_notes_come_along() {
    const SPACES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    let header = |words: &str| format!("<w:hdr {SPACES}>{}</w:hdr>", paragraph(words));
    let note = |words: &str| {
        format!(
            "<w:footnotes {SPACES}><w:footnote w:id=\"2\">{}</w:footnote></w:footnotes>",
            paragraph(words)
        )
    };
    let refers = "<w:p><w:r><w:t>Body</w:t><w:footnoteReference w:id=\"2\"/></w:r></w:p>";
    let file = |body: &str, header: &str, note: Option<&str>| {
        let mut parts = vec![("header1.xml", "header", header)];
        parts.extend(note.map(|note| ("footnotes.xml", "footnotes", note)));
        document(body, &parts)
    };
    let old = file(refers, &header("Draft one"), Some(&note("as of May")));
    let new = file(refers, &header("Draft two"), Some(&note("as of June")));
    let redlined = compare(&old, &new, &author(), &Bounds::untimed()).expect("a redline");
    assert!(
        part(&redlined.docx, "word/header1.xml")
            .contains("<w:delText xml:space=\"preserve\">one</w:delText>")
    );
    assert!(
        part(&redlined.docx, "word/footnotes.xml")
            .contains("<w:delText xml:space=\"preserve\">May</w:delText>")
    );
    let without = file("<w:p><w:r><w:t>Body</w:t></w:r></w:p>", &header("Draft one"), None);
    let redlined = compare(&without, &new, &author(), &Bounds::untimed()).expect("a redline");
    assert!(part(&redlined.docx, "word/footnotes.xml").contains("as of June"));
    assert_eq!(words(&accept_all(&redlined.docx, &Bounds::untimed()).expect("settled")), words(&new));
    assert_eq!(words(&reject_all(&redlined.docx, &Bounds::untimed()).expect("settled")), words(&without));
}

#[test]
fn lists_come_along_to_a_document_that_has_none() {
    const SPACES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    let lists = format!(
        "<w:numbering {SPACES}><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"decimal\"/>\
        <w:lvlText w:val=\"%1.\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>"
    );
    let item = "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>Item</w:t></w:r></w:p>";
    let old = document(&paragraph("Title"), &[]);
    let new =
        document(&[paragraph("Title").as_str(), item].concat(), &[("numbering.xml", "numbering", &lists)]);
    let redlined = compare(&old, &new, &author(), &Bounds::untimed()).expect("a redline");
    assert_eq!(redlined.not_compared, []);
    assert_eq!(words(&redlined.docx), "Title\n1. Item\n");
}

#[test]
fn files_that_are_no_documents_are_refused() {
    let docx = document(&paragraph("x"), &[]);
    let refused = compare(&docx, b"%PDF-1.7", &author(), &Bounds::untimed());
    assert_eq!(refused, Err(Fault::Revised(read::Fault::Unsupported(read::Kind::Pdf))));
}

/// A paragraph of a few words from a small vocabulary, so that changes are likely to meet.
fn some_paragraph() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("fee"),
        Just("term"),
        Just("*bold*"),
        Just("shall"),
        Just("30"),
        Just("Ä&lt;"),
        Just("(a)"),
        Just("")
    ];
    prop::collection::vec(word, 0..9).prop_map(|words| paragraph(&words.join(" ")))
}

/// Paragraphs and small tables.
fn some_body() -> impl Strategy<Value = String> {
    let cell = prop::collection::vec(some_paragraph(), 1..3)
        .prop_map(|held| format!("<w:tc>{}</w:tc>", held.concat()));
    let row = prop::collection::vec(cell, 1..4).prop_map(|cells| format!("<w:tr>{}</w:tr>", cells.concat()));
    let table = prop::collection::vec(row, 1..4)
        .prop_map(|rows| format!("<w:tbl><w:tblPr/><w:tblGrid/>{}</w:tbl>", rows.concat()));
    let block = prop_oneof![6 => some_paragraph(), 1 => table];
    prop::collection::vec(block, 1..12).prop_map(|blocks| blocks.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_two_documents_have_a_redline_that_proves(old in some_body(), new in some_body()) {
        let (old, new) = (document(&old, &[]), document(&new, &[]));
        let redlined = compare(&old, &new, &author(), &Bounds::untimed()).expect("a redline that proves");
        // The redline of a redline: the first's changes stay, and it proves again.
        let again = compare(&redlined.docx, &old, &Author { name: "Bea".into(), ..author() }, &Bounds::untimed());
        let again = again.expect("a second redline that proves");
        let (taken, wanted) = (words(&accept_all(&again.docx, &Bounds::untimed()).expect("settled")), words(&old));
        prop_assert_eq!(taken.trim(), wanted.trim());
    }

    #[test]
    fn any_edit_inside_a_paragraph_is_written(body in some_body(), at in any::<prop::sample::Index>(), length in 0_usize..12) {
        let docx = document(&body, &[]);
        let text = words(&docx);
        let line = text.split(['\n', '\t']).filter(|line| !line.is_empty()).collect::<Vec<_>>();
        prop_assume!(!line.is_empty());
        let line = line[at.index(line.len())];
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let begin = start + line.floor_char_boundary(at.index(line.len()));
        let end = text.floor_char_boundary((begin + length).min(start + line.len())).max(begin);
        let change = Edit { start: begin, end, replacement: "<new>\twords".into(), comment: Some("why".into()), author: "Cy".into() };
        let redlined = edit(&docx, &[change], author().when, &Bounds::untimed()).expect("a redline that proves");
        let mut wanted = text.clone();
        wanted.replace_range(begin..end, "<new>\twords");
        prop_assert_eq!(words(&redlined.docx), wanted);
    }
}
