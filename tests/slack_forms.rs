//! Slack's forms: a new deal, another question, and what is wrong with a field said at the field.

use tests::conversation::{Conversation, LIMIT, ROOM, found};
use world::slack::View;

/// The form that somebody has open.
async fn form(talk: &Conversation, user: &str, title: &str) -> View {
    let what = format!("the form {title:?} before {user}");
    let open = talk.slack.wait_for(&what, LIMIT, |w| {
        w.open_view(user).filter(|view| view.view["title"]["text"] == title).cloned()
    });
    found(open.await)
}

async fn a_deal_is_proposed(talk: &Conversation) {
    talk.types("dana", "/deal new").await;
    let open = form(talk, "dana", "New deal").await;
    let dana = talk.slack.user("dana");
    let listed = dana.types_into(&open, "company", "compu").await.unwrap();
    let (key, label) = listed.first().cloned().unwrap();
    assert_eq!(label, "Computop · Bamberg, Germany");
    assert!(dana.types_into(&open, "company", "no such name at all").await.unwrap().is_empty());
    assert!(dana.types_into(&open, "company", "%_\\").await.unwrap().is_empty());

    let refused = dana.submits(&open, &[]).await.unwrap();
    assert!(refused.ack.body.contains("Choose a company"), "{}", refused.ack.body);
    assert!(talk.slack.open_view("dana").is_some(), "the form stays open");
    let sent = dana.submits(&open, &[("company", &key)]).await.unwrap();
    assert_eq!((sent.ack.status, sent.ack.body.as_str()), (200, ""));

    let request = talk.sees("asks to create a partner and a deal").await;
    assert!(request.words().contains("Computop"), "{}", request.words());
    talk.presses("lee", &request, "Approve").await;
    talk.sees("deal created").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals WHERE name = 'Computop' AND fit IS NULL").await, 1);
}

#[tokio::test]
async fn a_new_deal_is_proposed_in_a_form() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    a_deal_is_proposed(&talk).await;
    talk.ends().await;
}

#[tokio::test]
async fn forms_and_lists_work_in_socket_mode() {
    let talk = Conversation::by_socket(|_| (), |setting| setting).await;
    a_deal_is_proposed(&talk).await;
    talk.ends().await;
}

#[tokio::test]
async fn a_deal_can_be_proposed_in_words() {
    let talk = Conversation::begin().await;
    talk.types("dana", "/deal propose adyen").await;
    let request = talk.sees("asks to create a partner and a deal").await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("deal created").await;
    talk.types("dana", "/deal propose Adyen").await;
    talk.is_told("dana", "Adyen").await;
    talk.types("dana", "/deal propose compu").await;
    talk.is_told("dana", "Did you mean `propose Computop`").await;
    talk.slack.user("dana").mentions("new deal", ROOM).await.unwrap();
    talk.sees("With which company?").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 1);
}

#[tokio::test]
async fn a_search_is_refined_in_a_form() {
    let talk = Conversation::begin().await;
    let answer = talk.finds().await;
    talk.presses("dana", &answer, "Refine").await;
    let open = form(&talk, "dana", "Refine the search").await;
    let known = |field: &str| {
        let blocks = open.view["blocks"].as_array().unwrap();
        blocks.iter().find(|block| block["block_id"] == field).unwrap()["element"]["initial_value"].clone()
    };
    assert_eq!((known("what"), known("place")), ("Payments".into(), "Germany".into()));
    let dana = talk.slack.user("dana");
    let refused = dana.submits(&open, &[("what", "  "), ("place", "")]).await.unwrap();
    assert!(refused.ack.body.contains("asks for nothing"), "{}", refused.ack.body);
    dana.submits(&open, &[("what", "Payments"), ("place", "the Netherlands"), ("size", "Large Cap")])
        .await
        .unwrap();
    let refined = talk.sees("for “Payments companies in the Netherlands, Large Cap”").await;
    assert!(refined.words().contains("Adyen"), "{}", refined.words());
    assert_eq!(refined.thread, answer.thread.or(Some(answer.ts)), "in the thread of the first search");
    talk.ends().await;
}

#[tokio::test]
async fn a_reason_of_blanks_is_refused_at_its_field() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Reject (with comment)").await;
    let open = form(&talk, "lee", "Reject").await;
    let lee = talk.slack.user("lee");
    let refused = lee.submits(&open, &[("comment", "   ")]).await.unwrap();
    assert!(refused.ack.body.contains("needs a reason"), "{}", refused.ack.body);
    lee.submits(&open, &[("comment", "Too early.")]).await.unwrap();
    talk.sees("Request rejected").await;
    talk.ends().await;
}

#[tokio::test]
async fn strangers_get_no_forms() {
    let talk = Conversation::begin().await;
    talk.types("gus", "/deal new").await;
    talk.is_told("gus", "not yet a member").await;
    let answer = talk.finds().await;
    talk.presses("gus", &answer, "Refine").await;
    talk.ends().await;
    assert_eq!(talk.slack.open_view("gus"), None);
    assert_eq!(talk.number("SELECT count(*) FROM plans").await, 1);
}
