//! Passages of the revised document, made fit to stand in the original as insertions.

use std::borrow::Cow;
use std::ops::Range;

use super::block::{Block, blocks};
use super::parts::{Added, Parts};
use super::plan::mark_row;
use super::rewrite::{mark_end, run_of};
use super::settle::{Decision, settle};
use super::stamp::Stamp;
use super::{NotCompared, Skipped};
use crate::contract::read::docx::inline::{self, Atom, OBJECT};
use crate::contract::read::docx::numbering::Lists;
use crate::contract::read::docx::package::{Package, Relation};
use crate::contract::read::docx::story;
use crate::contract::read::docx::styles::Styles;
use crate::contract::read::docx::xml::{self, Element, Node};

/// What the original offers to what comes into it.
pub(super) struct Host {
    pub(super) styles: Styles,
    pub(super) lists: Lists,
    /// The start tag of its main part, with the namespaces it declares.
    pub(super) root: String,
    /// Names of its parts with stories; the main part is first.
    pub(super) parts: Vec<String>,
}

impl Host {
    /// Name of the main part.
    pub(super) fn main(&self) -> &str {
        &self.parts[0]
    }
}

/// Where what comes in is from.
pub(super) struct Guest<'p, 'b> {
    pub(super) styles: Styles,
    /// The start tag of its main part.
    pub(super) root: String,
    pub(super) package: Package<'b>,
    /// The links of each of its parts.
    pub(super) links: Vec<Vec<Relation>>,
    /// Its notes: the kind of reference, the id and the note.
    pub(super) notes: Vec<(&'static str, String, &'p Element<'p>)>,
}

/// Brings passages over.
pub(super) struct Importer<'h, 'p, 'b> {
    pub(super) host: &'h Host,
    pub(super) guest: Guest<'p, 'b>,
    pub(super) host_package: &'h Package<'b>,
    pub(super) parts: Parts,
    pub(super) skipped: Skipped,
    /// The parts that things come into and are from; links mean something in their own part only.
    pub(super) between: Option<(usize, usize)>,
    /// Whether a paragraph came over with its place in a list.
    pub(super) numbered: bool,
    /// New notes of the original: the kind of reference, and the note.
    pub(super) notes: Vec<(&'static str, Element<'static>)>,
}

impl Importer<'_, '_, '_> {
    /// Paragraphs and tables as insertions.
    pub(super) fn blocks(&mut self, children: &[Node<'_>], stamp: &mut Stamp) -> Vec<Node<'static>> {
        let found = blocks(children, &self.guest.styles);
        found.iter().map(|block| Node::Element(self.block(block, stamp))).collect()
    }

    /// A paragraph or table as an insertion.
    pub(super) fn block(&mut self, block: &Block<'_, '_>, stamp: &mut Stamp) -> Element<'static> {
        match block {
            Block::Paragraph(chain) => {
                let mut paragraph = self.paragraph(chain, stamp);
                mark_end(&mut paragraph, "w:ins", stamp);
                paragraph
            }
            Block::Table(table) => self.table(table, stamp),
        }
    }

    /// Paragraphs that read as one, their content as an insertion, their end not.
    fn paragraph(&mut self, chain: &[&Element<'_>], stamp: &mut Stamp) -> Element<'static> {
        let mut children = Vec::new();
        let properties =
            chain.last().and_then(|last| last.child("w:pPr")).and_then(|own| self.paragraph_properties(own));
        children.extend(properties.map(Node::Element));
        for paragraph in chain {
            let styles = std::mem::take(&mut self.guest.styles);
            let atoms = inline::atoms(paragraph, &styles);
            let runs = self.runs(&atoms, 0..usize::MAX, stamp);
            self.guest.styles = styles;
            if !runs.is_empty() {
                children.push(Node::Element(stamp.change("w:ins", runs)));
            }
        }
        Element::new("w:p", children)
    }

    /// A table with every row inserted.
    fn table(&mut self, table: &Element<'_>, stamp: &mut Stamp) -> Element<'static> {
        let mut children = Vec::new();
        for name in ["w:tblPr", "w:tblGrid"] {
            let properties = table.child(name).map(|properties| self.described(properties));
            children.push(Node::Element(properties.unwrap_or_else(|| Element::new(name, Vec::new()))));
        }
        for row in story::rows(table) {
            children.push(Node::Element(self.row(row, stamp)));
        }
        Element::new("w:tbl", children)
    }

    /// A row as an insertion.
    pub(super) fn row(&mut self, row: &Element<'_>, stamp: &mut Stamp) -> Element<'static> {
        let mut children: Vec<Node<'static>> = Vec::new();
        for name in ["w:tblPrEx", "w:trPr"] {
            children.extend(row.child(name).map(|properties| Node::Element(self.described(properties))));
        }
        for cell in story::cells(row) {
            let mut held: Vec<Node<'static>> = Vec::new();
            held.extend(cell.child("w:tcPr").map(|properties| Node::Element(self.described(properties))));
            held.extend(self.blocks(&cell.children, stamp));
            if !held.last().and_then(Node::element).is_some_and(|last| last.is("w:p")) {
                held.push(Node::Element(Element::new("w:p", Vec::new())));
            }
            children.push(Node::Element(Element::new("w:tc", held)));
        }
        let mut out = Element::new("w:tr", children);
        mark_row(&mut out, "w:ins", stamp);
        out
    }

    /// Runs and formulas of a stretch of atoms, in bytes of their text.
    pub(super) fn runs(
        &mut self,
        atoms: &[Atom<'_, '_>],
        range: Range<usize>,
        stamp: &mut Stamp,
    ) -> Vec<Node<'static>> {
        let mut out = Vec::new();
        let mut words = String::new();
        let mut open: Option<&Element<'_>> = None;
        let mut at = 0;
        for atom in atoms {
            let (start, end) = (at, at + atom.text.len());
            at = end;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from >= to {
                continue;
            }
            let same = matches!((open, atom.run), (Some(one), Some(other)) if std::ptr::eq(one, other));
            if !same || atom.text.starts_with(OBJECT) {
                self.end_run(&mut words, open, &mut out);
            }
            open = atom.run;
            if atom.text.starts_with(OBJECT) {
                out.extend(self.object(atom, stamp));
            } else {
                words.push_str(&atom.text[from - start..to - start]);
            }
        }
        self.end_run(&mut words, open, &mut out);
        out
    }

    fn end_run(&mut self, words: &mut String, run: Option<&Element<'_>>, out: &mut Vec<Node<'static>>) {
        if words.is_empty() {
            return;
        }
        let looks =
            run.and_then(|run| run.child("w:rPr")).and_then(|properties| self.run_properties(properties));
        out.push(Node::Element(run_of(words, looks.as_ref().map(Element::to_xml).as_deref())));
        words.clear();
    }

    /// An object as a run, or a formula by itself; nothing when it cannot be brought over.
    fn object(&mut self, atom: &Atom<'_, '_>, stamp: &mut Stamp) -> Option<Node<'static>> {
        let copied = match atom.node.name.as_ref() {
            "w:footnoteReference" => self.note("w:footnoteReference", atom.node, stamp),
            "w:endnoteReference" => self.note("w:endnoteReference", atom.node, stamp),
            _ => self.copied(atom.node),
        };
        let Some(copied) = copied else {
            self.skipped.add(NotCompared::Pictures);
            return None;
        };
        let Some(run) = atom.run else { return Some(Node::Element(copied)) };
        let looks = run.child("w:rPr").and_then(|properties| self.run_properties(properties));
        let children = looks.into_iter().chain([copied]).map(Node::Element).collect();
        Some(Node::Element(Element::new("w:r", children)))
    }

    /// A note and the reference to it.
    fn note(
        &mut self,
        kind: &'static str,
        reference: &Element<'_>,
        stamp: &mut Stamp,
    ) -> Option<Element<'static>> {
        let id = reference.attr("id")?.into_owned();
        let (_, _, note) =
            self.guest.notes.iter().find(|(other, known, _)| *other == kind && *known == id)?;
        let found = blocks(&note.children, &self.guest.styles);
        let (name, sign) = match kind {
            "w:footnoteReference" => ("w:footnote", "w:footnoteRef"),
            _ => ("w:endnote", "w:endnoteRef"),
        };
        let mut children = Vec::new();
        let between = self.between.take();
        for (index, block) in found.iter().enumerate() {
            let mut element = match block {
                Block::Paragraph(chain) => self.paragraph(chain, stamp),
                Block::Table(table) => self.table(table, stamp),
            };
            if index == 0 && element.is("w:p") {
                let run = Element::new("w:r", vec![Node::Element(Element::new(sign, Vec::new()))]);
                let at = usize::from(element.child("w:pPr").is_some());
                element.children.insert(at, Node::Element(run));
            }
            children.push(Node::Element(element));
        }
        self.between = between;
        if children.is_empty() {
            children.push(Node::Element(Element::new("w:p", Vec::new())));
        }
        let id = stamp.id();
        self.notes.push((kind, Element::new(&format!("{name} w:id=\"{id}\""), children)));
        Some(Element::new(&format!("{kind} w:id=\"{id}\""), Vec::new()))
    }

    /// A copy that means the same in the original: namespaces declared, pictures brought along.
    fn copied(&mut self, element: &Element<'_>) -> Option<Element<'static>> {
        let mut copy = settle(element, &|_| Decision::Accept).into_owned();
        self.relink(&mut copy)?;
        let xml = copy.to_xml();
        let mut declared = String::new();
        for (key, uri) in xml::attributes(&self.guest.root).filter(|(key, _)| key.starts_with("xmlns:")) {
            let prefix = &key["xmlns:".len()..];
            let used = xml.contains(&format!("{prefix}:")) || xml.contains(&format!("=\"{prefix}\""));
            let known = xml::attributes(&self.host.root).any(|(other, same)| other == key && same == uri);
            if used && !known && !copy.open.contains(&format!("{key}=")) {
                declared.push_str(&format!(" {key}=\"{uri}\""));
            }
        }
        if !declared.is_empty() {
            let written = copy.open.trim_start_matches('<');
            let end = written.find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '>'))? + 1;
            let mut open = copy.open.to_string();
            open.insert_str(end, &declared);
            copy.open = Cow::Owned(open);
        }
        Some(copy)
    }

    /// Gives links of a copy their place in the original; `None` when one points to what is not brought over.
    fn relink(&mut self, element: &mut Element<'static>) -> Option<()> {
        let links: Vec<(String, String)> = xml::attributes(&element.open)
            .filter(|(key, _)| key.starts_with("r:"))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        for (key, id) in links.into_iter().filter(|(_, id)| !id.is_empty()) {
            let (into, from) = self.between?;
            let known = self.guest.links.get(from)?.iter();
            let link =
                known.clone().find(|link| link.id == id && link.kind == "image" && !link.outside)?.clone();
            let content = self.guest.package.bytes(&link.target).ok().flatten()?;
            let ending = link.target.rsplit('.').next().unwrap_or("png").to_ascii_lowercase();
            let name = self.parts.picture_name(self.host_package, &ending);
            let kind = match ending.as_str() {
                "jpg" => "image/jpeg".to_owned(),
                "emf" | "wmf" => format!("image/x-{ending}"),
                other => format!("image/{other}"),
            };
            let added = Added {
                name: &name,
                kind: "image",
                content_type: &kind,
                ending: Some((&ending, &kind)),
                content,
            };
            let new = self.parts.add(self.host.parts.get(into)?, added);
            element.open =
                Cow::Owned(element.open.replacen(&format!("{key}=\"{id}\""), &format!("{key}=\"{new}\""), 1));
        }
        for node in &mut element.children {
            if let Node::Element(child) = node {
                self.relink(child)?;
            }
        }
        Some(())
    }

    /// Run properties that mean something in the original.
    fn run_properties(&self, properties: &Element<'_>) -> Option<Element<'static>> {
        let unknown = |child: &Element<'_>| {
            child.is("w:rStyle") && !child.attr("val").is_some_and(|id| self.host.styles.knows(&id))
        };
        let out = kept(properties, |child| !unknown(child));
        (!out.children.is_empty()).then_some(out)
    }

    /// Paragraph properties that mean something in the original.
    fn paragraph_properties(&mut self, properties: &Element<'_>) -> Option<Element<'static>> {
        let value = |child: &Element<'_>| child.attr("val").map(Cow::into_owned);
        let (mut unnumbered, mut numbered) = (false, false);
        let mut out = kept(properties, |child| match child.name.as_ref() {
            "w:sectPr" | "w:rPr" => false,
            "w:pStyle" => value(child).is_some_and(|id| self.host.styles.knows(&id)),
            "w:numPr" => {
                let list = child.child("w:numId").and_then(value).and_then(|id| id.parse::<i64>().ok());
                let known = list.is_none_or(|list| list == 0 || self.host.lists.knows(list));
                unnumbered |= !known;
                numbered |= known;
                known
            }
            _ => true,
        });
        self.numbered |= numbered;
        if unnumbered {
            self.skipped.add(NotCompared::Numbering);
        }
        if let Some(mark) = properties.child("w:rPr").and_then(|mark| self.run_properties(mark)) {
            out.children.push(Node::Element(mark));
        }
        (!out.children.is_empty()).then_some(out)
    }

    /// Properties of tables, rows and cells.
    fn described(&self, properties: &Element<'_>) -> Element<'static> {
        kept(properties, |child| {
            !child.is("w:tblStyle") || child.attr("val").is_some_and(|id| self.host.styles.knows(&id))
        })
    }
}

/// Properties without records of changes and without what other makers added.
fn kept(properties: &Element<'_>, mut wanted: impl FnMut(&Element<'_>) -> bool) -> Element<'static> {
    let children = properties
        .elements()
        .filter(|child| {
            let name = child.name.as_ref();
            let record = name.ends_with("Change")
                || matches!(
                    name,
                    "w:ins" | "w:del" | "w:moveFrom" | "w:moveTo" | "w:cellIns" | "w:cellDel" | "w:cellMerge"
                );
            name.starts_with("w:") && !record && wanted(child)
        })
        .map(|child| Node::Element(plain(settle(child, &|_| Decision::Accept).into_owned())))
        .collect();
    let name = properties.name.clone().into_owned();
    Element::new(&name, children)
}

/// A property without attributes and elements of other makers, whose names the original may not know.
fn plain(mut element: Element<'static>) -> Element<'static> {
    let name = element.name.clone().into_owned();
    let kept: String = xml::attributes(&element.open)
        .filter(|(key, _)| key.starts_with("w:") || key.starts_with("xml:"))
        .map(|(key, value)| format!(" {key}=\"{value}\""))
        .collect();
    let children = std::mem::take(&mut element.children).into_iter().filter_map(|node| match node {
        Node::Element(child) if child.name.starts_with("w:") => Some(Node::Element(plain(child))),
        _ => None,
    });
    Element::new(&format!("{name}{kept}"), children.collect())
}
