//! Plain text in whatever letters it was saved.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Fault, Kind, Note, Reading};

/// Reads plain text, letter for letter as it was sent.
pub(super) fn read(bytes: &[u8]) -> Result<Reading, Fault> {
    let text = decode(bytes);
    if !is_text(&text) {
        return Err(Fault::Unknown);
    }
    let mut notes = Vec::new();
    if text.contains('\u{FFFD}') {
        notes.push(Note::LettersLost);
    }
    // Offsets count in the text as sent, so nothing but a byte-order mark is taken away.
    Ok(Reading::plain(text.into_owned(), Kind::Plain, notes))
}

/// The letters of the bytes: by byte-order mark, as UTF-8 when they are, as UTF-16 by its zero bytes, else as Western.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0;
    }
    if let Some(encoding) = wide(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // Cut in the middle of a letter at the very end: still UTF-8.
        Err(error) if error.error_len().is_none() => UTF_8.decode_without_bom_handling(bytes).0,
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// UTF-16 without a mark: Western text has a zero in every other byte.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(2048) & !1];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    match (zeros(0), zeros(1)) {
        (even, odd) if half > 1 && odd * 10 > half * 7 && even * 10 < half => Some(UTF_16LE),
        (even, odd) if half > 1 && even * 10 > half * 7 && odd * 10 < half => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether the letters are those of a text: hardly any control letters.
pub(super) fn is_text(text: &str) -> bool {
    let mut letters = 0_usize;
    let mut strange = 0_usize;
    for letter in text.chars().take(65_536) {
        letters += 1;
        let control = letter.is_control()
            && !matches!(letter, '\n' | '\r' | '\t' | '\u{c}' | '\u{85}' | '\u{91}'..='\u{97}');
        strange += usize::from(control || letter == '\u{FFFD}');
    }
    letters > 0 && strange * 50 <= letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_whatever_they_were_saved_in() {
        let wide: Vec<u8> = "Fee: 5 €".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let rows: [(&[u8], &str); 5] = [
            ("Fee: 5 €".as_bytes(), "Fee: 5 €"),
            (b"\xEF\xBB\xBFFee: 5 EUR", "Fee: 5 EUR"),
            (b"Caf\xE9 \x93quoted\x94 \x80 5", "Café “quoted” € 5"),
            (b"\xFF\xFEF\0e\0e\0", "Fee"),
            (&wide, "Fee: 5 €"),
        ];
        for (bytes, text) in rows {
            assert_eq!(decode(bytes), text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(read(&[0, 1, 2, 3, 4, 5, 250, 0, 0, 9]).map(|_| ()), Err(Fault::Unknown));
    }
}
