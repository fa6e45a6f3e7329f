//! Paragraph and character styles, as far as they decide what is read: numbering and hidden letters.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::xml::{Element, Tree};

/// What one style says itself; what it does not say comes from the style it is based on.
#[derive(Debug, Clone, Default)]
struct Style {
    based_on: Option<String>,
    number: Option<Numbering>,
    vanish: Option<bool>,
    /// Whether it colours the ground behind letters, also in a table's first row and the like.
    shaded: bool,
}

/// A reference to a list and a level in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbering {
    /// The list; 0 takes a paragraph out of its style's list.
    pub list: Option<i64>,
    /// The level, counted from 0.
    pub level: Option<usize>,
}

/// Why letters are not seen on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Veil {
    /// Marked as hidden.
    Hidden,
    /// White on white.
    White,
    /// Too small for any eye.
    Tiny,
}

/// All styles of a document.
#[derive(Debug, Default)]
pub struct Styles {
    by_id: HashMap<String, Style>,
    default_paragraph: Option<String>,
    /// Paragraphs, by mark, that stand on a coloured ground: in shaded cells, tables and text boxes.
    grounded: HashSet<u32>,
}

/// Longest chain of styles followed; a loop of styles ends here.
const CHAIN: usize = 16;

impl Styles {
    /// Reads `styles.xml`.
    #[must_use]
    pub fn new(tree: &Tree<'_>) -> Self {
        let mut styles = Self::default();
        for style in
            tree.root().into_iter().flat_map(Element::elements).filter(|element| element.is("w:style"))
        {
            let Some(id) = style.attr("styleId") else { continue };
            let paragraph = style.attr("type").is_some_and(|kind| kind == "paragraph");
            if paragraph && style.attr("default").is_some_and(|value| is_on(&value)) {
                styles.default_paragraph = Some(id.to_string());
            }
            let known = Style {
                based_on: style.child("w:basedOn").and_then(|base| base.attr("val")).map(Cow::into_owned),
                number: style.child("w:pPr").and_then(numbering),
                shaded: has_ground(style),
                vanish: style.child("w:rPr").and_then(|run| toggle(run, "w:vanish")),
            };
            styles.by_id.insert(id.into_owned(), known);
        }
        styles
    }

    /// Whether the document knows the style.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Learns which paragraphs of the parts stand on a coloured ground, where white letters are seen.
    pub fn learn_grounds(&mut self, trees: &[Tree<'_>]) {
        for root in trees.iter().filter_map(Tree::root) {
            self.visit(root, false);
        }
    }

    fn visit(&mut self, element: &Element<'_>, grounded: bool) {
        let grounded = grounded
            || match element.name.as_ref() {
                "w:txbxContent" => true,
                "w:tc" => element.child("w:tcPr").is_some_and(has_ground),
                "w:tbl" => element.child("w:tblPr").is_some_and(|properties| {
                    let style = properties.child("w:tblStyle").and_then(|style| style.attr("val"));
                    has_ground(properties) || self.chain(style.as_deref()).any(|(_, style)| style.shaded)
                }),
                _ => false,
            };
        if grounded && element.is("w:p") {
            self.grounded.insert(element.mark);
        }
        element.elements().for_each(|child| self.visit(child, grounded));
    }

    /// Whether a paragraph stands on a coloured ground.
    #[must_use]
    pub fn is_grounded(&self, mark: u32) -> bool {
        self.grounded.contains(&mark)
    }

    /// A style and those it is based on, nearest first.
    fn chain<'s>(&'s self, id: Option<&'s str>) -> impl Iterator<Item = (&'s str, &'s Style)> {
        let mut next = id;
        std::iter::from_fn(move || {
            let id = next?;
            let style = self.by_id.get(id)?;
            next = style.based_on.as_deref();
            Some((id, style))
        })
        .take(CHAIN)
    }

    /// The list and level of a paragraph, from itself or its style, with the style that names the list.
    #[must_use]
    pub fn numbering(&self, properties: Option<&Element<'_>>) -> Option<(Numbering, Option<String>)> {
        let own = properties.and_then(numbering).unwrap_or_default();
        let style = properties
            .and_then(|properties| properties.child("w:pStyle"))
            .and_then(|style| style.attr("val"));
        let style = style.as_deref().or(self.default_paragraph.as_deref());
        let inherited = self.chain(style).find_map(|(id, style)| {
            style.number.filter(|number| number.list.is_some()).map(|number| (id.to_owned(), number))
        });
        let level = self.chain(style).find_map(|(_, style)| style.number.and_then(|number| number.level));
        match (own.list, inherited) {
            (Some(list), _) => Some((Numbering { list: Some(list), level: own.level.or(level) }, None)),
            (None, Some((id, number))) => {
                Some((Numbering { list: number.list, level: own.level.or(level) }, Some(id)))
            }
            (None, None) => None,
        }
    }

    /// Why the letters of a run are not seen, if they are not.
    #[must_use]
    pub fn veil(&self, run: &Element<'_>, paragraph: Option<&Element<'_>>) -> Option<Veil> {
        let properties = run.child("w:rPr");
        let own = properties.and_then(|properties| toggle(properties, "w:vanish"));
        let vanish = own.or_else(|| {
            let of = |parent: Option<&Element<'_>>, name| {
                parent
                    .and_then(|parent| parent.child(name))
                    .and_then(|style| style.attr("val"))
                    .map(Cow::into_owned)
            };
            let styled = |id: Option<String>| self.chain(id.as_deref()).find_map(|(_, style)| style.vanish);
            styled(of(properties, "w:rStyle")).or_else(|| styled(of(paragraph, "w:pStyle")))
        });
        if vanish == Some(true) {
            return Some(Veil::Hidden);
        }
        let properties = properties?;
        let value = |name| properties.child(name).and_then(|child| child.attr("val"));
        if value("w:sz").is_some_and(|size| size.parse::<f32>().is_ok_and(|halves| halves <= 2.0)) {
            return Some(Veil::Tiny);
        }
        let white = value("w:color").is_some_and(|color| color.eq_ignore_ascii_case("ffffff"));
        if !white {
            return None;
        }
        let styled = |parent: Option<&Element<'_>>, name| {
            let id = parent.and_then(|parent| parent.child(name)).and_then(|style| style.attr("val"));
            self.chain(id.as_deref()).any(|(_, style)| style.shaded)
        };
        let behind = has_ground(properties)
            || paragraph.is_some_and(has_ground)
            || properties.child("w:highlight").is_some()
            || styled(Some(properties), "w:rStyle")
            || styled(paragraph, "w:pStyle");
        (!behind).then_some(Veil::White)
    }
}

/// Whether anything below the element colours the ground behind letters.
fn has_ground(element: &Element<'_>) -> bool {
    let coloured = element.is("w:shd") && {
        let fill = element.attr("fill").unwrap_or_default();
        let plain = fill.is_empty() || fill == "auto" || fill.eq_ignore_ascii_case("ffffff");
        element.attr("themeFill").is_some() || !plain
    };
    coloured || element.elements().any(has_ground)
}

/// The list reference in paragraph properties.
fn numbering(properties: &Element<'_>) -> Option<Numbering> {
    let reference = properties.child("w:numPr")?;
    let value = |name| {
        reference.child(name).and_then(|child| child.attr("val")).and_then(|value| value.parse::<i64>().ok())
    };
    let level = value("w:ilvl").and_then(|level| usize::try_from(level).ok()).map(|level| level.min(8));
    Some(Numbering { list: value("w:numId"), level })
}

/// A property that is on when it stands there without a value.
fn toggle(properties: &Element<'_>, name: &str) -> Option<bool> {
    let property = properties.child(name)?;
    Some(property.attr("val").is_none_or(|value| is_on(&value)))
}

/// Whether an on-off value says on.
fn is_on(value: &str) -> bool {
    !matches!(value, "0" | "false" | "off")
}
