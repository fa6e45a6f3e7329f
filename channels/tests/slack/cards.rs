//! How cards look: what the fake shows of them, after it checked them against Slack's limits.

use channels::slack::render::{Rendered, render, render_of};
use domain::card::{Block, Button, Card, Choice, EvidenceLine, Footer, HitLine, Style, Text, Verb};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::slack::{Kind, Message, check_message};

/// What a person sees, once Slack would have taken it.
fn shown(rendered: &Rendered) -> String {
    check_message(&rendered.blocks).unwrap();
    let message = Message {
        room: String::new(),
        ts: String::new(),
        thread: None,
        user: String::new(),
        text: rendered.text.clone(),
        blocks: rendered.blocks.clone(),
        metadata: Value::Null,
        edits: 0,
        is_deleted: false,
        kind: Kind::Posted,
        files: Vec::new(),
    };
    message.words()
}

fn button(label: &str, verb: Verb, value: &str, style: Style) -> Button {
    Button { label: label.into(), verb, value: value.into(), style }
}

fn hit(rank: u32, name: &str, fit: u8) -> HitLine {
    HitLine {
        rank,
        company: format!("c{rank}"),
        name: name.into(),
        place: "Germany, Berlin".into(),
        size: "mid cap".into(),
        fit,
        why: "payments is its main line".into(),
        evidence: vec![
            EvidenceLine { part: "in Germany".into(), proof: Some("country DE".into()) },
            EvidenceLine { part: "mid cap".into(), proof: None },
        ],
    }
}

pub(super) fn found() -> Card {
    let hits = vec![hit(1, "Pay & Co <Europe>", 86), hit(2, "*Bold* Payments", 40)];
    let choices = hits
        .iter()
        .map(|h| Choice { value: h.company.clone(), label: h.name.clone(), is_chosen: h.rank == 1 })
        .collect();
    Card {
        footer: Some(Footer {
            text: "2 of 169,981 companies · trace 7f3a".into(),
            url: Some("/plans/7f3a".into()),
        }),
        ..Card::titled("2 partners for payment companies in Germany, mid cap")
    }
    .and_text(
        Text::default()
            .plain("Understood as ")
            .strong("industry: payments")
            .plain(", ")
            .code("DE")
            .plain("."),
    )
    .with(Block::Hits { hits })
    .with(Block::Choices { label: "Propose deals with".into(), options: choices })
    .with(Block::Buttons {
        buttons: vec![button("Create deals", Verb::CreateDeals, "plan-1", Style::Primary)],
    })
}

#[test]
fn a_find_answer() {
    insta::assert_snapshot!(shown(&render(&found(), Some("https://desk.example/"))), @r#"
    # 2 partners for payment companies in Germany, mid cap
    Understood as *industry: payments*, `DE`.
    *1. Pay & Co <Europe>*  Germany, Berlin · mid cap
    `▰▰▰▰▰▰▰▰▱▱ 86`  payments is its main line
    - ✓ in Germany: _country DE_
    - ? mid cap: unknown
    *2. *Bold* Payments*  Germany, Berlin · mid cap
    `▰▰▰▰▱▱▱▱▱▱ 40`  payments is its main line
    - ✓ in Germany: _country DE_
    - ? mid cap: unknown
    Propose deals with
    ☑ Pay & Co <Europe>
    ☐ *Bold* Payments
    [Create deals](primary)
    ~ <https://desk.example/plans/7f3a|2 of 169,981 companies · trace 7f3a>
    "#);
}

#[test]
fn an_approval_that_is_asked_for() {
    let card = Card::titled("Approve 1 new deal?")
        .and_text("Dana asks to start a deal with Pay & Co <Europe>.")
        .with(Block::Fields {
            fields: vec![
                ("Partner".into(), "Pay & Co <Europe>".into()),
                ("Owner".into(), "Dana".into()),
                ("Value".into(), String::new()),
            ],
        })
        .with(Block::Quote { text: "We met <!channel> them\nat Money20/20.".into() })
        .with(Block::Divider)
        .with(Block::Buttons {
            buttons: vec![
                button("Approve", Verb::Approve, "a1", Style::Primary),
                button("Reject", Verb::Reject, "a1", Style::Danger),
            ],
        });
    insta::assert_snapshot!(shown(&render(&card, None)), @r#"
    # Approve 1 new deal?
    Dana asks to start a deal with Pay & Co <Europe>.
    *Partner*: Pay & Co <Europe>
    *Owner*: Dana
    *Value*: unknown
    > We met <!channel> them
    > at Money20/20.
    ---
    [Approve](primary) [Reject](danger)
    "#);
}

#[test]
fn an_approval_that_is_decided() {
    let card = Card::titled("Rejected: 1 new deal")
        .and_text(
            Text::default().strong("Lee").plain(" rejected it on 22 November, 14:05: ").faint("too early"),
        )
        .with(Block::Link { label: "The request".into(), url: "/approvals/a1".into() })
        .with(Block::Table {
            columns: vec!["Deal".into(), "Stage".into()],
            rows: vec![vec!["Pay & Co".into(), "rejected".into()]],
        });
    insta::assert_snapshot!(shown(&render(&card, Some("https://desk.example"))), @r#"
    # Rejected: 1 new deal
    *Lee* rejected it on 22 November, 14:05: _too early_
    The request (https://desk.example/approvals/a1)
    ```
    Deal      Stage
    ────────  ────────
    Pay & Co  rejected
    ```
    "#);
}

#[test]
fn an_error_and_progress() {
    let error = Card::text(Text::with_code("I do not know `/deal fnd`. Did you mean `/deal find`?"));
    insta::assert_snapshot!(shown(&render(&error, None)), @r#"
    I do not know `/deal fnd`. Did you mean `/deal find`?
    "#);
    let progress =
        Card::default().with(Block::Progress { done: 2, total: 6, label: "searching the directory".into() });
    insta::assert_snapshot!(shown(&render(&progress, None)), @"▰▰▰▱▱▱▱▱▱▱ 2/6  _searching the directory_");
}

#[test]
fn the_wire_form_of_a_small_card() {
    let card =
        Card::titled("A & B").and_text(Text::default().plain("<@U1> ").strong("x")).with(Block::Buttons {
            buttons: vec![
                button("1", Verb::Say, "help", Style::Plain),
                button("2", Verb::Say, "list", Style::Plain),
            ],
        });
    let rendered = render(&card, None);
    assert_eq!(rendered.text, "A &amp; B: &lt;@U1&gt; x");
    let expected = json!([
        {"type": "header", "block_id": "heading", "text": {"type": "plain_text", "text": "A & B"}},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "text", "text": "<@U1> "}, {"type": "text", "text": "x", "style": {"bold": true}}]}]},
        {"type": "actions", "block_id": "buttons-1-0", "elements": [
            {"type": "button", "action_id": "say", "value": "help", "text": {"type": "plain_text", "text": "1"}},
            {"type": "button", "action_id": "say:2", "value": "list", "text": {"type": "plain_text", "text": "2"}}]},
    ]);
    assert_eq!(rendered.blocks, expected);
}

#[test]
fn what_is_too_much_is_cut_but_buttons_stay() {
    let hits = (1..=80).map(|rank| hit(rank, &"long name ".repeat(40), 50)).collect();
    let card =
        Card { footer: Some(Footer { text: "all".into(), url: None }), ..Card::titled("x".repeat(400)) }
            .with(Block::Hits { hits })
            .with(Block::Buttons {
                buttons: vec![button(&"y".repeat(100), Verb::Approve, "a", Style::Plain)],
            });
    let text = shown(&render(&card, None));
    assert!(text.contains("Shortened") && text.contains("[yyy") && text.contains("~ all"), "{text}");
}

/// Any text: long ones, blank ones, markup, other scripts.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z<>&*_`|@!# \n]{0,60}",
        2 => "\\PC{0,200}",
        1 => Just(String::new()),
        1 => "[a-z&<\n ]{0,9000}",
    ]
}

fn blocks() -> impl Strategy<Value = Block> {
    let many = |max: usize| proptest::collection::vec(words(), 0..max);
    prop_oneof![
        words().prop_map(|text| Block::Text { text: Text::default().plain(text.clone()).strong(text) }),
        words().prop_map(|text| Block::Quote { text }),
        (words(), words()).prop_map(|(label, url)| Block::Link { label, url }),
        (any::<u32>(), any::<u32>(), words()).prop_map(|(done, total, label)| Block::Progress {
            done,
            total,
            label
        }),
        many(30)
            .prop_map(|all| Block::Fields { fields: all.iter().cloned().zip(all.iter().cloned()).collect() }),
        (many(8), proptest::collection::vec(proptest::collection::vec(words(), 0..8), 0..20))
            .prop_map(|(columns, rows)| Block::Table { columns, rows }),
        many(25).prop_map(|all| Block::Choices {
            label: all.first().cloned().unwrap_or_default(),
            options: all
                .iter()
                .enumerate()
                .map(|(i, text)| Choice { value: text.clone(), label: text.clone(), is_chosen: i % 2 == 0 })
                .collect(),
        }),
        many(30).prop_map(|all| Block::Buttons {
            buttons: all.iter().map(|text| button(text, Verb::Say, text, Style::Danger)).collect(),
        }),
        (any::<u32>(), words(), any::<u8>()).prop_map(|(rank, text, fit)| Block::Hits {
            hits: vec![HitLine {
                company: text.clone(),
                place: text.clone(),
                size: text.clone(),
                why: text.clone(),
                evidence: vec![EvidenceLine { part: text.clone(), proof: Some(text.clone()) }; 20],
                ..hit(rank, &text, fit)
            }],
        }),
        Just(Block::Divider),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_card_fits_slack(
        heading in proptest::option::of(words()),
        blocks in proptest::collection::vec(blocks(), 0..70),
        footer in proptest::option::of((words(), proptest::option::of(words()))),
    ) {
        let footer = footer.map(|(text, url)| Footer { text, url });
        let rendered = render(&Card { heading, blocks, footer }, Some("https://desk.example"));
        prop_assert!(!rendered.text.contains("<"), "unescaped: {}", rendered.text);
        let fits = check_message(&rendered.blocks);
        prop_assert!(fits.is_ok(), "{fits:?}\n{}", rendered.blocks);
    }
}

#[test]
fn what_does_not_fit_says_where_all_of_it_is() {
    let long = (0..80).fold(Card::titled("Long"), |card, n| card.and_text(format!("Paragraph {n}")));
    let rows = (0..200).map(|n| vec![format!("Deal number {n}"), "Negotiation".to_owned()]).collect();
    let wide = Card::titled("Wide")
        .with(Block::Table { columns: vec!["Deal".to_owned(), "Stage".to_owned()], rows })
        .and_text("After the table.");
    for card in [long, wide] {
        let text = shown(&render_of(&card, Some("https://desk.example"), Some("/plans/7f3a")));
        assert!(text.contains("<https://desk.example/plans/7f3a|See all of it in the console>"), "{text}");
    }
    let short = render_of(&Card::text("Short"), Some("https://desk.example"), Some("/plans/7f3a"));
    assert!(!shown(&short).contains("plans/7f3a"));
}
