//! Characters a reader cannot see, which smuggle instructions past people and split values past scanners.

use std::borrow::Cow;

/// Says whether a character leaves no mark on the page, so that it may be dropped without changing what a person reads.
pub fn is_invisible(ch: char) -> bool {
    matches!(u32::from(ch),
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF
        | 0xFFA0 | 0xFFF0..=0xFFFB | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
        || is_private_use(ch)
        || is_stray_control(ch)
}

fn is_private_use(ch: char) -> bool {
    matches!(u32::from(ch), 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF)
}

fn is_stray_control(ch: char) -> bool {
    ch.is_control() && !matches!(ch, '\t' | '\n' | '\r' | '\u{85}' | '\u{B}' | '\u{C}')
}

/// Removes invisible characters; joiners inside emoji and inside scripts that need them stay.
///
/// The text is borrowed when there was nothing to remove.
pub fn strip_invisible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut index = 0;
    while index < chars.len() {
        let flag = flag_length(&chars[index..]);
        if flag > 0 {
            kept.extend(&chars[index..index + flag]);
            index += flag;
            continue;
        }
        let ch = chars[index];
        if !is_invisible(ch) || is_needed(&chars, index) {
            kept.push(ch);
        }
        index += 1;
    }
    if kept == text { Cow::Borrowed(text) } else { Cow::Owned(kept) }
}

/// Length of a regional flag (black flag, two to six tag letters, end tag), zero if there is none here.
fn flag_length(chars: &[char]) -> usize {
    if chars.first() != Some(&'\u{1F3F4}') {
        return 0;
    }
    let tags = chars[1..]
        .iter()
        .take_while(|c| matches!(u32::from(**c), 0xE0030..=0xE0039 | 0xE0061..=0xE007A))
        .count();
    let ended = chars.get(1 + tags) == Some(&'\u{E007F}');
    if ended && (2..=6).contains(&tags) { tags + 2 } else { 0 }
}

fn is_needed(chars: &[char], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|i| chars.get(i)).copied();
    let after = chars.get(index + 1).copied();
    match chars[index] {
        '\u{FE0F}' => before.is_some_and(takes_emoji_style),
        '\u{FE0E}' => before.is_some_and(takes_emoji_style),
        '\u{200D}' => {
            let joins_emoji =
                before.is_some_and(|c| is_emoji(c) || c == '\u{FE0F}') && after.is_some_and(is_emoji);
            joins_emoji || (before.is_some_and(joins_letters) && after.is_none_or(joins_letters))
        }
        '\u{200C}' => before.is_some_and(joins_letters) && after.is_some_and(joins_letters),
        _ => false,
    }
}

fn is_emoji(ch: char) -> bool {
    matches!(u32::from(ch), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2190..=0x21FF | 0x2300..=0x23FF | 0x2B00..=0x2BFF)
}

fn takes_emoji_style(ch: char) -> bool {
    is_emoji(ch)
        || matches!(
            ch,
            '#' | '*' | '0'..='9' | '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        )
        || matches!(u32::from(ch), 0x25A0..=0x25FF | 0x2934 | 0x2935 | 0x3030 | 0x303D | 0x3297 | 0x3299)
}

/// Scripts whose spelling uses the joiners: Arabic, Syriac and the Indic family.
fn joins_letters(ch: char) -> bool {
    matches!(u32::from(ch), 0x600..=0x7BF | 0x8A0..=0xDFF | 0xF00..=0x109F | 0x1780..=0x17FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_what_hides() {
        for (text, expected) in [
            ("plain\ntext\t.", "plain\ntext\t."),
            ("hid\u{E0041}\u{E0042}den", "hidden"),
            ("zero\u{200B}width\u{FEFF}", "zerowidth"),
            ("bidi\u{202E}evil\u{2066}", "bidievil"),
            ("soft\u{AD}hyphen", "softhyphen"),
            ("a\u{FE01}\u{E0101}b", "ab"),
            ("a\u{200D}b", "ab"),
            ("", ""),
        ] {
            assert_eq!(strip_invisible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_what_is_spelling() {
        for text in [
            "👩\u{200D}👩\u{200D}👧",
            "❤\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
        ] {
            assert_eq!(strip_invisible(text), text);
        }
    }

    #[test]
    fn tags_after_a_flag_are_no_hiding_place() {
        assert_eq!(
            strip_invisible("🏴\u{E0069}\u{E0067}\u{E006E}\u{E006F}\u{E0072}\u{E0065}\u{E0061}\u{E007F}"),
            "🏴"
        );
    }
}
