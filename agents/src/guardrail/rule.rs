//! Rules as rows: a pattern that begins at a word, what to check, how sure to be with and without a label nearby.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::context::is_near;
use super::finding::Reading;
use super::identifiers;

/// Longest stretch one rule looks at, in bytes.
const REACH: usize = 72;

/// One row of an identifier table.
pub(super) struct Rule {
    pub(super) entity: &'static str,
    pub(super) pattern: &'static str,
    /// Score without and with one of the context words nearby.
    pub(super) alone: f32,
    pub(super) near: f32,
    pub(super) context: &'static str,
    pub(super) check: fn(&[u8]) -> bool,
    pub(super) reason: &'static str,
    /// May begin in the middle of a word, behind small letters.
    pub(super) glued: bool,
}

/// A row without check and context.
pub(super) const fn rule(entity: &'static str, pattern: &'static str, alone: f32) -> Rule {
    Rule {
        entity,
        pattern,
        alone,
        near: alone,
        context: "",
        check: any,
        reason: "has the form",
        glued: false,
    }
}

impl Rule {
    /// Words (separated by `|`) that raise the score to `near`.
    pub(super) const fn near(mut self, near: f32, context: &'static str) -> Self {
        self.near = near;
        self.context = context;
        self
    }

    /// A check the matched bytes must pass.
    pub(super) const fn check(mut self, check: fn(&[u8]) -> bool, reason: &'static str) -> Self {
        self.check = check;
        self.reason = reason;
        self
    }

    /// Allows a beginning behind small letters (`is010594Y9032`).
    pub(super) const fn glued(mut self) -> Self {
        self.glued = true;
        self
    }
}

fn any(_: &[u8]) -> bool {
    true
}

/// All rows with their compiled patterns.
pub(super) struct Rules {
    set: RegexSet,
    rows: Vec<(Regex, &'static Rule)>,
}

/// The one instance; patterns are constants and a test compiles them.
pub(super) static RULES: LazyLock<Option<Rules>> = LazyLock::new(|| Rules::new().ok());

impl Rules {
    pub(super) fn new() -> Result<Self, regex::Error> {
        let tables: Vec<&'static Rule> = identifiers::tables().collect();
        let patterns: Vec<String> = tables.iter().map(|rule| format!(r"^(?:{})\b", rule.pattern)).collect();
        let set = RegexSetBuilder::new(&patterns)
            .unicode(false)
            .case_insensitive(true)
            .dfa_size_limit(16 << 20)
            .build()?;
        let mut rows = Vec::with_capacity(patterns.len());
        for (pattern, rule) in patterns.iter().zip(tables) {
            rows.push((RegexBuilder::new(pattern).unicode(false).case_insensitive(true).build()?, rule));
        }
        Ok(Self { set, rows })
    }

    /// Reads the rules at one place; `glued` says that the place is inside a word.
    pub(super) fn read(&self, bytes: &[u8], start: usize, glued: bool, found: &mut Vec<Reading>) {
        let window = &bytes[start..(start + REACH).min(bytes.len())];
        for index in self.set.matches(window) {
            let (pattern, rule) = &self.rows[index];
            if glued && !rule.glued {
                continue;
            }
            let Some(hit) = pattern.find(window) else { continue };
            if !(rule.check)(hit.as_bytes()) {
                continue;
            }
            let end = start + hit.end();
            let is_labelled = is_near(bytes, start, end, rule.context);
            let mut score = if is_labelled { rule.near } else { rule.alone };
            if !is_labelled && is_embedded(bytes, start, end) {
                score *= 0.5;
            }
            found.push(Reading::personal(rule.entity, start, end, score, rule.reason));
        }
    }
}

/// Part of a longer dotted, dashed or slashed thing.
fn is_embedded(bytes: &[u8], start: usize, end: usize) -> bool {
    let joins = |b: &u8| matches!(b, b'-' | b'.' | b'/' | b'_' | b'=' | b'+');
    let before = start >= 2 && joins(&bytes[start - 1]) && bytes[start - 2].is_ascii_alphanumeric();
    let after =
        bytes.get(end).is_some_and(joins) && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    before || after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_compiles_and_has_sane_scores() {
        let rules = Rules::new().unwrap();
        assert!(rules.rows.len() > 90);
        for (_, rule) in &rules.rows {
            assert!(rule.alone > 0.0 && rule.near <= 1.0 && rule.alone <= rule.near, "{}", rule.entity);
            assert!(rule.context.to_ascii_lowercase() == rule.context, "{}", rule.entity);
        }
    }
}
