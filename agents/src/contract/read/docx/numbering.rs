//! Automatic numbers of paragraphs, counted as a word processor counts them: "2.1", "(a)", "IV.".

use std::borrow::Cow;
use std::collections::HashMap;

use super::styles::{Numbering, Styles};
use super::xml::{Element, Tree};

/// Levels of a list.
const LEVELS: usize = 9;

/// How one level of a list is written.
#[derive(Debug, Clone)]
struct Level {
    start: i64,
    format: String,
    /// Text with `%1` for the number of level 1.
    text: String,
    /// The level whose step starts this one anew, counted from 1; 0 for never.
    restart: Option<usize>,
    /// All numbers in the text are written as digits.
    legal: bool,
    style: Option<String>,
}

/// A list that paragraphs refer to.
#[derive(Debug, Clone, Default)]
struct List {
    pattern: String,
    /// Levels that start elsewhere than the pattern says.
    starts: HashMap<usize, i64>,
    /// Levels written otherwise than in the pattern.
    levels: HashMap<usize, Level>,
}

/// The lists of a document and how far each has counted.
#[derive(Debug, Default)]
pub struct Lists {
    patterns: HashMap<String, HashMap<usize, Level>>,
    lists: HashMap<i64, List>,
    counts: HashMap<String, [Option<i64>; LEVELS]>,
    begun: Vec<(i64, usize)>,
}

impl Lists {
    /// Reads `numbering.xml`.
    #[must_use]
    pub fn new(tree: &Tree<'_>) -> Self {
        let mut lists = Self::default();
        let mut by_style = HashMap::new();
        let mut linked = Vec::new();
        for element in tree.root().into_iter().flat_map(Element::elements) {
            if element.is("w:abstractNum") {
                let Some(id) = element.attr("abstractNumId").map(Cow::into_owned) else { continue };
                let named = |name| element.child(name).and_then(|link| link.attr("val")).map(Cow::into_owned);
                if let Some(style) = named("w:styleLink") {
                    by_style.insert(style, id.clone());
                }
                if let Some(style) = named("w:numStyleLink") {
                    linked.push((id.clone(), style));
                }
                lists.patterns.insert(id, levels(element));
            } else if element.is("w:num") {
                lists.add(element);
            }
        }
        for (id, style) in linked {
            if let Some(levels) = by_style.get(&style).and_then(|other| lists.patterns.get(other)).cloned() {
                lists.patterns.insert(id, levels);
            }
        }
        lists
    }

    /// Takes in one `w:num`.
    fn add(&mut self, element: &Element<'_>) {
        let Some(id) = element.attr("numId").and_then(|id| id.parse().ok()) else { return };
        let pattern = element.child("w:abstractNumId").and_then(|link| link.attr("val"));
        let mut list = List { pattern: pattern.unwrap_or_default().into_owned(), ..List::default() };
        for change in element.elements().filter(|child| child.is("w:lvlOverride")) {
            let Some(level) = number(change, "ilvl").and_then(|level| usize::try_from(level).ok()) else {
                continue;
            };
            if let Some(start) = change.child("w:startOverride").and_then(|start| number(start, "val")) {
                list.starts.insert(level, start);
            }
            list.levels.extend(change.child("w:lvl").map(|element| (level, read_level(element))));
        }
        self.lists.insert(id, list);
    }

    /// Whether the document has the list.
    #[must_use]
    pub fn knows(&self, list: i64) -> bool {
        self.lists.contains_key(&list)
    }

    /// The number of the next paragraph; empty when it has none. Call it once for every paragraph, in order.
    pub fn label(&mut self, properties: Option<&Element<'_>>, styles: &Styles) -> String {
        let Some((Numbering { list: Some(id), level }, style)) = styles.numbering(properties) else {
            return String::new();
        };
        let Some(list) = self.lists.get(&id).cloned() else { return String::new() };
        let mut levels = self.patterns.get(&list.pattern).cloned().unwrap_or_default();
        levels.extend(list.levels.iter().map(|(at, level)| (*at, level.clone())));
        // A style that names a list stands for the level that names the style.
        let by_style =
            || levels.iter().find(|(_, known)| style.is_some() && known.style == style).map(|(at, _)| *at);
        let at = level.or_else(by_style).unwrap_or(0);
        let Some(known) = levels.get(&at).cloned() else { return String::new() };
        self.count(id, &list, &levels, at);
        let counts = self.counts.get(&list.pattern).copied().unwrap_or_default();
        write_label(&known, &levels, &counts)
    }

    /// Takes the next number of a level.
    fn count(&mut self, id: i64, list: &List, levels: &HashMap<usize, Level>, at: usize) {
        let counts = self.counts.entry(list.pattern.clone()).or_default();
        let first = |level: usize| {
            list.starts
                .get(&level)
                .copied()
                .or_else(|| levels.get(&level).map(|known| known.start))
                .unwrap_or(1)
        };
        // A list that starts its levels elsewhere does so the first time a paragraph of it stands there.
        let fresh = list.starts.contains_key(&at) && !self.begun.contains(&(id, at));
        if fresh {
            self.begun.push((id, at));
        }
        for (upper, count) in counts.iter_mut().enumerate().take(at) {
            count.get_or_insert_with(|| first(upper));
        }
        counts[at] = match counts[at] {
            Some(last) if !fresh => Some(last.saturating_add(1)),
            _ => Some(first(at)),
        };
        for (lower, count) in counts.iter_mut().enumerate().skip(at + 1) {
            let restart = levels.get(&lower).and_then(|known| known.restart).unwrap_or(lower);
            if restart > at {
                *count = None;
            }
        }
    }
}

/// The levels of a pattern.
fn levels(pattern: &Element<'_>) -> HashMap<usize, Level> {
    let written = pattern.elements().filter(|child| child.is("w:lvl"));
    written
        .filter_map(|element| {
            let at = usize::try_from(number(element, "ilvl")?).ok().filter(|at| *at < LEVELS)?;
            Some((at, read_level(element)))
        })
        .collect()
}

/// One level.
fn read_level(element: &Element<'_>) -> Level {
    let value = |name| element.child(name).and_then(|child| child.attr("val")).map(Cow::into_owned);
    Level {
        start: value("w:start").and_then(|start| start.parse().ok()).unwrap_or(1),
        format: value("w:numFmt").unwrap_or_else(|| "decimal".to_owned()),
        text: value("w:lvlText").unwrap_or_default(),
        restart: value("w:lvlRestart").and_then(|restart| restart.parse().ok()),
        legal: element.child("w:isLgl").is_some(),
        style: value("w:pStyle"),
    }
}

/// An attribute that is a number.
fn number(element: &Element<'_>, local: &str) -> Option<i64> {
    element.attr(local)?.parse().ok()
}

/// The label of a level at the present counts.
fn write_label(level: &Level, levels: &HashMap<usize, Level>, counts: &[Option<i64>; LEVELS]) -> String {
    if level.format == "bullet" {
        return bullet(&level.text);
    }
    let mut out = String::new();
    let mut letters = level.text.chars().peekable();
    while let Some(letter) = letters.next() {
        let which = letters.peek().and_then(|next| next.to_digit(10)).filter(|_| letter == '%');
        let Some(which) =
            which.and_then(|which| usize::try_from(which).ok()).filter(|which| (1..=LEVELS).contains(which))
        else {
            out.push(letter);
            continue;
        };
        letters.next();
        let format = levels.get(&(which - 1)).map_or("decimal", |known| known.format.as_str());
        let digits = level.legal && !matches!(format, "none" | "bullet");
        out.push_str(&written(counts[which - 1].unwrap_or(1), if digits { "decimal" } else { format }));
    }
    out.trim().to_owned()
}

/// A bullet. Symbol fonts keep theirs where no letter has a meaning: a plain bullet stands for all of those.
fn bullet(text: &str) -> String {
    match text.chars().next() {
        None => String::new(),
        Some('\u{E000}'..='\u{F8FF}' | 'o' | '§') => "•".to_owned(),
        Some(letter) => letter.to_string(),
    }
}

/// A number in one of the formats of lists.
fn written(number: i64, format: &str) -> String {
    match format {
        "none" | "bullet" => String::new(),
        "decimalZero" => format!("{number:02}"),
        "upperRoman" => roman(number).to_uppercase(),
        "lowerRoman" => roman(number),
        "upperLetter" => alphabetic(number).to_uppercase(),
        "lowerLetter" => alphabetic(number),
        "ordinal" => ordinal(number),
        "cardinalText" => in_words(number),
        "ordinalText" => ordinal_words(number),
        _ => number.to_string(),
    }
}

/// a, b … z, aa, bb …
fn alphabetic(number: i64) -> String {
    let Ok(index) = u32::try_from(number - 1) else { return number.to_string() };
    let letter = char::from_u32(u32::from('a') + index % 26).unwrap_or('a');
    let times = usize::try_from(index / 26 + 1).unwrap_or(1).min(8);
    std::iter::repeat_n(letter, times).collect()
}

/// i, ii, iii, iv …
fn roman(number: i64) -> String {
    const SIGNS: [(i64, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..4000).contains(&number) {
        return number.to_string();
    }
    let mut left = number;
    let mut out = String::new();
    for (value, sign) in SIGNS {
        while left >= value {
            out.push_str(sign);
            left -= value;
        }
    }
    out
}

/// 1st, 2nd, 3rd …
fn ordinal(number: i64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

const ONES: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const TENS: [&str; 10] =
    ["", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];

/// One, Two … Ninety-nine; digits above, where no list goes.
fn in_words(number: i64) -> String {
    let Ok(index) = usize::try_from(number) else { return number.to_string() };
    match index {
        0..20 => ONES[index].to_owned(),
        20..100 if index % 10 == 0 => TENS[index / 10].to_owned(),
        20..100 => format!("{}-{}", TENS[index / 10], ONES[index % 10].to_lowercase()),
        _ => number.to_string(),
    }
}

/// First, Second … Ninety-ninth.
fn ordinal_words(number: i64) -> String {
    let words = in_words(number);
    let (stem, last) = words.rsplit_once('-').map_or(("", words.as_str()), |(stem, last)| (stem, last));
    let last = match last.to_lowercase().as_str() {
        "one" => "First".to_owned(),
        "two" => "Second".to_owned(),
        "three" => "Third".to_owned(),
        "five" => "Fifth".to_owned(),
        "eight" => "Eighth".to_owned(),
        "nine" => "Ninth".to_owned(),
        "twelve" => "Twelfth".to_owned(),
        _ if number >= 100 => return ordinal(number),
        _ => last.strip_suffix('y').map_or_else(|| format!("{last}th"), |stem| format!("{stem}ieth")),
    };
    if stem.is_empty() { last } else { format!("{stem}-{}", last.to_lowercase()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_every_format() {
        let rows = [
            (4, "lowerRoman", "iv"),
            (1994, "upperRoman", "MCMXCIV"),
            (27, "lowerLetter", "aa"),
            (53, "upperLetter", "AAA"),
            (22, "ordinal", "22nd"),
            (112, "ordinal", "112th"),
            (7, "decimalZero", "07"),
            (42, "cardinalText", "Forty-two"),
            (20, "ordinalText", "Twentieth"),
            (42, "ordinalText", "Forty-second"),
            (3, "none", ""),
        ];
        for (number, format, text) in rows {
            assert_eq!(written(number, format), text, "{number} as {format}");
        }
    }
}
