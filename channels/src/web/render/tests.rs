//! What the console is given, as text; and that hostile words stay words.

use domain::card::{Text, Verb};

use super::*;

const HOSTILE: &str = "<script>alert(1)</script>\" onclick='x' \u{202e}&";

fn hit(rank: u32, company: &str) -> HitLine {
    let line = |part: &str, proof: Option<&str>| EvidenceLine {
        part: part.to_owned(),
        proof: proof.map(str::to_owned),
    };
    HitLine {
        rank,
        company: company.to_owned(),
        name: "Nordpay".to_owned(),
        place: "Germany, Berlin".to_owned(),
        size: "unknown".to_owned(),
        fit: 87,
        why: "payments, in Germany".to_owned(),
        evidence: vec![line("in Germany", Some("country: DE")), line("mid cap", None)],
    }
}

fn choice(value: &str) -> Choice {
    Choice { value: value.to_owned(), label: "Nordpay".to_owned(), is_chosen: true }
}

fn button(verb: Verb, value: &str) -> Button {
    Button { label: "Go".to_owned(), verb, value: value.to_owned(), style: Style::Primary }
}

#[test]
fn a_search_is_one_form_with_its_ticks_on_the_hits() {
    let card = Card::titled("10 partners")
        .with(Block::Hits { hits: vec![hit(1, "c1")] })
        .with(Block::Choices { label: "Tick what you want".to_owned(), options: vec![choice("c1")] })
        .with(Block::Buttons { buttons: vec![button(Verb::CreateDeals, "plan-1")] });
    insta::assert_snapshot!(html(&card).replace("><", ">\n<"), @r#"
    <h3>10 partners</h3>
    <form method="post" action="/chat/press">
    <ol class="hits">
    <li class="hit" value="1">
    <div class="hit-head">
    <label class="name">
    <input type="checkbox" name="chosen" value="c1" checked> Nordpay</label>
    <span class="fit" data-level="high">
    <span class="number">87</span>
    <meter min="0" max="100" value="87" aria-label="Fit 87 of 100">
    </meter>
    </span>
    <span class="meta">
    <span>Germany, Berlin</span> · <span class="unknown">unknown</span>
    </span>
    </div>
    <details open>
    <summary>payments, in Germany</summary>
    <ul class="evidence">
    <li class="shown">
    <span class="mark" aria-label="shown">✓</span> <span class="part">in Germany</span> <span class="proof">country: DE</span>
    </li>
    <li class="unknown">
    <span class="mark" aria-hidden="true">?</span> <span class="part">mid cap</span> <span class="proof">unknown</span>
    </li>
    </ul>
    </details>
    </li>
    </ol>
    <p class="hint">Tick what you want</p>
    <p class="buttons">
    <button class="primary" name="press" value="create_deals:plan-1">Go</button>
    </p>
    </form>
    "#);
}

#[test]
fn a_choice_without_a_hit_stands_by_itself() {
    let card = Card::default()
        .with(Block::Hits { hits: vec![hit(1, "c1")] })
        .with(Block::Choices { label: "Which?".to_owned(), options: vec![choice("c1"), choice("c2")] });
    let html = html(&card);
    assert_eq!(html.matches("value=\"c1\"").count(), 1);
    assert!(
        html.contains("<legend>Which?</legend><label><input type=\"checkbox\" name=\"chosen\" value=\"c2\"")
    );
}

#[test]
fn hostile_words_stay_words_in_every_part() {
    let mut bad = hit(1, HOSTILE);
    for text in [&mut bad.name, &mut bad.place, &mut bad.size, &mut bad.why] {
        *text = HOSTILE.to_owned();
    }
    bad.evidence = vec![EvidenceLine { part: HOSTILE.to_owned(), proof: Some(HOSTILE.to_owned()) }];
    let words = || HOSTILE.to_owned();
    let card = Card {
        heading: Some(words()),
        blocks: vec![
            Block::Text { text: Text::default().plain(HOSTILE).strong(HOSTILE).code(HOSTILE).faint(HOSTILE) },
            Block::Fields { fields: vec![(words(), words())] },
            Block::Table { columns: vec![words()], rows: vec![vec![words()]] },
            Block::Hits { hits: vec![bad] },
            Block::Quote { text: words() },
            Block::Progress { done: 9, total: 3, label: words() },
            Block::Choices {
                label: words(),
                options: vec![
                    Choice { value: "other".to_owned(), label: words(), is_chosen: false },
                    choice(HOSTILE),
                ],
            },
            Block::Buttons { buttons: vec![Button { label: words(), ..button(Verb::Say, HOSTILE) }] },
            Block::Link { label: words(), url: words() },
        ],
        footer: Some(Footer { text: words(), url: Some(words()) }),
    };
    let html = html(&card);
    assert!(!html.contains("<script") && !html.contains("onclick='"), "{html}");
    assert!(!html.contains('\u{202e}'), "a mark that turns the direction");
    // Each double quote that is left opens or closes an attribute of ours.
    let outside_tags: String =
        html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    assert!(!outside_tags.contains('"'), "{outside_tags}");
    assert!(html.contains("<progress max=\"3\" value=\"3\""), "more done than there is");
}

#[test]
fn links_lead_only_where_links_may_lead() {
    for (url, is_link) in [
        ("/plans/1", true),
        ("https://deals.example.com/plans/1", true),
        ("http://127.0.0.1:8080/plans/1", true),
        ("javascript:alert(1)", false),
        ("JaVaScRiPt:alert(1)", false),
        ("data:text/html,x", false),
        ("//evil.test/x", false),
        ("/\\evil.test/x", false),
        ("", false),
    ] {
        let card = Card::default().with(Block::Link { label: "there".to_owned(), url: url.to_owned() });
        assert_eq!(html(&card).contains("<a "), is_link, "{url}");
    }
}

#[test]
fn line_ends_are_kept_and_control_characters_are_not() {
    let card = Card::text("one\ntwo\u{0}\r\u{7}");
    assert_eq!(html(&card), "<p>one<br>two</p>");
}
