//! The parts of a question as buttons: leaving one out asks again, in the same message.

use tests::conversation::{Conversation, LIMIT, found};
use world::slack::Message;

/// The answer once it is one to another question.
async fn changed(talk: &Conversation, answer: &Message, words: &str) -> Message {
    let what = format!("the answer saying {words:?}");
    let now = talk.slack.wait_for(&what, LIMIT, |w| {
        w.from_bot().find(|m| m.ts == answer.ts && m.words().contains(words)).cloned()
    });
    found(now.await)
}

#[tokio::test]
async fn a_part_is_left_out_in_place_and_the_rest_stays() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let answer = talk.finds().await;
    assert!(answer.words().contains("✕ Payments"), "{}", answer.words());
    let before = talk.number("SELECT count(*) FROM messages").await;
    talk.presses("dana", &answer, "✕ in Germany").await;
    let wider = changed(&talk, &answer, "for “Payments”").await;
    assert_eq!((&wider.thread, &wider.ts), (&answer.thread, &answer.ts), "the same message");
    assert!(wider.words().contains("Adyen"), "no longer in Germany alone: {}", wider.words());
    assert!(!wider.words().contains('✕'), "what is left is all there is: {}", wider.words());
    assert_eq!(talk.number("SELECT count(*) FROM messages").await, before, "nothing new was said");

    // The partners of the new answer are those that are proposed.
    let ticks: Vec<String> = wider.choices().into_iter().take(1).map(|(value, _)| value).collect();
    talk.slack.user("dana").ticks_and_presses(&wider, &[&ticks[0]], "Create deals").await.unwrap();
    let request = talk.slack.wait_for("the request in the thread", LIMIT, |w| {
        w.from_bot().find(|m| m.thread.is_some() && m.words().contains("asks to create")).cloned()
    });
    talk.presses("lee", &found(request.await), "Approve").await;
    talk.sees("deal created").await;
    talk.ends().await;
}

#[tokio::test]
async fn a_question_that_finds_nothing_is_widened() {
    let talk = Conversation::begin().await;
    talk.types("dana", "/deal find payment companies in Iceland").await;
    let nothing = talk.sees("No partner for “payment companies in Iceland”").await;
    talk.presses("dana", &nothing, "✕ in Iceland").await;
    let wider = changed(&talk, &nothing, "for “Payments”").await;
    assert!(wider.choices().len() >= 2, "{}", wider.words());
    talk.ends().await;
}

#[tokio::test]
async fn a_stranger_leaves_nothing_out() {
    let talk = Conversation::begin().await;
    let answer = talk.finds().await;
    talk.presses("gus", &answer, "✕ in Germany").await;
    talk.is_told("gus", "not yet a member").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM plans WHERE state = 'done'").await, 1);
    assert!(talk.sees("✕ in Germany").await.words().contains("payment companies in Germany"));
}
