//! What is found in whole texts, and that nothing breaks the scanner.

use proptest::prelude::*;

use super::super::redaction::redact;
use super::*;

fn entities(text: &str) -> Vec<(&'static str, String)> {
    let sure = scan(text).into_iter().filter(|f| f.score >= DEFAULT_THRESHOLD);
    sure.map(|f| (f.entity, text.chars().skip(f.start).take(f.end - f.start).collect())).collect()
}

#[test]
fn finds_what_a_business_mail_holds() {
    let text = "Call +49 30 1234567 or write to jane@example.com; IBAN DE89 3704 0044 0532 0130 00, VAT DE136695976, \
                card 4111-1111-1111-1111, https://example.com/a from 192.168.0.17.";
    let found = entities(text);
    let names: Vec<_> = found.iter().map(|(entity, _)| *entity).collect();
    assert_eq!(
        names,
        ["PHONE_NUMBER", "EMAIL_ADDRESS", "IBAN_CODE", "DE_VAT_ID", "CREDIT_CARD", "URL", "IP_ADDRESS"]
    );
    assert_eq!(found[0].1, "+49 30 1234567");
}

#[test]
fn contract_prose_holds_nothing() {
    let text = "Section 4.2.1. The Term begins on January 1, 2024 and ends after 36 months; the fee is USD 1,250,000.00 \
                (5.25 % of 2023 sales), see Exhibit 10.12, page 17 of 2020-2021 and 17 CFR 240.24b-2. The key: to be agreed.";
    assert_eq!(entities(text), []);
}

#[test]
fn tricks_do_not_hide_a_value() {
    for text in [
        "card 4111\u{200B}1111\u{AD}11111111",
        "card ４１１１１１１１１１１１１１１１",
        "card 4111&#49;11111111111",
        "card 4111<b>1111</b>11111111",
        "card ٤١١١١١١١١١١١١١١١",
        "card 4111\u{A0}1111\u{2009}1111 1111",
        "card 4111–1111–1111–1111",
        "card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "card 4111\u{2060}1111\u{200D}1111\u{FEFF}1111",
        "card 𝟜𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙",
        "card ④①①①①①①①①①①①①①①①",
        "Y2FyZCA0MTExMTExMTExMTExMTEx",
    ] {
        assert!(entities(text).iter().any(|(entity, _)| *entity == "CREDIT_CARD"), "{text}");
    }
    for (text, kind) in [
        ("DЕ89 3704 0044 0532 0130 00", "IBAN_CODE"),
        ("ＤＥ８９３７０４００４４０５３２０１３０００", "IBAN_CODE"),
        ("mail jаne＠example．com", "EMAIL_ADDRESS"),
        ("jane@\u{200B}example.com", "EMAIL_ADDRESS"),
        ("call +\u{2066}49\u{2069} 30\u{202F}1234567", "PHONE_NUMBER"),
        ("SSN 536‑22‑8714", "US_SSN"),
    ] {
        assert!(entities(text).iter().any(|(entity, _)| *entity == kind), "{text}: {:?}", entities(text));
    }
}

#[test]
fn a_secret_in_an_address_wins() {
    let found = entities("postgres://app:s3cr3tpass@db.example.com/x");
    assert!(found.contains(&("BASIC_AUTH", "s3cr3tpass".to_owned())), "{found:?}");
}

#[test]
fn ambiguous_digits_have_several_readings() {
    let kinds: Vec<_> = readings("123456782").iter().map(|f| f.entity).collect();
    assert!(kinds.len() > 3, "{kinds:?}");
}

/// Texts made of pieces that readers stumble over.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,6}",
        "\\PC{0,4}",
        "[0-9]{1,5}",
        "[-+.:/@=&<>;%(),\"'\\\\\\[\\] \\n]{1,3}",
        prop::sample::select(vec![
            "4111 1111 1111 1111",
            "GB82 WEST 1234 5698 7654 32",
            "a@b.co",
            "http://",
            "::",
            "fe80::1%",
            "token",
            "secret[",
            "password",
            "\" == password",
            "curl -u ",
            "Authorization: ",
            "xoxb-",
            "AIza",
            "8Q~",
            ":AA",
            "|",
            "&#",
            "&shy;",
            "<b>",
            "May ",
            "-Jan",
            "x12",
            "+49",
            "(0)",
            "aa:bb:cc:",
            "\u{200D}",
            "\u{E0041}",
            "é",
            "中",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn findings_lie_in_the_text_in_order_and_redaction_can_be_undone(text in pieces()) {
        let length = text.chars().count();
        let found = scan(&text);
        let mut end = 0;
        for finding in &found {
            prop_assert!(finding.start >= end && finding.start < finding.end && finding.end <= length);
            prop_assert!((0.0..=1.0).contains(&finding.score) && !finding.reason.is_empty());
            end = finding.end;
        }
        for finding in readings(&text) {
            prop_assert!(finding.start < finding.end && finding.end <= length);
        }
        let redacted = redact(&text, &found, 0.0);
        prop_assert_eq!(redacted.restore(&redacted.text), text);
    }
}
