//! Check digits: the arithmetic that tells an identifier from a run of digits.

/// Digits of a matched value, separators left out; at most 32.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    buffer: [u8; 32],
    length: usize,
}

impl Digits {
    /// Reads the ASCII digits of `text`; more than 32 are cut.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut digits = Self { buffer: [0; 32], length: 0 };
        for byte in text.iter().filter(|b| b.is_ascii_digit()).take(32) {
            digits.buffer[digits.length] = byte - b'0';
            digits.length += 1;
        }
        digits
    }

    pub(super) fn all(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// Says whether every digit is the same one.
    pub(super) fn are_equal(&self) -> bool {
        self.all().windows(2).all(|pair| pair[0] == pair[1])
    }
}

/// Decimal number made of digits.
pub(super) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0_u32, |n, d| n.wrapping_mul(10).wrapping_add(u32::from(*d)))
}

/// Sum of digits times weights; the shorter list decides.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| u32::from(*d) * w).sum()
}

/// ISO/IEC 7812 Luhn: the last digit checks the others.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d);
            if i % 2 == 0 { d } else { 2 * d / 10 + 2 * d % 10 }
        })
        .sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

/// ISO 7064 mod 97,10 over letters and digits, already rotated (IBAN puts its first four characters last).
pub(super) fn mod97(text: impl Iterator<Item = u8>) -> u32 {
    text.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase().wrapping_sub(b'A')) + 10) % 97,
    })
}

/// ISO 7064 mod 11,10, used by German tax numbers.
pub(super) fn mod11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let mut product = 10;
    for digit in body {
        let sum = match (u32::from(*digit) + product) % 10 {
            0 => 10,
            other => other,
        };
        product = sum * 2 % 11;
    }
    (11 - product) % 10 == u32::from(*check)
}

/// Verhoeff's dihedral check, used by Aadhaar and the Nigerian NIN.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const MULTIPLY: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const PERMUTE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let rest = digits.iter().rev().enumerate().fold(0_u8, |rest, (place, digit)| {
        MULTIPLY[usize::from(rest)][usize::from(PERMUTE[place % 8][usize::from(*digit)])]
    });
    rest == 0 && !digits.is_empty()
}

/// Machine-readable-document check (ICAO 9303): weights 7, 3, 1 over digits and letters.
pub(super) fn icao(text: &[u8]) -> bool {
    let Some((check, body)) = text.split_last() else { return false };
    let sum: u32 = body.iter().zip([7, 3, 1].into_iter().cycle()).map(|(b, w)| character_value(*b) * w).sum();
    check.is_ascii_digit() && sum % 10 == u32::from(check - b'0')
}

/// 0-9 for digits, 10-35 for letters of either case.
pub(super) fn character_value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

/// Says whether day and month exist; 29 February is allowed in any year, since the century is often unknown.
pub(super) fn is_date(day: u32, month: u32) -> bool {
    const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (1..=12).contains(&month) && (1..=DAYS[month as usize - 1]).contains(&day)
}

/// Shannon entropy in bits a character; 0 for an empty value.
pub(super) fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    for byte in text.iter().take(4_096) {
        counts[usize::from(*byte)] += 1;
    }
    let length = text.len().min(4_096) as f32;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f32::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Digits {
        Digits::of(text.as_bytes())
    }

    #[test]
    fn luhn_knows_one_wrong_digit() {
        assert!(luhn(digits("4539 1488 0343 6467").all()));
        assert!(!luhn(digits("4539 1488 0343 6468").all()));
        assert!(!luhn(digits("0").all()));
    }

    #[test]
    fn verhoeff_textbook_value() {
        assert!(verhoeff(digits("2363").all()));
        assert!(!verhoeff(digits("2364").all()));
    }

    #[test]
    fn icao_textbook_value() {
        assert!(icao(b"L898902C<3") || icao(b"L898902C3"));
        assert!(!icao(b"L898902C4"));
    }

    #[test]
    fn mod97_of_a_bank_account() {
        let rotated = b"WEST12345698765432GB82";
        assert_eq!(mod97(rotated.iter().copied()), 1);
    }

    #[test]
    fn dates_exist_or_not() {
        assert!(is_date(29, 2) && is_date(31, 12));
        assert!(!is_date(31, 4) && !is_date(0, 1) && !is_date(1, 13));
    }

    #[test]
    fn entropy_of_known_strings() {
        assert!(entropy(b"aaaa").abs() < 0.001);
        assert!((entropy(b"abcd") - 2.0).abs() < 0.001);
    }
}
