//! Paragraphs and tables of one story (the body, a header, a note) to text, with the place of every paragraph.

use std::ops::Range;

use super::inline::{self, Atom, OBJECT};
use super::numbering::Lists;
use super::styles::{Styles, Veil};
use super::xml::{Element, Node};

/// Where a paragraph's own letters stand in the text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which part of the package, by its index in the order of reading.
    pub part: usize,
    /// Marks of the paragraphs that read as this one: several when the paragraph ends between them are deleted.
    pub marks: Vec<u32>,
    /// Byte offsets in the text, without the automatic number.
    pub range: Range<usize>,
}

/// Something met while reading that a person should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Letters that are not seen on the page.
    Veiled(Veil, String),
    /// A picture.
    Picture,
    /// Another file inside this one.
    Embedded,
}

/// Reads stories one after another into one text.
pub struct Scribe<'s> {
    styles: &'s Styles,
    lists: Lists,
    part: usize,
    /// Whether letters are written as they are compared: no automatic numbers, hidden letters too.
    proof: bool,
    /// Notes referred to so far: the kind of reference and the note's id, in order.
    pub references: Vec<(String, String)>,
    /// The text so far.
    pub text: String,
    /// Places of paragraphs in it, in order.
    pub places: Vec<Place>,
    /// What was met on the way.
    pub seen: Vec<Seen>,
}

impl<'s> Scribe<'s> {
    /// Starts with an empty text.
    #[must_use]
    pub fn new(styles: &'s Styles, lists: Lists) -> Self {
        Self {
            styles,
            lists,
            part: 0,
            proof: false,
            references: Vec::new(),
            text: String::new(),
            places: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Starts with an empty text, to be read as paragraphs are compared.
    #[must_use]
    pub fn for_proof(styles: &'s Styles) -> Self {
        Self { proof: true, ..Self::new(styles, Lists::default()) }
    }

    /// Reads what a story holds; `part` goes into the places.
    pub fn story(&mut self, part: usize, children: &[Node<'_>]) {
        self.part = part;
        self.blocks(children);
    }

    /// Paragraphs and tables in order. A lone empty paragraph is nothing: every story must have one.
    fn blocks(&mut self, children: &[Node<'_>]) {
        let (start, places) = (self.text.len(), self.places.len());
        self.each_block(children);
        if &self.text[start..] == "\n" {
            self.text.truncate(start);
            self.places.truncate(places);
        }
    }

    fn each_block(&mut self, children: &[Node<'_>]) {
        let mut chain: Vec<&Element<'_>> = Vec::new();
        for element in children.iter().filter_map(Node::element) {
            match element.name.as_ref() {
                "w:p" => {
                    chain.push(element);
                    if !mark_deleted(element) {
                        self.paragraph(&std::mem::take(&mut chain));
                    }
                    continue;
                }
                "w:tbl" | "w:sdt" | "w:customXml" | "w:smartTag" | "mc:AlternateContent" | "w:altChunk" => {}
                _ => continue,
            }
            self.dangling(&std::mem::take(&mut chain));
            match element.name.as_ref() {
                "w:tbl" => self.table(element),
                "w:sdt" => element
                    .child("w:sdtContent")
                    .iter()
                    .for_each(|content| self.each_block(&content.children)),
                "mc:AlternateContent" => {
                    inline::branch(element).iter().for_each(|branch| self.each_block(&branch.children));
                }
                "w:altChunk" => self.seen.push(Seen::Embedded),
                _ => self.each_block(&element.children),
            }
        }
        self.dangling(&chain);
    }

    /// Paragraphs whose ends are deleted with no paragraph behind to join: nothing is left of them when they are empty.
    fn dangling(&mut self, chain: &[&Element<'_>]) {
        if chain.iter().any(|paragraph| !inline::atoms(paragraph, self.styles).is_empty()) {
            self.paragraph(chain);
        }
    }

    /// Paragraphs that read as one.
    fn paragraph(&mut self, chain: &[&Element<'_>]) {
        let Some(last) = chain.last() else { return };
        let label = self.lists.label(last.child("w:pPr"), self.styles);
        if !label.is_empty() {
            self.text.push_str(&label);
            self.text.push(' ');
        }
        let start = self.text.len();
        for paragraph in chain {
            for atom in inline::atoms(paragraph, self.styles) {
                self.atom(&atom);
            }
        }
        let marks = chain.iter().map(|paragraph| paragraph.mark).collect();
        self.places.push(Place { part: self.part, marks, range: start..self.text.len() });
        self.text.push('\n');
        chain.iter().for_each(|paragraph| self.objects(&paragraph.children));
    }

    fn atom(&mut self, atom: &Atom<'_, '_>) {
        if self.proof {
            let object = atom.text.starts_with(OBJECT);
            return self.text.push_str(if object { &atom.shown } else { &atom.text });
        }
        self.text.push_str(&atom.shown);
        if let Some(veil) = atom.veil.filter(|_| !atom.text.trim().is_empty()) {
            match self.seen.last_mut() {
                Some(Seen::Veiled(last, text)) if *last == veil => text.push_str(&atom.text),
                _ => self.seen.push(Seen::Veiled(veil, atom.text.clone())),
            }
        }
    }

    /// What objects of a paragraph hold: text boxes are read behind it, pictures are noted.
    fn objects(&mut self, nodes: &[Node<'_>]) {
        for element in nodes.iter().filter_map(Node::element) {
            match element.name.as_ref() {
                "w:txbxContent" => self.blocks(&element.children),
                "w:del" | "w:moveFrom" => {}
                "mc:AlternateContent" => {
                    inline::branch(element).iter().for_each(|branch| self.objects(&branch.children));
                }
                "a:blip" | "v:imagedata" => self.seen.push(Seen::Picture),
                "w:object" => self.seen.push(Seen::Embedded),
                "w:footnoteReference" | "w:endnoteReference" => {
                    let id = element.attr("id").unwrap_or_default().into_owned();
                    self.references.push((element.name.to_string(), id));
                }
                _ => self.objects(&element.children),
            }
        }
    }

    /// Rows end with a line, cells are parted by tabs.
    fn table(&mut self, table: &Element<'_>) {
        for row in rows(table) {
            let cells = cells(row);
            for (index, cell) in cells.iter().enumerate() {
                let (start, places) = (self.text.len(), self.places.len());
                self.blocks(&cell.children);
                // A cell must end with a paragraph, so empty ones at its end say nothing.
                let end = start + self.text[start..].trim_end_matches('\n').len();
                self.text.truncate(end);
                for place in &mut self.places[places..] {
                    place.range = place.range.start.min(end)..place.range.end.min(end);
                }
                self.text.push(if index + 1 == cells.len() { '\n' } else { '\t' });
            }
        }
    }
}

/// Rows of a table that are not deleted, also those inside content controls.
#[must_use]
pub fn rows<'e, 'a>(table: &'e Element<'a>) -> Vec<&'e Element<'a>> {
    let mut found = Vec::new();
    collect(table, "w:tr", &mut found);
    found.retain(|row| !row_deleted(row));
    found
}

/// Cells of a row, also those inside content controls.
#[must_use]
pub fn cells<'e, 'a>(row: &'e Element<'a>) -> Vec<&'e Element<'a>> {
    let mut found = Vec::new();
    collect(row, "w:tc", &mut found);
    found
        .retain(|cell| cell.child("w:tcPr").is_none_or(|properties| properties.child("w:cellDel").is_none()));
    found
}

/// Children of a name, through wrappers of content controls and custom XML.
fn collect<'e, 'a>(parent: &'e Element<'a>, name: &str, found: &mut Vec<&'e Element<'a>>) {
    for child in parent.elements() {
        if child.is(name) {
            found.push(child);
        } else if matches!(child.name.as_ref(), "w:sdt" | "w:sdtContent" | "w:customXml") {
            collect(child, name, found);
        }
    }
}

/// Whether the end of the paragraph is deleted, so that it joins the next.
#[must_use]
pub fn mark_deleted(paragraph: &Element<'_>) -> bool {
    let mark = paragraph.child("w:pPr").and_then(|properties| properties.child("w:rPr"));
    mark.is_some_and(|mark| mark.child("w:del").is_some() || mark.child("w:moveFrom").is_some())
}

/// Whether a row is deleted.
#[must_use]
pub fn row_deleted(row: &Element<'_>) -> bool {
    row.child("w:trPr").is_some_and(|properties| properties.child("w:del").is_some())
}
