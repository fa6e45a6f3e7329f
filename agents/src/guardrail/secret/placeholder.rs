//! Values that only stand where a secret would.

use super::super::checksum::entropy;

/// Words of documentation; a value holding one is not a secret.
const WORDS: [&[u8]; 13] = [
    b"xxxxx",
    b"#####",
    b"*****",
    b"example",
    b"your",
    b"placeholder",
    b"changeme",
    b"dummy",
    b"redacted",
    b"insert_",
    b"replace",
    b"initial",
    b"00000000",
];

/// Says whether the value is a stand-in: a documentation word, or hardly any variety.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    holds(&lower, &WORDS) || entropy(&lower) < 1.8 || is_counting(&lower) || lower.ends_with(b"...")
}

/// Says whether the lower-case text holds one of the words.
pub(super) fn holds(lower: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| lower.windows(word.len()).any(|window| window == *word))
}

/// `123456789012345…`: only digits, and at least three quarters of them follow their neighbour.
fn is_counting(value: &[u8]) -> bool {
    let steps = value
        .windows(2)
        .filter(|pair| pair[1] == pair[0].wrapping_add(1) || (pair[0] == b'9' && pair[1] == b'0'))
        .count();
    value.len() > 8 && value.iter().all(u8::is_ascii_digit) && steps * 4 >= value.len() * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_known() {
        for text in [
            "xxxxxxxxxxxxxxxx",
            "YOUR_KEY_HERE_1",
            "aaaaaaaaaa",
            "12345678901234567890",
            "xoxp-572370529330-573807301142-572331691188-########",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        assert!(!is_placeholder(b"8v5hsy52clk72cuxu8s04pa9h9llhh"));
    }
}
