//! Accepts or rejects tracked changes: all, or those that are chosen.

use std::borrow::Cow;
use std::collections::HashSet;

use super::rewrite::renamed;
use crate::contract::read::docx::inline;
use crate::contract::read::docx::styles::Styles;
use crate::contract::read::docx::xml::{Element, Node};

/// What becomes of a tracked change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It becomes part of the document.
    Accept,
    /// The document is as if it had never been made.
    Reject,
    /// It stays a proposal.
    Keep,
}

/// Says what becomes of each tracked change, given its element.
pub(super) type Choose<'c> = dyn Fn(&Element<'_>) -> Decision + 'c;

/// Settles the tracked changes in a story part.
pub(super) fn settle<'a>(root: &Element<'a>, choose: &Choose<'_>) -> Element<'a> {
    let mut judge = Judge { choose, dropped: HashSet::new(), styles: Styles::default() };
    let mut out = root.around(judge.nodes(&root.children));
    out.mark = root.mark;
    out
}

struct Judge<'c> {
    choose: &'c Choose<'c>,
    /// Ids of moved ranges whose start was taken away, so that their end goes too.
    dropped: HashSet<String>,
    styles: Styles,
}

/// What a change of something marked (a paragraph's end, a row, a cell) makes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Goes,
}

impl Judge<'_> {
    fn nodes<'a>(&mut self, nodes: &[Node<'a>]) -> Vec<Node<'a>> {
        let mut out = Vec::with_capacity(nodes.len());
        // Paragraphs whose end goes: they join the next, which has the looks that stay.
        let mut joining: Vec<Vec<Node<'a>>> = Vec::new();
        for node in nodes {
            let Some(element) = node.element() else {
                out.push(node.clone());
                continue;
            };
            match element.name.as_ref() {
                "w:p" => {
                    let (paragraph, fate) = self.paragraph(element);
                    if fate == Fate::Goes {
                        joining.push(paragraph.children);
                        continue;
                    }
                    out.push(Node::Element(joined(std::mem::take(&mut joining), paragraph)));
                    continue;
                }
                "w:tbl"
                | "w:sdt"
                | "w:sectPr"
                | "w:customXml"
                | "w:smartTag"
                | "mc:AlternateContent"
                | "w:altChunk" => self.dangling(&mut joining, &mut out),
                _ => {}
            }
            self.element(element, &mut out);
        }
        self.dangling(&mut joining, &mut out);
        out
    }

    /// Paragraphs that lost their end but have none behind to join stay when they hold anything.
    fn dangling<'a>(&self, joining: &mut Vec<Vec<Node<'a>>>, out: &mut Vec<Node<'a>>) {
        let Some(last) = joining.pop() else { return };
        let paragraph = joined(std::mem::take(joining), Element::new("w:p", last));
        if !inline::atoms(&paragraph, &self.styles).is_empty() {
            out.push(Node::Element(paragraph));
        }
    }

    fn element<'a>(&mut self, element: &Element<'a>, out: &mut Vec<Node<'a>>) {
        let name = element.name.as_ref();
        match name {
            "w:ins" | "w:moveTo" | "w:del" | "w:moveFrom"
                if !element.children.is_empty() || element.attr("author").is_some() =>
            {
                self.content(element, out);
            }
            "w:moveFromRangeStart"
            | "w:moveToRangeStart"
            | "w:customXmlInsRangeStart"
            | "w:customXmlDelRangeStart"
            | "w:customXmlMoveFromRangeStart"
            | "w:customXmlMoveToRangeStart" => {
                if (self.choose)(element) == Decision::Keep {
                    out.push(Node::Element(element.clone()));
                } else {
                    self.dropped.extend(element.attr("id").map(Cow::into_owned));
                }
            }
            "w:moveFromRangeEnd"
            | "w:moveToRangeEnd"
            | "w:customXmlInsRangeEnd"
            | "w:customXmlDelRangeEnd"
            | "w:customXmlMoveFromRangeEnd"
            | "w:customXmlMoveToRangeEnd" => {
                if !element.attr("id").is_some_and(|id| self.dropped.contains(id.as_ref())) {
                    out.push(Node::Element(element.clone()));
                }
            }
            "w:tr" => {
                let marks = [("w:ins", true), ("w:del", false)];
                let (row, fate) = self.marked(element, "w:trPr", &marks);
                out.extend((fate == Fate::Stays).then_some(Node::Element(row)));
            }
            "w:tc" => {
                let marks = [("w:cellIns", true), ("w:cellDel", false)];
                let (cell, fate) = self.marked(element, "w:tcPr", &marks);
                out.extend((fate == Fate::Stays).then(|| Node::Element(with_paragraph(cell))));
            }
            "w:tbl" => {
                let table = element.around(self.nodes(&element.children));
                let had_rows = element.contains("w:tr");
                if !had_rows || table.contains("w:tr") {
                    out.push(Node::Element(table));
                }
            }
            _ if is_properties(name) => out.extend(self.properties(element).map(Node::Element)),
            "w:footnote" | "w:endnote" | "w:txbxContent" | "w:comment" => {
                let story = element.around(self.nodes(&element.children));
                out.push(Node::Element(with_paragraph(story)));
            }
            _ => {
                let mut whole = element.around(self.nodes(&element.children));
                whole.mark = element.mark;
                out.push(Node::Element(whole));
            }
        }
    }

    /// An insertion or deletion of content.
    fn content<'a>(&mut self, element: &Element<'a>, out: &mut Vec<Node<'a>>) {
        let comes = matches!(element.name.as_ref(), "w:ins" | "w:moveTo");
        match ((self.choose)(element), comes) {
            (Decision::Keep, _) => {
                let mut kept = element.around(self.nodes(&element.children));
                kept.mark = element.mark;
                // What stood inside may all be settled away; an empty change is none.
                if !kept.children.is_empty() {
                    out.push(Node::Element(kept));
                }
            }
            (Decision::Accept, true) => out.extend(self.nodes(&element.children)),
            (Decision::Reject, false) => {
                let back = self.nodes(&element.children);
                out.extend(back.into_iter().map(restored));
            }
            (Decision::Accept, false) | (Decision::Reject, true) => {}
        }
    }

    /// A paragraph without its settled marks, and whether its end goes.
    fn paragraph<'a>(&mut self, element: &Element<'a>) -> (Element<'a>, Fate) {
        let mark = element.child("w:pPr").and_then(|properties| properties.child("w:rPr"));
        let mut fate = Fate::Stays;
        for sign in mark.into_iter().flat_map(Element::elements) {
            let comes = match sign.name.as_ref() {
                "w:ins" | "w:moveTo" => true,
                "w:del" | "w:moveFrom" => false,
                _ => continue,
            };
            if goes((self.choose)(sign), comes) {
                fate = Fate::Goes;
            }
        }
        let mut paragraph = element.around(self.nodes(&element.children));
        paragraph.mark = element.mark;
        (paragraph, fate)
    }

    /// A row or cell without its settled marks, and whether it goes.
    fn marked<'a>(
        &mut self,
        element: &Element<'a>,
        holder: &str,
        marks: &[(&str, bool)],
    ) -> (Element<'a>, Fate) {
        let mut fate = Fate::Stays;
        for sign in element.child(holder).into_iter().flat_map(Element::elements) {
            if let Some((_, comes)) = marks.iter().find(|(name, _)| sign.is(name))
                && goes((self.choose)(sign), *comes)
            {
                fate = Fate::Goes;
            }
        }
        let children = if fate == Fate::Stays { self.nodes(&element.children) } else { Vec::new() };
        let mut out = element.around(children);
        out.mark = element.mark;
        (out, fate)
    }

    /// Properties as they were or as they became, without the settled marks; nothing when nothing is left to say.
    fn properties<'a>(&mut self, element: &Element<'a>) -> Option<Element<'a>> {
        let mut current: Vec<Node<'a>> = Vec::new();
        let mut before: Option<Vec<Node<'a>>> = None;
        for node in &element.children {
            let Some(child) = node.element() else {
                current.push(node.clone());
                continue;
            };
            let name = child.name.as_ref();
            if name.ends_with("Change") {
                match (self.choose)(child) {
                    Decision::Keep => current.push(node.clone()),
                    Decision::Accept => {}
                    // What is recorded as of before may itself be marked.
                    Decision::Reject => {
                        let old = child.elements().next().and_then(|old| self.properties(old));
                        before = Some(old.map(|old| old.children).unwrap_or_default());
                    }
                }
            } else if matches!(
                name,
                "w:ins" | "w:del" | "w:moveFrom" | "w:moveTo" | "w:cellIns" | "w:cellDel" | "w:cellMerge"
            ) {
                match (self.choose)(child) {
                    Decision::Keep => current.push(node.clone()),
                    // A list that a paragraph was put into leaves with the change.
                    Decision::Reject if element.is("w:numPr") && name == "w:ins" => return None,
                    _ => {}
                }
            } else if is_properties(name) {
                current.extend(self.properties(child).map(Node::Element));
            } else {
                current.push(node.clone());
            }
        }
        let children = match before {
            None => current,
            // What the record of a change does not hold did not change.
            Some(old) => {
                let beside = |node: &Node<'_>| {
                    node.element().is_some_and(|child| {
                        matches!(
                            child.name.as_ref(),
                            "w:rPr"
                                | "w:sectPr"
                                | "w:headerReference"
                                | "w:footerReference"
                                | "w:ins"
                                | "w:del"
                        )
                    })
                };
                let (first, last): (Vec<_>, Vec<_>) = current
                    .into_iter()
                    .filter(beside)
                    .partition(|node| node.element().is_some_and(|child| child.name.ends_with("Reference")));
                first.into_iter().chain(old).chain(last).collect()
            }
        };
        let emptied = children.is_empty() && !element.children.is_empty();
        (!emptied).then(|| element.around(children))
    }
}

/// Whether something goes: a rejected insertion or an accepted deletion.
fn goes(decision: Decision, comes: bool) -> bool {
    matches!((decision, comes), (Decision::Accept, false) | (Decision::Reject, true))
}

/// Elements that describe, and in which a change is a mark and holds no content.
fn is_properties(name: &str) -> bool {
    matches!(
        name,
        "w:rPr"
            | "w:pPr"
            | "w:trPr"
            | "w:tcPr"
            | "w:tblPr"
            | "w:tblPrEx"
            | "w:tblGrid"
            | "w:sectPr"
            | "w:numPr"
            | "m:ctrlPr"
    )
}

/// Paragraphs that lost their ends, joined with the one behind, whose properties stay.
fn joined<'a>(before: Vec<Vec<Node<'a>>>, last: Element<'a>) -> Element<'a> {
    if before.is_empty() {
        return last;
    }
    let is_properties = |node: &Node<'_>| node.element().is_some_and(|element| element.is("w:pPr"));
    let mut out = last.around(Vec::new());
    out.mark = last.mark;
    let (properties, rest): (Vec<_>, Vec<_>) = last.children.into_iter().partition(is_properties);
    out.children.extend(properties);
    out.children.extend(before.into_iter().flatten().filter(|node| !is_properties(node)));
    out.children.extend(rest);
    out
}

/// The element with an empty paragraph at its end, where the format asks for one and none is left.
fn with_paragraph(mut element: Element<'_>) -> Element<'_> {
    let last = element.elements().last().map(|last| last.name.to_string());
    let held = |name: &str| matches!(name, "w:p" | "w:sdt" | "w:altChunk" | "w:customXml");
    let blocks = element.elements().any(|child| held(&child.name) || child.is("w:tbl"));
    if !blocks || last.as_deref() == Some("w:tbl") {
        element.children.push(Node::Element(Element::new("w:p", Vec::new())));
    }
    element
}

/// Deleted letters as they are written in a document that has them.
fn restored(node: Node<'_>) -> Node<'_> {
    let Node::Element(mut element) = node else { return node };
    element.children = std::mem::take(&mut element.children).into_iter().map(restored).collect();
    let element = renamed(element, "w:delText", "w:t");
    Node::Element(renamed(element, "w:delInstrText", "w:instrText"))
}
