//! Identifiers without a country: crypto addresses, devices, vehicles.

use sha2::{Digest, Sha256};

use super::super::checksum::{Digits, luhn};
use super::super::rule::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("CRYPTO", r"[13DLMTX][1-9A-HJ-NP-Za-km-z]{25,34}", 1.0)
        .check(is_base58, "double SHA-256 checksum holds"),
    rule("CRYPTO", r"(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{8,87}", 1.0).check(is_bech32, "bech32 checksum holds"),
    rule("CRYPTO", r"0x[0-9a-f]{40}", 0.8),
    rule("IMEI", r"\d{15}|\d{2}-\d{6}-\d{6}-\d", 0.15)
        .near(0.95, "imei")
        .check(is_luhn, "Luhn checksum holds"),
    rule("VIN", r"[A-HJ-NPR-Z0-9]{17}", 0.35)
        .near(0.9, "vin|vehicle identification|chassis|fahrgestellnummer")
        .check(is_vehicle, "check digit of a vehicle's number holds"),
];

fn is_base58(text: &[u8]) -> bool {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut decoded = [0_u8; 25];
    for byte in text {
        let Some(digit) = ALPHABET.iter().position(|b| b == byte) else { return false };
        let mut carry = digit;
        for slot in decoded.iter_mut().rev() {
            carry += usize::from(*slot) * 58;
            *slot = (carry % 256) as u8;
            carry /= 256;
        }
        if carry != 0 {
            return false;
        }
    }
    let (body, check) = decoded.split_at(21);
    Sha256::digest(Sha256::digest(body))[..4] == *check
}

fn is_bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let Some(divider) = lower.iter().rposition(|b| *b == b'1') else { return false };
    let (prefix, data) = (&lower[..divider], &lower[divider + 1..]);
    let mut values: Vec<u32> = prefix.iter().map(|b| u32::from(b >> 5)).collect();
    values.push(0);
    values.extend(prefix.iter().map(|b| u32::from(b & 31)));
    for byte in data {
        let Some(value) = ALPHABET.iter().position(|b| b == byte) else { return false };
        values.push(value as u32);
    }
    let mut sum: u32 = 1;
    for value in values {
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ value;
        for (bit, part) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                sum ^= part;
            }
        }
    }
    sum == 1 || sum == 0x2bc8_30a3
}

fn is_luhn(text: &[u8]) -> bool {
    let digits = Digits::of(text);
    luhn(digits.all()) && !digits.are_equal()
}

/// ISO 3779 as North America fills it: the ninth character checks the others.
fn is_vehicle(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |byte: u8| match byte.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => u32::from(digit - b'0'),
        letter @ b'A'..=b'I' => u32::from(letter - b'A') + 1,
        letter @ b'J'..=b'R' => u32::from(letter - b'J') + 1,
        letter => u32::from(letter.wrapping_sub(b'S')) + 2,
    };
    let rest = text.iter().zip(WEIGHTS).map(|(byte, weight)| value(*byte) * weight).sum::<u32>() % 11;
    let check = text[8].to_ascii_uppercase();
    text.iter().any(u8::is_ascii_alphabetic)
        && if rest == 10 { check == b'X' } else { u32::from(check.wrapping_sub(b'0')) == rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_check_themselves() {
        assert!(is_base58(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
        assert!(!is_base58(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
        for other in ["D9HNRJwrVQSiQMWc3JSw3bYaL6DVUzwBfr", "LPNE9GK3GenV8A2AUrSfmrSjfArUJ5N345"] {
            assert!(is_base58(other.as_bytes()), "{other}");
        }
        assert!(is_vehicle(b"1M8GDM9AXKP042788") && !is_vehicle(b"1M8GDM9A1KP042788"));
        assert!(is_luhn(b"490154203237518") && !is_luhn(b"490154203237519"));
        assert!(is_bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(!is_bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
    }
}
