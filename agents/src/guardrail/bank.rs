//! Payment cards and bank accounts, which carry their own check digits.

use super::checksum::{luhn, mod97};
use super::context::is_near;
use super::finding::Reading;

const CARD_WORDS: &str = "card|credit|visa|mastercard|amex|american express|discover|maestro|jcb|diners|debit|pan|cc|payment|expires|cvv";

/// Country, total length.
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Reads an IBAN that begins at `start` with its two country letters.
pub(super) fn read_iban(bytes: &[u8], start: usize, found: &mut Vec<Reading>) {
    let Some(country) = bytes.get(start..start + 2) else { return };
    let upper = [country[0].to_ascii_uppercase(), country[1].to_ascii_uppercase()];
    let Some((_, length)) = IBAN_LENGTHS.iter().find(|(code, _)| **code == upper) else { return };
    if !bytes.get(start + 2..start + 4).is_some_and(|check| check.iter().all(u8::is_ascii_digit)) {
        return;
    }
    let mut compact = Vec::with_capacity(34);
    let mut at = start;
    // Groups are of four; anything else is words that happen to add up.
    let is_group_end = |length: usize| length.is_multiple_of(4);
    while compact.len() < *length {
        match bytes.get(at) {
            Some(byte) if byte.is_ascii_alphanumeric() => compact.push(*byte),
            Some(b' ' | b'-') if bytes[at - 1].is_ascii_alphanumeric() && is_group_end(compact.len()) => {}
            _ => return,
        }
        at += 1;
    }
    let is_cut = bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let (head, body) = compact.split_at(4);
    // Words that add up mix their cases; an account does not.
    let is_one_case =
        !(compact.iter().any(u8::is_ascii_uppercase) && compact.iter().any(u8::is_ascii_lowercase));
    if !is_cut && is_one_case && mod97(body.iter().chain(head).copied()) == 1 {
        found.push(Reading::personal("IBAN_CODE", start, at, 1.0, "mod 97 checksum and country length hold"));
    }
}

/// Reads a card number in groups or in one run that begins at the digit `start`.
pub(super) fn read_card(bytes: &[u8], start: usize, found: &mut Vec<Reading>) {
    let mut digits = Vec::with_capacity(20);
    let mut groups = Vec::with_capacity(6);
    let mut group = 0;
    let mut separator = None;
    let mut best = None;
    let mut at = start;
    loop {
        let byte = bytes.get(at).copied().unwrap_or(b'\n');
        if byte.is_ascii_digit() {
            digits.push(byte - b'0');
            group += 1;
        } else {
            if byte.is_ascii_alphabetic() || byte == b'_' {
                break;
            }
            groups.push(group);
            group = 0;
            if let Some(network) = network(&digits, &groups) {
                best = Some((at, network));
            }
            let is_joint = matches!(byte, b' ' | b'-' | b'.') && separator.is_none_or(|s| s == byte);
            if !is_joint || !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                break;
            }
            separator = Some(byte);
        }
        if digits.len() > 19 {
            break;
        }
        at += 1;
    }
    let Some((end, is_known)) = best else { return };
    let near = is_near(bytes, start, end, CARD_WORDS);
    let (score, reason) = match (is_known, near) {
        (true, _) => (1.0, "Luhn checksum holds and the issuer range exists"),
        (false, true) => (0.8, "Luhn checksum holds and the text speaks of a card"),
        (false, false) => (0.3, "Luhn checksum holds"),
    };
    found.push(Reading::personal("CREDIT_CARD", start, end, score, reason));
}

/// `Some(true)` for a card of a known network, `Some(false)` for one that merely passes Luhn, `None` for no card.
fn network(digits: &[u8], groups: &[usize]) -> Option<bool> {
    // One by one is how digits are spaced out to get past a reader like this.
    let is_grouped = groups.len() == 1
        || groups.iter().all(|g| *g == 1)
        || groups.iter().all(|g| (3..=7).contains(g)) && groups[0] >= 4;
    let is_varied = digits.windows(2).any(|pair| pair[0] != pair[1]);
    if !(12..=19).contains(&digits.len()) || !is_grouped || !is_varied || !luhn(digits) {
        return None;
    }
    let prefix = |n: usize| digits[..n].iter().fold(0_u32, |sum, d| sum * 10 + u32::from(*d));
    let (one, two, three, four) = (prefix(1), prefix(2), prefix(3), prefix(4));
    Some(match digits.len() {
        12 => matches!(two, 50 | 56..=59 | 63 | 67..=69),
        13 => one == 4 || matches!(two, 50 | 56..=59 | 67..=69),
        14 => matches!(three, 300..=305) || matches!(two, 36 | 38 | 39),
        15 => {
            matches!(two, 34 | 37 | 50 | 56..=59 | 67)
                || matches!(four, 2_014 | 2_149 | 2_131 | 1_800)
                || one == 1
        }
        16 => {
            one == 4
                || matches!(two, 35 | 36 | 38 | 39 | 50..=69)
                || matches!(four, 2_200..=2_204 | 2_221..=2_720 | 8_100..=8_171 | 9_792)
                || three == 300
        }
        19 => one == 4 || matches!(two, 35 | 50 | 56..=69),
        _ => matches!(two, 35 | 50 | 56..=69),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(text: &str) -> Option<(usize, usize, f32)> {
        let mut found = Vec::new();
        read_card(text.as_bytes(), 0, &mut found);
        found.pop().map(|r| (r.start, r.end, r.score))
    }

    #[test]
    fn cards_of_all_lengths_and_groupings() {
        for (text, end) in [
            ("4111111111111111", 16),
            ("4111-1111-1111-1111.", 19),
            ("4111 1111 1111 1111 12/27", 19),
            ("3714 496353 98431", 17),
            ("6759649826438453", 16),
        ] {
            assert_eq!(card(text), Some((0, end, 1.0)), "{text}");
        }
        for text in
            ["4111111111111112", "0000000000000000", "12 34 56 78 90 12 34 56", "41111111111111111111"]
        {
            assert!(card(text).is_none_or(|(_, _, score)| score < 0.5), "{text}");
        }
    }

    #[test]
    fn accounts_need_length_and_checksum() {
        for (text, expected) in [
            ("GB82 WEST 1234 5698 7654 32", true),
            ("de89370400440532013000", true),
            ("DE89370400440532013001", false),
            ("DE8937040044053201300", false),
            ("GB82 WEST 1234 5698 7654 321", false),
            ("ZZ82WEST12345698765432", false),
        ] {
            let mut found = Vec::new();
            read_iban(text.as_bytes(), 0, &mut found);
            assert_eq!(found.len() == 1, expected, "{text}");
        }
    }
}
