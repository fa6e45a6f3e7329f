//! The redline of two documents: the original, with what the revised one says differently as tracked changes.

use super::align::{Item, Step, align};
use super::block::{Block, blocks, row_key};
use super::import::Importer;
use super::plan::Plan;
use super::rewrite::{Change, Insert};
use super::stamp::Stamp;
use super::{NotCompared, words};
use crate::contract::read::docx::inline::{self, Atom, OBJECT};
use crate::contract::read::docx::story;
use crate::contract::read::docx::xml::{Element, Node};

/// Compares story by story and plans the changes.
pub(super) struct Comparer<'c, 'h, 'p, 'b> {
    pub(super) importer: &'c mut Importer<'h, 'p, 'b>,
    pub(super) stamp: &'c mut Stamp,
    pub(super) plan: Plan,
    /// Notes that stand for each other: the kind of reference, the old id, the new id.
    pub(super) notes: Vec<(String, String, String)>,
}

impl Comparer<'_, '_, '_, '_> {
    /// Compares what two stories (or cells, boxes, notes) hold; `holder` is the mark of the old one.
    pub(super) fn story(&mut self, old: &[Node<'_>], holder: u32, new: &[Node<'_>]) {
        let olds = blocks(old, &self.importer.host.styles);
        let news = blocks(new, &self.importer.guest.styles);
        let old_items: Vec<Item> =
            olds.iter().map(|block| item(block, block.key(&self.importer.host.styles))).collect();
        let new_items: Vec<Item> =
            news.iter().map(|block| item(block, block.key(&self.importer.guest.styles))).collect();
        let mut anchor =
            Anchor { last: None, first: olds.first().map(Block::first_mark), holder, lead: Vec::new() };
        for step in align(&old_items, &new_items) {
            match step {
                Step::Both(i, j) => {
                    let same = old_items[i].key == new_items[j].key;
                    self.pair(&olds[i], &news[j], same);
                    anchor.last = Some(olds[i].last_mark());
                }
                Step::Old(i) => {
                    self.delete(&olds[i]);
                    anchor.last = Some(olds[i].last_mark());
                }
                Step::New(j) => {
                    let block = Node::Element(self.importer.block(&news[j], self.stamp));
                    anchor.put(block, &mut self.plan);
                }
            }
        }
        anchor.end(&mut self.plan);
    }

    fn pair(&mut self, old: &Block<'_, '_>, new: &Block<'_, '_>, same: bool) {
        match (old, new) {
            (Block::Paragraph(old), Block::Paragraph(new)) => self.paragraphs(old, new, same),
            (Block::Table(old), Block::Table(new)) => self.tables(old, new),
            // Items of two sorts are never paired.
            _ => {}
        }
    }

    fn paragraphs(&mut self, old: &[&Element<'_>], new: &[&Element<'_>], same: bool) {
        let host = self.importer.host;
        let by_paragraph: Vec<Vec<Atom<'_, '_>>> =
            old.iter().map(|paragraph| inline::atoms(paragraph, &host.styles)).collect();
        let old_atoms: Vec<Atom<'_, '_>> = by_paragraph.iter().flatten().cloned().collect();
        let new_atoms: Vec<Atom<'_, '_>> =
            new.iter().flat_map(|paragraph| inline::atoms(paragraph, &self.importer.guest.styles)).collect();
        if !same {
            let mut changes = Vec::new();
            for passage in words::changes(&old_atoms, &new_atoms) {
                let runs = self.importer.runs(&new_atoms, passage.new, self.stamp);
                changes.push(Change::new(passage.old, Insert::Runs(runs)));
            }
            let lengths = by_paragraph.iter().map(|atoms| inline::text_of(atoms).len());
            let paragraphs: Vec<(u32, usize)> =
                old.iter().map(|paragraph| paragraph.mark).zip(lengths).collect();
            changes.into_iter().for_each(|change| self.plan.share(&change, &paragraphs));
        }
        if looks(old, &old_atoms, same) != looks(new, &new_atoms, same) {
            self.importer.skipped.add(NotCompared::Formatting);
        }
        for (i, j) in words::paired_objects(&old_atoms, &new_atoms) {
            self.objects(old_atoms[i].node, new_atoms[j].node);
        }
    }

    /// Objects that stand for each other: what text boxes hold is compared, notes are remembered.
    fn objects(&mut self, old: &Element<'_>, new: &Element<'_>) {
        if matches!(old.name.as_ref(), "w:footnoteReference" | "w:endnoteReference") {
            if let (Some(left), Some(right)) = (old.attr("id"), new.attr("id")) {
                self.notes.push((old.name.to_string(), left.into_owned(), right.into_owned()));
            }
            return;
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        text_boxes(old, &mut left);
        text_boxes(new, &mut right);
        // Written once or in two alternatives: each of the old one's is compared with one of the new one's.
        for (index, holder) in left.iter().enumerate() {
            match right.get(index).or(right.last()) {
                Some(other) => self.story(&holder.children, holder.mark, &other.children),
                None => self.importer.skipped.add(NotCompared::Boxes),
            }
        }
    }

    fn tables(&mut self, old: &Element<'_>, new: &Element<'_>) {
        let (olds, news) = (story::rows(old), story::rows(new));
        let row_item = |key: String| Item { sort: 2, text: key.clone(), key };
        let old_items: Vec<Item> =
            olds.iter().map(|row| row_item(row_key(row, &self.importer.host.styles))).collect();
        let new_items: Vec<Item> =
            news.iter().map(|row| row_item(row_key(row, &self.importer.guest.styles))).collect();
        let mut anchor = Anchor {
            last: None,
            first: olds.first().map(|row| row.mark),
            holder: old.mark,
            lead: Vec::new(),
        };
        for step in align(&old_items, &new_items) {
            match step {
                Step::Both(i, j) => {
                    let (left, right) = (story::cells(olds[i]), story::cells(news[j]));
                    anchor.last = Some(olds[i].mark);
                    if left.len() == right.len() {
                        for (old, new) in left.iter().zip(&right) {
                            self.story(&old.children, old.mark, &new.children);
                        }
                    } else {
                        self.delete_row(olds[i]);
                        anchor.put(Node::Element(self.importer.row(news[j], self.stamp)), &mut self.plan);
                    }
                }
                Step::Old(i) => {
                    self.delete_row(olds[i]);
                    anchor.last = Some(olds[i].mark);
                }
                Step::New(j) => {
                    let row = Node::Element(self.importer.row(news[j], self.stamp));
                    anchor.put(row, &mut self.plan);
                }
            }
        }
        anchor.end(&mut self.plan);
    }

    fn delete(&mut self, block: &Block<'_, '_>) {
        match block {
            Block::Table(table) => story::rows(table).into_iter().for_each(|row| self.delete_row(row)),
            Block::Paragraph(chain) => {
                for paragraph in chain {
                    let atoms = inline::atoms(paragraph, &self.importer.host.styles);
                    let length = inline::text_of(&atoms).len();
                    let change = Change::new(0..length, Insert::Runs(Vec::new()));
                    self.plan.rewrites.insert(paragraph.mark, vec![change]);
                    if !story::mark_deleted(paragraph) {
                        self.plan.ends.insert(paragraph.mark, None);
                    }
                }
            }
        }
    }

    fn delete_row(&mut self, row: &Element<'_>) {
        self.plan.rows.insert(row.mark);
        for cell in story::cells(row) {
            for block in blocks(&cell.children, &self.importer.host.styles) {
                self.delete(&block);
            }
        }
    }
}

/// Where the next insertion of a row of things goes.
struct Anchor {
    /// The old thing it comes behind.
    last: Option<u32>,
    first: Option<u32>,
    holder: u32,
    /// What comes before the first.
    lead: Vec<Node<'static>>,
}

impl Anchor {
    fn put(&mut self, node: Node<'static>, plan: &mut Plan) {
        match self.last {
            Some(last) => plan.after.entry(last).or_default().push(node),
            None => self.lead.push(node),
        }
    }

    fn end(self, plan: &mut Plan) {
        match self.first {
            _ if self.lead.is_empty() => {}
            Some(first) => plan.before.entry(first).or_default().extend(self.lead),
            None => plan.into.entry(self.holder).or_default().extend(self.lead),
        }
    }
}

fn item(block: &Block<'_, '_>, key: String) -> Item {
    let sort = match block {
        Block::Paragraph(_) => 0,
        Block::Table(_) => 1,
    };
    Item { sort, text: key.clone(), key }
}

/// Text boxes in an object, in order.
fn text_boxes<'e, 'a>(element: &'e Element<'a>, found: &mut Vec<&'e Element<'a>>) {
    if element.is("w:txbxContent") {
        found.push(element);
        return;
    }
    element.elements().for_each(|child| text_boxes(child, found));
}

/// How a paragraph looks: its own properties, and the properties of its letters where the words are the same.
fn looks(chain: &[&Element<'_>], atoms: &[Atom<'_, '_>], same: bool) -> Vec<String> {
    let own = chain.last().and_then(|last| last.child("w:pPr"));
    let mut found: Vec<String> = own
        .into_iter()
        .flat_map(Element::elements)
        .filter(|child| {
            !matches!(child.name.as_ref(), "w:rPr" | "w:sectPr") && !child.name.ends_with("Change")
        })
        .map(Element::to_xml)
        .collect();
    if !same {
        return found;
    }
    let mut last: Option<(String, String)> = None;
    for atom in atoms.iter().filter(|atom| !atom.text.starts_with(OBJECT)) {
        let properties = atom.run.and_then(|run| run.child("w:rPr"));
        let kept = properties.into_iter().flat_map(Element::elements).filter(|child| {
            !matches!(child.name.as_ref(), "w:lang" | "w:noProof" | "w:ins" | "w:del")
                && !child.name.ends_with("Change")
        });
        let style: String = kept.map(Element::to_xml).collect();
        match &mut last {
            Some((known, text)) if *known == style => text.push_str(&atom.text),
            _ => {
                found.extend(last.take().map(|(style, text)| format!("{style}{text}")));
                last = Some((style, atom.text.clone()));
            }
        }
    }
    found.extend(last.map(|(style, text)| format!("{style}{text}")));
    found
}
