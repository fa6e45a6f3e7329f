//! Values hidden in base64, as mail bodies and tokens carry them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::finding::Reading;
use super::scan::read_inner;

/// Shorter runs hold nothing that could be told from a word.
const SHORTEST: usize = 20;
/// Mail wraps base64 at 76; a run goes on behind a line at least this long.
const WRAPPED: usize = 56;

/// Reads base64 runs whose decoded text holds something; the whole run is the finding.
pub(super) fn read_encoded(bytes: &[u8], found: &mut Vec<Reading>) {
    let mut start = 0;
    while start < bytes.len() {
        if !is_base64(bytes[start]) {
            start += 1;
            continue;
        }
        let end = run_end(bytes, start);
        if end - start >= SHORTEST
            && let Some(text) = decode(&bytes[start..end])
            && let Some(inner) = read_inner(&text)
        {
            let padding = bytes[end..].iter().take(2).take_while(|b| **b == b'=').count();
            let reason = Cow::Owned(format!("base64; inside it, {}", inner.reason));
            found.push(Reading { start, end: end + padding, reason, ..inner });
        }
        start = end;
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut line = start;
    let mut at = start;
    while at < bytes.len() {
        if is_base64(bytes[at]) {
            at += 1;
            continue;
        }
        let gap = match &bytes[at..] {
            [b'\r', b'\n', next, ..] if is_base64(*next) => 2,
            [b'\n', next, ..] if is_base64(*next) => 1,
            _ => break,
        };
        if at - line < WRAPPED {
            break;
        }
        at += gap;
        line = at;
    }
    at
}

/// The text in a run, if it is printable text.
fn decode(run: &[u8]) -> Option<String> {
    let mut compact: Vec<u8> = run.iter().filter(|b| is_base64(**b)).copied().collect();
    if compact.len() % 4 == 1 {
        compact.pop();
    }
    // Unused bits of the last character are not always zero; without it the rest still reads.
    let decoded = STANDARD_NO_PAD.decode(&compact).or_else(|_| {
        compact.truncate(compact.len() / 4 * 4);
        STANDARD_NO_PAD.decode(&compact)
    });
    let text = String::from_utf8(decoded.ok()?).ok()?;
    let is_text = text.chars().all(|c| !c.is_control() || c.is_whitespace());
    is_text.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, usize, usize)> {
        let mut found = Vec::new();
        read_encoded(text.as_bytes(), &mut found);
        found.iter().map(|r| (r.entity, r.start, r.end)).collect()
    }

    #[test]
    fn values_are_seen_inside() {
        let run = base64::engine::general_purpose::STANDARD.encode("please charge 4111111111111111 today");
        assert_eq!(found(&format!("body: {run}.")), [("CREDIT_CARD", 6, 6 + run.len())]);
    }

    #[test]
    fn wrapped_lines_are_one_run() {
        let run = base64::engine::general_purpose::STANDARD.encode(format!(
            "{}jane@example.com{}",
            "words ".repeat(8),
            " end".repeat(6)
        ));
        let (first, second) = run.split_at(76);
        assert_eq!(found(&format!("{first}\r\n{second}\n")).len(), 1);
    }

    #[test]
    fn words_and_noise_are_left() {
        assert!(found("internationalization/standardization 0123456789abcdef0123456789abcdef").is_empty());
    }
}
