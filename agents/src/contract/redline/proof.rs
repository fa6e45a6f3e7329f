//! The proof that a redline says what it should: its words with every change taken, and with none.

use super::settle::{Choose, settle};
use crate::contract::read::docx::story::{Place, Scribe};
use crate::contract::read::docx::styles::Styles;
use crate::contract::read::docx::xml::{self, Element, Node, Tree};
use crate::contract::read::docx::{note_reference, notes_in_order};

/// The words of a document as they are compared: body and notes together, headers and footers one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Body and notes.
    pub(super) body: String,
    /// Every other part, in the order of the trees; empty for those that `body` holds.
    pub(super) parts: Vec<String>,
}

/// The words of a document as it stands, tracked changes taken as accepted.
pub(super) fn words(trees: &[Tree<'_>], styles: &Styles) -> Words {
    let mut scribe = Scribe::for_proof(styles);
    let mut parts = Vec::new();
    for (part, root) in trees.iter().enumerate().filter_map(|(part, tree)| Some((part, tree.root()?))) {
        let mut own = String::new();
        if part == 0 {
            scribe.story(part, &root.child("w:body").unwrap_or(root).children);
        } else if let Some(kind) = note_reference(root) {
            notes_in_order(&mut scribe, part, root, kind);
        } else {
            let mut alone = Scribe::for_proof(styles);
            alone.story(part, &root.children);
            own = alone.text;
        }
        parts.push(own);
    }
    Words { body: scribe.text, parts }
}

/// The parts with their tracked changes settled.
pub(super) fn settled<'a>(trees: &[Tree<'a>], choose: &Choose<'_>) -> Vec<Tree<'a>> {
    let one = |tree: &Tree<'a>| {
        let nodes = tree.nodes.iter().map(|node| match node {
            Node::Element(root) => Node::Element(settle(root, choose)),
            other => other.clone(),
        });
        Tree { nodes: nodes.collect() }
    };
    trees.iter().map(one).collect()
}

/// All words of a document in one text, with the places of paragraphs.
pub(super) fn placed(trees: &[Tree<'_>], styles: &Styles) -> (String, Vec<Place>) {
    let mut scribe = Scribe::for_proof(styles);
    for (part, root) in trees.iter().enumerate().filter_map(|(part, tree)| Some((part, tree.root()?))) {
        match note_reference(root) {
            Some(kind) => notes_in_order(&mut scribe, part, root, kind),
            None => scribe.story(part, &root.child("w:body").unwrap_or(root).children),
        }
    }
    (scribe.text, scribe.places)
}

/// A text with every run of line ends and tabs as one line end.
pub(super) fn squeezed(text: &str) -> String {
    text.split(['\n', '\t']).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whether every prefix in the parts is declared where it is used, without which no word processor opens them.
pub(super) fn is_bound(trees: &[Tree<'_>]) -> bool {
    trees.iter().filter_map(Tree::root).all(|root| bound(root, &mut Vec::new()))
}

fn bound<'e>(element: &'e Element<'_>, known: &mut Vec<&'e str>) -> bool {
    let before = known.len();
    known.extend(xml::attributes(&element.open).filter_map(|(key, _)| key.strip_prefix("xmlns:")));
    let keys = xml::attributes(&element.open).map(|(key, _)| key);
    let fine = keys
        .chain([xml::tag_name(&element.open)])
        .filter_map(|name| Some(name.split_once(':')?.0))
        .all(|prefix| matches!(prefix, "xml" | "xmlns") || known.contains(&prefix));
    let fine = fine && element.elements().all(|child| bound(child, known));
    known.truncate(before);
    fine
}
