//! Passages that may name a party.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    features,
    passage::{Kind, Passage, count, passage, words_in},
};
use crate::contract::{
    normalise::{head, party, pattern, tail},
    structure::{Outline, Word},
};

/// Bytes from the start in which parties are looked for.
const WITHIN_BYTES: usize = 16_000;
const PASSAGES_MAX: usize = 72;
/// Brackets from the start that are tried before names that stand alone.
const EARLY_BRACKETS: usize = 14;
/// Bytes behind "between" in which parties follow one another.
const PREAMBLE_BYTES: usize = 1500;

static ALIAS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"\([^()]{0,90}["“”ʺ'‘][^()"“”ʺ]{1,60}["“”ʺ'’][^()]{0,160}\)|\((?:the|hereinafter|hereafter)\s[^()]{2,60}\)"#,
    )
});

static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?:between|among|amongst|by and between|parties)\b:?|\bby:|["”ʺ)]\s*,?;?\s*(?:and|&)\s|\n\s*\n|[.;:]\s|\band\s+(?:between\s+)?|\bto\s|\bis\s|\bwith\s|\(\d\)\s|\b\d\.\s|\bhand,?\s|\bservices of\s|\([a-z]+\)\s|\b[a-z]\)\s"#,
    )
});

/// What parties follow behind.
static BETWEEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:between|among|amongst|parties (?:to this agreement )?(?:are|is))\b[\s:,]")
});

/// What is said of a company right behind its name.
static KIND_OF: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)^[\s,;]*(?:\([^)]{0,80}\)[\s,]*)?(?:an?\s[^.;()]{0,70}?(?:corporation|company|partnership|trust|bank|association|individual|entity|organi[sz]ation|university|institution|society|agency)|(?:organi[sz]ed|incorporated|registered|existing|located|having|with)\b)",
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
    /// Which brackets from the start; 0 without.
    order: usize,
}

/// Passages near the start that may name a party; of each name the best place.
#[must_use]
pub fn parties(text: &str, outline: &Outline) -> Vec<Passage> {
    let mut within = WITHIN_BYTES.min(text.len());
    while !text.is_char_boundary(within) {
        within -= 1;
    }
    let mut namings = aliased(&text[..within]);
    let early = namings.iter().position(|naming| naming.order >= EARLY_BRACKETS).unwrap_or(namings.len());
    let late = namings.split_off(early);
    namings.extend(between(&text[..within]));
    namings.extend(suffixed(text, outline, within));
    namings.extend(late);
    let mut kept: Vec<(String, Naming)> = Vec::new();
    for naming in namings {
        let key = party::key(&text[naming.name.0..naming.name.1]);
        if key.len() < 2 {
            continue;
        }
        if let Some(at) = kept.iter().position(|(other, _)| *other == key) {
            if stands_better(text, &naming, &kept[at].1) {
                kept[at].1 = naming;
            }
        } else if kept.len() < PASSAGES_MAX {
            kept.push((key, naming));
        }
    }
    kept.sort_by_key(|(_, naming)| naming.name.0);
    // "Company" and "Licensee" are what a party is called, not its name.
    let roles: Vec<&str> = kept
        .iter()
        .filter_map(|(_, naming)| role(text, naming.alias))
        .map(|role| &text[role.0..role.1])
        .collect();
    let mut passages: Vec<Passage> = Vec::new();
    for (order, (_, naming)) in kept.iter().enumerate() {
        let end = if naming.alias.1 > 0 { naming.alias.1 } else { naming.name.1 };
        let kind = Kind::Party { name: naming.name, alias: naming.alias };
        let mut one = passage(outline, kind, (naming.name.0, end), order);
        describe(text, outline, naming, &mut one);
        beside(text, naming.name, &kept, &mut one);
        one.numbers[23] = f32::from(u8::from(roles.contains(&&text[naming.name.0..naming.name.1])));
        passages.push(one);
    }
    passages.extend(together(&text[..within], outline));
    passages
}

/// Whether a later place of a name says more than the first one: it has brackets of its own.
fn stands_better(text: &str, later: &Naming, first: &Naming) -> bool {
    let named = |naming: &Naming| text[naming.name.0..naming.name.1].split_whitespace().any(party::is_suffix);
    is_called(text, later) && !is_called(text, first) && (named(later) || !named(first))
}

/// Whether brackets behind a name are its own: no other company stands between.
fn is_called(text: &str, naming: &Naming) -> bool {
    let gap = text.get(naming.name.1..naming.alias.0).filter(|_| naming.alias.1 > 0);
    gap.is_some_and(|gap| !SHORT_ENDING.as_ref().is_some_and(|ending| ending.is_match(gap)))
}

/// Endings that stand in names alone, not in what is said of a company ("a Delaware corporation").
static SHORT_ENDING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"\b(?i:inc|ltd|llc|corp|gmbh|llp|plc|s\.a|b\.v|n\.v|l\.p|l\.l\.c)\b|\bCo\.|\bLimited[,.]?\s")
});

/// How a name stands to the other names at its place: its ending, and whether it is a part of one or has one inside.
fn beside(text: &str, (start, end): (usize, usize), all: &[(String, Naming)], one: &mut Passage) {
    let name = &text[start..end];
    let last = name.split_whitespace().next_back().is_some_and(party::is_suffix);
    let any = name.split_whitespace().any(party::is_suffix);
    one.numbers[17] = if last { 2.0 } else { f32::from(u8::from(any)) };
    let over = all
        .iter()
        .filter(|(_, other)| other.name != (start, end) && other.name.0 <= start && end <= other.name.1);
    one.numbers[18] = over.count().min(3) as f32;
    let inside = all
        .iter()
        .filter(|(_, other)| other.name != (start, end) && start <= other.name.0 && other.name.1 <= end);
    one.numbers[19] = inside.count().min(3) as f32;
    // "a Nevada Corporation" names nobody; behind "Keefe," or "Research and" a name has begun before.
    let before = tail(&text[..start], 60);
    let mut words = before.split_whitespace().rev();
    let (last, other) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let flag = |yes: bool| f32::from(u8::from(yes));
    let begun = |word: &str| {
        word.starts_with(char::is_uppercase)
            && !word.ends_with([':', ';', ')', '"', '”'])
            && !party::is_suffix(word.trim_end_matches(','))
    };
    one.numbers[20] = flag(matches!(last, "a" | "an" | "A" | "AN"));
    one.numbers[21] =
        flag(matches!(last, "and" | "&" | "of" | "AND" | "for") && begun(other) && !other.ends_with(','));
    one.numbers[22] = flag(begun(last) && !before.ends_with('\n'));
}

fn aliased(text: &str) -> Vec<Naming> {
    let mut found = Vec::new();
    let mut floor = 0;
    for (order, alias) in ALIAS.iter().flat_map(|pattern| pattern.find_iter(text)).take(60).enumerate() {
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
            for name in names_at(text, (from + start, alias.start()), true) {
                found.push(Naming { name, alias: (alias.start(), alias.end()), order });
            }
        }
        floor = alias.end();
    }
    found
}

/// Names that follow one another behind "between", with or without brackets.
fn between(text: &str) -> Vec<Naming> {
    let mut found = Vec::new();
    for marker in BETWEEN.iter().flat_map(|pattern| pattern.find_iter(text)).take(3) {
        let region = head(&text[marker.end()..], PREAMBLE_BYTES);
        let mut starts = vec![0];
        starts.extend(
            OPENING.iter().flat_map(|pattern| pattern.find_iter(region)).map(|opening| opening.end()),
        );
        for start in starts.into_iter().take(40) {
            let from = marker.end() + start;
            let before = from + head(&text[from..], 160).len();
            let names = names_at(text, (from, before), true);
            found.extend(names.into_iter().map(|name| Naming { name, alias: (0, 0), order: 0 }));
        }
    }
    found
}

/// The names that may begin at a byte offset, before another: cut at the first sign of an end, and going on behind
/// a line end or brackets in the middle. `small` tells whether a name may begin with a small letter.
fn names_at(text: &str, (start, before): (usize, usize), small: bool) -> Vec<(usize, usize)> {
    let Some(raw) = text.get(start..before) else { return Vec::new() };
    let trimmed = raw.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | '"' | '“' | ':' | ';' | '-' | '[' | '<')
    });
    let trimmed = ["by and between ", "between ", "and ", "AND ", "the ", "The ", "THE "]
        .iter()
        .fold(trimmed, |rest, word| rest.strip_prefix(word).unwrap_or(rest))
        .trim_start();
    let start = before - trimmed.len();
    // "Source: ACME CORP, 8-K" is the stamp of a filing.
    if tail(&text[..start], 9).contains("ource:") {
        return Vec::new();
    }
    let opens = |c: char| c.is_uppercase() || c.is_ascii_digit() || c == '[' || small && c.is_alphabetic();
    if !trimmed.starts_with(opens) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for wide in [false, true] {
        let name = trimmed[..name_end(trimmed, wide)]
            .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '”' | '-' | '<' | '>'));
        let words = name.split_whitespace().count();
        let capital = name.split_whitespace().next().is_some_and(|word| word.chars().any(char::is_uppercase));
        // "theglobe.com, Inc." begins small, but is known by its ending or its dot.
        let known = capital
            || name.split_whitespace().take(5).any(party::is_suffix)
            || name.split_whitespace().next().is_some_and(|word| word.trim_matches('.').contains('.'));
        let short = (1..=14).contains(&words) && name.len() <= 110;
        let whole = short.then_some(name.len());
        for length in whole.into_iter().chain(ended(name)) {
            let range = (start, start + length);
            if known && !found.contains(&range) {
                found.push(range);
            }
        }
    }
    found
}

/// Where a name ends by its last ending, when more stands behind: "Leader Act Ltd HK", "Acme Inc. 2nd Floor".
fn ended(name: &str) -> Option<usize> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let first = words.iter().position(|word| party::is_suffix(word.trim_end_matches([',', ';'])))?;
    let more =
        words[first + 1..].iter().take_while(|word| party::is_suffix(word.trim_end_matches([',', ';'])));
    let last = words[first + more.count()];
    let end = last.as_ptr() as usize + last.trim_end_matches([',', ';']).len() - name.as_ptr() as usize;
    (first > 0 && end < name.len()).then_some(end)
}

/// Where a name ends. In the `wide` sense, line ends, wide spaces and short brackets before more of the name do not
/// end it.
fn name_end(trimmed: &str, wide: bool) -> usize {
    let mut floor = 0;
    for closing in CLOSING.iter().flat_map(|pattern| pattern.find_iter(trimmed)) {
        if closing.start() < floor {
            continue;
        }
        let sign = closing.as_str();
        let and = sign.trim_start_matches(',').trim().eq_ignore_ascii_case("and");
        // "Johnson and Johnson" goes on; "Acme, Inc. and" does not.
        if and && !trimmed[..closing.start()].split_whitespace().next_back().is_some_and(party::is_suffix) {
            continue;
        }
        let rest = &trimmed[closing.start()..];
        // "Centre for Probe Development" goes on behind "for".
        let goes_on = trimmed[closing.end()..].starts_with(char::is_uppercase);
        if wide && matches!(sign.trim(), "for" | "at") && goes_on {
            continue;
        }
        if wide && sign.trim().is_empty() && !rest.trim_start_matches([' ', '\t']).starts_with("\n\n") {
            continue;
        }
        if wide && sign == "(" {
            let inner =
                rest.find(')').filter(|close| *close < 20 && !rest[..*close].contains(['"', '“', '\'']));
            if let Some(close) = inner {
                floor = closing.start() + close + 1;
                continue;
            }
        }
        return closing.start();
    }
    trimmed.len()
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
            next.capital && party::is_suffix(shown(next)) && next.start < words[at].end + 4
        }) {
            continue;
        }
        let mut first = at;
        while first > 0 && at - first < 9 {
            let (left, right) = (&words[first - 1], &words[first]);
            let gap = &text[left.end as usize..right.start as usize];
            let comma = gap.contains(',') && !party::is_suffix(shown(right));
            let link = matches!(shown(left), "of" | "and" | "de" | "the" | "for") && !gap.contains(',')
                || shown(left).chars().any(char::is_uppercase);
            let bracket = matches!(gap, " (" | ") ") && right.capital;
            if comma
                || gap.len() > 3
                || gap.contains(['(', ')', '\n', '"', '“', ';', ':']) && !bracket
                || !(left.capital || link)
                || gap.contains(". ") && left.end - left.start > 3
            {
                break;
            }
            first -= 1;
        }
        while first < at
            && (!shown(&words[first]).chars().any(char::is_uppercase)
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
            found.push(Naming { name: (words[first].start as usize, end), alias: (0, 0), order: 0 });
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
    one.slots.extend(role.iter().flat_map(|role| &outline.words[role.0..role.1]).map(features::of_role));
    one.numbers[11] = role.map_or(-1.0, |role| (1.0 + count(outline, role, (0, all)) as f32).ln());
    let after = head(&text[naming.name.1..], 160);
    one.numbers[12] = flag(KIND_OF.as_ref().is_some_and(|kind| kind.is_match(after)));
    let far = tail(&text[..naming.name.0], PREAMBLE_BYTES);
    let marker = BETWEEN.iter().flat_map(|pattern| pattern.find_iter(far)).last();
    one.numbers[13] = marker.map_or(9.0, |marker| (1.0 + (far.len() - marker.end()) as f32).ln());
    one.numbers[14] = flag(signs(text, name));
    one.numbers[15] = flag(after.trim_start().starts_with('('));
    let gap = naming.alias.0.saturating_sub(naming.name.1);
    one.numbers[16] = if naming.alias.1 > 0 { (1.0 + gap as f32).ln() } else { -1.0 };
}

/// Whether a name stands above a line for a signature.
fn signs(text: &str, name: &str) -> bool {
    let late = text.len() / 3;
    let late = (late..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let name: String = name.chars().take_while(|c| !matches!(c, ',' | '\n')).collect();
    let (upper, rest) = (name.to_uppercase(), &text[late..]);
    [name.as_str(), upper.as_str()].iter().filter(|name| name.len() > 3).any(|name| {
        rest.match_indices(*name).any(|(at, _)| {
            let after = head(&rest[at + name.len()..], 60);
            after.contains("By:") || after.contains("BY:") || after.contains("/s/") || after.contains("Name:")
        })
    })
}

/// What the brackets call a party: the first quoted words, or without quotes the word behind "the" or "hereinafter".
#[must_use]
pub fn role(text: &str, alias: (usize, usize)) -> Option<(usize, usize)> {
    let inner = text.get(alias.0..alias.1).filter(|inner| !inner.is_empty())?;
    let quote = |c: char| matches!(c, '"' | '“' | '”' | 'ʺ');
    let opening = inner
        .char_indices()
        .find(|(_, c)| quote(*c))
        .or_else(|| inner.char_indices().find(|(_, c)| matches!(c, '\'' | '‘')));
    let Some((open, sign)) = opening else {
        let plain = PLAIN_ROLE.as_ref()?.captures(inner)?.get(1)?;
        return Some((alias.0 + plain.start(), alias.0 + plain.end()));
    };
    let rest = &inner[open + sign.len_utf8()..];
    let close = rest.find(|c: char| quote(c) || matches!(c, '\'' | '’') && matches!(sign, '\'' | '‘'))?;
    let shown = rest[..close].trim_end_matches([',', '.', ' ']);
    let start = alias.0 + open + sign.len_utf8();
    (!shown.is_empty()).then_some((start, start + shown.len()))
}

/// `(hereinafter Sabco)`, `(the Customer)`.
static PLAIN_ROLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^\((?i:(?:the|hereinafter|hereafter|referred to as|called|collectively|as|,)\s*)+((?-i:[A-Z])[\w&-]*(?:\s[A-Z][\w&-]*){0,3})\s*\)$",
    )
});

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
