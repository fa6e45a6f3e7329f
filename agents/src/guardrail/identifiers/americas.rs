//! Identifiers of the United States and Canada.

use super::super::checksum::{Digits, luhn, number, weighted};
use super::super::rule::{Rule, rule};

const LICENCE: &str = "driver|drivers|driving|dl|cdl";
const SSN: &str = "ssn|social security|social|ssid|ssns|soc sec";
const ACCOUNT: &str = "account|acct|checking|savings|kontonummer|cuenta";

pub(super) const RULES: &[Rule] = &[
    rule("US_SSN", r"\d{3}-\d{2}-\d{4}", 0.85).near(0.95, SSN).check(is_ssn, "ranges of a social security number hold"),
    rule("US_SSN", r"\d{3} \d{2} \d{4}|\d{3}\.\d{2}\.\d{4}", 0.4)
        .near(0.9, SSN)
        .check(is_ssn, "ranges of a social security number hold"),
    rule("US_SSN", r"\d{3}-\d{6}|\d{5}-\d{4}", 0.25).near(0.85, SSN).check(is_ssn, "ranges of a social security number hold"),
    rule("US_SSN", r"\d{9}", 0.1).near(0.85, SSN).check(is_ssn, "nine digits labelled as social security number"),
    rule("US_ITIN", r"9\d{2}[- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]\d{4}", 0.7)
        .near(0.9, "itin|taxpayer|individual|tax"),
    rule("US_ITIN", r"9\d{2}[- ]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]?\d{4}", 0.2)
        .near(0.8, "itin|taxpayer|individual"),
    rule("US_PASSPORT", r"\d{9}", 0.05).near(0.6, "passport|travel document"),
    rule("US_PASSPORT", r"[A-Z]\d{8}", 0.1).near(0.7, "passport|travel document"),
    rule("US_DRIVER_LICENSE", r"[A-Z]\d{3,14}|[A-Z]\d{18}|[A-Z]{1,2}\d{3,7}|\d{9}[A-Z]|[A-Z]{2}\d{6}[A-Z]", 0.1)
        .near(0.75, LICENCE),
    rule("US_DRIVER_LICENSE", r"[A-Z]\d{6}R|\d{2}[A-Z]{3}\d{5,6}|\d{8}[A-Z]{2}|\d{3}[A-Z]{2}\d{4}", 0.1).near(0.75, LICENCE),
    rule("US_DRIVER_LICENSE", r"[A-Z]\d[A-Z]\d[A-Z]|\d{7,8}[A-Z]|[A-Z]\d{3}-\d{4}-\d{4}|[A-Z]\d{4}-\d{5}-\d{5}", 0.1)
        .near(0.75, LICENCE),
    rule("US_DRIVER_LICENSE", r"\d{6,14}|\d{16}", 0.02).near(0.7, LICENCE),
    rule("US_DRIVER_LICENSE", r"\d{4}-\d{2}-\d{4}|\d{3}-\d{3}-\d{3}|\d{3}-\d{2}-\d{4}", 0.02).near(0.7, LICENCE),
    rule("US_BANK_NUMBER", r"\d{8,17}", 0.05).near(0.65, ACCOUNT),
    rule("ABA_ROUTING_NUMBER", r"[0123678]\d{3}-?\d{4}-?\d", 0.2)
        .near(0.9, "routing|aba|rtn|transit|wire|ach")
        .check(is_routing, "routing number checksum holds"),
    rule("US_MBI", r"[1-9][AC-HJKMNPQRT-Y][0-9AC-HJKMNPQRT-Y]\d-?[AC-HJKMNPQRT-Y][0-9AC-HJKMNPQRT-Y]\d-?[AC-HJKMNPQRT-Y]{2}\d{2}", 0.6)
        .near(0.9, "mbi|medicare|beneficiary|cms"),
    rule("US_NPI", r"[12]\d{9}|[12]\d{3}[ -]\d{3}[ -]\d{3}", 0.15)
        .near(0.9, "npi|provider|national provider|physician")
        .check(is_npi, "NPI checksum holds"),
    rule("MEDICAL_LICENSE", r"[A-HJ-MPRSTUX](?:[A-Z]\d{7}|9\d{7})", 0.4)
        .near(0.9, "dea|medical|certificate|prescriber")
        .check(is_dea, "DEA checksum holds"),
    rule("US_EIN", r"\d{2}-\d{7}", 0.25).near(0.85, "ein|employer identification|federal tax|tax id|taxpayer"),
    rule("CA_SIN", r"\d{3} \d{3} \d{3}|\d{3}-\d{3}-\d{3}", 0.45)
        .near(0.95, "sin|social insurance|insurance number|nas")
        .check(is_sin, "Luhn checksum holds"),
    rule("CA_SIN", r"\d{9}", 0.15).near(0.9, "sin|social insurance|nas").check(is_sin, "Luhn checksum holds"),
];

fn is_ssn(text: &[u8]) -> bool {
    const SAMPLES: [u32; 3] = [78_051_120, 123_456_789, 219_099_999];
    let digits = Digits::of(text);
    let d = digits.all();
    if d.len() != 9 || digits.are_equal() {
        return false;
    }
    let (area, group, serial) = (number(&d[..3]), number(&d[3..5]), number(&d[5..]));
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !SAMPLES.contains(&number(d))
}

fn is_routing(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let prefix = number(&digits.all()[..2]);
    let in_range = matches!(prefix, 0..=12 | 21..=32 | 61..=72 | 80);
    in_range && !digits.are_equal() && weighted(digits.all(), &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

fn is_npi(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let mut full = vec![8, 0, 8, 4, 0];
    full.extend_from_slice(digits.all());
    luhn(&full) && !digits.all()[..9].windows(2).all(|pair| pair[0] == pair[1])
}

fn is_dea(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = &digits.all()[digits.all().len() - 7..];
    (weighted(&d[..6], &[1, 2, 1, 2, 1, 2])) % 10 == u32::from(d[6]) && !digits.are_equal()
}

fn is_sin(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    luhn(digits.all()) && !matches!(digits.all()[0], 0 | 8) && !digits.are_equal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(
            is_ssn(b"219-09-9998")
                && !is_ssn(b"219-09-9999")
                && !is_ssn(b"666-12-1234")
                && !is_ssn(b"912-12-1234")
        );
        assert!(is_routing(b"021000021") && !is_routing(b"021000022"));
        assert!(is_npi(b"1234567893") && !is_npi(b"1234567894"));
        assert!(is_dea(b"AB1234563") && !is_dea(b"AB1234564"));
        assert!(is_sin(b"130 692 544") && !is_sin(b"130 692 545"));
    }
}
