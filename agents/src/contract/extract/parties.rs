//! Passages that may name a party.

use std::sync::LazyLock;

use regex::Regex;

use super::passage::{Kind, Passage, count, passage, words_in};
use crate::contract::{
    normalise::{party, pattern, tail},
    structure::{Outline, Word},
};

/// Bytes from the start in which parties are looked for.
const WITHIN_BYTES: usize = 16_000;
const PASSAGES_MAX: usize = 32;

static ALIAS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"\([^()]{0,90}["“”ʺ'‘][^()"“”ʺ]{1,60}["“”ʺ'’][^()]{0,160}\)|\((?:the|hereinafter|hereafter)\s[^()]{2,60}\)"#,
    )
});

static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?:between|among|amongst|by and between|parties)\b:?|\bby:|["”ʺ)]\s*,?;?\s*(?:and|&)\s|\n\s*\n|[.;:]\s|\band\s+(?:between\s+)?|\bto\s|\bis\s|\bwith\s|\(\d\)\s|\b\d\.\s"#,
    )
});

/// What a name does not go on behind.
static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i),?\s+(?:an?|the|whose|having|with|located|organized|incorporated under|duly|acting|on behalf|by and through|formerly|f/k/a|d/b/a|of\s+\d|individually|as|whose|is|and|residing|at|registered|established|existing|including|for)\s|[(;:\n]|,\s+\d|,\s+(?-i:[a-z])|\s\s\s",
    )
});

/// A name found at a place, perhaps with the brackets that give its role.
struct Naming {
    name: (usize, usize),
    alias: (usize, usize),
}

/// Passages near the start that may name a party; of each name the best place.
#[must_use]
pub fn parties(text: &str, outline: &Outline) -> Vec<Passage> {
    let mut within = WITHIN_BYTES.min(text.len());
    while !text.is_char_boundary(within) {
        within -= 1;
    }
    let mut namings = aliased(&text[..within]);
    namings.extend(suffixed(text, outline, within));
    let mut kept: Vec<(String, Naming)> = Vec::new();
    for naming in namings {
        let key = party::key(&text[naming.name.0..naming.name.1]);
        if key.len() < 2 {
            continue;
        }
        // The first place with brackets wins over any without: aliased ones come first in the list.
        if !kept.iter().any(|(other, _)| *other == key) && kept.len() < PASSAGES_MAX {
            kept.push((key, naming));
        }
    }
    kept.sort_by_key(|(_, naming)| naming.name.0);
    let mut passages: Vec<Passage> = Vec::new();
    for (order, (_, naming)) in kept.iter().enumerate() {
        let end = if naming.alias.1 > 0 { naming.alias.1 } else { naming.name.1 };
        let kind = Kind::Party { name: naming.name, alias: naming.alias };
        let mut one = passage(outline, kind, (naming.name.0, end), order);
        describe(text, outline, naming, &mut one);
        passages.push(one);
    }
    passages.extend(together(&text[..within], outline));
    passages
}

fn aliased(text: &str) -> Vec<Naming> {
    let mut found = Vec::new();
    let mut floor = 0;
    for alias in ALIAS.iter().flat_map(|pattern| pattern.find_iter(text)).take(60) {
        let mut from = alias.start().saturating_sub(500).max(floor);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let before = &text[from..alias.start()];
        // Names begin behind an opening word; the last opening whose name is long enough and the first one are tried.
        let mut starts: Vec<usize> = vec![0];
        starts.extend(
            OPENING.iter().flat_map(|pattern| pattern.find_iter(before)).map(|opening| opening.end()),
        );
        for start in starts {
            if let Some(name) = name_at(text, from + start, alias.start()) {
                found.push(Naming { name, alias: (alias.start(), alias.end()) });
            }
        }
        floor = alias.end();
    }
    found
}

/// The name that begins at a byte offset, before another.
fn name_at(text: &str, start: usize, before: usize) -> Option<(usize, usize)> {
    let raw = text.get(start..before)?;
    let trimmed = raw.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | '"' | '“' | ':' | ';' | '-' | '[')
    });
    let trimmed = ["and ", "AND ", "the ", "The ", "THE "]
        .iter()
        .fold(trimmed, |rest, word| rest.strip_prefix(word).unwrap_or(rest))
        .trim_start();
    let start = before - trimmed.len();
    // "Source: ACME CORP, 8-K" is the stamp of a filing.
    if tail(&text[..start], 9).contains("ource:") {
        return None;
    }
    if !trimmed
        .starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '[' || c == 'e' || c == 'i')
    {
        return None;
    }
    let mut end = trimmed.len();
    for closing in CLOSING.iter().flat_map(|pattern| pattern.find_iter(trimmed)) {
        let and = closing.as_str().trim_start_matches(',').trim().eq_ignore_ascii_case("and");
        // "Johnson and Johnson" goes on; "Acme, Inc. and" does not.
        if and && !trimmed[..closing.start()].split_whitespace().next_back().is_some_and(party::is_suffix) {
            continue;
        }
        end = closing.start();
        break;
    }
    let name =
        trimmed[..end].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '”' | '-'));
    let words = name.split_whitespace().count();
    let capital = name.split_whitespace().next().is_some_and(|word| word.chars().any(char::is_uppercase));
    (capital && (1..=14).contains(&words) && name.len() <= 110).then_some((start, start + name.len()))
}

/// Names that end with "Inc.", "GmbH" and the like.
fn suffixed(text: &str, outline: &Outline, within: usize) -> Vec<Naming> {
    let words = &outline.words;
    let shown = |word: &Word| &text[word.start as usize..word.end as usize];
    let last = words.partition_point(|word| (word.start as usize) < within);
    let mut found = Vec::new();
    for at in 1..last {
        if !words[at].capital || !party::is_suffix(shown(&words[at])) {
            continue;
        }
        if words.get(at + 1).is_some_and(|next| {
            next.capital && party::is_suffix(shown(next)) && next.start < words[at].end + 3
        }) {
            continue;
        }
        let mut first = at;
        while first > 0 && at - first < 9 {
            let (left, right) = (&words[first - 1], &words[first]);
            let gap = &text[left.end as usize..right.start as usize];
            let comma = gap.contains(',') && !party::is_suffix(shown(right));
            let link = matches!(shown(left), "of" | "and" | "de" | "the" | "for") && !gap.contains(',');
            if comma
                || gap.len() > 3
                || gap.contains(['(', ')', '\n', '"', '“', ';', ':'])
                || !(left.capital || link)
                || gap.contains(". ") && left.end - left.start > 3
            {
                break;
            }
            first -= 1;
        }
        while first < at
            && (!words[first].capital
                || matches!(
                    shown(&words[first]),
                    "The" | "THE" | "And" | "AND" | "Between" | "BETWEEN" | "By" | "BY"
                ))
        {
            first += 1;
        }
        if first < at && !tail(&text[..words[first].start as usize], 9).contains("ource:") {
            let mut end = words[at].end as usize;
            end += usize::from(text[end..].starts_with('.'));
            found.push(Naming { name: (words[first].start as usize, end), alias: (0, 0) });
        }
    }
    found
}

fn describe(text: &str, outline: &Outline, naming: &Naming, one: &mut Passage) {
    let flag = |yes: bool| f32::from(u8::from(yes));
    let all = outline.words.len();
    let words = words_in(outline, naming.name);
    let name = &text[naming.name.0..naming.name.1];
    let before = tail(&text[..naming.name.0], 80);
    let lower = before.to_lowercase();
    one.numbers[6] = flag(naming.alias.1 > 0);
    one.numbers[7] = flag(name.split_whitespace().any(party::is_suffix));
    one.numbers[8] = (1.0 + count(outline, words, (all - all / 8, all)) as f32).ln();
    one.numbers[9] = flag(lower.contains("between") || lower.contains("among"))
        + flag(lower.trim_end().ends_with("between") || lower.trim_end().ends_with("among"));
    one.numbers[10] = flag(lower.trim_end().ends_with("and"))
        + flag(before.trim_end().ends_with(')') || before.contains("), and"));
    // How often the contract uses the role: real parties are named all the time.
    let role = role(text, naming.alias).map(|role| words_in(outline, role));
    one.numbers[11] = role.map_or(-1.0, |role| (1.0 + count(outline, role, (0, all)) as f32).ln());
}

/// The first quoted words in brackets.
#[must_use]
pub fn role(text: &str, alias: (usize, usize)) -> Option<(usize, usize)> {
    let inner = text.get(alias.0..alias.1).filter(|inner| !inner.is_empty())?;
    let quote = |c: char| matches!(c, '"' | '“' | '”' | 'ʺ');
    let (open, sign) = inner
        .char_indices()
        .find(|(_, c)| quote(*c))
        .or_else(|| inner.char_indices().find(|(_, c)| matches!(c, '\'' | '‘')))?;
    let rest = &inner[open + sign.len_utf8()..];
    let close = rest.find(|c: char| quote(c) || matches!(c, '\'' | '’') && matches!(sign, '\'' | '‘'))?;
    let shown = rest[..close].trim_end_matches([',', '.', ' ']);
    let start = alias.0 + open + sign.len_utf8();
    (!shown.is_empty()).then_some((start, start + shown.len()))
}

static TOGETHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"["“ʺ]\s*(?:the\s)?(?i:parties|party|members|joint venturers|reporting persons)[.,]?\s*["”ʺ]"#)
});

/// The sentences or brackets that call the parties parties.
fn together(text: &str, outline: &Outline) -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    for naming in TOGETHER.iter().flat_map(|pattern| pattern.find_iter(text)).take(6) {
        let open =
            text[..naming.start()].rfind('(').filter(|open| !text[*open..naming.start()].contains(')'));
        let close = text[naming.end()..].find(')').map(|close| naming.end() + close + 1);
        let range = match (open, close) {
            (Some(open), Some(close)) if close - open < 400 => (open, close),
            _ => {
                let at = outline.sentences.partition_point(|sentence| sentence.end <= naming.start());
                let Some(sentence) = outline.sentences.get(at) else { continue };
                (sentence.start.min(naming.start()), sentence.end.max(naming.end()))
            }
        };
        if found.iter().all(|other| other.start != range.0) {
            let order = found.len();
            found.push(passage(outline, Kind::Together, range, order));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let found = parties(text, &Outline::of(text));
        found
            .iter()
            .filter_map(|p| match p.kind {
                Kind::Party { name, .. } => Some(text[name.0..name.1].to_owned()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn names_before_brackets_and_names_with_suffixes() {
        let text = "This Agreement is made by and between HERTZ INVESTMENT GROUP, LLC, a Delaware limited liability company (\"Licensor\"), and Kathy Whitworth, an individual (the \"Professional\"). Beta Corp. is not.";
        let names = names(text);
        for name in ["HERTZ INVESTMENT GROUP, LLC", "Kathy Whitworth", "Beta Corp."] {
            assert!(names.iter().any(|other| other == name), "{name}: {names:?}");
        }
    }

    #[test]
    fn the_role_is_the_quoted_word() {
        let text = "(hereinafter called the \"Company\")";
        let role = role(text, (0, text.len())).expect("a role");
        assert_eq!(&text[role.0..role.1], "Company");
        assert_eq!(super::role("(Co)", (0, 4)), None);
    }
}
