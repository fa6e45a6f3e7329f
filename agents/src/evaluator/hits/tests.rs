//! Hits that must fall and hits that must stand.

use domain::company::Size;
use serde_json::json;

use super::*;

fn hit() -> Hit {
    let company: Company = serde_json::from_value(json!({
        "id": "x1", "name": "Zahl AG", "country": "DE", "market_cap": "Mid Cap", "founded_year": 1999,
        "description": "Zahl AG processes payments. It is based in Kiel.", "status": "operating"
    }))
    .expect("a company");
    let entry = |part: &str, field: &str, quote: &str| Evidence {
        part: part.into(),
        verdict: Verdict::Satisfied,
        field: field.into(),
        quote: quote.into(),
    };
    let evidence = vec![
        entry("Payments", "description", "Zahl AG processes payments."),
        entry("country", "country", "DE (Germany)"),
        entry("Mid Cap", "market_cap", "Mid Cap"),
    ];
    Hit { company, fit: 90, reasons: vec![], evidence }
}

fn filters() -> Filters {
    Filters {
        industries: vec!["payments".into()],
        countries: vec!["DE".into()],
        sizes: vec![Size::Mid],
        ..Filters::default()
    }
}

fn part_of(filters: &Filters, hit: Hit) -> Option<&'static str> {
    check(filters, vec![hit]).dropped.first().map(|dropped| dropped.part)
}

#[test]
fn a_sound_hit_stands() {
    let checked = check(&filters(), vec![hit()]);
    assert_eq!((checked.kept.len(), checked.dropped.len()), (1, 0));
    assert!(checked.confidence > 0.85);
}

#[test]
fn each_broken_filter_is_found_on_the_row() {
    let with = |change: fn(&mut Filters)| {
        let mut filters = filters();
        change(&mut filters);
        part_of(&filters, hit())
    };
    assert_eq!(with(|f| f.countries = vec!["FR".into()]), Some("country"));
    assert_eq!(with(|f| f.countries_not = vec!["DE".into()]), Some("excluded country"));
    assert_eq!(with(|f| f.sizes = vec![Size::Large]), Some("size"));
    assert_eq!(with(|f| f.founded_min = Some(2000)), Some("founded"));
    assert_eq!(with(|f| f.status = Some("acquired".into())), Some("status"));
    assert_eq!(with(|f| f.funding_min_usd = Some(1.0)), None, "unknown is not broken");
}

#[test]
fn quotes_must_be_on_the_row() {
    let mut made_up = hit();
    made_up.evidence[0].quote = "Zahl AG is the leader in payments.".into();
    assert_eq!(part_of(&filters(), made_up), Some("quote"));
    let mut silent = hit();
    silent.evidence.remove(0);
    assert_eq!(part_of(&filters(), silent), Some("what it does"));
}

#[test]
fn a_missing_country_needs_the_text() {
    let mut row = hit();
    row.company.country = None;
    row.evidence.remove(1);
    assert_eq!(part_of(&filters(), row.clone()), Some("country"));
    row.company.description = Some("Zahl AG processes payments. It is based in Kiel, Germany.".into());
    assert_eq!(part_of(&filters(), row), None);
}

#[test]
fn confidence_falls_with_what_is_dropped() {
    let mut wrong = hit();
    wrong.company.country = Some("FR".into());
    let all = check(&filters(), vec![hit(), hit()]).confidence;
    let half = check(&filters(), vec![hit(), wrong]).confidence;
    assert!((half - all / 2.0).abs() < 1e-9);
}
