//! The order of hits: what a company does first, known facts second, and nothing that breaks what was asked.

use domain::company::Size;
use serde_json::json;

use super::*;

/// A company in Germany of this size, or of unknown size.
fn candidate(name: &str, description: &str, size: Option<&str>) -> Candidate {
    let company: Company = serde_json::from_value(json!({
        "id": name, "name": name, "country": "DE", "market_cap": size, "description": description,
    }))
    .expect("a company");
    let traits = taxonomy().classify(&company);
    Candidate { company, traits, score: 5.0 }
}

fn order(filters: &Filters, candidates: Vec<Candidate>) -> Vec<String> {
    let ranked = Asked::new(filters, &[], &[], &[]).rank(candidates, 10);
    ranked.into_iter().map(|hit| hit.company.name).collect()
}

fn payments(size: Size) -> Filters {
    Filters {
        industries: vec!["payments".into()],
        countries: vec!["DE".into()],
        sizes: vec![size],
        ..Filters::default()
    }
}

const CORE: &str =
    "Zahlfix provides payment processing and merchant acquiring services. It offers payment terminals.";
const PASSING: &str = "Grossbank provides banking products and services to companies. It offers loans, deposits and \
    savings accounts. The bank also offers asset management, custody, brokerage and payment services.";

#[test]
fn a_trade_of_unknown_size_beats_a_passing_mention_of_known_size() {
    let found = vec![candidate("Grossbank", PASSING, Some("Mid Cap")), candidate("Zahlfix", CORE, None)];
    assert_eq!(order(&payments(Size::Mid), found).first().map(String::as_str), Some("Zahlfix"));
}

#[test]
fn among_equals_the_known_size_comes_first_and_a_wrong_one_not_at_all() {
    let found = vec![
        candidate("Unbekannt", &CORE.replace("Zahlfix", "Unbekannt"), None),
        candidate("Riese", &CORE.replace("Zahlfix", "Riese"), Some("Large Cap")),
        candidate("Mitte", &CORE.replace("Zahlfix", "Mitte"), Some("Mid Cap")),
    ];
    assert_eq!(order(&payments(Size::Mid), found), ["Mitte", "Unbekannt"]);
}

#[test]
fn each_part_says_in_plain_words_what_was_asked() {
    let filters = payments(Size::Mid);
    let hits = Asked::new(&filters, &[], &[], &[]).rank(vec![candidate("Zahlfix", CORE, None)], 10);
    let parts: Vec<(&str, Verdict)> =
        hits[0].evidence.iter().map(|one| (one.part.as_str(), one.verdict)).collect();
    assert_eq!(
        parts,
        [("Payments", Verdict::Satisfied), ("in Germany", Verdict::Satisfied), ("Mid Cap", Verdict::Unknown)]
    );
}

#[test]
fn words_that_name_a_part_of_an_industry_come_first() {
    let filters = Filters { industries: vec!["medical-devices".into()], ..Filters::default() };
    let own = [Phrase {
        said: "hearing aids".into(),
        words: vec![("hearing".into(), 0.5), ("aid".into(), 0.5)],
        rarest: 40,
        industries: vec![],
    }];
    let found = vec![
        candidate(
            "Stents",
            "Stents is a medical device company that makes stents and catheters for hearts.",
            None,
        ),
        candidate(
            "Hort",
            "Hort is a medical device company that develops and sells hearing aids for adults.",
            None,
        ),
    ];
    let hits = Asked::new(&filters, &[], &own, &[0.9]).rank(found, 10);
    assert_eq!(hits[0].company.name, "Hort");
    assert!(
        hits[0].evidence.iter().any(|one| one.part == "hearing aids" && one.verdict == Verdict::Satisfied)
    );
}
