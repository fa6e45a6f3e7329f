//! Requests that end without a decision: taken back, or overtaken by events.

use tests::conversation::{Conversation, LIMIT, found};

const VOID: &str = "SELECT count(*) FROM approvals WHERE state = 'void'";
const CANCELLED: &str = "SELECT count(*) FROM plans WHERE state = 'cancelled'";

/// Waits until some messages of the product show these words.
async fn shown(talk: &Conversation, words: &str, copies: usize) {
    let what = format!("{copies} copies with {words:?}");
    let shown = talk.slack.wait_for(&what, LIMIT, |w| {
        (w.from_bot().filter(|m| m.words().contains(words)).count() == copies).then_some(())
    });
    found(shown.await);
}

#[tokio::test]
async fn a_request_is_taken_back_by_whoever_sent_it() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee", "noor"]).await;
    let request = talk.proposes().await;
    talk.types("noor", "/deal cancel").await;
    talk.is_told("noor", "no open request").await;
    talk.types("dana", "/deal cancel").await;
    talk.is_told("dana", "is withdrawn").await;
    shown(&talk, "Withdrawn by Dana", 2).await;
    let copy = talk.slack.current(&request).unwrap();
    assert!(copy.buttons().is_empty(), "{}", copy.words());
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "Dana withdrew this request").await;
    talk.ends().await;
    assert_eq!((talk.number(VOID).await, talk.number(CANCELLED).await), (1, 1));
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    let noted =
        "SELECT count(*) FROM audit_entries WHERE action = 'approval.voided' AND actor LIKE 'person:%'";
    assert_eq!(talk.number(noted).await, 1);
}

#[tokio::test]
async fn the_button_beside_the_request_takes_it_back() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    talk.proposes().await;
    let waiting = talk.is_told("dana", "Waiting for approval").await;
    talk.presses("dana", &waiting, "Take it back").await;
    shown(&talk, "Withdrawn by Dana", 2).await;
    talk.ends().await;
}

#[tokio::test]
async fn a_request_whose_company_got_a_deal_meanwhile_is_void() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let first = talk.proposes().await;
    let answer = talk.sees("for “payment companies in Germany”").await;
    let tick = answer.choices()[0].0.clone();
    talk.slack.user("dana").ticks_and_presses(&answer, &[&tick], "Create deals").await.unwrap();
    let second = talk.slack.wait_for("the second request", LIMIT, |w| {
        w.from_bot().find(|m| m.thread.is_some() && m.words().contains("Start 1 deal?")).cloned()
    });
    let second = found(second.await);
    talk.presses("lee", &first, "Approve").await;
    talk.sees("2 deals created").await;
    talk.presses("lee", &second, "Approve").await;
    talk.is_told("lee", "no longer holds").await;
    shown(&talk, "No longer valid: start 1 deal", 2).await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    assert_eq!((talk.number(VOID).await, talk.number(CANCELLED).await), (1, 1));
}

#[tokio::test]
async fn a_decision_at_the_moment_a_request_lapses_is_carried_out() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    // The timer has gone off by the database's clock, but nobody has acted on it when the decision comes.
    talk.changes(
        "UPDATE steps SET state = 'queued', signal = '{\"timer\": true}', run_at = now() + interval '4 s'
         WHERE action = 'ask_approval'",
    )
    .await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM plans WHERE state = 'failed'").await, 0);
}

#[tokio::test]
async fn who_can_only_be_reached_in_the_console_is_not_said_to_have_been_asked() {
    let talk = Conversation::begin().await;
    talk.proposes().await;
    let waiting = talk.is_told("dana", "Waiting for approval").await;
    let words = waiting.words();
    assert!(
        words.contains(&format!("{}/approvals", talk.product.url)) && !words.contains("I asked"),
        "{words}"
    );
    // As soon as an approver is known here, the request comes by itself.
    talk.knows(&["lee"]).await;
    let request = talk.slack.wait_for("the request in private", LIMIT, |w| w.dms("lee").pop().cloned());
    talk.presses("lee", &found(request.await), "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
}

#[tokio::test]
async fn a_new_approver_gets_what_waits() {
    let talk = Conversation::begin().await;
    talk.knows(&["noor"]).await;
    talk.proposes().await;
    assert!(talk.product.run(&["people", "role", "Noor", "approver"]).0);
    let request = talk.slack.wait_for("the request in private", LIMIT, |w| w.dms("noor").pop().cloned());
    talk.presses("noor", &found(request.await), "Approve").await;
    talk.sees("2 deals created").await;
    shown(&talk, "Approved: start 2 deals", 2).await;
    talk.ends().await;
}

#[tokio::test]
async fn a_copy_that_somebody_deleted_is_shown_again_once_it_is_decided() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    let private = talk.slack.wait_for("the request in private", LIMIT, |w| w.dms("lee").pop().cloned());
    let private = found(private.await);
    talk.slack.look(|w| {
        w.messages.iter_mut().filter(|m| m.ts == request.ts).for_each(|m| m.is_deleted = true);
    });
    talk.presses("lee", &private, "Approve").await;
    let again = talk.slack.wait_for("the decision in the thread", LIMIT, |w| {
        let is_it = |m: &&world::slack::Message| {
            m.thread == request.thread && m.words().contains("Approved: start 2 deals")
        };
        w.from_bot().find(is_it).cloned()
    });
    found(again.await);
    tests::conversation::is_quiet(&talk.database).await;
}
