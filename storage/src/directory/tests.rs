//! The index on disk: built, stamped, found stale or damaged, and asked.

use domain::company::{Company, Size};
use domain::search::Filters;
use serde_json::json;

use super::*;

fn company(value: serde_json::Value) -> Company {
    serde_json::from_value(value).expect("a company")
}

fn companies() -> Vec<Company> {
    vec![
        company(
            json!({"id": "1", "name": "Zahl AG", "country": "DE", "city": "Munich", "market_cap": "Mid Cap",
            "description": "Zahl AG provides payment processing services for merchants across all of Europe."}),
        ),
        company(json!({"id": "2", "name": "Pagos SA", "country": "ES",
            "description": "Pagos SA provides payment processing services for merchants across all of Europe."})),
        company(
            json!({"id": "3", "name": "Netz GmbH", "country": "DE", "founded_year": 2001, "status": "operating",
            "description": "Netz GmbH manufactures fishing nets and ropes for trawlers in the North Sea region."}),
        ),
        company(json!({"id": "4", "name": "Cobro", "description":
            "Cobro provides payment processing services. The company is headquartered in Munich, Germany."})),
    ]
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("directory-index-{name}-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&folder);
    folder
}

fn ids(index: &Index, filters: &Filters, unknowns: Unknowns) -> Vec<String> {
    let found = index.candidates(filters, unknowns, 10).expect("candidates");
    let mut ids: Vec<String> = found.into_iter().map(|one| one.company.id.0).collect();
    ids.sort();
    ids
}

#[test]
fn filters_are_hard_and_unknowns_are_a_choice() {
    let folder = folder("filters");
    let index = Index::build(&folder, "v1", companies().into_iter()).expect("built");
    let payments = Filters { industries: vec!["payments".into()], ..Filters::default() };
    let german = Filters { countries: vec!["DE".into()], ..payments.clone() };
    let mid = Filters { sizes: vec![Size::Mid], ..payments.clone() };
    assert_eq!(ids(&index, &payments, Unknowns::Refused), ["1", "2", "4"]);
    assert_eq!(ids(&index, &german, Unknowns::Refused), ["1", "4"], "a seat in the text is a country");
    assert_eq!(ids(&index, &mid, Unknowns::Refused), ["1"]);
    assert_eq!(ids(&index, &mid, Unknowns::Allowed), ["1", "2", "4"]);
    let words = Filters { capability: vec!["fishing nets".into()], ..Filters::default() };
    assert_eq!(ids(&index, &words, Unknowns::Refused), ["3"]);
    let late = Filters { founded_min: Some(2005), ..words.clone() };
    assert!(ids(&index, &late, Unknowns::Allowed).is_empty(), "2001 is known and too early");
    let city = Filters { countries: vec!["DE".into()], cities: vec!["DE-munich".into()], ..payments };
    assert_eq!(ids(&index, &city, Unknowns::Refused), ["1"]);
    assert_eq!(index.count(&words, Unknowns::Refused).expect("counted"), 1);
    _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn missing_stale_and_damaged_are_told_apart_and_mended() {
    let folder = folder("states");
    assert!(matches!(Index::open(&folder, "v1"), Err(IndexError::Missing(_))));
    Index::build(&folder, "v1", companies().into_iter()).expect("built");
    assert_eq!(Index::open(&folder, "v1").expect("opened").stamp().companies, 4);
    assert!(matches!(Index::open(&folder, "v2"), Err(IndexError::Stale(_))));
    std::fs::remove_file(folder.join("meta.json")).expect("removed");
    assert!(matches!(Index::open(&folder, "v1"), Err(IndexError::Corrupt(_))));
    std::fs::write(folder.join("stamp.json"), "{").expect("written");
    assert!(matches!(Index::open(&folder, "v1"), Err(IndexError::Corrupt(_))));
    Index::build(&folder, "v2", companies().into_iter().take(2)).expect("rebuilt");
    assert_eq!(Index::open(&folder, "v2").expect("opened").stamp().companies, 2);
    assert!(!folder.with_extension("building").exists() && !folder.with_extension("old").exists());
    _ = std::fs::remove_dir_all(&folder);
}
