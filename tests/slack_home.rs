//! Slack's App Home: each person's queue, with buttons that work there.

use tests::conversation::{Conversation, LIMIT, found};
use world::slack::Setup;

/// Waits until somebody's home says all of these and none of those.
async fn home(talk: &Conversation, user: &str, says: &[&str], not: &[&str]) -> String {
    let what = format!("{user}'s home saying {says:?} and not {not:?}");
    let shown = talk.slack.wait_for(&what, LIMIT, |w| {
        let home = w.home(user);
        let fits =
            says.iter().all(|words| home.contains(words)) && !not.iter().any(|words| home.contains(words));
        (fits && !home.is_empty()).then_some(home)
    });
    match shown.await {
        Ok(home) => home,
        Err(trouble) => panic!("{trouble}\nhome of {user}:\n{}", talk.slack.look(|w| w.home(user))),
    }
}

async fn opens(talk: &Conversation, user: &str) {
    assert_eq!(talk.slack.user(user).opens_home().await.unwrap().ack.status, 200);
}

#[tokio::test]
async fn an_approver_decides_at_home_and_every_home_follows() {
    let admins = |setup: &mut Setup| setup.users.iter_mut().for_each(|user| user.is_admin = !user.is_guest);
    let talk = Conversation::with(admins, |setting| setting).await;
    for user in ["lee", "noor", "dana"] {
        opens(&talk, user).await;
        home(&talk, user, &["Nothing waits for you", "There are no deals yet"], &[]).await;
    }
    talk.proposes().await;
    let said =
        home(&talk, "lee", &["1 request waits", "Dana", "asks to start 2 deals", "[Approve]"], &[]).await;
    assert!(said.contains("Reject (with comment)"), "{said}");
    home(&talk, "noor", &["1 request waits"], &[]).await;
    home(&talk, "dana", &["Nothing waits for you", "Your requests", "open until"], &["[Approve]"]).await;

    let sent = talk.slack.user("lee").presses_at_home("asks to start", "Approve").await.unwrap();
    assert_eq!(sent.ack.status, 200);
    talk.sees("2 deals created").await;
    for user in ["lee", "noor"] {
        home(&talk, user, &["Nothing waits for you", "Deals that moved last"], &["[Approve]"]).await;
    }
    home(&talk, "dana", &["approved by Lee"], &[]).await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
}

#[tokio::test]
async fn a_rejection_at_home_asks_why_and_is_answered_in_private() {
    let talk = Conversation::begin().await;
    opens(&talk, "lee").await;
    let request = talk.proposes().await;
    home(&talk, "lee", &["1 request waits"], &[]).await;
    talk.slack.user("lee").presses_at_home("asks to start", "Reject (with comment)").await.unwrap();
    let form = found(talk.slack.wait_for("a form", LIMIT, |w| w.open_view("lee").cloned()).await);
    talk.slack.user("lee").submits(&form, &[("comment", "Not this year.")]).await.unwrap();
    talk.sees("Request rejected").await;
    home(&talk, "lee", &["Nothing waits for you"], &["[Approve]"]).await;
    // An old view of the home, pressed late.
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "already rejected").await;
    talk.ends().await;
}

#[tokio::test]
async fn a_late_press_at_home_is_answered_in_private() {
    let talk = Conversation::begin().await;
    opens(&talk, "lee").await;
    talk.proposes().await;
    home(&talk, "lee", &["1 request waits"], &[]).await;
    let old = talk.slack.look(|w| w.homes.clone());
    talk.slack.user("lee").presses_at_home("asks to start", "Approve").await.unwrap();
    talk.sees("2 deals created").await;
    home(&talk, "lee", &["Nothing waits"], &[]).await;
    talk.slack.look(|w| w.homes = old);
    talk.slack.user("lee").presses_at_home("asks to start", "Approve").await.unwrap();
    let told = talk.slack.wait_for("an answer in private", LIMIT, |w| {
        let mine = w.messages.iter().filter(|m| m.room == "D0LEE");
        mine.into_iter().find(|m| m.words().contains("already approved")).cloned()
    });
    found(told.await);
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
}

#[tokio::test]
async fn strangers_and_those_who_left_see_no_data() {
    let talk = Conversation::begin().await;
    opens(&talk, "gus").await;
    home(&talk, "gus", &["not yet a member"], &["deals"]).await;
    opens(&talk, "noor").await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    home(&talk, "noor", &["Deals that moved last"], &[]).await;
    let admin = talk.product.admin().await;
    let noor: String = {
        let mut owner = talk.database.owner().await;
        sqlx::query_scalar("SELECT person_id::text FROM people WHERE name = 'Noor'")
            .fetch_one(&mut owner)
            .await
            .unwrap()
    };
    let sent = admin.sends(&format!("/people/{noor}/deactivate"), String::new()).await;
    assert!(sent.status().is_success() || sent.status().is_redirection(), "{}", sent.status());
    home(&talk, "noor", &["not yet a member"], &["Deals that moved last"]).await;
    assert_eq!(talk.slack.look(|w| w.home("gus").matches("Deals").count()), 0);
    talk.ends().await;
}

#[tokio::test]
async fn a_home_that_cannot_be_shown_now_is_shown_later_and_one_that_never_can_is_left() {
    let talk = Conversation::begin().await;
    talk.slack.fails("views.publish", world::slack::Fault::Status(503), 2);
    opens(&talk, "lee").await;
    home(&talk, "lee", &["Nothing waits for you"], &[]).await;
    let before = talk.slack.calls().into_iter().filter(|call| call.method == "views.publish").count();
    // What changes nothing on the home is not shown again.
    talk.types("dana", "/deal list").await;
    talk.sees("There are no deals").await;
    let after = talk.slack.calls().into_iter().filter(|call| call.method == "views.publish").count();
    assert_eq!(before, after);
    talk.ends().await;
}
