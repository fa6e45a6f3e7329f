//! Australian identifiers.

use super::super::checksum::{Digits, weighted};
use super::super::rule::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("AU_ABN", r"\d{2} \d{3} \d{3} \d{3}", 0.8)
        .near(0.97, "abn|australian business")
        .check(is_abn, "ABN checksum holds"),
    rule("AU_ABN", r"\d{11}", 0.2).near(0.95, "abn|australian business").check(is_abn, "ABN checksum holds"),
    rule("AU_ACN", r"\d{3} \d{3} \d{3}", 0.4)
        .near(0.95, "acn|australian company")
        .check(is_acn, "ACN checksum holds"),
    rule("AU_ACN", r"\d{9}", 0.1).near(0.95, "acn|australian company").check(is_acn, "ACN checksum holds"),
    rule("AU_TFN", r"\d{3} \d{3} \d{3}", 0.4).near(0.95, "tfn|tax file").check(is_tfn, "TFN checksum holds"),
    rule("AU_TFN", r"\d{9}", 0.1).near(0.95, "tfn|tax file").check(is_tfn, "TFN checksum holds"),
    rule("AU_MEDICARE", r"[2-6]\d{3} \d{5} \d", 0.6)
        .near(0.95, "medicare")
        .check(is_medicare, "Medicare checksum holds"),
    rule("AU_MEDICARE", r"[2-6]\d{9}", 0.15)
        .near(0.95, "medicare")
        .check(is_medicare, "Medicare checksum holds"),
];

fn is_abn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    if d[0] == 0 {
        return false;
    }
    let sum = weighted(d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10;
    sum.is_multiple_of(89)
}

fn is_acn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    (10 - weighted(&d[..8], &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == u32::from(d[8]) && !digits.are_equal()
}

fn is_tfn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    weighted(digits.all(), &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !digits.are_equal()
}

fn is_medicare(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    weighted(&d[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(d[8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_abn(b"51 824 753 556") && !is_abn(b"52 824 753 556"));
        assert!(is_acn(b"004 085 616") && !is_acn(b"004 085 617"));
        assert!(is_tfn(b"876 543 210") && !is_tfn(b"876 543 211"));
        assert!(is_medicare(b"2123 45670 1") && !is_medicare(b"2123 45680 1"));
    }
}
