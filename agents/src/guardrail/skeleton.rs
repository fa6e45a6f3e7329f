//! The text as a scanner sees it: one ASCII byte a visible character, with the way back to the original.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::invisible::is_invisible;
use super::markup::{Mark, read_mark};

/// Stands for a letter that has no Latin base letter.
pub(super) const LETTER: u8 = 0x80;
/// Stands for any other character outside ASCII.
pub(super) const SYMBOL: u8 = 0x81;

/// Folded text: full-width and foreign digits are ASCII, accents and invisible characters are gone.
pub(super) struct Skeleton<'t> {
    /// One byte a visible character.
    pub(super) bytes: Cow<'t, [u8]>,
    /// First code point and code point behind the last, in the original text, for every byte; `None` when byte is code point.
    origin: Option<Vec<(u32, u32)>>,
}

impl<'t> Skeleton<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let is_plain = |b: u8| b.is_ascii() && !matches!(b, b'&' | b'<') && !is_invisible(char::from(b));
        if text.bytes().all(is_plain) {
            return Self { bytes: Cow::Borrowed(text.as_bytes()), origin: None };
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut origin = Vec::with_capacity(text.len());
        let mut index = 0_u32;
        let mut rest = text;
        while let Some(ch) = rest.chars().next() {
            // All of a mark is ASCII, so that its length counts bytes and code points alike.
            let (shown, length, points) = match read_mark(rest) {
                Some(Mark { shown, length }) => (shown, length, length),
                None => (Some(ch), ch.len_utf8(), 1),
            };
            let end = index + u32::try_from(points).unwrap_or(1);
            if let Some(byte) = shown.and_then(fold) {
                let twin = shown.and_then(twin).filter(|_| {
                    let mut behind = rest[length..].chars().take(8);
                    let next = behind.find(|ch| !is_invisible(*ch) && twin(*ch).is_none());
                    bytes.last().is_some_and(u8::is_ascii_alphanumeric)
                        || next.is_some_and(|ch| ch.is_ascii_alphanumeric())
                });
                bytes.push(twin.unwrap_or(byte));
                origin.push((index, end));
            }
            index = end;
            rest = &rest[length..];
        }
        Self { bytes: Cow::Owned(bytes), origin: Some(origin) }
    }

    /// Code points of the original text covered by the bytes `start..end`, which must not be empty.
    pub(super) fn span(&self, start: usize, end: usize) -> (usize, usize) {
        match &self.origin {
            None => (start, end),
            Some(origin) => (origin[start].0 as usize, origin[end - 1].1 as usize),
        }
    }
}

fn fold(ch: char) -> Option<u8> {
    if ch.is_ascii() {
        return if is_invisible(ch) { None } else { u8::try_from(ch).ok() };
    }
    if is_invisible(ch) || is_combining_mark(ch) {
        return None;
    }
    let code = u32::from(ch);
    Some(match code {
        0x2018..=0x201B | 0x2032 | 0x2B9 | 0x2BC => b'\'',
        0x201C..=0x201F | 0x2033 => b'"',
        0x2010..=0x2015 | 0x2212 | 0x2043 | 0xFE58 | 0xFE63 => b'-',
        0xA0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => b' ',
        0x85 | 0x2028 | 0x2029 => b'\n',
        0x3002 | 0xFF61 | 0x2024 => b'.',
        0x2044 | 0x2215 => b'/',
        0xA7 | 0x2022 => SYMBOL,
        _ => match foreign_digit(code) {
            Some(digit) => b'0' + digit,
            None => fold_by_decomposition(ch),
        },
    })
}

/// The Latin letter that a Cyrillic or Greek one looks like. Beside Latin letters or digits it passes for it.
fn twin(ch: char) -> Option<u8> {
    const CYRILLIC: &str = "АAВBЕEКKМMНHОOРPСCТTУYХXІIЈJЅSаaеeоoрpсcуyхxіiјjѕsһhԁd";
    const GREEK: &str = "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXοoνv";
    if !matches!(u32::from(ch), 0x370..=0x52F) {
        return None;
    }
    let mut pairs = CYRILLIC.chars().chain(GREEK.chars());
    pairs.find(|candidate| *candidate == ch)?;
    pairs.next().and_then(|latin| u8::try_from(latin).ok())
}

/// Decimal digits of the other scripts; each block starts at its zero.
fn foreign_digit(code: u32) -> Option<u8> {
    const ZEROS: [u32; 20] = [
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0,
        0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10, 0x104A0,
    ];
    let start = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    u8::try_from(code - start).ok()
}

fn fold_by_decomposition(ch: char) -> u8 {
    let mut parts = std::iter::once(ch).nfkd();
    let base = parts.next().unwrap_or(ch);
    if base.is_ascii() && parts.all(is_combining_mark) {
        return u8::try_from(base).unwrap_or(SYMBOL);
    }
    if ch.is_alphabetic() { LETTER } else { SYMBOL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_to_ascii_and_remembers_the_place() {
        let skeleton = Skeleton::new("é４\u{200B}٢𝟜 “x”—中");
        assert_eq!(&skeleton.bytes[..], b"e424 \"x\"-\x80");
        assert_eq!(skeleton.span(1, 3), (1, 4));
        assert_eq!(skeleton.span(3, 4), (4, 5));
    }

    #[test]
    fn letters_that_look_latin_are_so_beside_latin_ones() {
        assert_eq!(&Skeleton::new("DЕ89 jаnе@ехample 4Х").bytes[..], b"DE89 jane@example 4X");
        assert_eq!(&Skeleton::new("сор Οχι").bytes[..], b"\x80\x80\x80 \x80\x80\x80");
    }

    #[test]
    fn markup_is_seen_through() {
        let skeleton = Skeleton::new("a&#64;b<b>c</b>&lt;");
        assert_eq!(&skeleton.bytes[..], b"a@bc<");
        assert_eq!(skeleton.span(0, 3), (0, 7));
        assert_eq!(skeleton.span(4, 5), (15, 19));
    }

    #[test]
    fn ascii_is_borrowed() {
        assert!(matches!(Skeleton::new("plain 12").bytes, Cow::Borrowed(_)));
    }
}
