//! Whether a value that a name calls a secret looks like one.

use super::super::checksum::entropy;
use super::placeholder::{holds, is_placeholder};

/// A UUID behind a name that ends in "id" names something; it opens nothing.
pub(super) fn is_plain_id(name: &[u8], value: &[u8]) -> bool {
    let end = name.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    let is_uuid = value.len() == 36 && [8, 13, 18, 23].iter().all(|place| value[*place] == b'-');
    is_uuid && end > 2 && name[end - 2..end].eq_ignore_ascii_case(b"id")
}

/// `PdfEncryption.Key128Bit`: dotted names with hardly a digit.
fn is_member_path(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let is_named = |part: &[u8]| part.first().is_some_and(u8::is_ascii_alphabetic);
    value.contains(&b'.') && digits * 8 <= value.len() && value.split(|b| *b == b'.').all(is_named)
}

/// How sure it is that the value behind a name is a secret, and why; none when it is not.
pub(super) fn judge(
    value: &[u8],
    takes_any: bool,
    name: &str,
    is_quoted: bool,
) -> Option<(f32, &'static str)> {
    if is_code(value) || is_placeholder(value) || !is_quoted && is_member_path(value) {
        return None;
    }
    let has_digit = value.iter().any(u8::is_ascii_digit);
    let has_letter = value.iter().any(u8::is_ascii_alphabetic);
    let has_symbol = value.iter().any(|b| !b.is_ascii_alphanumeric() && !b"-_./".contains(b));
    if takes_any {
        let is_strong = value.len() >= 6 && has_letter && (has_digit || has_symbol);
        return if is_strong {
            Some((0.75, "follows the name of a password"))
        } else {
            (value.len() >= 6 && is_quoted && entropy(value) > 2.5)
                .then_some((0.4, "follows the name of a password"))
        };
    }
    let bits = entropy(value);
    let least = if has_letter { 2.9 } else { 2.2 };
    let is_random = value.len() >= 10 && has_digit && bits >= least && !is_wordy(value);
    if is_random && (has_letter || value.len() >= 16) {
        let weak_name = matches!(name, "key" | "auth" | "login");
        let score = if weak_name && bits < 3.5 { 0.55 } else { 0.8 };
        return Some((score, "follows the name of a secret and looks random"));
    }
    // Sixteen or more letters that change case too often for words.
    let is_letters = value.len() >= 20 && bits >= 3.8 && !is_wordy(value) && !value.contains(&b'/');
    is_letters.then_some((0.6, "follows the name of a secret and looks random"))
}

/// Code, paths, versions and addresses behind a name.
fn is_code(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_comparison = value.len() < 24 && value[1..].windows(2).any(|pair| pair == b"==");
    is_comparison
        || matches!(value[0], b'$' | b'%' | b'{' | b'*' | b'/')
        || lower.starts_with(b"http")
        || holds(
            &lower,
            &[b"://", b"()", b"->", b"-snapshot", b".com", b".yml", b".yaml", b".json", b".pem", b".cer"],
        )
        || value.ends_with(b":") && value.len() < 12
}

/// Made of words and numbers joined by separators: `NEXUS-GPT4-API-KEY`, `id-Gost28147-89-None`.
fn is_wordy(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|b| b"-_./:".contains(b)).filter(|p| !p.is_empty()).collect();
    let is_word = |part: &&[u8]| {
        let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
        let leading = part.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        part.len() <= 12
            && (digits == 0
                || digits <= 6 && leading + digits == part.len() && leading > 0
                || digits == part.len() && digits <= 8)
    };
    parts.len() > 1 && parts.iter().all(is_word)
        || parts.len() == 1
            && value.len() < 16
            && is_word(&value)
            && value.iter().rev().take_while(|b| b.is_ascii_digit()).count() <= 3
}
