//! Nothing panics, and what is printed is understood as the same.

use domain::approval::Verdict;
use domain::deal::Stage;
use domain::intent::Intent;
use domain::person::Role;
use proptest::prelude::*;

use super::super::{SURE, form, press, print, understand};

/// Names as companies have them, with the words that make parsing hard among them.
fn name() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[A-Z][a-z]{1,8}",
        "[A-Za-z0-9&'.+-]{1,6}",
        Just("to".to_owned()),
        Just("the".to_owned()),
        Just("Legal".to_owned()),
        Just("Live".to_owned()),
        Just("deal".to_owned()),
        Just("Partners".to_owned()),
        Just("because".to_owned()),
        Just("GmbH".to_owned()),
        Just("my".to_owned()),
        Just("on".to_owned()),
        Just("please".to_owned()),
        "[ÄÖÜäöüéñß]{1,4}",
    ];
    prop::collection::vec(word, 1..5)
        .prop_map(|words| words.join(" "))
        .prop_filter("a name has a letter", |name| name.chars().any(char::is_alphanumeric))
}

fn intent() -> impl Strategy<Value = Intent> {
    let stage = prop::sample::select(Stage::ALL.to_vec());
    let role = prop::sample::select(Role::ALL.to_vec());
    let id = any::<u128>().prop_map(|n| domain::ids::ApprovalId(uuid::Uuid::from_u128(n)));
    prop_oneof![
        Just(Intent::Help { topic: None }),
        Just(Intent::ListApprovals),
        Just(Intent::ListPeople),
        prop::option::of("[0-9][0-9a-z]{7}").prop_map(|code| Intent::Join { code }),
        name().prop_map(|query| Intent::Find { query }),
        (prop::option::of(stage.clone()), any::<bool>())
            .prop_map(|(stage, mine)| Intent::ListDeals { stage, mine }),
        prop::option::of(name()).prop_map(|company| Intent::ProposeDeal { company }),
        name().prop_map(|deal| Intent::ShowDeal { deal }),
        (name(), stage, prop::option::of(name())).prop_map(|(deal, stage, reason)| Intent::MoveDeal {
            deal,
            stage,
            reason
        }),
        (name(), name()).prop_map(|(deal, text)| Intent::NoteDeal { deal, text }),
        (id.clone(), prop::option::of(name())).prop_map(|(approval, comment)| Intent::Decide {
            approval,
            verdict: Verdict::Approve,
            comment
        }),
        (id.clone(), name()).prop_map(|(approval, comment)| Intent::Decide {
            approval,
            verdict: Verdict::Reject,
            comment: Some(comment)
        }),
        id.clone().prop_map(|approval| Intent::AskComment { approval, verdict: Verdict::Reject }),
        id.clone().prop_map(|approval| Intent::AskComment { approval, verdict: Verdict::SendBack }),
        prop::option::of(id).prop_map(|approval| Intent::Withdraw { approval }),
        ("[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?", role)
            .prop_map(|(person, role)| Intent::SetRole { person, role }),
    ]
}

/// Pieces of commands in any order, which come nearer to the parsers' edges than random characters.
fn salad() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "find",
        "move",
        "note",
        "show",
        "to",
        "because",
        "legal",
        "on hold",
        "\"",
        "“",
        "”",
        "'",
        ":",
        " - ",
        "->",
        "→",
        "approve",
        "reject",
        "send back",
        "role",
        "admin",
        "deals",
        "my",
        "in",
        "the",
        "please",
        "?",
        "!",
        ".",
        "(",
        ")",
        "\n\n",
        "\u{a0}",
        "Acme",
        "GmbH",
        "/deal",
        "@dealdesk",
        "help",
        "me",
        "how is",
        "doing",
        "who",
        "ß",
        "İ",
        "ﬁ",
        "\u{301}",
        "\u{202e}",
        "👩‍💻",
        "",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(text in any::<String>()) {
        let got = understand(&text);
        prop_assert!((0.0..=1.0).contains(&got.confidence));
    }

    #[test]
    fn never_panics_on_salad(text in salad()) {
        let got = understand(&text);
        let is_asked_back = matches!(got.intent, Intent::Unclear { .. });
        prop_assert!(got.confidence >= SURE || is_asked_back);
        for candidate in &got.candidates {
            let again = understand(&candidate.say);
            prop_assert!(again.intent.name() != "unclear", "{:?} offers {:?}", text, candidate.say);
        }
    }

    #[test]
    fn presses_never_panic(verb in any::<String>(), value in any::<String>(), text in any::<String>()) {
        let _ = press(&verb, &value, std::slice::from_ref(&text));
        let _ = press("say", &value, &[]);
        let _ = form(&verb, &value, &[("comment".to_owned(), text)]);
    }

    #[test]
    fn what_is_printed_is_understood(intent in intent()) {
        let said = print(&intent).unwrap();
        let got = understand(&said);
        prop_assert_eq!(&got.intent, &intent, "{}", said);
    }
}

#[test]
fn long_texts_are_read_quickly() {
    let text = "find to because legal \" : note ".repeat(100_000);
    // Cut at a stated length, so this is the work of one page; without the cut it would not end.
    let got = understand(&text);
    assert!(matches!(got.intent, Intent::Find { .. }));
}
