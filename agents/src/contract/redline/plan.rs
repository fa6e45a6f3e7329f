//! What is to be written where, found by the marks of elements, and the writing of it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::rewrite::{self, Change, Insert};
use super::stamp::Stamp;
use crate::contract::read::docx::xml::{Element, Node};

/// Changes to be written into the parts of a document.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Changes inside paragraphs, by the paragraph's mark.
    pub(super) rewrites: HashMap<u32, Vec<Change>>,
    /// Paragraphs whose end is deleted, and in whose name when not in the stamp's.
    pub(super) ends: HashMap<u32, Option<Rc<str>>>,
    /// Rows that are deleted.
    pub(super) rows: HashSet<u32>,
    /// What comes before an element.
    pub(super) before: HashMap<u32, Vec<Node<'static>>>,
    /// What comes behind an element.
    pub(super) after: HashMap<u32, Vec<Node<'static>>>,
    /// What comes first in an element that held nothing to stand beside.
    pub(super) into: HashMap<u32, Vec<Node<'static>>>,
}

impl Plan {
    /// Whether nothing is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.rewrites.values().all(Vec::is_empty)
            && self.ends.is_empty()
            && self.rows.is_empty()
            && self.before.is_empty()
            && self.after.is_empty()
            && self.into.is_empty()
    }

    /// Gives each paragraph of a chain its share of a change; paragraphs come with their length in bytes.
    pub(super) fn share(&mut self, change: &Change, paragraphs: &[(u32, usize)]) {
        let mut start = 0;
        let mut placed = false;
        for (mark, length) in paragraphs {
            let end = start + length;
            let (from, to) = (change.range.start.clamp(start, end), change.range.end.clamp(start, end));
            // The insertion goes into the first paragraph that the change ends in.
            let inserts = !placed && change.range.end <= end;
            if from < to || inserts {
                let own = Change {
                    range: from - start..to - start,
                    insert: if inserts { change.insert.clone() } else { Insert::Runs(Vec::new()) },
                    comment: change.comment.filter(|_| inserts),
                    author: change.author.clone(),
                };
                self.rewrites.entry(*mark).or_default().push(own);
            }
            placed |= inserts;
            start = end;
        }
    }

    /// Writes what is planned for the element and all below it.
    pub(super) fn apply(&self, element: &mut Element<'_>, stamp: &mut Stamp) {
        let old = std::mem::take(&mut element.children);
        let mut new = Vec::with_capacity(old.len());
        for node in old {
            let Node::Element(mut child) = node else {
                new.push(node);
                continue;
            };
            new.extend(self.before.get(&child.mark).into_iter().flatten().cloned());
            let mark = child.mark;
            self.apply(&mut child, stamp);
            if let Some(changes) = self.rewrites.get(&mark).filter(|changes| !changes.is_empty()) {
                child = rewrite::rewrite(&child, changes, stamp);
            }
            if let Some(author) = self.ends.get(&mark) {
                author.iter().for_each(|author| stamp.rename(author));
                rewrite::mark_end(&mut child, "w:del", stamp);
            }
            if self.rows.contains(&mark) {
                mark_row(&mut child, "w:del", stamp);
            }
            new.push(Node::Element(child));
            new.extend(self.after.get(&mark).into_iter().flatten().cloned());
        }
        if let Some(nodes) = self.into.get(&element.mark) {
            // Properties stand first in whatever has them.
            let at =
                new.iter().position(|node| node.element().is_some_and(|child| !child.name.ends_with("Pr")));
            let at = at.unwrap_or(new.len());
            new.splice(at..at, nodes.iter().cloned());
        }
        element.children = new;
    }
}

/// Marks a row as inserted or deleted.
pub(super) fn mark_row(row: &mut Element<'_>, name: &str, stamp: &mut Stamp) {
    let sign = Node::Element(stamp.change(name, Vec::new()).into_owned());
    if row.child("w:trPr").is_none() {
        let cell = |node: &Node<'_>| node.element().is_some_and(|child| !child.is("w:tblPrEx"));
        let at = row.children.iter().position(cell).unwrap_or(row.children.len());
        row.children.insert(at, Node::Element(Element::new("w:trPr", Vec::new())));
    }
    let Some(properties) = row.child_mut("w:trPr") else { return };
    let change = |node: &Node<'_>| node.element().is_some_and(|child| child.is("w:trPrChange"));
    let at = properties.children.iter().position(change).unwrap_or(properties.children.len());
    properties.children.insert(at, sign);
}
