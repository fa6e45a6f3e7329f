//! Rooms we may not write in: the answer comes in private, once, and the conversation goes on there.

use tests::conversation::{Conversation, LIMIT, ROOM, found};
use world::slack::{Message, Room};

const FIND: &str = "/deal find payment companies in Germany";
const ANSWER: &str = "for “payment companies in Germany”";

/// What dana has in private whose words contain all of these.
async fn in_private(talk: &Conversation, words: &[&str]) -> Message {
    let has_all = |m: &&Message| words.iter().all(|words| m.words().contains(words));
    let what = format!("{words:?} in private");
    let told = talk.slack.wait_for(&what, LIMIT, |w| w.dms("dana").into_iter().find(has_all).cloned());
    found(told.await)
}

async fn asks(talk: &Conversation, line: &str, room: &str) {
    let sent = talk.slack.user("dana").command(line, room).await.unwrap();
    assert_eq!(sent.ack.status, 200);
}

#[tokio::test]
async fn the_whole_story_goes_on_in_private() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    asks(&talk, FIND, "random").await;
    let answer = in_private(&talk, &[ANSWER]).await;
    let dms = talk.slack.dms("dana");
    let told = ["<#C0RANDOM>", "find payment companies in Germany", "/invite @Dealdesk"];
    assert!(told.iter().all(|words| dms[0].words().contains(words)), "first why: {}", dms[0].words());
    let ticks: Vec<String> = answer.choices().into_iter().take(2).map(|(value, _)| value).collect();
    let ticks: Vec<&str> = ticks.iter().map(String::as_str).collect();
    talk.slack.user("dana").ticks_and_presses(&answer, &ticks, "Create deals").await.unwrap();
    let request = talk.slack.wait_for("the request", LIMIT, |w| w.dms("lee").last().copied().cloned());
    talk.presses("lee", &found(request.await), "Approve").await;
    in_private(&talk, &["2 deals created"]).await;
    in_private(&talk, &["Approved by Lee"]).await;
    talk.ends().await;
    let notices = talk.slack.look(|w| w.from_bot().filter(|m| m.words().contains("/invite")).count());
    assert_eq!(notices, 1, "{}", talk.slack.transcript());
    assert!(talk.slack.look(|w| w.from_bot().all(|m| m.room != "C0RANDOM")));
}

#[tokio::test]
async fn a_whisper_comes_in_private_too() {
    let talk = Conversation::begin().await;
    asks(&talk, "/deal help", "random").await;
    in_private(&talk, &["What you can say"]).await;
    in_private(&talk, &["<#C0RANDOM>"]).await;
    talk.ends().await;
}

#[tokio::test]
async fn archived_restricted_and_unknown_rooms_say_why() {
    let shape = |setup: &mut world::slack::Setup| {
        setup.rooms.push(Room { is_archived: true, ..Room::named("old") });
        setup.rooms.push(Room { is_announcements: true, ..Room::named("news") });
        setup.rooms.push(Room { has_bot: false, is_private: true, ..Room::named("secret") });
    };
    let talk = Conversation::with(shape, |setting| setting).await;
    for (room, why) in [("old", "archived"), ("news", "settings"), ("secret", "/invite @Dealdesk")] {
        asks(&talk, FIND, room).await;
        in_private(&talk, &[&format!("<#C0{}>", room.to_uppercase()), why]).await;
    }
    talk.ends().await;
    let answers = talk.slack.dms("dana").iter().filter(|m| m.words().contains(ANSWER)).count();
    assert_eq!(answers, 3, "{}", talk.slack.transcript());
}

#[tokio::test]
async fn where_the_app_may_write_in_public_it_does() {
    let talk = Conversation::with(|setup| setup.writes_in_public = true, |setting| setting).await;
    asks(&talk, FIND, "random").await;
    assert_eq!(talk.sees(ANSWER).await.room, "C0RANDOM");
    talk.ends().await;
    assert!(talk.slack.dms("dana").is_empty());
}

#[tokio::test]
async fn a_room_that_is_archived_on_the_way_loses_nothing() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    talk.slack
        .look(|w| w.setup.rooms.iter_mut().filter(|r| r.name == ROOM).for_each(|r| r.is_archived = true));
    let private = talk.slack.wait_for("the request", LIMIT, |w| w.dms("lee").last().copied().cloned());
    talk.presses("lee", &found(private.await), "Approve").await;
    in_private(&talk, &["2 deals created"]).await;
    in_private(&talk, &["Approved by Lee"]).await;
    talk.ends().await;
    assert!(
        talk.slack.current(&request).unwrap().words().contains("asks to create"),
        "nobody can edit it there"
    );
}

#[tokio::test]
async fn whoever_cannot_be_reached_at_all_holds_up_nobody() {
    let talk = Conversation::begin().await;
    talk.knows(&["dana"]).await;
    talk.slack
        .look(|w| w.setup.users.iter_mut().filter(|u| u.handle == "dana").for_each(|u| u.is_deleted = true));
    asks(&talk, FIND, "random").await;
    let given_up = "SELECT count(*) FROM outbox WHERE state = 'failed'";
    tests::database::eventually("the answer being given up", async || talk.number(given_up).await > 0).await;
    talk.knows(&["lee"]).await;
}

#[tokio::test]
async fn a_kill_after_the_move_loses_nothing_and_doubles_nothing() {
    let armed = |setting: tests::product::Setting| setting.with("DEALDESK_FAIL_POINT", "delivery.moved");
    let talk = Conversation::with(|_| (), armed).await;
    asks(&talk, FIND, "random").await;
    let Conversation { slack, mut product, database } = talk;
    tests::database::eventually("the place being passed", async || product.is_over()).await;
    let product = product.again(&[("DEALDESK_FAIL_POINT", "")]).await;
    let talk = Conversation { slack, product, database };
    in_private(&talk, &[ANSWER]).await;
    talk.ends().await;
    let dms: Vec<String> = talk.slack.dms("dana").iter().map(Message::words).collect();
    assert_eq!(dms.len(), 2, "the notice and the answer: {dms:#?}");
}
