//! The tracked changes in a document: whose, when, what and where.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::contract::read::docx::story::Place;
use crate::contract::read::docx::xml::{Element, Tree};

/// What a tracked change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionKind {
    /// Words come.
    Inserted,
    /// Words go.
    Deleted,
    /// Words go to another place.
    MovedAway,
    /// Words come from another place.
    MovedHere,
    /// A paragraph is split or begun.
    ParagraphInserted,
    /// A paragraph is joined with the next.
    ParagraphDeleted,
    /// A row of a table comes.
    RowInserted,
    /// A row of a table goes.
    RowDeleted,
    /// Looks change: letters, paragraphs, tables, sections, numbering.
    Formatted,
}

/// One tracked change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Tells it from the others in this file; the same bytes always give the same number.
    pub number: u32,
    /// Who made it, as the file says.
    pub author: String,
    /// When, if the file says so.
    pub date: Option<DateTime<Utc>>,
    /// What it does.
    pub kind: RevisionKind,
    /// The words it is about; empty for changes of looks and of paragraph ends.
    pub text: String,
    /// Byte offset, in the text as read, of the paragraph it stands in; `None` where that is not read.
    pub paragraph: Option<usize>,
}

/// Every tracked change in the parts, in order.
pub(super) fn list(trees: &[Tree<'_>], places: &[Place]) -> Vec<Revision> {
    let starts = places.iter().flat_map(|place| place.marks.iter().map(|mark| (*mark, place.range.start)));
    let mut found = Finder { starts: starts.collect(), revisions: Vec::new() };
    for root in trees.iter().filter_map(Tree::root) {
        found.visit(root, "", None);
    }
    found.revisions
}

struct Finder {
    /// Where each paragraph starts in the text as read, by its mark.
    starts: HashMap<u32, usize>,
    revisions: Vec<Revision>,
}

impl Finder {
    fn visit(&mut self, element: &Element<'_>, parent: &str, paragraph: Option<usize>) {
        let paragraph = if element.is("w:p") { self.starts.get(&element.mark).copied() } else { paragraph };
        if let Some(kind) = kind(element, parent) {
            let date = element.attr("date").and_then(|date| DateTime::parse_from_rfc3339(&date).ok());
            self.revisions.push(Revision {
                number: element.mark,
                author: element.attr("author").unwrap_or_default().into_owned(),
                date: date.map(|date| date.with_timezone(&Utc)),
                kind,
                text: words(element),
                paragraph,
            });
        }
        for child in element.elements() {
            self.visit(child, &element.name, paragraph);
        }
    }
}

/// What a tracked change does; `None` for any other element.
fn kind(element: &Element<'_>, parent: &str) -> Option<RevisionKind> {
    let (ins, del) = match parent {
        "w:rPr" => (RevisionKind::ParagraphInserted, RevisionKind::ParagraphDeleted),
        "w:trPr" => (RevisionKind::RowInserted, RevisionKind::RowDeleted),
        "w:numPr" | "m:ctrlPr" => (RevisionKind::Formatted, RevisionKind::Formatted),
        _ => (RevisionKind::Inserted, RevisionKind::Deleted),
    };
    match element.name.as_ref() {
        "w:ins" => Some(ins),
        "w:del" => Some(del),
        "w:moveTo" if parent != "w:rPr" => Some(RevisionKind::MovedHere),
        "w:moveFrom" if parent != "w:rPr" => Some(RevisionKind::MovedAway),
        "w:cellIns" | "w:cellDel" | "w:cellMerge" => Some(RevisionKind::Formatted),
        name if name.starts_with("w:") && name.ends_with("Change") => Some(RevisionKind::Formatted),
        _ => None,
    }
}

/// The words inside a change, deleted or not.
fn words(element: &Element<'_>) -> String {
    match element.name.as_ref() {
        "w:t" | "w:delText" | "m:t" => element.text(),
        "w:tab" => "\t".to_owned(),
        "w:br" | "w:cr" => "\n".to_owned(),
        "w:rPr" | "w:pPr" => String::new(),
        _ => element.elements().map(words).collect(),
    }
}
