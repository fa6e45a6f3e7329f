//! Who changes a document and when, and ids that no other change in it has.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::contract::read::docx::xml::{self, Element, Node, Tree};

/// Whose changes are written, and when they are made.
#[derive(Debug, Clone)]
pub struct Author {
    /// The name that word processors show.
    pub name: String,
    /// The time of the change; written in UTC, to the second.
    pub when: DateTime<Utc>,
}

/// Gives out ids and the attributes of tracked changes.
#[derive(Debug)]
pub(super) struct Stamp {
    author: Author,
    taken: HashSet<i64>,
    last: i64,
    /// Ids given out.
    pub(super) ours: HashSet<i64>,
}

impl Stamp {
    /// A stamp that knows every id in the parts.
    pub(super) fn new(author: Author, trees: &[Tree<'_>]) -> Self {
        let mut taken = HashSet::new();
        for root in trees.iter().filter_map(Tree::root) {
            collect_ids(root, &mut taken);
        }
        Self { author, taken, last: 0, ours: HashSet::new() }
    }

    /// Writes from here on in another's name.
    pub(super) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.author.name);
    }

    /// In whose name it writes.
    pub(super) fn name(&self) -> &str {
        &self.author.name
    }

    /// The id given out last.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// Ids that something in another part has.
    pub(super) fn take(&mut self, ids: impl IntoIterator<Item = i64>) {
        self.taken.extend(ids);
    }

    /// The next id that nothing has.
    pub(super) fn id(&mut self) -> i64 {
        self.last += 1;
        while !self.taken.insert(self.last) {
            self.last += 1;
        }
        self.ours.insert(self.last);
        self.last
    }

    /// The attributes of a tracked change.
    pub(super) fn attributes(&mut self) -> String {
        let id = self.id();
        let when = self.author.when.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("w:id=\"{id}\" w:author=\"{}\" w:date=\"{when}\"", xml::escape(&self.author.name))
    }

    /// A tracked change (`w:ins` or `w:del`) around nodes, or as a mark when there are none.
    pub(super) fn change<'a>(&mut self, name: &str, children: Vec<Node<'a>>) -> Element<'a> {
        let attributes = self.attributes();
        Element::new(&format!("{name} {attributes}"), children)
    }
}

/// Every `w:id` below an element.
fn collect_ids(element: &Element<'_>, taken: &mut HashSet<i64>) {
    taken.extend(element.attr("id").and_then(|id| id.parse::<i64>().ok()));
    element.elements().for_each(|child| collect_ids(child, taken));
}
