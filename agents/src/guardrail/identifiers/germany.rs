//! German identifiers: tax, insurance, register, papers and plates.

use super::super::checksum::{Digits, character_value, icao, is_date, mod11_10, number, weighted};
use super::super::rule::{Rule, rule};

const TAX: &str = "steuer|idnr|steuernummer|finanzamt|tin|tax";

pub(super) const RULES: &[Rule] = &[
    rule("DE_TAX_ID", r"[1-9]\d{10}|[1-9]\d \d{3} \d{3} \d{3}", 0.3)
        .near(0.95, "steuer|idnr|steueridentifikationsnummer|tin|tax")
        .check(is_tax_id, "check digit of a tax id holds"),
    rule("DE_TAX_NUMBER", r"(?:0[1-9]|1[0-6])\d{11}", 0.1).near(0.85, TAX),
    rule("DE_TAX_NUMBER", r"\d{2,3}/\d{3,4}/\d{4,5}", 0.4).near(0.85, TAX),
    rule("DE_VAT_ID", r"DE[ -]?\d{3}[ -]?\d{3}[ -]?\d{3}", 0.95)
        .check(is_vat, "check digit of a VAT id holds"),
    rule("DE_VAT_ID", r"DE[ -]?\d{3}[ -]?\d{3}[ -]?\d{3}", 0.45).near(0.7, "ust|umsatzsteuer|vat|mwst"),
    rule("DE_HANDELSREGISTER", r"HR[AB] ?\d{1,6}", 0.6)
        .near(0.9, "handelsregister|amtsgericht|registergericht|hrb|hra"),
    rule("DE_HEALTH_INSURANCE", r"[A-Z]\d{9}", 0.5)
        .near(0.95, "krankenkasse|kvnr|versicherung|versichertennummer|gesundheitskarte")
        .check(is_kvnr, "check digit of an insured person's number holds"),
    rule("DE_SOCIAL_SECURITY", r"\d{8}[A-Z]\d{3}|\d{2} \d{6} [A-Z] \d{3}", 0.9)
        .check(is_pension, "date and check digit of a pension insurance number hold"),
    rule("DE_ID_CARD", r"[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{7}\d", 0.45)
        .near(0.9, "ausweis|personalausweis|id card|ausweisnummer")
        .check(is_document, "check digit of a document holds"),
    rule("DE_ID_CARD", r"T\d{8}", 0.2).near(0.8, "ausweis|personalausweis|id card|ausweisnummer"),
    rule("DE_PASSPORT", r"[CFGHJK][0-9CFGHJKLMNPRTVWXYZ]{7}\d", 0.4)
        .near(0.95, "reisepass|pass|passport|passnummer")
        .check(is_document, "check digit of a passport holds"),
    rule("DE_FUEHRERSCHEIN", r"[A-Z]{2}\d{8}[A-Z0-9]", 0.2)
        .near(0.85, "fuhrerschein|fuehrerschein|fahrerlaubnis"),
    rule("DE_KFZ", r"[A-Z]{1,3}[ -][A-Z]{1,2} ?\d{1,4}[EH]?", 0.15)
        .near(0.8, "kennzeichen|fahrzeug|kfz|nummernschild"),
    rule("DE_BSNR", r"\d{9}", 0.03).near(0.8, "bsnr|betriebsstatte|betriebsstattennummer|praxis"),
    rule("DE_LANR", r"\d{9}", 0.1)
        .near(0.85, "lanr|arzt|arztnummer")
        .check(is_lanr, "check digit of a physician's number holds"),
    rule("DE_PLZ", r"\d{5}", 0.03)
        .near(0.6, "plz|postleitzahl|wohnhaft|anschrift|adresse|wohnort")
        .check(is_postcode, "labelled as postcode"),
];

fn is_tax_id(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    !digits.are_equal() && mod11_10(digits.all())
}

fn is_vat(text: &[u8]) -> bool {
    mod11_10(Digits::of(text).all())
}

fn is_document(text: &[u8]) -> bool {
    icao(text) && text.iter().filter(|b| b.is_ascii_digit()).count() >= 3
}

/// Adds the digits of every product: 7 times 2 counts as 1 + 4.
fn digit_sum(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| u32::from(*d) * w).map(|p| p / 10 + p % 10).sum()
}

/// The letter as two digits, A = 01.
fn letter_digits(letter: u8) -> [u8; 2] {
    let place = (character_value(letter) - 9) as u8;
    [place / 10, place % 10]
}

fn is_kvnr(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let mut all = letter_digits(text[0]).to_vec();
    all.extend_from_slice(&d[..8]);
    digit_sum(&all, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == u32::from(d[8])
}

fn is_pension(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let Some(letter) = text.iter().find(|b| b.is_ascii_alphabetic()) else { return false };
    // The day may be raised by 50 for a second person born that day.
    let day = number(&d[2..4]);
    if !is_date(if day > 50 { day - 50 } else { day }, number(&d[4..6])) {
        return false;
    }
    let mut all = d[..8].to_vec();
    all.extend(letter_digits(*letter));
    all.extend_from_slice(&d[8..10]);
    digit_sum(&all, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 == u32::from(d[10])
}

fn is_lanr(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    (10 - weighted(&d[..6], &[4, 9, 4, 9, 4, 9]) % 10) % 10 == u32::from(d[6])
}

fn is_postcode(text: &[u8]) -> bool {
    (1_001..=99_998).contains(&number(Digits::of(text).all()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_pension(b"15070649C103") && !is_pension(b"15070649C104") && !is_pension(b"15071349C103"));
        assert!(is_kvnr(b"A123456780") && !is_kvnr(b"A123456781"));
        assert!(is_document(b"T22000129") == icao(b"T22000129"));
        assert!(is_tax_id(b"86095742719") && !is_tax_id(b"86095742718"));
        assert!(is_vat(b"DE136695976") && !is_vat(b"DE136695975"));
    }
}
