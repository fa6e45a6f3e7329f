//! Whether letters of a web page are seen: from attributes, inline style and simple rules of style sheets.

use std::collections::HashMap;

use html5ever::tokenizer::Tag;

use crate::contract::read::Veil;

/// Declarations by class (`.name`) or id (`#name`).
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: HashMap<String, String>,
}

/// How letters look where we stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// Why they are not seen, if they are not.
    pub(super) veil: Option<Veil>,
    /// Something coloured is behind them, so white letters are seen.
    grounded: bool,
}

/// The rules of all style sheets in the page. Only rules that name one class or id count: what hides text by
/// cleverer rules is rare, and a missed one shows text instead of losing it.
pub(super) fn sheet(source: &str) -> Sheet {
    let mut sheet = Sheet::default();
    let lower = source.to_ascii_lowercase();
    for block in lower.split("<style").skip(1) {
        let Some((_, css)) = block.split_once('>') else { continue };
        let css = css.split("</style").next().unwrap_or_default();
        for rule in css.split('}') {
            let Some((selectors, declarations)) = rule.split_once('{') else { continue };
            for selector in selectors.split(',').map(str::trim) {
                let key = selector.find(['.', '#']).map(|at| &selector[at..]);
                if let Some(key) = key.filter(|key| !key[1..].contains([' ', '.', '#', ':', '>', '['])) {
                    let known = sheet.rules.entry(key.to_owned()).or_default();
                    known.push(';');
                    known.push_str(declarations);
                }
            }
        }
    }
    sheet
}

/// An attribute of a tag.
pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

impl Look {
    /// How letters look inside an element that stands here.
    pub(super) fn inside(&self, tag: &Tag, sheet: &Sheet) -> Self {
        let mut style = String::new();
        let classes = attribute(tag, "class").unwrap_or_default().to_ascii_lowercase();
        let id = attribute(tag, "id").unwrap_or_default().to_ascii_lowercase();
        let keys = classes.split_whitespace().map(|class| format!(".{class}")).chain([format!("#{id}")]);
        for rules in keys.filter_map(|key| sheet.rules.get(&key)) {
            style.push_str(rules);
            style.push(';');
        }
        style.push_str(&attribute(tag, "style").unwrap_or_default().to_ascii_lowercase());
        if let Some(color) = attribute(tag, "color") {
            style.push_str(&format!(";color:{}", color.to_ascii_lowercase()));
        }
        let mut look = self.clone();
        look.grounded |=
            attribute(tag, "bgcolor").is_some_and(|color| !is_white(&color.to_ascii_lowercase()));
        if attribute(tag, "hidden").is_some() {
            look.veil = Some(Veil::Hidden);
        }
        look.apply(&style);
        look
    }

    fn apply(&mut self, style: &str) {
        let mut white = None;
        for declaration in style.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().trim_end_matches("!important").trim();
            match name.trim() {
                "display" if value == "none" => self.veil = Some(Veil::Hidden),
                "visibility" if value != "visible" => self.veil = Some(Veil::Hidden),
                "opacity" if value.parse::<f32>().is_ok_and(|opacity| opacity < 0.05) => {
                    self.veil = Some(Veil::Hidden);
                }
                "left" | "top" | "text-indent" | "margin-left"
                    if pixels(value).is_some_and(|at| at < -900.0) =>
                {
                    self.veil = Some(Veil::Hidden);
                }
                "font-size" if pixels(value).is_some_and(|size| size <= 1.0) => self.veil = Some(Veil::Tiny),
                "background" | "background-color" => {
                    self.grounded |= !is_white(value) && value != "transparent" && value != "none";
                }
                "color" => white = Some(is_white(value)),
                _ => {}
            }
        }
        match white {
            Some(true) if !self.grounded && self.veil.is_none() => self.veil = Some(Veil::White),
            // A colour that is seen ends white around it, but not what hides the whole element.
            Some(false) if self.veil == Some(Veil::White) => self.veil = None,
            _ => {}
        }
    }
}

/// A length in pixels or points; other units are not judged.
fn pixels(value: &str) -> Option<f32> {
    value.trim_end_matches("px").trim_end_matches("pt").trim().parse().ok()
}

/// Whether a colour is white.
fn is_white(value: &str) -> bool {
    let value: String = value.chars().filter(|letter| !letter.is_whitespace()).collect();
    matches!(
        value.as_str(),
        "white" | "#fff" | "#ffffff" | "ffffff" | "rgb(255,255,255)" | "rgba(255,255,255,1)"
    )
}
