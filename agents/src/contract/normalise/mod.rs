//! From words to values: dates, lengths of time, money, shares, parties, laws.

pub mod date;
pub mod duration;
pub mod jurisdiction;
pub mod money;
pub mod number;
pub mod party;

/// At most the last `bytes` bytes of a text, cut between letters.
#[must_use]
pub fn tail(text: &str, bytes: usize) -> &str {
    let mut from = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// At most the first `bytes` bytes of a text, cut between letters.
#[must_use]
pub fn head(text: &str, bytes: usize) -> &str {
    let mut to = bytes.min(text.len());
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    &text[..to]
}

/// A pattern with word boundaries that do not slow the search down on letters beyond ASCII.
pub(crate) fn pattern(source: &str) -> Option<regex::Regex> {
    // The sources are constants of this module's files; their tests would fail.
    regex::Regex::new(&source.replace(r"\b", r"(?-u:\b)")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_letters() {
        assert_eq!((head("aéb", 2), tail("aéb", 2)), ("a", "b"));
        assert_eq!((head("ab", 9), tail("ab", 9)), ("ab", "ab"));
    }
}
