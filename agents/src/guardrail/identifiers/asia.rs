//! Identifiers of Asian and African countries.

use super::super::checksum::{Digits, is_date, luhn, number, verhoeff, weighted};
use super::super::rule::{Rule, rule};

const PLATE: &str = "vehicle|registration|plate|car|rto";

pub(super) const RULES: &[Rule] = &[
    rule("IN_AADHAAR", r"[2-9]\d{3}[ :-]\d{4}[ :-]\d{4}", 0.5)
        .near(0.95, "aadhaar|aadhar|uidai|uid")
        .check(is_aadhaar, "Verhoeff checksum holds"),
    rule("IN_AADHAAR", r"[2-9]\d{11}", 0.25)
        .near(0.95, "aadhaar|aadhar|uidai|uid")
        .check(is_aadhaar, "Verhoeff checksum holds"),
    rule("IN_PAN", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", 0.7).near(0.95, "pan|permanent account"),
    rule("IN_GSTIN", r"(?:0[1-9]|[12]\d|3[0-8]|97)[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]", 0.85).near(0.97, "gst|gstin|tax"),
    rule("IN_GSTIN", r"(?:0[1-9]|[12]\d|3[0-8]|97)[A-Z]{5}\d{4}[A-Z]\dZ\d", 0.7).near(0.9, "gst|gstin|tax"),
    rule("IN_GSTIN", r"(?:0[1-9]|[12]\d|3[0-8]|97)[A-Z]{5}\d{4}[1-9A-Z]Z\d", 0.6).near(0.9, "gst|gstin|tax"),
    rule("IN_PASSPORT", r"[A-PR-WY][1-9]\d ?\d{4}[1-9]", 0.15).near(0.8, "passport|travel document|indian"),
    rule("IN_VOTER", r"[A-Z]{3}\d{7}", 0.2).near(0.85, "voter|epic|elector|vote"),
    rule("IN_VEHICLE_REGISTRATION", r"(?:A[NPRS]|BR|C[GH]|D[DLN]|G[AJ]|H[PR]|J[HK]|K[AL]|L[AD]|M[HLNPZ]|NL|O[DR]|P[BY]|RJ|SK|T[GNRS]|U[AKP]|WB)[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}", 0.6)
        .near(0.9, PLATE),
    rule("IN_VEHICLE_REGISTRATION", r"[A-Z]\d{4,5}|\d{2}[A-Z]\d{6}[A-Z]|\d{1,3}(?:CD|CC|UN)\d{1,4}", 0.03).near(0.5, PLATE),
    rule("SG_NRIC_FIN", r"[STFGM]\d{7}[A-Z]", 0.9)
        .near(0.98, "nric|fin|singapore")
        .check(is_nric, "check letter of an NRIC holds"),
    rule("SG_NRIC_FIN", r"[STFGM]\d{7}[A-Z]", 0.35).near(0.8, "nric|fin|singapore"),
    rule("SG_UEN", r"\d{8}[A-Z]|(?:19|20)\d{7}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]", 0.2).near(0.85, "uen|business registration|acra|singapore"),
    rule("KR_RRN", r"\d{6}-?[1-4]\d{6}", 0.5).near(0.95, "rrn|resident|korean|jumin").check(is_rrn, "date and region of a resident number hold"),
    rule("KR_FRN", r"\d{6}-?[5-8]\d{6}", 0.4).near(0.95, "frn|foreigner|alien|korean").check(is_korean_date, "date of a foreigner's number holds"),
    rule("KR_BRN", r"\d{3}-\d{2}-\d{5}", 0.6).near(0.95, "brn|business|registration|korea").check(is_brn, "check digit of a business number holds"),
    rule("KR_BRN", r"\d{10}", 0.15).near(0.9, "brn|korea|business registration").check(is_brn, "check digit of a business number holds"),
    rule("KR_DRIVER_LICENSE", r"(?:1[1-9]|2[0-8])-\d{2}-\d{6}-\d{2}", 0.6).near(0.9, "driver|driving"),
    rule("KR_DRIVER_LICENSE", r"(?:1[1-9]|2[0-8])\d{10}", 0.05).near(0.8, "driver|driving"),
    rule("KR_PASSPORT", r"[MSRODG]\d{3}[A-Z]\d{4}", 0.3).near(0.85, "passport|korean"),
    rule("TH_TNIN", r"[1-8]\d{12}|[1-8]-\d{4}-\d{5}-\d{2}-\d", 0.4).near(0.95, "thai|tnin|national id").check(is_thai, "province and check digit of a Thai id hold"),
    rule("PH_TIN", r"\d{3}-\d{3}-\d{3}(?:-\d{3,5})?", 0.5).near(0.95, "tin|bir|taxpayer").check(is_philippine, "check digit of a Philippine TIN holds"),
    rule("PH_TIN", r"\d{9}(?:\d{3})?", 0.1).near(0.85, "tin|bir|taxpayer").check(is_philippine, "check digit of a Philippine TIN holds"),
    rule("NG_NIN", r"\d{11}", 0.2).near(0.9, "nin|national identification|nigeria").check(is_verhoeff, "Verhoeff checksum holds"),
    rule("NG_VEHICLE_REGISTRATION", r"[A-Z]{3}-?\d{3}[A-Z]{2}", 0.35).near(0.85, PLATE),
    rule("ZA_ID_NUMBER", r"\d{13}", 0.5).near(0.95, "south african|south africa|refugee|resident|id number").check(is_south_african, "date and Luhn checksum hold"),
    rule("CN_RESIDENT_ID", r"[1-8]\d{16}[0-9X]", 0.95).check(is_chinese, "date and check character of a resident id hold"),
];

fn is_verhoeff(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    verhoeff(digits.all()) && !digits.are_equal()
}

fn is_aadhaar(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let is_palindrome = d.iter().eq(d.iter().rev());
    verhoeff(d) && !is_palindrome
}

fn is_nric(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let series = text[0].to_ascii_uppercase();
    let shift = match series {
        b'T' | b'G' => 4,
        b'M' => 3,
        _ => 0,
    };
    let place = ((weighted(digits.all(), &[2, 7, 6, 5, 4, 3, 2]) + shift) % 11) as usize;
    let letter = match series {
        b'S' | b'T' => b"JZIHGFEDCBA"[place],
        b'F' | b'G' => b"XWUTRQPNMLK"[place],
        _ => b"XWUTRQPNJLK"[10 - place],
    };
    text.last().is_some_and(|b| b.to_ascii_uppercase() == letter)
}

fn is_korean_date(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    is_date(number(&d[4..6]), number(&d[2..4]))
}

fn is_rrn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    is_korean_date(text) && number(&digits.all()[7..9]) <= 95
}

fn is_brn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let sum = weighted(&d[..9], &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + u32::from(d[8]) * 5 / 10;
    (10 - sum % 10) % 10 == u32::from(d[9]) && !digits.are_equal()
}

fn is_thai(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let is_province = matches!(number(&d[1..3]), 10..=27 | 30..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96);
    let rest = weighted(&d[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    is_province && (11 - rest) % 10 == u32::from(d[12])
}

fn is_philippine(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == u32::from(d[8]) && !digits.are_equal()
}

fn is_south_african(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    luhn(d) && d[10] <= 2 && is_date(number(&d[4..6]), number(&d[2..4]))
}

fn is_chinese(text: &[u8]) -> bool {
    let digits = Digits::of(&text[..17]);
    let d = digits.all();
    let sum = weighted(d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    is_date(number(&d[12..14]), number(&d[10..12]))
        && b"10X98765432"[(sum % 11) as usize] == text[17].to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_nric(b"S1234567D") && !is_nric(b"S1234567E"));
        assert!(is_brn(b"104-86-56659") && !is_brn(b"104-86-56658"));
        assert!(is_thai(b"1234567890121") && !is_thai(b"1234567890122"));
        assert!(is_south_african(b"8001015009087") && !is_south_african(b"8001015009086"));
        assert!(is_chinese(b"11010519491231002X") && !is_chinese(b"110105194912310021"));
        assert!(is_philippine(b"000-123-456-000") && !is_philippine(b"000-123-457-000"));
    }
}
