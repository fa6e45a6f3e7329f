//! Slack in Socket Mode: the product opens the connections, and no way for them to end loses or doubles anything.

use std::time::Duration;

use serde_json::json;
use tests::conversation::{Conversation, LIMIT, ROOM, found};
use tests::database::eventually;
use tests::product::client;

async fn begin() -> Conversation {
    Conversation::by_socket(|_| (), |setting| setting).await
}

/// The inbox holds so many messages.
async fn stored(talk: &Conversation, n: i64) {
    let sql = "SELECT count(*) FROM inbox WHERE channel = 'slack'";
    eventually(&format!("{n} messages stored"), async || talk.number(sql).await == n).await;
}

#[tokio::test]
async fn the_whole_story_needs_no_public_address() {
    let admins = |setup: &mut world::slack::Setup| {
        setup.users.iter_mut().for_each(|user| user.is_admin = !user.is_guest);
    };
    let talk = Conversation::by_socket(admins, |setting| setting).await;
    talk.knows(&["lee", "noor"]).await;
    let request = talk.proposes().await;
    talk.presses("dana", &request, "Approve").await;
    talk.is_told("dana", "your own request").await;
    talk.presses("lee", &request, "Reject (with comment)").await;
    let form = found(talk.slack.wait_for("a form", LIMIT, |w| w.open_view("lee").cloned()).await);
    let sent = talk.slack.user("lee").submits(&form, &[("comment", "We know them too well.")]).await.unwrap();
    assert_eq!(sent.ack.status, 200);
    talk.sees("Request rejected").await;
    let again = talk.proposes().await;
    talk.presses("lee", &again, "Approve").await;
    talk.sees("2 deals created").await;
    talk.slack.user("dana").mentions("list deals", ROOM).await.unwrap();
    talk.sees("# 2 deals\n").await;
    talk.slack.user("dana").dm("help").await.unwrap();
    talk.ends().await;
    for path in ["commands", "events", "interactions"] {
        let url = format!("{}/slack/{path}", talk.product.url);
        assert_eq!(client().post(url).body("text=help").send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_command_is_answered_in_its_acknowledgement() {
    let talk = begin().await;
    let sent = talk.types("dana", "/deal find a & b = \"c\" in Germany").await;
    assert!(sent.ack.body.contains("On it") && sent.ack.body.contains("ephemeral"), "{}", sent.ack.body);
    let said = "SELECT count(*) FROM plans WHERE said = 'find a & b = \"c\" in Germany'";
    eventually("the words as typed", async || talk.number(said).await == 1).await;
    talk.ends().await;
    talk.slack.look(|w| w.setup.team = "T0ELSEWHERE".to_owned());
    let stranger = talk.types("dana", "/deal help").await;
    assert!(stranger.ack.body.contains("has not joined"), "{}", stranger.ack.body);
}

#[tokio::test]
async fn an_envelope_that_seems_unacknowledged_comes_again_and_has_one_effect() {
    let talk = begin().await;
    talk.slack.loses_acknowledgements(2);
    let sent = talk.slack.user("dana").mentions("find card payments in France", ROOM).await.unwrap();
    assert_eq!(sent.ack.status, 200);
    talk.sees("for “card payments in France”").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 1);
    assert_eq!(talk.number("SELECT count(*) FROM plans").await, 1);
}

#[tokio::test]
async fn what_comes_on_both_connections_is_stored_once() {
    let talk = begin().await;
    talk.slack.sends_twice();
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    talk.slack.user("dana").mentions("list deals", ROOM).await.unwrap();
    talk.sees("# 2 deals\n").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 4);
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    assert!(talk.slack.acknowledged() >= 8, "each copy is acknowledged: {}", talk.slack.acknowledged());
}

#[tokio::test]
async fn connections_are_renewed_in_the_middle_of_a_story() {
    let talk = begin().await;
    for reason in ["refresh_requested", "warning", "something_newer"] {
        let before = talk.slack.connections().1;
        talk.slack.retires_connections(reason);
        // Sent while the old ones are still open and the new ones not yet.
        talk.types("dana", "/deal list").await;
        found(
            talk.slack
                .wait_for("new connections", LIMIT, |_| {
                    (talk.slack.connections().1 >= before + 2).then_some(())
                })
                .await,
        );
        talk.slack.user("dana").mentions("my deals", ROOM).await.unwrap();
    }
    stored(&talk, 6).await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM plans").await, 6);
    assert!(!talk.product.log().contains("ticket-"), "the ticket of a connection is in the log");
}

#[tokio::test]
async fn a_connection_that_is_cut_comes_back_by_itself() {
    let talk = begin().await;
    let request = talk.proposes().await;
    talk.slack.cuts_connections();
    found(talk.slack.wait_for("the cut", LIMIT, |_| (talk.slack.connections().0 < 2).then_some(())).await);
    talk.is_connected().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
}

#[tokio::test]
async fn while_there_is_no_connection_nothing_is_lost() {
    let talk = begin().await;
    talk.slack.gives_no_connections(true);
    found(
        talk.slack
            .wait_for("no connection", LIMIT, |_| (talk.slack.connections().0 == 0).then_some(()))
            .await,
    );
    let failed = talk.slack.user("dana").command("/deal help", ROOM).await.unwrap();
    assert_eq!(failed.ack.status, 504, "Slack tells the person that it failed");
    let dana = talk.slack.user("dana");
    let (first, second) = (dana.mentions("find card payments in France", ROOM), dana.dm("my deals"));
    let back = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        talk.slack.gives_no_connections(false);
    };
    let (first, second, ()) = tokio::join!(first, second, back);
    assert_eq!((first.unwrap().ack.status, second.unwrap().ack.status), (200, 200));
    talk.sees("for “card payments in France”").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 2);
}

#[tokio::test]
async fn garbage_is_kept_for_a_person_and_ends_nothing() {
    let talk = begin().await;
    for text in ["odd-frame-one", "[]", "{\"type\":", "null", ""] {
        talk.slack.sends_frame(text);
    }
    talk.slack.sends_frame(
        &json!({"type": "events_api", "envelope_id": "e-odd", "payload": {"odd-frame": "two"}}).to_string(),
    );
    talk.slack.sends_frame(
        &json!({"type": "slash_commands", "envelope_id": "e-odder", "payload": "odd-frame-three"})
            .to_string(),
    );
    talk.slack.sends_frame(&json!({"type": "something_newer", "n": 1}).to_string());
    let unread = "SELECT count(*) FROM inbox WHERE state = 'unparsable'";
    eventually("all of them looked at", async || talk.number(unread).await >= 6).await;
    assert_eq!(talk.slack.connections(), (2, 2), "no connection broke");
    let page = talk.product.page("/inbox").await;
    for word in ["odd-frame-one", "odd-frame", "odd-frame-three"] {
        assert!(page.contains(word), "{word} is not among the odd messages:\n{page}");
    }
    talk.types("dana", "/deal help").await;
    talk.is_told("dana", "What you can say").await;
    talk.ends().await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_acknowledged() {
    let small = |setting: tests::product::Setting| setting.with("DEALDESK_BODY_KIB", "4");
    let talk = Conversation::by_socket(|_| (), small).await;
    let large = "x".repeat(6000);
    let sent = talk.slack.user("dana").command(&format!("/deal find {large}"), ROOM).await.unwrap();
    assert_eq!(sent.ack.status, 504);
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 0);
    talk.types("dana", "/deal help").await;
    talk.is_told("dana", "What you can say").await;
    talk.ends().await;
}

#[tokio::test]
async fn a_kill_after_storing_loses_nothing_and_doubles_nothing() {
    let armed = |setting: tests::product::Setting| setting.with("DEALDESK_FAIL_POINT", "intake.stored");
    let talk = Conversation::by_socket(|_| (), armed).await;
    let Conversation { slack, mut product, database } = talk;
    let dana = slack.user("dana");
    let sending = dana.mentions("find card payments in France", ROOM);
    let reviving = async {
        eventually("the place being passed", async || product.is_over()).await;
        product.again(&[("DEALDESK_FAIL_POINT", "")]).await
    };
    let (sent, product) = tokio::join!(sending, reviving);
    assert_eq!(sent.unwrap().ack.status, 200, "it came again, and was acknowledged");
    let talk = Conversation { slack, product, database };
    talk.sees("for “card payments in France”").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_and_the_first_words_say_which_way_slack_comes_in() {
    let talk = begin().await;
    assert!(
        talk.product.log().contains("Socket Mode: over connections that we open"),
        "{}",
        talk.product.log()
    );
    let (_, told) = talk.product.run(&["doctor"]);
    assert!(told.contains("in Socket Mode"), "{told}");
    talk.slack.look(|w| w.setup.app_token = "xapp-another".to_owned());
    let (is_well, told) = talk.product.run(&["doctor"]);
    assert!(!is_well && told.contains("Check SLACK_APP_TOKEN"), "{told}");
}
