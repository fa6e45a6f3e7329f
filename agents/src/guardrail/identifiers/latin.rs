//! Identifiers of Latin America.

use super::super::checksum::{Digits, is_date, number, weighted};
use super::super::rule::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", 0.9)
        .near(0.98, "cpf")
        .check(is_cpf, "CPF check digits hold"),
    rule("BR_CPF", r"\d{11}", 0.2).near(0.9, "cpf").check(is_cpf, "CPF check digits hold"),
    rule("BR_CNPJ", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", 0.9)
        .near(0.98, "cnpj")
        .check(is_cnpj, "CNPJ check digits hold"),
    rule("BR_CNPJ", r"\d{14}", 0.2).near(0.9, "cnpj").check(is_cnpj, "CNPJ check digits hold"),
    rule("MX_CURP", r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z0-9]\d", 0.95)
        .check(holds_birthday, "has the form of a CURP with a date"),
    rule("MX_RFC", r"[A-Z&]{3,4}\d{6}[A-Z0-9]{3}", 0.5)
        .near(0.95, "rfc|contribuyente")
        .check(holds_birthday, "has the form of an RFC with a date"),
    rule("AR_CUIT", r"(?:20|2[3-7]|30|33|34)-\d{8}-\d", 0.85)
        .near(0.97, "cuit|cuil")
        .check(is_argentine, "check digit of a CUIT holds"),
    rule("AR_CUIT", r"(?:20|2[3-7]|30|33|34)\d{9}", 0.25)
        .near(0.95, "cuit|cuil")
        .check(is_argentine, "check digit of a CUIT holds"),
    rule("CL_RUT", r"\d{1,2}\.\d{3}\.\d{3}-[0-9K]", 0.85)
        .near(0.97, "rut|run")
        .check(is_chilean, "check digit of a RUT holds"),
    rule("CL_RUT", r"\d{7,8}-[0-9K]", 0.35)
        .near(0.95, "rut|run")
        .check(is_chilean, "check digit of a RUT holds"),
];

fn holds_birthday(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    d.len() >= 6 && is_date(number(&d[4..6]), number(&d[2..4]))
}

fn is_argentine(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    let check = (11 - weighted(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    check == u32::from(d[10])
}

fn is_chilean(text: &[u8]) -> bool {
    let Some((check, body)) = text.split_last() else { return false };
    let digits = Digits::of(body);
    let backwards: Vec<u8> = digits.all().iter().rev().copied().collect();
    let rest = 11 - weighted(&backwards, &[2, 3, 4, 5, 6, 7, 2, 3]) % 11;
    !digits.are_equal()
        && match check.to_ascii_uppercase() {
            b'K' => rest == 10,
            b'0' => rest == 11,
            digit => u32::from(digit.wrapping_sub(b'0')) == rest,
        }
}

/// Remainder 11 check digit as Brazil computes it, weights running down to 2 from the left.
fn brazilian(digits: &[u8], highest: u32) -> u8 {
    let weights = (2..=highest).cycle();
    let sum: u32 = digits.iter().rev().zip(weights).map(|(d, w)| u32::from(*d) * w).sum();
    let rest = sum % 11;
    if rest < 2 { 0 } else { 11 - rest as u8 }
}

fn is_cpf(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    !digits.are_equal() && brazilian(&d[..9], 11) == d[9] && brazilian(&d[..10], 11) == d[10]
}

fn is_cnpj(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    let d = digits.all();
    !digits.are_equal() && brazilian(&d[..12], 9) == d[12] && brazilian(&d[..13], 9) == d[13]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert!(is_cpf(b"529.982.247-25") && !is_cpf(b"529.982.247-26"));
        assert!(is_cnpj(b"11.222.333/0001-81") && !is_cnpj(b"11.222.333/0001-82"));
        assert!(is_argentine(b"20-12345678-6") && !is_argentine(b"20-12345678-5"));
        assert!(is_chilean(b"12.345.678-5") && !is_chilean(b"12.345.678-4"));
        assert!(holds_birthday(b"HEGG560427MVZRRL04") && !holds_birthday(b"HEGG561327MVZRRL04"));
    }
}
