//! Redaction that can be undone: values become numbered placeholders, the map stays with us.

use std::collections::HashMap;

use super::finding::Finding;

/// A text without its values, and what the placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with placeholders such as `[EMAIL_1]`.
    pub text: String,
    /// Placeholder and original value, in order of first appearance.
    pub placeholders: Vec<(String, String)>,
}

impl Redacted {
    /// Puts the original values back into a text that repeats placeholders, such as a model's answer.
    pub fn restore(&self, text: &str) -> String {
        let originals: HashMap<&str, &str> =
            self.placeholders.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
        let mut restored = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('[') {
            let (before, tail) = rest.split_at(open);
            restored.push_str(before);
            let length = tail.find(']').map_or(1, |close| close + 1);
            match originals.get(&tail[..length]) {
                Some(original) => {
                    restored.push_str(original);
                    rest = &tail[length..];
                }
                None => {
                    restored.push('[');
                    rest = &tail[1..];
                }
            }
        }
        restored.push_str(rest);
        restored
    }
}

/// Replaces every finding of at least `threshold` by a numbered placeholder; equal values get equal placeholders.
///
/// Findings must come from [`super::scan`] of the same text; those that overlap an earlier one or lie outside are passed over.
pub fn redact(text: &str, findings: &[Finding], threshold: f32) -> Redacted {
    let mut wanted: Vec<&Finding> =
        findings.iter().filter(|f| f.score >= threshold && f.start < f.end).collect();
    wanted.sort_by_key(|f| f.start);
    let mut book = Book { text, placeholders: Vec::new(), known: HashMap::new(), counts: HashMap::new() };
    let mut redacted = String::with_capacity(text.len());
    let mut offsets =
        text.char_indices().map(|(offset, _)| offset).chain([text.len()]).enumerate().peekable();
    let mut copied = 0;
    for finding in wanted {
        let mut offset_of = |point: usize| {
            while offsets.peek().is_some_and(|(index, _)| *index < point) {
                offsets.next();
            }
            offsets.peek().map(|(_, offset)| *offset)
        };
        let (Some(start), Some(end)) = (offset_of(finding.start), offset_of(finding.end)) else { break };
        if start < copied {
            continue;
        }
        redacted.push_str(&text[copied..start]);
        redacted.push_str(&book.placeholder(finding.entity, &text[start..end]));
        copied = end;
    }
    redacted.push_str(&text[copied..]);
    Redacted { text: redacted, placeholders: book.placeholders }
}

/// Placeholders given out so far.
struct Book<'t> {
    text: &'t str,
    placeholders: Vec<(String, String)>,
    known: HashMap<(&'static str, &'t str), String>,
    counts: HashMap<&'static str, usize>,
}

impl<'t> Book<'t> {
    fn placeholder(&mut self, entity: &'static str, value: &'t str) -> String {
        let stem = stem(entity);
        if let Some(known) = self.known.get(&(stem, value)) {
            return known.clone();
        }
        // A number whose placeholder the text already holds would be restored wrongly.
        let count = self.counts.entry(stem).or_insert(0);
        let placeholder = loop {
            *count += 1;
            let candidate = format!("[{stem}_{count}]");
            if !self.text.contains(&candidate) {
                break candidate;
            }
        };
        self.known.insert((stem, value), placeholder.clone());
        self.placeholders.push((placeholder.clone(), value.to_owned()));
        placeholder
    }
}

/// Short names read better to people and models.
fn stem(entity: &'static str) -> &'static str {
    match entity {
        "EMAIL_ADDRESS" => "EMAIL",
        "PHONE_NUMBER" => "PHONE",
        "CREDIT_CARD" => "CARD",
        "IBAN_CODE" => "IBAN",
        "DATE_TIME" => "DATE",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_THRESHOLD, scan};
    use super::*;

    fn redacted(text: &str) -> Redacted {
        redact(text, &scan(text), DEFAULT_THRESHOLD)
    }

    #[test]
    fn equal_values_share_a_placeholder() {
        let result = redacted("a@example.com, b@example.com, a@example.com");
        assert_eq!(result.text, "[EMAIL_1], [EMAIL_2], [EMAIL_1]");
        assert_eq!(result.restore("to [EMAIL_2] not [EMAIL_9]"), "to b@example.com not [EMAIL_9]");
    }

    #[test]
    fn placeholders_in_the_text_are_not_reused() {
        let text = "[EMAIL_1] is a@example.com [";
        let result = redacted(text);
        assert_eq!(result.text, "[EMAIL_1] is [EMAIL_2] [");
        assert_eq!(result.restore(&result.text), text);
    }

    #[test]
    fn nothing_found_nothing_changed() {
        assert_eq!(redacted("Ünïcode").text, "Ünïcode");
    }
}
