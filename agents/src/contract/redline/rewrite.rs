//! Writes tracked changes into one paragraph; whatever they do not touch stays as it is in the file.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use super::stamp::Stamp;
use crate::contract::read::docx::inline::{self, FieldMark, Fields, Leaf};
use crate::contract::read::docx::xml::{self, Element, Node};

/// What comes in the place of a passage.
#[derive(Debug, Clone)]
pub(super) enum Insert {
    /// Words that look like those before them.
    Words(String),
    /// Runs and formulas with looks of their own.
    Runs(Vec<Node<'static>>),
}

/// One change of a paragraph, in bytes of the text of its atoms.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What goes.
    pub(super) range: Range<usize>,
    /// What comes, behind it.
    pub(super) insert: Insert,
    /// The id of a comment on the change.
    pub(super) comment: Option<i64>,
    /// In whose name, when not in the stamp's.
    pub(super) author: Option<Rc<str>>,
}

impl Change {
    /// A change in the stamp's name.
    pub(super) fn new(range: Range<usize>, insert: Insert) -> Self {
        Self { range, insert, comment: None, author: None }
    }

    fn inserts(&self) -> bool {
        match &self.insert {
            Insert::Words(words) => !words.is_empty(),
            Insert::Runs(runs) => !runs.is_empty(),
        }
    }
}

/// A paragraph with the changes written in. They must be in order and apart from each other.
pub(super) fn rewrite<'a>(paragraph: &Element<'a>, changes: &[Change], stamp: &mut Stamp) -> Element<'a> {
    let survey = survey(paragraph);
    let covers = |field: &Range<usize>| {
        !field.is_empty()
            && changes.iter().any(|change| change.range.start <= field.start && field.end <= change.range.end)
    };
    let mut pen = Pen {
        changes,
        stamp,
        next: 0,
        commented: 0,
        at: 0,
        fields: Fields::default(),
        field: 0,
        dropped: survey.iter().map(covers).collect(),
        dropping: false,
        looks: first_looks(&paragraph.children),
    };
    let mut children: Vec<Out<'a>> = pen.nodes(&paragraph.children, true);
    pen.flush(&mut children);
    pen.close_comments(&mut children);
    let mut out = paragraph.around(children.into_iter().map(|out| out.node).collect());
    out.mark = paragraph.mark;
    out
}

/// The text ranges of the results of fields that begin and end in the paragraph, in the order they begin.
fn survey(paragraph: &Element<'_>) -> Vec<Range<usize>> {
    fn visit(nodes: &[Node<'_>], state: &mut (Fields, usize, Vec<(usize, Option<usize>)>)) {
        for element in nodes.iter().filter_map(Node::element) {
            if inline::is_container(element) {
                visit(&element.children, state);
            } else if inline::is_formula(element) {
                state.1 += inline::OBJECT.len_utf8();
            } else if element.is("w:r") {
                element.elements().for_each(|child| step(child, state));
            }
        }
    }
    fn step(child: &Element<'_>, (fields, at, found): &mut (Fields, usize, Vec<(usize, Option<usize>)>)) {
        match inline::leaf(child) {
            Leaf::Field(mark) => {
                if mark == FieldMark::Begin && fields.depth() == 0 {
                    found.push((*at, None));
                }
                fields.pass(mark);
                if mark == FieldMark::End
                    && fields.depth() == 0
                    && let Some(last) = found.last_mut()
                {
                    last.1 = Some(*at);
                }
            }
            leaf if fields.is_text() => *at += length(&leaf),
            _ => {}
        }
    }
    let mut state = (Fields::default(), 0, Vec::new());
    visit(&paragraph.children, &mut state);
    // A field that does not end here is never taken away as a whole: its other half stands elsewhere.
    state.2.into_iter().map(|(start, end)| start..end.unwrap_or(start)).collect()
}

/// Run properties of the first letters below some nodes.
fn first_looks(nodes: &[Node<'_>]) -> Option<String> {
    nodes.iter().filter_map(Node::element).find_map(|element| match element.name.as_ref() {
        "w:r" if element.child("w:t").is_some() => {
            Some(element.child("w:rPr").map(Element::to_xml).unwrap_or_default())
        }
        _ if inline::is_container(element) => first_looks(&element.children),
        _ => None,
    })
}

/// Bytes of a leaf in the text of atoms.
fn length(leaf: &Leaf) -> usize {
    match leaf {
        Leaf::Letters(text) => text.len(),
        Leaf::Sign(sign) => sign.len_utf8(),
        Leaf::Object => inline::OBJECT.len_utf8(),
        Leaf::Field(_) | Leaf::Nothing => 0,
    }
}

/// A node of the result, and whether it is an insertion of ours, which goes into no other's insertion.
struct Out<'a> {
    node: Node<'a>,
    ours: bool,
}

struct Pen<'c> {
    changes: &'c [Change],
    stamp: &'c mut Stamp,
    /// The next change whose insertion is not written yet.
    next: usize,
    /// The next change whose comment is not begun yet.
    commented: usize,
    at: usize,
    fields: Fields,
    /// How many fields have begun.
    field: usize,
    /// Which fields go as a whole.
    dropped: Vec<bool>,
    /// Whether we stand in such a field.
    dropping: bool,
    /// Run properties of the letters before.
    looks: Option<String>,
}

impl Pen<'_> {
    fn nodes<'a>(&mut self, nodes: &[Node<'a>], top: bool) -> Vec<Out<'a>> {
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(element) = node.element() else {
                out.push(Out { node: node.clone(), ours: false });
                continue;
            };
            if top && !element.is("w:pPr") && self.fields.depth() == 0 {
                self.flush(&mut out);
            }
            if element.is("w:r") {
                self.run(element, &mut out);
            } else if matches!(element.name.as_ref(), "w:ins" | "w:moveTo") {
                let inner = self.nodes(&element.children, top);
                self.regroup(element, inner, &mut out);
            } else if inline::is_container(element) {
                let inner = self.nodes(&element.children, false);
                let mut whole = element.around(inner.into_iter().map(|out| out.node).collect());
                whole.mark = element.mark;
                out.push(Out { node: Node::Element(whole), ours: false });
            } else if inline::is_formula(element) {
                self.formula(element, &mut out);
            } else {
                out.push(Out { node: node.clone(), ours: false });
            }
        }
        out
    }

    /// Puts what another inserted back into his insertion, and ours beside it.
    fn regroup<'a>(&mut self, element: &Element<'a>, inner: Vec<Out<'a>>, out: &mut Vec<Out<'a>>) {
        if !inner.iter().any(|piece| piece.ours) {
            let mut whole = element.around(inner.into_iter().map(|piece| piece.node).collect());
            whole.mark = element.mark;
            out.push(Out { node: Node::Element(whole), ours: false });
            return;
        }
        let mut parts = 0;
        let mut held: Vec<Node<'a>> = Vec::new();
        for piece in inner {
            if !piece.ours {
                held.push(piece.node);
                continue;
            }
            self.part(element, std::mem::take(&mut held), &mut parts, out);
            out.push(piece);
        }
        self.part(element, held, &mut parts, out);
    }

    /// One part of an insertion that was cut; all but the first get a new id.
    fn part<'a>(
        &mut self,
        element: &Element<'a>,
        held: Vec<Node<'a>>,
        parts: &mut usize,
        out: &mut Vec<Out<'a>>,
    ) {
        if held.is_empty() {
            return;
        }
        let mut part = element.around(held);
        if *parts > 0 {
            let id = element.attr("id").unwrap_or_default().into_owned();
            let fresh = self.stamp.id();
            // It stays the other's change: only ids of our own changes are ours.
            self.stamp.ours.remove(&fresh);
            part.open =
                Cow::Owned(part.open.replacen(&format!(":id=\"{id}\""), &format!(":id=\"{fresh}\""), 1));
        }
        *parts += 1;
        out.push(Out { node: Node::Element(part), ours: false });
    }

    fn formula<'a>(&mut self, element: &Element<'a>, out: &mut Vec<Out<'a>>) {
        self.flush(out);
        let end = self.at + inline::OBJECT.len_utf8();
        let gone = self.is_deleted(self.at);
        if gone {
            self.sign();
            self.open_comments(end, out);
        }
        self.at = end;
        let node = Node::Element(element.clone());
        let node = if gone { Node::Element(self.stamp.change("w:del", vec![node])) } else { node };
        out.push(Out { node, ours: false });
    }

    fn run<'a>(&mut self, run: &Element<'a>, out: &mut Vec<Out<'a>>) {
        let properties = run.child("w:rPr");
        let mut pieces = Pieces { run, kept: Vec::new(), gone: Vec::new() };
        let before = out.len();
        let mut touched = false;
        for node in &run.children {
            let Some(child) = node.element().filter(|child| !child.is("w:rPr")) else { continue };
            let leaf = inline::leaf(child);
            if let Leaf::Field(mark) = leaf {
                self.field_mark(mark);
                touched |= self.dropping;
                pieces.put(node.clone(), self.dropping, self, out);
                self.dropping &= !(mark == FieldMark::End && self.fields.depth() == 0);
                continue;
            }
            let size = if self.fields.is_text() { length(&leaf) } else { 0 };
            if size == 0 {
                touched |= self.dropping;
                pieces.put(node.clone(), self.dropping, self, out);
                continue;
            }
            let mut from = 0;
            while from < size {
                if self.pending() {
                    pieces.end(self, out);
                    self.flush(out);
                    touched = true;
                }
                let gone = self.is_deleted(self.at);
                let to = from + self.stretch(self.at, size - from);
                if gone {
                    pieces.end_kept(self, out);
                    if self.is_anothers() {
                        pieces.end(self, out);
                        self.sign();
                    }
                    self.open_comments(self.at + (to - from), out);
                    touched = true;
                }
                let piece = if (from, to) == (0, size) { node.clone() } else { cut(child, from..to) };
                pieces.put(piece, gone, self, out);
                self.at += to - from;
                from = to;
                // Words look like the letters before them or in whose place they come, never like a note's mark.
                if leaf != Leaf::Object {
                    self.looks = Some(properties.map(Element::to_xml).unwrap_or_default());
                }
            }
        }
        if touched {
            pieces.end(self, out);
        } else {
            out.truncate(before);
            out.push(Out { node: Node::Element(run.clone()), ours: false });
        }
    }

    fn field_mark(&mut self, mark: FieldMark) {
        if mark == FieldMark::Begin && self.fields.depth() == 0 {
            self.dropping = self.dropped.get(self.field).copied().unwrap_or(false);
            self.field += 1;
        }
        self.fields.pass(mark);
    }

    /// The change that takes away what stands here.
    fn here(&self) -> Option<&Change> {
        self.changes.iter().find(|change| change.range.contains(&self.at))
    }

    /// Whether the change that takes away what stands here is in another name than the last.
    fn is_anothers(&self) -> bool {
        let author = self.here().and_then(|change| change.author.as_deref());
        author.is_some_and(|author| author != self.stamp.name())
    }

    /// Writes from here on in the name of the change that takes away what stands here.
    fn sign(&mut self) {
        if let Some(author) = self.here().and_then(|change| change.author.clone()) {
            self.stamp.rename(&author);
        }
    }

    fn is_deleted(&self, at: usize) -> bool {
        self.changes.iter().any(|change| change.range.contains(&at))
    }

    /// How far from here the text is of one kind: kept or deleted by one change.
    fn stretch(&self, at: usize, most: usize) -> usize {
        let edges = self.changes.iter().flat_map(|change| [change.range.start, change.range.end]);
        edges.filter(|edge| *edge > at).min().map_or(most, |edge| most.min(edge - at))
    }

    /// Whether an insertion belongs here.
    fn pending(&self) -> bool {
        self.changes.get(self.next).is_some_and(|change| change.range.end <= self.at)
    }

    /// Writes the insertions that belong here.
    fn flush(&mut self, out: &mut Vec<Out<'_>>) {
        while self.pending() {
            let change = &self.changes[self.next];
            let end = change.range.end;
            self.next += 1;
            self.open_comments(end, out);
            if let Some(author) = &change.author {
                self.stamp.rename(author);
            }
            if change.inserts() {
                let runs = match &change.insert {
                    Insert::Words(words) => vec![Node::Element(run_of(words, self.looks.as_deref()))],
                    Insert::Runs(runs) => runs.clone(),
                };
                let inserted = self.stamp.change("w:ins", runs);
                out.push(Out { node: Node::Element(inserted), ours: true });
            }
            if let Some(comment) = change.comment {
                comment_end(comment, out);
            }
        }
    }

    /// Begins the comments of changes that are written up to the given end.
    fn open_comments(&mut self, end: usize, out: &mut Vec<Out<'_>>) {
        while let Some(change) = self
            .changes
            .get(self.commented)
            .filter(|change| change.range.start < end || change.range.end <= end)
        {
            self.commented += 1;
            if let Some(comment) = change.comment {
                let start = Element::new(&format!("w:commentRangeStart w:id=\"{comment}\""), Vec::new());
                out.push(Out { node: Node::Element(start), ours: true });
            }
        }
    }

    /// Writes what a change at the very end of the paragraph still needs.
    fn close_comments(&mut self, out: &mut Vec<Out<'_>>) {
        self.at = usize::MAX;
        self.flush(out);
    }
}

/// Nodes of a run that are gathered until their kind changes.
struct Pieces<'r, 'a> {
    run: &'r Element<'a>,
    kept: Vec<Node<'a>>,
    gone: Vec<Node<'a>>,
}

impl<'a> Pieces<'_, 'a> {
    fn put(&mut self, node: Node<'a>, gone: bool, pen: &mut Pen<'_>, out: &mut Vec<Out<'a>>) {
        let other = if gone { &self.kept } else { &self.gone };
        if !other.is_empty() {
            self.end(pen, out);
        }
        if gone { self.gone.push(node) } else { self.kept.push(node) }
    }

    /// Writes what is kept, before something that goes.
    fn end_kept(&mut self, pen: &mut Pen<'_>, out: &mut Vec<Out<'a>>) {
        if !self.kept.is_empty() {
            self.end(pen, out);
        }
    }

    /// Writes what was gathered.
    fn end(&mut self, pen: &mut Pen<'_>, out: &mut Vec<Out<'a>>) {
        let properties = self.run.child("w:rPr").map(|properties| Node::Element(properties.clone()));
        if !self.kept.is_empty() {
            let kept = std::mem::take(&mut self.kept);
            let run = self.run.around(properties.clone().into_iter().chain(kept).collect());
            out.push(Out { node: Node::Element(run), ours: false });
        }
        if !self.gone.is_empty() {
            let gone = std::mem::take(&mut self.gone).into_iter().map(as_deleted);
            let run = self.run.around(properties.into_iter().chain(gone).collect());
            let deleted = pen.stamp.change("w:del", vec![Node::Element(run)]);
            out.push(Out { node: Node::Element(deleted), ours: false });
        }
    }
}

/// Part of a text element.
fn cut<'a>(child: &Element<'a>, range: Range<usize>) -> Node<'a> {
    let text = child.text();
    Node::Element(letters(text.get(range).unwrap_or_default()))
}

/// A text element that keeps its spaces.
fn letters(text: &str) -> Element<'static> {
    Element::new("w:t xml:space=\"preserve\"", vec![Node::Text(Cow::Owned(xml::escape(text)))])
}

/// A run of words; tabs and line ends become elements.
pub(super) fn run_of(words: &str, properties: Option<&str>) -> Element<'static> {
    let looks = properties
        .filter(|properties| !properties.is_empty())
        .map(|properties| Node::Other(Cow::Owned(properties.to_owned())));
    let mut children: Vec<Node<'static>> = looks.into_iter().collect();
    for piece in words.split_inclusive(['\t', '\n', '\u{2011}']) {
        let sign = piece.chars().next_back().filter(|letter| matches!(letter, '\t' | '\n' | '\u{2011}'));
        let text = sign.map_or(piece, |sign| &piece[..piece.len() - sign.len_utf8()]);
        if !text.is_empty() {
            children.push(Node::Element(letters(text)));
        }
        let element = match sign {
            Some('\t') => "w:tab",
            Some('\n') => "w:br",
            Some(_) => "w:noBreakHyphen",
            None => continue,
        };
        children.push(Node::Element(Element::new(element, Vec::new())));
    }
    Element::new("w:r", children)
}

/// A child of a run as it is written inside a deletion.
fn as_deleted(node: Node<'_>) -> Node<'_> {
    match node {
        Node::Element(element) if element.is("w:t") => Node::Element(renamed(element, "w:t", "w:delText")),
        Node::Element(element) if element.is("w:instrText") => {
            Node::Element(renamed(element, "w:instrText", "w:delInstrText"))
        }
        node => node,
    }
}

/// The same element under another name.
pub(super) fn renamed<'a>(mut element: Element<'a>, from: &str, to: &str) -> Element<'a> {
    if let Some(rest) = element.open.strip_prefix('<').and_then(|open| open.strip_prefix(from)) {
        element.open = Cow::Owned(format!("<{to}{rest}"));
        if !element.close.is_empty() {
            element.close = Cow::Owned(format!("</{to}>"));
        }
        element.name = Cow::Owned(to.to_owned());
    }
    element
}

/// The end of a comment's range and its mark.
fn comment_end(comment: i64, out: &mut Vec<Out<'_>>) {
    let end = Element::new(&format!("w:commentRangeEnd w:id=\"{comment}\""), Vec::new());
    let mark = Element::new(&format!("w:commentReference w:id=\"{comment}\""), Vec::new());
    let run = Element::new("w:r", vec![Node::Element(mark)]);
    out.push(Out { node: Node::Element(end), ours: true });
    out.push(Out { node: Node::Element(run), ours: true });
}

/// Marks the end of a paragraph as inserted or deleted (`w:ins`, `w:del`).
pub(super) fn mark_end(paragraph: &mut Element<'_>, name: &str, stamp: &mut Stamp) {
    let sign = Node::Element(stamp.change(name, Vec::new()).into_owned());
    if paragraph.child("w:pPr").is_none() {
        let first = paragraph.children.iter().position(|node| node.element().is_some()).unwrap_or(0);
        paragraph.children.insert(first, Node::Element(Element::new("w:pPr", Vec::new())));
    }
    let Some(properties) = paragraph.child_mut("w:pPr") else { return };
    if properties.child("w:rPr").is_none() {
        let behind = |node: &Node<'_>| {
            node.element().is_some_and(|element| matches!(element.name.as_ref(), "w:sectPr" | "w:pPrChange"))
        };
        let at = properties.children.iter().position(behind).unwrap_or(properties.children.len());
        properties.children.insert(at, Node::Element(Element::new("w:rPr", Vec::new())));
    }
    let Some(mark) = properties.child_mut("w:rPr") else { return };
    // Insertion stands before deletion, and both before anything else.
    let at = mark.children.iter().position(|node| node.element().is_some_and(|element| !element.is("w:ins")));
    let at = if name == "w:ins" { 0 } else { at.unwrap_or(mark.children.len()) };
    mark.children.insert(at, sign);
}
