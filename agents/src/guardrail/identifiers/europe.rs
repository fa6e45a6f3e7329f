//! Identifiers of western European countries, Finland, Sweden, Poland and Turkey; Germany has its own table.

use super::super::checksum::{Digits, character_value, is_date, luhn, mod97, number, weighted};
use super::super::rule::{Rule, rule};

const VAT: &str = "vat|tva|iva|btw|moms|mwst|uid|tax|partita|nif|cif";
const PLATE: &str = "vehicle|registration|plate|number plate|car|reg|vrm";

pub(super) const RULES: &[Rule] = &[
    rule("UK_NHS", r"\d{3}[ -]?\d{3}[ -]?\d{4}", 0.3)
        .near(0.95, "nhs|national health|health service|health")
        .check(is_nhs, "NHS checksum holds"),
    rule("UK_NINO", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", 0.45)
        .near(0.95, "nino|national insurance|ni number|insurance")
        .check(is_nino, "has the form of a national insurance number"),
    rule("UK_NINO", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} \d{2} \d{2} ?[A-D]", 0.7)
        .near(0.95, "nino|national insurance|ni number|insurance")
        .check(is_nino, "has the form of a national insurance number"),
    rule("UK_PASSPORT", r"[A-Z]{2}\d{7}", 0.1).near(0.7, "passport|hmpo|travel document"),
    rule("UK_POSTCODE", r"(?:GIR|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d[0-9ABEHMNPRV-Y]?|\d[A-HJKPS-UW])) \d?[0-9A-Z]?[ABD-HJLNP-UW-Z]{2}", 0.4)
        .near(0.7, "postcode|post code|address|london|england|uk|united kingdom|street|road")
        .check(is_postcode, "has the form of a postcode"),
    rule("UK_POSTCODE", r"(?:GIR|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d[0-9ABEHMNPRV-Y]?|\d[A-HJKPS-UW]))\d[ABD-HJLNP-UW-Z]{2}", 0.15)
        .near(0.6, "postcode|post code|address")
        .check(is_postcode, "has the form of a postcode"),
    rule("UK_VEHICLE_REGISTRATION", r"[A-HJ-PR-Y]{2}(?:0[2-9]|[12]\d|5[1-9]|[67]\d)[ -]?[A-HJ-PR-Z]{3}", 0.3).near(0.85, PLATE),
    rule("UK_VEHICLE_REGISTRATION", r"[A-HJ-NPR-TV-Y]\d{1,3}[ -]?[A-HJ-PR-Z]{3}", 0.12).near(0.7, PLATE),
    rule("UK_VEHICLE_REGISTRATION", r"[A-HJ-PR-Z]{3}[ -]?\d{1,3}[A-HJ-NPR-TV-Y]", 0.12).near(0.7, PLATE),
    rule("UK_DRIVING_LICENCE", r"[A-Z][A-Z9]{4}\d(?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}[A-Z0-9][A-Z]{2}", 0.85)
        .near(0.95, "driving|licence|license|dvla")
        .check(is_british_licence, "has the form of a driving licence"),
    rule("ES_NIF", r"\d{7,8}-?[A-Z]", 0.65).near(0.95, "dni|nif|identificacion|documento").check(is_nif, "NIF letter holds"),
    rule("ES_NIE", r"[XYZ]\d{7}-?[A-Z]", 0.8).near(0.95, "nie|extranjero|identificacion").check(is_nif, "NIE letter holds"),
    rule("ES_PASSPORT", r"[A-Z]{3}\d{6}", 0.15).near(0.75, "pasaporte|passport"),
    rule("IT_FISCAL_CODE", FISCAL, 0.98).check(is_fiscal, "check letter of a fiscal code holds"),
    rule("IT_FISCAL_CODE", FISCAL, 0.4).near(0.7, "codice fiscale|codice|fiscale|fiscal"),
    rule("IT_VAT_CODE", r"\d{11}", 0.2)
        .near(0.9, "iva|partita|p iva|vat")
        .check(is_partita_iva, "check digit of a partita IVA holds"),
    rule("IT_DRIVER_LICENSE", r"[A-Z]{2}\d{7}[A-Z]|U1[BCDFGHJKLMNPRSTUWXYZ0-9]{7}[A-Z]", 0.2).near(0.8, "patente|guida|licenza|license"),
    rule("IT_IDENTITY_CARD", r"[A-Z]{2} ?\d{7}|\d{7}[A-Z]{2}|[A-Z]{2}\d{5}[A-Z]{2}", 0.05).near(0.7, "carta|identita|identity|cie|ci"),
    rule("IT_PASSPORT", r"[A-Z]{2}\d{7}", 0.05).near(0.7, "passaporto|passport|rilasciato"),
    rule("PL_PESEL", r"\d{11}", 0.35).near(0.95, "pesel").check(is_pesel, "date and check digit of a PESEL hold"),
    rule("FI_PERSONAL_IDENTITY_CODE", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", 0.9)
        .check(is_hetu, "date and check character of a personal identity code hold")
        .glued(),
    rule("SE_PERSONNUMMER", r"(?:18|19|20)?\d{6}[-+]\d{4}", 0.85).check(is_personnummer, "date and Luhn checksum hold").glued(),
    rule("SE_PERSONNUMMER", r"(?:18|19|20)?\d{10}", 0.3)
        .near(0.9, "personnummer|pnr|swedish|samordningsnummer|identity code")
        .check(is_personnummer, "date and Luhn checksum hold")
        .glued(),
    rule("SE_ORGANISATIONSNUMMER", r"\d{6}-\d{4}", 0.5)
        .near(0.9, "organisationsnummer|org nr|orgnr|company|foretag")
        .check(is_organisation, "Luhn checksum holds"),
    rule("SE_ORGANISATIONSNUMMER", r"\d{10}", 0.1)
        .near(0.8, "organisationsnummer|org nr|orgnr|foretag")
        .check(is_organisation, "Luhn checksum holds"),
    rule("TR_NATIONAL_ID", r"[1-9]\d{10}", 0.4).near(0.95, "tc|kimlik|tckn").check(is_turkish, "check digits of a kimlik no hold"),
    rule("TR_LICENSE_PLATE", r"(?:0[1-9]|[1-7]\d|8[01]) ?(?:[A-Z] ?\d{2,5}|[A-Z]{2} ?\d{2,4}|[A-Z]{3} ?\d{2,4})", 0.12)
        .near(0.8, "plaka|plakasi|arac|plate"),
    rule("FR_SOCIAL_SECURITY", r"[12]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{8}|[12] \d{2} (?:0[1-9]|1[0-2]|[2-9]\d) (?:\d{2}|2[AB]) \d{3} \d{3} \d{2}", 0.9)
        .check(is_french_person, "control key of a social security number holds"),
    rule("FR_VAT_ID", r"FR[ -]?\d{2}[ -]?\d{3}[ -]?\d{3}[ -]?\d{3}", 0.9).check(is_french_vat, "VAT key and Luhn checksum hold"),
    rule("FR_SIREN", r"\d{3} \d{3} \d{3}(?: \d{5})?", 0.2).near(0.9, "siren|siret|rcs").check(is_luhn, "Luhn checksum holds"),
    rule("FR_SIREN", r"\d{9}(?:\d{5})?", 0.1).near(0.9, "siren|siret|rcs").check(is_luhn, "Luhn checksum holds"),
    rule("NL_BSN", r"\d{9}|\d{4}\.\d{2}\.\d{3}", 0.1).near(0.9, "bsn|burgerservicenummer|sofi").check(is_bsn, "elfproef holds"),
    rule("BE_NATIONAL_NUMBER", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", 0.9).check(is_belgian, "mod 97 check holds"),
    rule("CH_AHV", r"756\.\d{4}\.\d{4}\.\d{2}|756\d{10}", 0.9).check(is_ean, "EAN-13 checksum holds"),
    rule("EU_VAT_ID", r"ATU\d{8}|BE[01]\d{9}|CHE-?\d{3}\.?\d{3}\.?\d{3}|DK\d{8}|ES[A-Z0-9]\d{7}[A-Z0-9]|FI\d{8}|GB\d{9}|IE\d{7}[A-Z]{1,2}|IT\d{11}|LU\d{8}|NL\d{9}B\d{2}|PL\d{10}|PT\d{9}|SE\d{12}", 0.55)
        .near(0.9, VAT),
    rule("EU_VAT_ID", r"BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|E[EL]\d{9}|HR\d{11}|HU\d{8}|LT\d{9}(?:\d{3})?|LV\d{11}|MT\d{8}|NO ?\d{3} ?\d{3} ?\d{3} ?MVA|RO\d{7,10}|S[IK]\d{8,10}|XI\d{9}", 0.4)
        .near(0.9, VAT),
];

const FISCAL: &str =
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]";

fn is_luhn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    luhn(digits.all()) && !digits.are_equal()
}

fn is_nhs(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let rest = (11 - weighted(&digits.all()[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    rest == u32::from(digits.all()[9]) && !digits.are_equal()
}

fn is_nino(text: &[u8]) -> bool {
    let prefix = [text[0].to_ascii_uppercase(), text[1].to_ascii_uppercase()];
    !matches!(&prefix, b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
}

/// The inward part must be a digit and two letters; the pattern is looser because of GIR 0AA.
fn is_postcode(text: &[u8]) -> bool {
    let Some(inward) = text.last_chunk::<3>() else { return false };
    inward[0].is_ascii_digit() && (text.len() > 5 || text.contains(&b' ') || text.len() == 5)
}

fn is_british_licence(text: &[u8]) -> bool {
    let surname = &text[..5];
    let padding = surname.iter().position(|b| *b == b'9').unwrap_or(5);
    padding > 0 && surname[padding..].iter().all(|b| *b == b'9')
}

fn is_nif(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let lead = match text[0].to_ascii_uppercase() {
        b'Y' => 10_000_000,
        b'Z' => 20_000_000,
        _ => 0,
    };
    let place = (lead + number(digits.all())) % 23;
    text.last().is_some_and(|b| b.to_ascii_uppercase() == b"TRWAGMYFPDXBNJZSQVHLCKE"[place as usize])
}

fn is_fiscal(text: &[u8]) -> bool {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
        14, 16, 10, 22, 25, 24, 23,
    ];
    let Some((check, body)) = text.split_last() else { return false };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(place, byte)| {
            let value = character_value(*byte);
            if place % 2 == 0 { ODD[value as usize] } else { value - if value > 9 { 10 } else { 0 } }
        })
        .sum();
    character_value(*check) == sum % 26 + 10
}

fn is_partita_iva(text: &[u8]) -> bool {
    is_luhn(text)
}

fn is_pesel(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let month = number(&d[2..4]) % 20;
    is_date(number(&d[4..6]), month)
        && (10 - weighted(&d[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 == u32::from(d[10])
}

fn is_hetu(text: &[u8]) -> bool {
    let digits = Digits::of(&text[..10]);
    let d = digits.all();
    if d.len() != 9 || !is_date(number(&d[..2]), number(&d[2..4])) {
        return false;
    }
    b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(number(d) % 31) as usize] == text[10].to_ascii_uppercase()
}

fn is_personnummer(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let short = &digits.all()[digits.all().len() - 10..];
    // A co-ordination number raises the day by 60.
    let day = number(&short[4..6]);
    is_date(if day > 60 { day - 60 } else { day }, number(&short[2..4])) && luhn(short)
}

fn is_organisation(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    digits.all()[2] >= 2 && digits.all()[0] != 0 && is_luhn(text)
}

fn is_turkish(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let odd = weighted(&d[..9], &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(&d[..8], &[0, 1, 0, 1, 0, 1, 0, 1]);
    let sum: u32 = d[..10].iter().map(|x| u32::from(*x)).sum();
    (odd * 7 + 100 - even) % 10 == u32::from(d[9]) && sum % 10 == u32::from(d[10])
}

fn is_french_person(text: &[u8]) -> bool {
    let compact: Vec<u8> = text.iter().filter(|b| b.is_ascii_alphanumeric()).copied().collect();
    let (body, key) = compact.split_at(compact.len() - 2);
    let department = body[5..7].to_ascii_uppercase();
    let mut digits: Vec<u8> = body.to_vec();
    if department == b"2A" || department == b"2B" {
        digits[5..7].copy_from_slice(if department == b"2A" { b"19" } else { b"18" });
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    97 - mod97(digits.iter().copied()) == number(Digits::of(key).all())
}

fn is_french_vat(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let (key, siren) = digits.all().split_at(2);
    luhn(siren) && (12 + 3 * (number(siren) % 97)) % 97 == number(key)
}

fn is_bsn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let sum = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) + 11 * 9 - u32::from(d[8]);
    !digits.are_equal() && sum.is_multiple_of(11)
}

fn is_belgian(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let (body, check) = digits.all().split_at(9);
    let born_before_2000 = 97 - number(body) % 97;
    let born_after = 97 - (2_000_000_000_u64 + u64::from(number(body))) % 97;
    let check = number(check);
    born_before_2000 == check || born_after == u64::from(check)
}

fn is_ean(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    weighted(digits.all(), &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_nhs(b"943 476 5919") && !is_nhs(b"943 476 5918"));
        assert!(is_nif(b"12345678Z") && !is_nif(b"12345678A") && is_nif(b"X1234567L"));
        assert!(is_fiscal(b"RSSMRA85T10A562S") && !is_fiscal(b"RSSMRA85T10A562T"));
        assert!(is_pesel(b"44051401359") && !is_pesel(b"44051401358"));
        assert!(is_hetu(b"131052-308T") && !is_hetu(b"131052-308U"));
        assert!(is_personnummer(b"811218-9876") && !is_personnummer(b"811218-9875"));
        assert!(is_turkish(b"10000000146") && !is_turkish(b"10000000147"));
        assert!(is_french_vat(b"FR40303265045") && !is_french_vat(b"FR41303265045"));
        assert!(is_bsn(b"111222333") && !is_bsn(b"111222334"));
        assert!(is_ean(b"756.9217.0769.85") && !is_ean(b"756.9217.0769.84"));
        assert!(is_belgian(b"93.05.18-223.61") && !is_belgian(b"93.05.18-223.62"));
    }
}
