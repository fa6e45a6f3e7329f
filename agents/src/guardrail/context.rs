//! Words near a value that say what it is.

/// How far before a value its label may stand, in bytes of the skeleton.
const BEFORE: usize = 70;
/// How far behind a value its label may stand.
const AFTER: usize = 30;

/// Says whether one of the words (separated by `|`, lower case) stands near `start..end`.
///
/// A word must begin at a word's beginning; words of up to four letters must end there as well (a plural `s` is allowed).
pub(super) fn is_near(bytes: &[u8], start: usize, end: usize, words: &str) -> bool {
    if words.is_empty() {
        return false;
    }
    let from = start.saturating_sub(BEFORE);
    let to = (end + AFTER).min(bytes.len());
    words.split('|').any(|word| {
        holds_word(&bytes[from..start], word.as_bytes()) || holds_word(&bytes[end..to], word.as_bytes())
    })
}

/// Says whether one of the words stands in the `reach` bytes before `start`.
pub(super) fn is_before(bytes: &[u8], start: usize, reach: usize, words: &str) -> bool {
    let window = &bytes[start.saturating_sub(reach)..start];
    words.split('|').any(|word| holds_word(window, word.as_bytes()))
}

fn holds_word(window: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else { return false };
    let mut at = 0;
    while at + word.len() <= window.len() {
        let is_here = window[at].eq_ignore_ascii_case(first)
            && window[at + 1..at + word.len()].eq_ignore_ascii_case(rest)
            && (at == 0 || !window[at - 1].is_ascii_alphabetic() || is_hump(window, at));
        if is_here && (word.len() > 4 || is_end(&window[at + word.len()..])) {
            return true;
        }
        at += 1;
    }
    false
}

/// The start of a part in `camelCase`.
fn is_hump(window: &[u8], at: usize) -> bool {
    window[at].is_ascii_uppercase() && window[at - 1].is_ascii_lowercase()
}

fn is_end(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [b's' | b'S', next, ..] => !next.is_ascii_alphabetic(),
        [b's' | b'S'] => true,
        [next, ..] => !next.is_ascii_alphabetic(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_and_short_words_end() {
        for (text, word, expected) in [
            (&b"my SSN is "[..], "ssn", true),
            (b"TINs: ", "tin", true),
            (b"routing ", "tin", false),
            (b"tinted ", "tin", false),
            (b"passports ", "passport", true),
            (b"userPhone ", "phone", true),
            (b"telegraphone ", "phone", false),
        ] {
            assert_eq!(is_near(text, text.len(), text.len(), word), expected, "{word}");
        }
    }
}
