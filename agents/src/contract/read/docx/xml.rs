//! A lossless tree of an XML part: whatever is not touched is written back byte for byte.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::contract::read::{Bounds, Fault};

/// Namespaces we know, in their transitional and strict spellings, with the prefix we call them by.
const NAMESPACES: [(&str, &str); 10] = [
    ("http://schemas.openxmlformats.org/wordprocessingml/2006/main", "w"),
    ("http://purl.oclc.org/ooxml/wordprocessingml/main", "w"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/relationships", "r"),
    ("http://purl.oclc.org/ooxml/officeDocument/relationships", "r"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/math", "m"),
    ("http://purl.oclc.org/ooxml/officeDocument/math", "m"),
    ("http://schemas.openxmlformats.org/markup-compatibility/2006", "mc"),
    ("http://schemas.openxmlformats.org/drawingml/2006/main", "a"),
    ("urn:schemas-microsoft-com:vml", "v"),
    ("http://schemas.microsoft.com/office/word/2010/wordml", "w14"),
];

/// A piece of XML.
#[derive(Debug, Clone)]
pub enum Node<'a> {
    /// An element with what it holds.
    Element(Element<'a>),
    /// Letters as they stand in the file, escaped.
    Text(Cow<'a, str>),
    /// A declaration, comment or instruction, as it stands in the file.
    Other(Cow<'a, str>),
}

/// An element as it stands in the file.
#[derive(Debug, Clone)]
pub struct Element<'a> {
    /// Name with our prefix for its namespace, e.g. `w:p` whatever the file calls it.
    pub name: Cow<'a, str>,
    /// The start tag, letter for letter.
    pub open: Cow<'a, str>,
    /// The end tag; empty for an element written as one tag.
    pub close: Cow<'a, str>,
    /// What it holds.
    pub children: Vec<Node<'a>>,
    /// A number that a pass over the tree gives to find the element again; 0 for none.
    pub mark: u32,
}

/// An XML part: what stands before the root, the root, what stands behind.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    /// In order.
    pub nodes: Vec<Node<'a>>,
}

/// A namespace prefix in force.
struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    known: Option<&'static str>,
}

/// Reads a part. Document types (and so entities) are refused: no file from a word processor has one.
pub fn parse<'a>(source: &'a str, bounds: &Bounds<'_>) -> Result<Tree<'a>, Fault> {
    parse_more(source, bounds, &mut 0)
}

/// Reads a part after others; `count` holds the nodes of all of them, which the bounds limit together.
pub fn parse_more<'a>(source: &'a str, bounds: &Bounds<'_>, count: &mut usize) -> Result<Tree<'a>, Fault> {
    let mut reader = Reader::from_str(source);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Element<'a>> = Vec::new();
    let mut bindings: Vec<Binding<'a>> = Vec::new();
    let mut top: Vec<Node<'a>> = Vec::new();
    let mut at = 0;
    loop {
        let event = reader.read_event().map_err(|_| Fault::Broken)?;
        let end = usize::try_from(reader.buffer_position()).map_err(|_| Fault::Broken)?;
        let raw = source.get(at..end).ok_or(Fault::Broken)?;
        at = end;
        *count += 1;
        bounds.check_nodes(*count)?;
        let node = match event {
            Event::Eof => break,
            Event::DocType(_) => return Err(Fault::Entities),
            Event::Start(_) => {
                bounds.check_depth(open.len())?;
                open.push(element(raw, open.len(), &mut bindings));
                continue;
            }
            Event::End(_) => {
                let mut done = open.pop().ok_or(Fault::Broken)?;
                done.close = Cow::Borrowed(raw);
                bindings.retain(|binding| binding.depth < open.len());
                Node::Element(done)
            }
            Event::Empty(_) => {
                let done = element(raw, open.len(), &mut bindings);
                bindings.retain(|binding| binding.depth < open.len());
                Node::Element(done)
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => Node::Text(Cow::Borrowed(raw)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Node::Other(Cow::Borrowed(raw)),
        };
        open.last_mut().map_or(&mut top, |parent| &mut parent.children).push(node);
    }
    if !open.is_empty() || !top.iter().any(|node| matches!(node, Node::Element(_))) {
        return Err(Fault::Broken);
    }
    Ok(Tree { nodes: top })
}

/// An element from its start tag.
fn element<'a>(raw: &'a str, depth: usize, bindings: &mut Vec<Binding<'a>>) -> Element<'a> {
    if raw.contains("xmlns") {
        for (key, value) in attributes(raw) {
            let prefix = match key.split_once(':') {
                Some(("xmlns", prefix)) => prefix,
                None if key == "xmlns" => "",
                _ => continue,
            };
            let known = NAMESPACES.iter().find(|(uri, _)| *uri == value).map(|(_, name)| *name);
            bindings.push(Binding { depth, prefix, known });
        }
    }
    let written = tag_name(raw);
    let (prefix, local) = written.split_once(':').unwrap_or(("", written));
    let name = match bindings.iter().rev().find(|binding| binding.prefix == prefix) {
        Some(Binding { known: Some(known), .. }) if *known == prefix => Cow::Borrowed(written),
        Some(Binding { known: Some(known), .. }) => Cow::Owned(format!("{known}:{local}")),
        Some(_) if NAMESPACES.iter().any(|(_, name)| *name == prefix) => Cow::Owned(format!("other:{local}")),
        _ => Cow::Borrowed(written),
    };
    Element { name, open: Cow::Borrowed(raw), close: Cow::Borrowed(""), children: Vec::new(), mark: 0 }
}

/// The name as written in a start tag.
#[must_use]
pub fn tag_name(raw: &str) -> &str {
    let inner = raw.trim_start_matches('<');
    let end = inner.find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '>'));
    end.map_or(inner, |end| &inner[..end])
}

/// Attributes of a start tag as written: key and escaped value.
pub fn attributes(raw: &str) -> impl Iterator<Item = (&str, &str)> {
    let name = tag_name(raw).len() + 1;
    let mut rest = raw.get(name..).unwrap_or("");
    std::iter::from_fn(move || {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
        let (value, left) = after[1..].split_once(quote)?;
        rest = left;
        Some((key.trim(), value))
    })
}

impl<'a> Element<'a> {
    /// A new element with the given start tag's inside, e.g. `w:del w:id="3"`.
    #[must_use]
    pub fn new(inside: &str, children: Vec<Node<'a>>) -> Self {
        let name = inside.split_whitespace().next().unwrap_or_default().to_owned();
        let (open, close) = if children.is_empty() {
            (format!("<{inside}/>"), String::new())
        } else {
            (format!("<{inside}>"), format!("</{name}>"))
        };
        Self { name: name.into(), open: open.into(), close: close.into(), children, mark: 0 }
    }

    /// The same element around other children.
    #[must_use]
    pub fn around(&self, children: Vec<Node<'a>>) -> Self {
        Self {
            name: self.name.clone(),
            open: self.open.clone(),
            close: self.close.clone(),
            children,
            mark: 0,
        }
    }

    /// Whether the element has this name, in our spelling.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The value of an attribute by its local name, whatever its prefix.
    #[must_use]
    pub fn attr(&self, local: &str) -> Option<Cow<'_, str>> {
        let found = attributes(&self.open)
            .find(|(key, _)| key.rsplit(':').next() == Some(local) && !key.starts_with("xmlns"));
        found.map(|(_, value)| unescape(value))
    }

    /// The first child element of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|child| child.is(name))
    }

    /// The first child element of this name, to change it.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.children.iter_mut().find_map(|node| match node {
            Node::Element(child) if child.is(name) => Some(child),
            _ => None,
        })
    }

    /// Child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            _ => None,
        })
    }

    /// Whether the element or anything in it has this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.is(name) || self.elements().any(|child| child.contains(name))
    }

    /// The letters directly in the element.
    #[must_use]
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|node| match node {
                Node::Text(raw) => Some(text_value(raw)),
                _ => None,
            })
            .collect()
    }

    /// Appends the element as XML.
    pub fn write(&self, out: &mut String) {
        if self.close.is_empty() && !self.children.is_empty() {
            // Written as one tag in the file, but it holds something by now.
            out.push_str(self.open.trim_end_matches('>').trim_end_matches('/').trim_end());
            out.push('>');
            self.children.iter().for_each(|child| child.write(out));
            out.push_str("</");
            out.push_str(tag_name(&self.open));
            out.push('>');
            return;
        }
        out.push_str(&self.open);
        self.children.iter().for_each(|child| child.write(out));
        out.push_str(&self.close);
    }

    /// The element as XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// The same element, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Element<'static> {
        Element {
            name: Cow::Owned(self.name.into_owned()),
            open: Cow::Owned(self.open.into_owned()),
            close: Cow::Owned(self.close.into_owned()),
            children: self.children.into_iter().map(Node::into_owned).collect(),
            mark: self.mark,
        }
    }
}

impl<'a> Node<'a> {
    /// The element, when it is one.
    #[must_use]
    pub fn element(&self) -> Option<&Element<'a>> {
        match self {
            Node::Element(element) => Some(element),
            _ => None,
        }
    }

    /// Appends the node as XML.
    pub fn write(&self, out: &mut String) {
        match self {
            Node::Element(element) => element.write(out),
            Node::Text(raw) | Node::Other(raw) => out.push_str(raw),
        }
    }

    /// The same node, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Node<'static> {
        match self {
            Node::Element(element) => Node::Element(element.into_owned()),
            Node::Text(raw) => Node::Text(Cow::Owned(raw.into_owned())),
            Node::Other(raw) => Node::Other(Cow::Owned(raw.into_owned())),
        }
    }
}

impl<'a> Tree<'a> {
    /// The root element.
    #[must_use]
    pub fn root(&self) -> Option<&Element<'a>> {
        self.nodes.iter().find_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The root element, to change it.
    pub fn root_mut(&mut self) -> Option<&mut Element<'a>> {
        self.nodes.iter_mut().find_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The part as XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.nodes.iter().for_each(|node| node.write(&mut out));
        out
    }
}

/// What raw text says. A reference that XML does not define is left as it stands: document types are refused.
#[must_use]
pub fn text_value(raw: &str) -> Cow<'_, str> {
    if let Some(inner) = raw.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")) {
        return Cow::Borrowed(inner);
    }
    unescape(raw)
}

/// Raw text or an attribute's value without its escapes.
fn unescape(raw: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(raw).unwrap_or(Cow::Borrowed(raw))
}

/// Text as it is written between tags or quotes; letters that XML cannot hold are left out.
#[must_use]
pub fn escape(text: &str) -> String {
    let clean: String = text.chars().filter(|letter| is_xml(*letter)).collect();
    quick_xml::escape::escape(clean.as_str()).into_owned()
}

/// Whether XML 1.0 can hold the letter at all.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}
