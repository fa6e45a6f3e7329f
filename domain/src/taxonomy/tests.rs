//! What descriptions, names and labels prove.

use super::*;

fn company(name: &str, description: &str) -> Company {
    let mut row: Company =
        serde_json::from_value(serde_json::json!({"id": "x", "name": name})).expect("a minimal company");
    row.description = Some(description.to_owned());
    row
}

fn strength(row: &Company, id: &str) -> f32 {
    let nth = taxonomy().by_id(id).expect("a known industry");
    taxonomy().classify(row).iter().find(|found| found.industry == nth).map_or(0.0, |found| found.strength)
}

#[test]
fn the_data_is_whole() {
    let all = &taxonomy().industries;
    assert!((200..=400).contains(&all.len()), "{} industries", all.len());
    for one in all {
        assert!(!one.say.is_empty() && !one.label.is_empty(), "{} has no words", one.id);
        for outer in &one.within {
            assert!(taxonomy().by_id(outer).is_some(), "{} is within unknown {outer}", one.id);
        }
        for label in one.labels.iter().chain(&one.hints) {
            assert!(["i:", "g:", "s:", "c:", "t:"].contains(&&label[..2]), "{} has label {label}", one.id);
        }
    }
    let mut ids: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len(), "an id is used twice");
}

#[test]
fn the_lead_counts_more_than_a_mention() {
    let payer =
        company("Zahl AG", "Zahl AG provides payment processing services for merchants across Europe.");
    let lender = company(
        "Foo Bancorp",
        "Foo Bancorp operates as the bank holding company for Foo Bank that provides various banking products. It accepts demand deposits and savings accounts. It also offers mortgages, insurance, and bill payment services.",
    );
    assert!(strength(&payer, "payments") > 0.6);
    assert!(strength(&lender, "banks") > 0.6);
    assert!(strength(&lender, "payments") < 0.35);
    assert!(strength(&payer, "fintech") > 0.5, "payments are within fintech");
}

#[test]
fn customers_and_parents_are_not_the_trade() {
    let vendor =
        company("Soft Ltd", "Soft Ltd develops software for banks and hospitals in Norway and beyond.");
    assert!(strength(&vendor, "software") > 0.6);
    assert!(strength(&vendor, "banks") < 0.35);
    let daughter = company(
        "Kleen Co",
        "Kleen Co sells detergents in Peru. Kleen Co is a subsidiary of Andes Insurance Group.",
    );
    assert!(strength(&daughter, "insurance") < 0.2);
}

#[test]
fn a_label_alone_is_weak_and_a_name_counts() {
    let mut bare = company("Killybegs Wind Power Limited", "");
    bare.description = None;
    let named = strength(&bare, "wind");
    assert!((0.4..0.7).contains(&named), "{named}");
    let mut tagged = company("Albatros Trade", "");
    tagged.description = None;
    tagged.tags = vec!["maritime_rail".into()];
    assert!(strength(&tagged, "shipping") < named);
    let mut wrong =
        company("Prep Inc", "Prep Inc operates private schools and tutoring centers in Japan for children.");
    wrong.industry = Some("Household Products".into());
    assert!(strength(&wrong, "education") > 0.6);
    assert!(strength(&wrong, "household-goods") < 0.3);
}
