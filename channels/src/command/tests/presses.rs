//! Buttons and forms.

use domain::approval::Verdict;
use domain::intent::Intent;

use super::super::{form, press};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn chosen(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn proposes_what_is_ticked_once_each() {
    let intent = press("create_deals", ID, &chosen(&["fd1", " fd2 ", "fd1", ""])).unwrap();
    let Intent::CreateDeals { search, companies } = intent else { panic!("{intent:?}") };
    assert_eq!(search.to_string(), ID);
    assert_eq!(companies.iter().map(|c| c.0.as_str()).collect::<Vec<_>>(), ["fd1", "fd2"]);
}

#[test]
fn asks_to_tick_when_nothing_is() {
    for ticked in [chosen(&[]), chosen(&["", "  "])] {
        let error = press("create_deals", ID, &ticked).unwrap_err();
        assert_eq!(error.text, "Tick at least one company.");
    }
    let many: Vec<String> = (0..51).map(|n| format!("fd{n}")).collect();
    assert!(press("create_deals", ID, &many).unwrap_err().text.contains("51 companies"));
    assert!(press("create_deals", ID, &many[..50]).is_ok());
}

#[test]
fn approves_at_once_and_rejects_with_a_reason() {
    let approval = ID.parse().unwrap();
    let approve = Intent::Decide { approval, verdict: Verdict::Approve, comment: None };
    assert_eq!(press("approve", ID, &[]), Ok(approve));
    assert_eq!(press("reject", ID, &[]), Ok(Intent::AskComment { approval, verdict: Verdict::Reject }));
    let comment = |text: &str| vec![("comment".to_owned(), text.to_owned())];
    let reject = Intent::Decide { approval, verdict: Verdict::Reject, comment: Some("too small".to_owned()) };
    assert_eq!(form("reject", ID, &comment(" too small ")), Ok(reject));
    let back = Intent::Decide { approval, verdict: Verdict::SendBack, comment: Some("shorter".to_owned()) };
    assert_eq!(press("send_back", ID, &[]), Ok(Intent::AskComment { approval, verdict: Verdict::SendBack }));
    assert_eq!(form("send_back", ID, &comment("shorter")), Ok(back));
    assert!(form("send_back", ID, &comment("  ")).is_err());
    assert!(form("reject", ID, &comment("  ")).is_err());
    assert!(form("reject", ID, &[]).is_err());
}

#[test]
fn says_what_a_button_says() {
    assert_eq!(press("say", "find banks", &[]), Ok(Intent::Find { query: "banks".to_owned() }));
    assert!(matches!(press("say", "asdf", &[]), Ok(Intent::Unclear { .. })));
}

#[test]
fn a_part_of_a_search_is_left_out() {
    let search = ID.parse().unwrap();
    assert_eq!(press("without", &format!("{ID}/2"), &[]), Ok(Intent::Widen { search, part: 2 }));
    for forged in [ID.to_owned(), format!("{ID}/"), format!("{ID}/-1"), "x/0".to_owned()] {
        assert!(press("without", &forged, &[]).is_err(), "{forged}");
    }
    assert!(form("without", &format!("{ID}/2"), &[]).is_err());
}

#[test]
fn old_and_forged_buttons_are_refused() {
    for (verb, value) in
        [("approve", "x"), ("reject", ""), ("create_deals", "1"), ("drop_tables", ID), ("", "")]
    {
        assert!(press(verb, value, &chosen(&["fd1"])).is_err(), "{verb} {value}");
    }
    assert!(form("say", "approve all", &[]).is_err());
    assert!(form("create_deals", ID, &[]).is_err());
}

#[test]
fn a_question_is_put_together_from_its_parts() {
    let asked = |parts: [&str; 4]| {
        let names = ["what", "place", "size", "words"];
        let fields: Vec<(String, String)> =
            names.into_iter().zip(parts).map(|(name, part)| (name.to_owned(), part.to_owned())).collect();
        match form("refine", "x", &fields) {
            Ok(Intent::Find { query }) => query,
            other => format!("{other:?}"),
        }
    };
    assert_eq!(
        asked(["Payments", "Germany", "Mid Cap", "founded after 2015"]),
        "Payments companies in Germany, Mid Cap, founded after 2015"
    );
    assert_eq!(asked(["payment firms", "in France", "", ""]), "payment firms in France");
    assert_eq!(asked(["", "Spain", "", ""]), "companies in Spain");
    assert!(asked([" ", "", "", ""]).contains("asks for nothing"));
    assert!(asked([&"x".repeat(5000), "", "", ""]).chars().count() < 300);
}
