//! What a row may look like, and what is said when it may not.

use serde_json::json;

use super::super::mapping::Mapping;
use super::*;

fn read(row: &Value) -> Result<Company, String> {
    let mut mapping = Mapping::new(&[], &[]).unwrap();
    let mut fields = Fields::default();
    for (column, value) in row.as_object().unwrap() {
        if let Some(field) = mapping.field(column) {
            fields.set(field, value.clone());
        }
    }
    company(fields, &Defaults { source: "file".to_owned(), year_max: 2026 })
}

#[test]
fn sensible_slips_are_read() {
    let company = read(&json!({
        "id": 17, "name": "  Müller \n & Söhne ", "country": "deu", "market_cap": "mid-cap",
        "founded_year": "1998.0", "website": "https://www.Mueller.example/about?x=1", "status": "Operating",
        "funding_total_usd": "$1,250,000", "funding_rounds": "3", "last_funding_at": "2012/11/19",
        "tickers": "MUE.DE; MUE.F", "tags": ["Mining", " "], "city": "", "sector": null,
    }))
    .unwrap();
    assert_eq!(company.id.0, "17");
    assert_eq!(company.name, "Müller & Söhne");
    assert_eq!(company.source, "file");
    assert_eq!(company.country.as_deref(), Some("DE"));
    assert_eq!(company.size, Some(Size::Mid));
    assert_eq!(company.founded_year, Some(1998));
    assert_eq!(company.domain.as_deref(), Some("mueller.example"));
    assert_eq!(company.status.as_deref(), Some("operating"));
    assert_eq!(company.funding_total_usd, Some(1_250_000.0));
    assert_eq!(company.funding_rounds, Some(3));
    assert_eq!(company.last_funding_at.as_deref(), Some("2012-11-19"));
    assert_eq!(company.tickers, ["MUE.DE", "MUE.F"]);
    assert_eq!(company.tags, ["mining"]);
    assert_eq!((company.city, company.sector), (None, None));
}

#[test]
fn what_cannot_be_right_is_refused_with_its_reason() {
    for (row, reason) in [
        (json!({"country": "DE"}), "the name is missing"),
        (json!({"name": "   "}), "the name is missing"),
        (json!({"name": ["A"]}), "name should be text, not a list"),
        (json!({"name": "A\u{0}B"}), "name contains a NUL character"),
        (json!({"name": "A", "country": "Germany"}), "unknown country code `Germany`"),
        (json!({"name": "A", "founded_year": 2027}), "not between 500 and 2026"),
        (json!({"name": "A", "founded_year": "soon"}), "`soon` is not a year"),
        (json!({"name": "A", "market_cap": "huge"}), "unknown size label `huge`"),
        (json!({"name": "A", "funding_total_usd": -1}), "out of range"),
        (json!({"name": "A", "funding_total_usd": "inf"}), "out of range"),
        (json!({"name": "A", "funding_rounds": 1.5}), "is not a count"),
        (json!({"name": "A", "last_funding_at": "19.11.2012"}), "is not a date"),
        (json!({"name": "A", "last_funding_at": "äöüäöüäöü"}), "is not a date"),
        (json!({"name": "A", "domain": "not known yet"}), "is not a web domain"),
        (json!({"name": "A", "lei": "5493001KJTIIGC8Y1RX2"}), "not a valid Legal Entity Identifier"),
        (json!({"name": "A", "tags": [1]}), "tags should be a list of text, but holds a number"),
        (json!({"name": "A", "tickers": 7}), "tickers should be a list, not a number"),
    ] {
        let said = read(&row).expect_err(&row.to_string());
        assert!(said.contains(reason), "{row}: {said}");
    }
}

#[test]
fn not_known_is_not_wrong() {
    let company =
        read(&json!({"name": "N/A Systems", "country": "n/a", "market_cap": "NaN", "founded_year": "-"}))
            .unwrap();
    assert_eq!(company.name, "N/A Systems", "a name is never taken for a gap");
    assert_eq!((company.country, company.size, company.founded_year), (None, None, None));
    assert_eq!(read(&json!({"name": "A", "country": "NA"})).unwrap().country.as_deref(), Some("NA"));
}

#[test]
fn a_valid_identifier_is_kept() {
    let company = read(&json!({"name": "A", "lei": "5493001kjtiigc8y1r12"})).unwrap();
    assert_eq!(company.lei.as_deref(), Some("5493001KJTIIGC8Y1R12"));
}

#[test]
fn a_derived_id_depends_on_source_name_and_country_alone() {
    let id = |row: Value| read(&row).unwrap().id;
    let first = id(json!({"name": "Acme", "country": "DE"}));
    assert_eq!(first, id(json!({"name": " ACME ", "country": "DEU", "city": "Bonn"})));
    assert_ne!(first, id(json!({"name": "Acme", "country": "FR"})));
    assert_ne!(first, id(json!({"name": "Acme", "country": "DE", "src": "other"})));
    assert_ne!(id(json!({"name": "ab", "src": "c"})), id(json!({"name": "b", "src": "ca"})));
}
