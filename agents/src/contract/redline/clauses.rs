//! Two versions of a contract as plain text, compared clause by clause.

use std::ops::Range;
use std::sync::LazyLock;

use domain::contract::{ClauseChange, ClauseFate, ContractText};
use regex::Regex;

use super::align::{Item, Step, align};
use super::words::{Vocabulary, likeness, text_changes};

/// A clause of a text.
struct Clause {
    range: Range<usize>,
    /// Bytes of its number at the start.
    label: usize,
}

/// From this likeness on a clause that left one place is the one that came at another.
const SAME: f64 = 0.85;

/// A number that begins a clause: `2.1`, `(a)`, `Section 4.`, `ARTICLE IV`.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[ \t]*(?:(?i:article|section|clause|schedule|exhibit|annex)[ \t]+)?(?:\d{1,3}(?:\.\d{1,3})*[.)]?|\(?(?:[a-zA-Z]|[ivxIVX]{1,6})[.)])(?:[ \t]+|$)").ok()
});

/// The clauses that are not the same in two versions, in the order of the new one; removed ones where they stood.
#[must_use]
pub fn clauses(old: &ContractText, new: &ContractText) -> Vec<ClauseChange> {
    let (olds, news) = (split(&old.text), split(&new.text));
    let item = |text: &str, clause: &Clause| {
        let body = &text[clause.range.start + clause.label..clause.range.end];
        let key = body.split_whitespace().collect::<Vec<_>>().join(" ");
        Item { sort: 0, text: key.clone(), key }
    };
    let old_items: Vec<Item> = olds.iter().map(|clause| item(&old.text, clause)).collect();
    let new_items: Vec<Item> = news.iter().map(|clause| item(&new.text, clause)).collect();
    let mut steps = align(&old_items, &new_items);
    let moved = moves(&mut steps, &old_items, &new_items);
    let quote = |text: &ContractText, clause: &Clause| text.quote(clause.range.start, clause.range.end);
    let both = |i: usize, j: usize, fate: Option<ClauseFate>| {
        let (from, to) = (olds[i].range.clone(), news[j].range.clone());
        let same_words = old_items[i].key == new_items[j].key;
        let label = |text: &str, clause: &Clause| {
            text[clause.range.start..clause.range.start + clause.label].trim().to_owned()
        };
        let fate = fate.or(match same_words {
            false => Some(ClauseFate::Changed),
            true if label(&old.text, &olds[i]) != label(&new.text, &news[j]) => Some(ClauseFate::Renumbered),
            true => None,
        })?;
        let passages = text_changes(&old.text[from.clone()], &new.text[to.clone()])
            .into_iter()
            .map(|passage| {
                let shift = |range: Range<usize>, by: usize| range.start + by..range.end + by;
                (shift(passage.old, from.start), shift(passage.new, to.start))
            })
            .collect();
        Some(ClauseChange { fate, old: quote(old, &olds[i]), new: quote(new, &news[j]), passages })
    };
    let change = |step: Step| match step {
        Step::Both(i, j) => both(i, j, moved.contains(&(i, j)).then_some(ClauseFate::Moved)),
        Step::Old(i) => Some(ClauseChange {
            fate: ClauseFate::Removed,
            old: quote(old, &olds[i]),
            new: None,
            passages: Vec::new(),
        }),
        Step::New(j) => Some(ClauseChange {
            fate: ClauseFate::Added,
            old: None,
            new: quote(new, &news[j]),
            passages: Vec::new(),
        }),
    };
    steps.into_iter().filter_map(change).collect()
}

/// Turns a clause that left and one that came into one that moved; gives the pairs.
fn moves(steps: &mut Vec<Step>, old: &[Item], new: &[Item]) -> Vec<(usize, usize)> {
    let gone: Vec<usize> =
        steps.iter().filter_map(|step| if let Step::Old(i) = step { Some(*i) } else { None }).collect();
    let mut vocabulary = Vocabulary::default();
    let mut came: Vec<(usize, Vec<u32>)> = Vec::new();
    for step in steps.iter() {
        if let Step::New(j) = step {
            came.push((*j, vocabulary.words(&new[*j].text)));
        }
    }
    let mut moved = Vec::new();
    for i in gone {
        let words = vocabulary.words(&old[i].text);
        // Short lines are alike by chance.
        if words.len() < 5 {
            continue;
        }
        let free = came.iter().filter(|(j, _)| !moved.iter().any(|(_, taken)| taken == j));
        let best = free
            .map(|(j, other)| (likeness(&words, other), *j))
            .max_by(|left, right| left.0.total_cmp(&right.0));
        if let Some((_, j)) = best.filter(|(likeness, _)| *likeness >= SAME) {
            steps.retain(|step| *step != Step::Old(i));
            if let Some(step) = steps.iter_mut().find(|step| **step == Step::New(j)) {
                *step = Step::Both(i, j);
            }
            moved.push((i, j));
        }
    }
    moved
}

/// The clauses of a text: a new one begins behind a blank line and at a line that begins with a number. In a text
/// whose every line is a paragraph (no blank lines), every line is one.
fn split(text: &str) -> Vec<Clause> {
    let lined = text.lines().filter(|line| line.trim().is_empty()).count() * 20 < text.lines().count();
    let long = text.lines().filter(|line| line.len() > 120).count() * 5 > text.lines().count();
    let every_line = lined && long;
    let mut found: Vec<Clause> = Vec::new();
    let mut fresh = true;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, words) = (at, line.trim_end());
        at += line.len();
        if words.trim().is_empty() {
            fresh = true;
            continue;
        }
        let label = LABEL.as_ref().and_then(|label| label.find(words)).map_or(0, |found| found.end());
        let indent = words.len() - words.trim_start().len();
        match found.last_mut() {
            Some(last) if !fresh && !every_line && label == 0 => last.range.end = start + words.len(),
            _ => found.push(Clause {
                range: start + indent..start + words.len(),
                label: label.saturating_sub(indent),
            }),
        }
        fresh = false;
    }
    found
}

#[cfg(test)]
mod tests {
    use domain::contract::Quote;

    use super::*;

    fn fates(old: &str, new: &str) -> Vec<(ClauseFate, String, String)> {
        let text = |text: &str| ContractText::plain(text.to_owned());
        let said = |quote: Option<Quote>| quote.map(|quote| quote.text).unwrap_or_default();
        clauses(&text(old), &text(new))
            .into_iter()
            .map(|change| (change.fate, said(change.old), said(change.new)))
            .collect()
    }

    #[test]
    fn each_clause_is_told_by_what_became_of_it() {
        let old = "1. Term. This agreement lasts two years from the date above.\n\
            2. Fees. The partner pays five percent of net revenue each quarter.\n\
            3. Law. The laws of Delaware govern this agreement and its breach.\n\
            4. Audit. Each party may audit the other once a year on notice.\n";
        let new = "1. Term. This agreement lasts three years from the\ndate above.\n\
            2. Audit. Each party may audit the other once a year on notice.\n\
            3. Data. No personal data is shared.\n\
            4. Law. The laws of Delaware govern this agreement and its breach.\n";
        let said = fates(old, new);
        let fates: Vec<ClauseFate> = said.iter().map(|(fate, _, _)| *fate).collect();
        assert!(fates.contains(&ClauseFate::Changed), "{said:?}");
        assert!(
            said.iter().any(|(fate, old, _)| *fate == ClauseFate::Removed && old.starts_with("2. Fees")),
            "{said:?}"
        );
        assert!(
            said.iter().any(|(fate, _, new)| *fate == ClauseFate::Added && new.starts_with("3. Data")),
            "{said:?}"
        );
        assert!(said.iter().any(|(fate, _, _)| *fate == ClauseFate::Moved), "{said:?}");
    }

    #[test]
    fn lines_broken_elsewhere_are_no_change() {
        assert_eq!(
            fates(
                "2. Fees. Five percent\nof net revenue.\n\nEnd here.",
                "2. Fees. Five\npercent of net revenue.\n\nEnd here."
            ),
            []
        );
    }

    #[test]
    fn a_number_alone_is_renumbering() {
        let said = fates(
            "Title here\n\n1. The laws of Delaware apply.",
            "Title here\n\n7. The laws of Delaware apply.",
        );
        assert_eq!(said.iter().map(|row| row.0).collect::<Vec<_>>(), [ClauseFate::Renumbered]);
    }
}
