//! What stands in one paragraph, as a flat row of atoms: letters, tabs and breaks, and objects.
//!
//! Reading, comparing and editing all count in the text of these atoms, so an offset means the same to each.

use std::borrow::Cow;

use super::styles::{Styles, Veil};
use super::xml::{Element, Node};

/// Stands for an object (a picture, a formula, a note's mark) in the text of atoms.
pub const OBJECT: char = '\u{FFFC}';

/// The smallest thing that is deleted or kept as one; letters can be cut in between.
#[derive(Debug, Clone)]
pub struct Atom<'e, 'a> {
    /// Its text where paragraphs are compared and edited; [`OBJECT`] for an object.
    pub text: String,
    /// Its text where the contract is read: empty for hidden letters and pictures.
    pub shown: String,
    /// Why it is not seen on the page, if it is not.
    pub veil: Option<Veil>,
    /// What tells an object from another; empty for letters.
    pub key: String,
    /// The run it stands in; a formula stands in none.
    pub run: Option<&'e Element<'a>>,
    /// The element that holds it.
    pub node: &'e Element<'a>,
}

/// What one child of a run is to the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// Letters that can be cut.
    Letters(String),
    /// One letter that the file writes as an element: a tab, a break, a symbol.
    Sign(char),
    /// Something that is no letter.
    Object,
    /// A field begins, its result begins, or it ends.
    Field(FieldMark),
    /// No part of the text.
    Nothing,
}

/// The three marks of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMark {
    /// Its code follows.
    Begin,
    /// Its result follows.
    Separate,
    /// It is over.
    End,
}

/// Which fields we stand in; the codes of fields are no text, their results are.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    in_result: Vec<bool>,
}

impl Fields {
    /// Goes past a mark.
    pub fn pass(&mut self, mark: FieldMark) {
        match mark {
            FieldMark::Begin => self.in_result.push(false),
            FieldMark::Separate => {
                if let Some(last) = self.in_result.last_mut() {
                    *last = true;
                }
            }
            FieldMark::End => drop(self.in_result.pop()),
        }
    }

    /// Whether what stands here is a result all the way up, and so text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.in_result.iter().all(|result| *result)
    }

    /// How many fields we stand in.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.in_result.len()
    }
}

/// Tells what a child of a run is.
#[must_use]
pub fn leaf(child: &Element<'_>) -> Leaf {
    match child.name.as_ref() {
        "w:t" => Leaf::Letters(child.text()),
        "w:tab" | "w:ptab" => Leaf::Sign('\t'),
        "w:br" | "w:cr" => Leaf::Sign('\n'),
        "w:noBreakHyphen" => Leaf::Sign('\u{2011}'),
        "w:sym" => Leaf::Sign(symbol(child)),
        "w:fldChar" => match child.attr("fldCharType").as_deref() {
            Some("begin") => Leaf::Field(FieldMark::Begin),
            Some("separate") => Leaf::Field(FieldMark::Separate),
            Some("end") => Leaf::Field(FieldMark::End),
            _ => Leaf::Nothing,
        },
        "w:drawing"
        | "w:pict"
        | "w:object"
        | "w:ruby"
        | "mc:AlternateContent"
        | "w:footnoteReference"
        | "w:endnoteReference" => Leaf::Object,
        _ => Leaf::Nothing,
    }
}

/// Whether an element of a paragraph holds runs that are read where it stands.
#[must_use]
pub fn is_container(element: &Element<'_>) -> bool {
    matches!(
        element.name.as_ref(),
        "w:hyperlink"
            | "w:smartTag"
            | "w:fldSimple"
            | "w:customXml"
            | "w:dir"
            | "w:bdo"
            | "w:ins"
            | "w:moveTo"
            | "w:sdt"
            | "w:sdtContent"
    )
}

/// Whether an element of a paragraph is a formula.
#[must_use]
pub fn is_formula(element: &Element<'_>) -> bool {
    matches!(element.name.as_ref(), "m:oMath" | "m:oMathPara" | "mc:AlternateContent")
}

/// The atoms of paragraphs that read as one, as if every tracked change were accepted.
#[must_use]
pub fn atoms<'e, 'a>(paragraph: &'e Element<'a>, styles: &Styles) -> Vec<Atom<'e, 'a>> {
    let mut walk = Walk {
        styles,
        properties: paragraph.child("w:pPr"),
        grounded: styles.is_grounded(paragraph.mark),
        fields: Fields::default(),
        atoms: Vec::new(),
    };
    walk.children(&paragraph.children);
    walk.atoms
}

/// The text of atoms in which paragraphs are compared and edited.
#[must_use]
pub fn text_of(atoms: &[Atom<'_, '_>]) -> String {
    atoms.iter().map(|atom| atom.text.as_str()).collect()
}

struct Walk<'w, 'e, 'a> {
    styles: &'w Styles,
    properties: Option<&'e Element<'a>>,
    grounded: bool,
    fields: Fields,
    atoms: Vec<Atom<'e, 'a>>,
}

impl<'e, 'a> Walk<'_, 'e, 'a> {
    fn children(&mut self, nodes: &'e [Node<'a>]) {
        for element in nodes.iter().filter_map(Node::element) {
            if element.is("w:r") {
                self.run(element);
            } else if is_container(element) {
                self.children(&element.children);
            } else if is_formula(element) {
                self.object(None, element);
            }
        }
    }

    fn run(&mut self, run: &'e Element<'a>) {
        let veil = self.styles.veil(run, self.properties);
        let veil = veil.filter(|veil| *veil != Veil::White || !self.grounded);
        for child in run.elements() {
            match leaf(child) {
                Leaf::Field(mark) => self.fields.pass(mark),
                Leaf::Letters(text) if self.fields.is_text() && !text.is_empty() => {
                    let shown = if veil.is_some() { String::new() } else { text.clone() };
                    self.atoms.push(Atom {
                        text,
                        shown,
                        veil,
                        key: String::new(),
                        run: Some(run),
                        node: child,
                    });
                }
                Leaf::Sign(sign) if self.fields.is_text() => {
                    let seen = if sign == '\u{2011}' { '-' } else { sign };
                    let shown = if veil.is_some() { String::new() } else { seen.to_string() };
                    let text = sign.to_string();
                    self.atoms.push(Atom {
                        text,
                        shown,
                        veil,
                        key: String::new(),
                        run: Some(run),
                        node: child,
                    });
                }
                Leaf::Object if self.fields.is_text() => self.object(Some(run), child),
                _ => {}
            }
        }
    }

    fn object(&mut self, run: Option<&'e Element<'a>>, node: &'e Element<'a>) {
        let shown = plain_text(node);
        let key = object_key(node, &shown);
        self.atoms.push(Atom { text: OBJECT.to_string(), shown, veil: None, key, run, node });
    }
}

/// What tells an object from another of its kind: its words, or for what has none its kind and size.
fn object_key(element: &Element<'_>, shown: &str) -> String {
    if element.contains("w:txbxContent") {
        // Its words are compared inside it.
        return "box".to_owned();
    }
    let kind = if element.is("mc:AlternateContent") { "w:drawing" } else { element.name.as_ref() };
    let extent = first(element, "wp:extent").or_else(|| first(element, "v:shape"));
    let size = extent.map(|extent| {
        ["cx", "cy", "style"]
            .iter()
            .filter_map(|name| extent.attr(name))
            .map(Cow::into_owned)
            .collect::<String>()
    });
    format!("{kind} {shown} {}", size.unwrap_or_default())
}

/// The first element of a name at or below an element.
fn first<'e, 'a>(element: &'e Element<'a>, name: &str) -> Option<&'e Element<'a>> {
    if element.is(name) { Some(element) } else { element.elements().find_map(|child| first(child, name)) }
}

/// Words inside an object: of formulas and of ruby text, not those of text boxes, which are read as paragraphs.
fn plain_text(element: &Element<'_>) -> String {
    match element.name.as_ref() {
        "m:t" | "w:t" => element.text(),
        "w:del" | "w:moveFrom" | "w:txbxContent" | "w:rt" => String::new(),
        "mc:AlternateContent" => branch(element).map(plain_text).unwrap_or_default(),
        _ => element.elements().map(plain_text).collect(),
    }
}

/// The branch of alternatives that holds words; both say the same, so only one is read.
#[must_use]
pub fn branch<'e, 'a>(alternatives: &'e Element<'a>) -> Option<&'e Element<'a>> {
    let words = |branch: &&Element<'_>| branch.contains("w:t") || branch.contains("m:t");
    alternatives.elements().find(words).or_else(|| alternatives.elements().next())
}

/// The letter a symbol font shows. Boxes that are ticked or not matter in forms; the rest are bullets and arrows.
fn symbol(element: &Element<'_>) -> char {
    let code = element.attr("char").and_then(|code| u32::from_str_radix(&code, 16).ok()).unwrap_or(0);
    match code & 0xFF {
        _ if !(0xF000..=0xF0FF).contains(&code) => {
            char::from_u32(code).filter(|letter| !letter.is_control()).unwrap_or('•')
        }
        0x6F | 0x71 | 0x72 | 0xA3 | 0xA8 => '☐',
        0x52 | 0x54 | 0xFE => '☑',
        0x51 | 0x53 | 0x78 | 0xFD => '☒',
        0xFC => '✓',
        0xFB => '✗',
        0xE0 | 0xE8 => '→',
        _ => '•',
    }
}
