//! The parties that a label names: its answer is typed by hand, so the labelled passages stand beside it.

use std::sync::LazyLock;

use regex::Regex;

use super::data::Label;
use crate::contract::normalise::{party, pattern};

/// Brackets that call several parties together something, e.g. `(each a "Party" and together the "Parties")`.
static TOGETHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"(?i)\bpart(?:y|ies)\b|\bcollectively\b|\bindividually\b|\btogether\b|\bjointly\b"#)
});

/// What is said of a party behind its name and is no part of it.
static TAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i),?\s+(?:and|together with)\s+(?:its|their|all)\s.*$|,?\s+(?:f/k/a|formerly|d/b/a|dba|doing business as|on behalf of|acting)\b.*$",
    )
});

/// Share of letters in order from which a passage is the name that was typed.
const ALIKE: f64 = 0.8;

/// Each party that a label names, as the keys of [`party::key`] that all mean it.
#[must_use]
pub fn labelled(label: &Label) -> Vec<Vec<String>> {
    let roles: Vec<String> = label.answer.split(['"', '“', '”']).skip(1).step_by(2).map(party::key).collect();
    let mut typed: Vec<String> = Vec::new();
    for name in pieces(&label.answer).filter_map(|piece| name(piece, &roles)) {
        let key = party::key(name);
        if key.len() > 1 && !typed.contains(&key) && !joins(name, &typed) {
            typed.push(key);
        }
    }
    let mut found: Vec<Vec<String>> = Vec::new();
    for own in &typed {
        let mut names: Vec<String> = label
            .golds
            .iter()
            .map(|gold| party::key(bare(&gold.text)))
            .filter(|key| !typed.contains(key) && alike(key, own) >= ALIKE)
            .collect();
        names.push(own.clone());
        found.push(names);
    }
    found
}

/// The pieces of an answer: between semicolons outside of brackets.
fn pieces(answer: &str) -> impl Iterator<Item = &str> {
    let answer = answer.trim();
    // A bracket around all is no bracket.
    let whole = answer.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let answer =
        whole.filter(|whole| whole.contains(';') && whole.matches('(').count() > 0).unwrap_or(answer);
    let mut depth = 0i32;
    answer.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ';' && depth <= 0
    })
}

fn name<'a>(piece: &'a str, roles: &[String]) -> Option<&'a str> {
    let piece = piece.trim();
    let (name, said) = match piece.find(['(', '"', '“']) {
        // "Mail (Boxes) Ltd." holds a bracket; "(each a Party)" is one.
        Some(at)
            if piece[at..].starts_with('(')
                && !piece[at..].starts_with("(\"")
                && !piece[at..].starts_with("(“") =>
        {
            let close = piece[at..].find(')').map_or(piece.len(), |close| at + close + 1);
            let inner = &piece[at..close];
            let plain = inner.len() < 24 && !inner.contains(['"', '“', '”']);
            let rest = &piece[close..];
            let next = rest.find(['(', '"', '“']).map_or(piece.len(), |next| close + next);
            if plain && at > 0 && next > close + 2 {
                (&piece[..next], &piece[next..])
            } else {
                (&piece[..at], &piece[at..])
            }
        }
        Some(at) => (&piece[..at], &piece[at..]),
        None => (piece, ""),
    };
    let name = bare(name.trim().trim_end_matches([',', ';']));
    // A second bracket speaks of the parties before it too: `Beta GmbH ("Beta")(together the "Parties")`.
    let said = first_bracket(said);
    let all = TOGETHER.as_ref()?;
    // Words for several parties at once name nobody: "Oxbow and Global (each a Party)".
    let several = all.is_match(name) || all.is_match(said) && (name.contains(" and ") || name.contains(','));
    let several = several && !name.split_whitespace().any(party::is_suffix)
        || all.is_match(said) && name.split(" and ").all(|part| roles.contains(&party::key(part)));
    let own = said.split(['"', '“', '”']).nth(1).unwrap_or("").trim_matches(['.', ',', ' ']).to_lowercase();
    let called =
        matches!(own.as_str(), "party" | "parties") && !name.split_whitespace().any(party::is_suffix);
    (!name.is_empty() && !several && !called).then_some(name)
}

/// The first of several brackets.
fn first_bracket(said: &str) -> &str {
    let close = said.starts_with('(').then(|| said.find(')')).flatten();
    close
        .filter(|close| said[*close + 1..].trim_start().starts_with('('))
        .map_or(said, |close| &said[..=close])
}

/// Whether a piece only joins parties that stand in the answer by themselves: "Acme, Inc. together with Beta GmbH".
fn joins(name: &str, typed: &[String]) -> bool {
    let parts: Vec<&str> = name.split(" together with ").flat_map(|part| part.split(" and ")).collect();
    parts.len() > 1 && parts.iter().all(|part| typed.contains(&party::key(part)))
}

fn bare(name: &str) -> &str {
    TAIL.as_ref().and_then(|tail| tail.find(name)).map_or(name, |tail| &name[..tail.start()]).trim()
}

/// Shared letters, in order, of both names.
fn alike(left: &str, right: &str) -> f64 {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut row = vec![0usize; right.len() + 1];
    for a in &left {
        let mut before = 0;
        for (at, b) in right.iter().enumerate() {
            let here = row[at + 1];
            row[at + 1] = if a == b { before + 1 } else { here.max(row[at]) };
            before = here;
        }
    }
    2.0 * row[right.len()] as f64 / (left.len() + right.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::evaluate::{cuad::Bag, data::Gold};

    fn keys(answer: &str, golds: &[&str]) -> Vec<Vec<String>> {
        let gold = |text: &&str| Gold { text: (*text).into(), bag: Bag::of(text), spans: vec![] };
        labelled(&Label { golds: golds.iter().map(gold).collect(), answer: answer.into() })
    }

    #[test]
    fn what_calls_parties_together_names_nobody() {
        let answer = "OXBOW CARBON LLC (\"Oxbow\"); Global Energy, Inc (\"Global\"); Oxbow and Global (individually as \"Party\" and collectively as the \"Parties\")";
        assert_eq!(keys(answer, &[]), [["oxbow carbon"], ["global energy"]]);
        let answer = "Anix Bio, Inc. (\"Anix\"); Onto GmbH (\"Onto\")( individually as a “Party” and collectively as the “Parties”)";
        assert_eq!(keys(answer, &[]), [["anix bio"], ["onto"]]);
        let answer =
            "TEL PTE, LTD.; Abi Ltd; TEL PTE, LTD. and Abi Ltd (each and both of them \"Recipient\")";
        assert_eq!(keys(answer, &[]), [["tel"], ["abi"]]);
        let answer = "Gunston, LLC (\"Consultant\"); Medalist, Inc. (\"REIT\", \"Company\"); Consultant and Company (collectively the \"Parties\")";
        assert_eq!(keys(answer, &[]), [["gunston"], ["medalist"]]);
        assert_eq!(keys("Acme, Inc. (\"A\"); each a \"Party\", collectively \"Parties\"", &[]), [["acme"]]);
    }

    #[test]
    fn a_slip_of_the_hand_is_mended_by_the_passage() {
        let names = keys(
            "STARAR SURGICAL AG (\"STAAR\"); Beta and its Affiliates (\"B\")",
            &["STAAR SURGICAL AG", "STAAR"],
        );
        assert_eq!(names, [vec!["staar surgical", "starar surgical"], vec!["beta"]]);
    }

    #[test]
    fn brackets_inside_a_name_are_kept() {
        let names =
            keys("Columbia Laboratories, (Bermuda) Ltd. (\"Columbia\"); Fonterra (USA) Inc., (\"F\")", &[]);
        assert_eq!(names, [["columbia laboratories bermuda"], ["fonterra usa"]]);
    }
}
