//! Identifiers of Denmark, Norway, Ireland, Portugal and the Baltic states.

use super::super::checksum::{Digits, is_date, number, weighted};
use super::super::rule::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("DK_CPR", r"\d{6}-\d{4}", 0.35)
        .near(0.95, "cpr|personnummer|cpr nr")
        .check(is_danish, "begins with a date"),
    rule("DK_CPR", r"\d{10}", 0.05).near(0.85, "cpr").check(is_danish, "begins with a date"),
    rule("NO_FODSELSNUMMER", r"\d{6} ?\d{5}", 0.6)
        .near(0.97, "fodselsnummer|personnummer|fnr")
        .check(is_norwegian, "both check digits of a birth number hold"),
    rule("IE_PPS", r"\d{7}[A-W][A-IW]?", 0.65)
        .near(0.95, "pps|ppsn|personal public service")
        .check(is_irish, "check letter of a PPS number holds"),
    rule("PT_NIF", r"[1235689]\d{2} ?\d{3} ?\d{3}", 0.15)
        .near(0.93, "nif|contribuinte|nipc")
        .check(is_portuguese, "check digit of a NIF holds"),
    // Estonia and Lithuania number people alike.
    rule("EE_PERSONAL_CODE", r"[1-6]\d{10}", 0.45)
        .near(0.95, "isikukood|asmens kodas|personal code")
        .check(is_baltic, "date and check digit of a personal code hold"),
    rule("LV_PERSONAL_CODE", r"\d{6}-[0-2]\d{4}", 0.6)
        .near(0.95, "personas kods|personal code")
        .check(is_danish, "begins with a date"),
];

fn is_danish(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    is_date(number(&d[..2]), number(&d[2..4]))
}

fn is_norwegian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let first = weighted(d, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    is_date(number(&d[..2]), number(&d[2..4])) && first.is_multiple_of(11) && second.is_multiple_of(11)
}

fn is_irish(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let letters: Vec<u32> = text
        .iter()
        .filter(|b| b.is_ascii_alphabetic())
        .map(|b| u32::from(b.to_ascii_uppercase() - b'A') + 1)
        .collect();
    // A second letter counts nine times; W stands for none.
    let second = letters.get(1).map_or(0, |letter| letter % 23 * 9);
    let rest = (weighted(digits.all(), &[8, 7, 6, 5, 4, 3, 2]) + second) % 23;
    letters.first().is_some_and(|letter| letter % 23 == rest)
}

fn is_portuguese(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let check = match weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    !digits.are_equal() && check == u32::from(d[8])
}

fn is_baltic(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let check = match weighted(&d[..10], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
        10 => weighted(&d[..10], &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
        rest => rest,
    };
    is_date(number(&d[5..7]), number(&d[3..5])) && check == u32::from(d[10])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_norwegian(b"15076500565") && !is_norwegian(b"15076500566"));
        assert!(is_irish(b"1234567T") && is_irish(b"1234567FA") && !is_irish(b"1234567A"));
        assert!(is_portuguese(b"501 964 843") && !is_portuguese(b"501 964 842"));
        assert!(is_baltic(b"37605030299") && !is_baltic(b"37605030298"));
        assert!(is_danish(b"211062-5629") && !is_danish(b"321062-5629"));
    }
}
