//! Questions to a short contract of our own.

use domain::contract::{CalendarUnit, ContractText, Duration, Extraction, State, TermKey, Value};

use super::answer;

const TEXT: &str = "RESELLER AGREEMENT\n\nThis Agreement is made on 1 March 2026 between Nordlicht GmbH and Acme Ltd.\n\n\
    1. Term. This Agreement lasts two years. Either party may end it on ninety (90) days' written notice.\n\n\
    2. Training. Nordlicht shall train up to four engineers of Acme in Hamburg at no charge each year.\n\n\
    3. Governing Law. This Agreement is governed by the laws of Germany.\n\n\
    4. Demo units. Acme shall pay EUR 1,500 for each demonstration unit that it does not return.";

fn stated(text: &ContractText, term: &str, passage: &str, value: Value) -> Extraction {
    let start = text.text.find(passage).unwrap();
    Extraction {
        term: TermKey(term.to_owned()),
        state: State::Stated,
        value: Some(value),
        quote: text.quote(start, start + passage.len()),
        confidence: 0.9,
        reason: String::new(),
    }
}

fn contract() -> (ContractText, Vec<Extraction>) {
    let text = ContractText::plain(TEXT.to_owned());
    let days = Value::Duration(Duration { count: 90.0, unit: CalendarUnit::Days });
    let notice = "Either party may end it on ninety (90) days' written notice.";
    let rows = vec![stated(&text, "termination_for_convenience", notice, days)];
    (text, rows)
}

#[test]
fn a_known_term_gets_a_straight_answer_and_its_sentence() {
    let (text, rows) = contract();
    let said = answer(&text, &rows, "what is the notice period?");
    assert_eq!(said.straight.as_deref(), Some("90 days"));
    assert_eq!(said.quotes.len(), 1);
    assert!(said.quotes[0].text.starts_with("Either party") && text.holds(&said.quotes[0]));
    assert!(!said.is_unsure);
}

#[test]
fn anything_else_is_answered_by_the_sentence_that_says_it() {
    let (text, rows) = contract();
    for (question, part) in [
        ("How many engineers will be trained in Hamburg?", "four engineers"),
        ("How much do we pay for demonstration units that we do not return?", "EUR 1,500"),
    ] {
        let said = answer(&text, &rows, question);
        assert!(said.quotes.first().is_some_and(|quote| quote.text.contains(part)), "{question}: {said:?}");
        assert_eq!(said.straight, None);
    }
}

#[test]
fn what_the_contract_does_not_say_is_not_answered() {
    let (text, rows) = contract();
    for question in [
        "Is there a source code escrow?",
        "Do we have to wear uniforms at trade fairs?",
        "Must we carry insurance?",
        "Who trains the sales staff in Lisbon?",
        "",
        "???",
    ] {
        assert_eq!(answer(&text, &rows, question).quotes, [], "{question}");
    }
}

#[test]
fn a_quote_that_is_not_in_the_text_is_never_shown() {
    let (text, mut rows) = contract();
    rows[0].quote.as_mut().unwrap().text = "Either party may end it at once.".to_owned();
    let said = answer(&text, &rows, "Can we terminate for convenience?");
    assert!(said.quotes.iter().all(|quote| text.holds(quote)), "{said:?}");
    assert_eq!(said.straight, None);
}

#[test]
fn what_the_reading_is_unsure_of_is_marked() {
    let (text, mut rows) = contract();
    rows[0].state = State::Review;
    rows[0].confidence = 0.6;
    let said = answer(&text, &rows, "Can we terminate for convenience?");
    assert!(said.is_unsure && said.straight.is_none());
    assert_eq!(said.quotes.len(), 1);
}

#[test]
fn short_questions_are_answered_with_what_was_read_and_special_ones_are_not() {
    let assign =
        "Neither party may assign this Agreement without the prior written consent of the other party.";
    let owns =
        "All right, title and interest in the Work Product shall vest in the Client upon its creation.";
    let secret = "Each party shall keep the other's Confidential Information secret for three years.";
    let text = ContractText::plain(format!(
        "1. Assignment. {assign}\n\n2. Ownership. {owns}\n\n3. Secrecy. {secret}"
    ));
    let years = Value::Duration(Duration { count: 3.0, unit: CalendarUnit::Years });
    let rows = vec![
        stated(&text, "anti_assignment", assign, Value::Clause),
        stated(&text, "ip_ownership_assignment", owns, Value::Clause),
        stated(&text, "confidentiality_term", secret, years),
    ];
    for (question, part) in [
        ("can they assign it?", assign),
        ("Can the contract be assigned?", assign),
        ("who owns the IP?", owns),
        ("How long is it confidential?", secret),
    ] {
        let said = answer(&text, &rows, question);
        assert!(said.quotes.first().is_some_and(|quote| quote.text == part), "{question}: {said:?}");
    }
    for question in [
        "May we reverse engineer prototypes that embody confidential samples?",
        "Shall the fact of the negotiations be confidential towards journalists?",
    ] {
        assert_eq!(answer(&text, &rows, question).quotes, [], "{question}");
    }
}
