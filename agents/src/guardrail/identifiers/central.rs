//! Identifiers of central and eastern European countries.

use super::super::checksum::{Digits, is_date, mod11_10, number, weighted};
use super::super::rule::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("AT_SOCIAL_SECURITY", r"[1-9]\d{3} ?\d{6}", 0.25)
        .near(0.95, "svnr|sozialversicherungsnummer|sozialversicherung|versicherungsnummer")
        .check(is_austrian, "date and check digit of an insurance number hold"),
    rule("CZ_BIRTH_NUMBER", r"\d{6}/\d{4}", 0.7)
        .near(0.95, "rodne|rodne cislo|narozen|birth")
        .check(is_czech, "date holds, and eleven divides the number"),
    rule("RO_CNP", r"[1-9]\d{12}", 0.6)
        .near(0.97, "cnp|cod numeric")
        .check(is_romanian, "date and check digit of a CNP hold"),
    rule("BG_EGN", r"\d{10}", 0.2)
        .near(0.95, "egn|egnr")
        .check(is_bulgarian, "date and check digit of an EGN hold"),
    rule("HR_OIB", r"\d{11}", 0.2).near(0.95, "oib").check(is_croatian, "check digit of an OIB holds"),
    rule("HU_TAX_NUMBER", r"\d{8}-[1-5]-\d{2}", 0.75)
        .near(0.95, "adoszam|tax|vat")
        .check(is_hungarian, "check digit of a tax number holds"),
    rule("PL_NIP", r"\d{3}-\d{3}-\d{2}-\d{2}|\d{3}-\d{2}-\d{2}-\d{3}", 0.75)
        .near(0.97, "nip|vat|podatnik")
        .check(is_nip, "check digit of a NIP holds"),
    rule("PL_NIP", r"\d{10}", 0.15).near(0.95, "nip").check(is_nip, "check digit of a NIP holds"),
    rule("GR_AFM", r"\d{9}", 0.1).near(0.9, "afm|vat").check(is_greek, "check digit of an AFM holds"),
];

fn is_austrian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let sum = weighted(d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    is_date(number(&d[4..6]), number(&d[6..8])) && sum % 11 == u32::from(d[3])
}

fn is_czech(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    // Women's months are raised by 50; 20 more when a day had used up its numbers.
    let month = number(&d[2..4]) % 50;
    let whole = d.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit));
    is_date(number(&d[4..6]), if month > 20 { month - 20 } else { month }) && whole.is_multiple_of(11)
}

fn is_romanian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let rest = weighted(&d[..12], &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    is_date(number(&d[5..7]), number(&d[3..5])) && if rest == 10 { 1 } else { rest } == u32::from(d[12])
}

fn is_bulgarian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    // Months are raised by 20 before 1900 and by 40 from 2000 on.
    let month = number(&d[2..4]) % 20;
    let rest = weighted(&d[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    is_date(number(&d[4..6]), month) && rest == u32::from(d[9])
}

fn is_croatian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    !digits.are_equal() && mod11_10(digits.all())
}

fn is_hungarian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    weighted(&d[..8], &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10)
}

fn is_nip(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    !digits.are_equal() && weighted(&d[..9], &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == u32::from(d[9])
}

fn is_greek(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    !digits.are_equal() && weighted(&d[..8], &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == u32::from(d[8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_austrian(b"1237 010180") && !is_austrian(b"1238 010180"));
        assert!(is_czech(b"736028/5163") && !is_czech(b"736028/5164"));
        assert!(is_romanian(b"1800101221144") && !is_romanian(b"1800101221145"));
        assert!(is_bulgarian(b"7523169263") && !is_bulgarian(b"7523169264"));
        assert!(is_croatian(b"94577403194") && !is_croatian(b"94577403195"));
        assert!(is_hungarian(b"12892312-2-42") && !is_hungarian(b"12892313-2-42"));
        assert!(is_nip(b"526-104-08-28") && !is_nip(b"526-104-08-29"));
        assert!(is_greek(b"094019245") && !is_greek(b"094019246"));
    }
}
