//! The main job over Slack: people ask, agents work, somebody else decides.

use tests::conversation::{Conversation, LIMIT, ROOM, found};

/// No copy of a request can still be decided on.
async fn copies_are_closed(talk: &Conversation) {
    let closed = talk.slack.wait_for("every copy being edited", LIMIT, |w| {
        let is_open = |m: &&world::slack::Message| m.buttons().iter().any(|(_, label)| label == "Approve");
        (w.from_bot().filter(is_open).count() == 0).then_some(())
    });
    found(closed.await);
}

#[tokio::test]
async fn she_asks_somebody_else_approves_and_the_deals_are_there() {
    let admins = |setup: &mut world::slack::Setup| {
        setup.users.iter_mut().for_each(|user| user.is_admin = !user.is_guest);
    };
    let talk = Conversation::with(admins, |setting| setting).await;
    talk.knows(&["lee", "noor"]).await;
    let request = talk.proposes().await;
    talk.presses("dana", &request, "Approve").await;
    talk.is_told("dana", "your own request").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);

    talk.presses("lee", &request, "Approve").await;
    let result = talk.sees("2 deals created").await;
    assert_eq!(result.thread, request.thread, "the result is in the thread");
    copies_are_closed(&talk).await;
    for user in ["lee", "noor"] {
        let copies = talk.slack.dms(user);
        assert_eq!(copies.len(), 1, "{copies:?}");
        assert!(copies[0].words().contains("Approved by Lee"), "{}", copies[0].words());
    }
    talk.presses("noor", &request, "Approve").await;
    talk.is_told("noor", "Lee already approved this").await;
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "Lee already approved this").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    assert_eq!(talk.number("SELECT count(*) FROM partners").await, 2);
    talk.ends().await;
}

#[tokio::test]
async fn a_rejection_says_why_to_everybody_concerned() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Reject (with comment)").await;
    let form = found(talk.slack.wait_for("a form", LIMIT, |w| w.open_view("lee").cloned()).await);
    let field =
        form.view["blocks"].as_array().unwrap().iter().find(|block| block["type"] == "input").unwrap();
    let name = field["block_id"].as_str().unwrap().to_owned();
    talk.slack.user("lee").submits(&form, &[(&name, "We know them too well.")]).await.unwrap();

    let told = talk.sees("Request rejected").await;
    assert!(told.words().contains("We know them too well."), "{}", told.words());
    assert_eq!(told.thread, request.thread);
    copies_are_closed(&talk).await;
    let copy = talk.slack.current(&request).unwrap().words();
    assert!(copy.contains("Rejected by Lee") && copy.contains("We know them too well."), "{copy}");
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn a_rejection_without_a_word_is_not_one() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    let id: String = {
        let mut owner = talk.database.owner().await;
        sqlx::query_scalar("SELECT approval_id::text FROM approvals").fetch_one(&mut owner).await.unwrap()
    };
    talk.types("lee", &format!("/deal reject {id}")).await;
    talk.is_told("lee", "reason").await;
    assert_eq!(talk.number("SELECT count(*) FROM approvals WHERE state = 'open'").await, 1);
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
}

#[tokio::test]
async fn an_undecided_request_lapses() {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    talk.changes(
        "UPDATE approvals SET expires_at = now() - interval '1 minute';
         UPDATE steps SET run_at = now() WHERE state = 'waiting'",
    )
    .await;
    talk.sees("Expired request").await;
    copies_are_closed(&talk).await;
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "expired").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn mention_direct_message_and_plain_words_are_understood_alike() {
    let talk = Conversation::begin().await;
    let dana = talk.slack.user("dana");
    dana.mentions("find payment companies in Germany", ROOM).await.unwrap();
    let answer = talk.sees("for “payment companies in Germany”").await;
    assert!(answer.thread.is_some(), "a mention is answered in its thread");
    dana.dm("who does payments in France?").await.unwrap();
    let private = talk.slack.wait_for("an answer in private", LIMIT, |w| {
        w.dms("dana").into_iter().find(|m| m.user == w.setup.bot && m.words().contains("France")).cloned()
    });
    found(private.await);
    dana.replies("my deals", &answer, true).await.unwrap();
    talk.sees("There are no deals").await;
    dana.says("what a nice day, deals or not", ROOM).await.unwrap();
    talk.ends().await;
    let plans = talk.number("SELECT count(*) FROM plans").await;
    assert_eq!(plans, 3, "what is not meant for us causes nothing");
}

#[tokio::test]
async fn a_misspelt_command_gets_a_suggestion_that_works() {
    let talk = Conversation::begin().await;
    talk.types("dana", "/deal lst").await;
    let doubt = talk.is_told("dana", "not sure what “lst” means").await;
    talk.presses("dana", &doubt, "deals").await;
    talk.sees("There are no deals").await;
    talk.types("dana", "/deal qwertzuiop").await;
    talk.is_told("dana", "not understand").await;
    talk.types("dana", "/deal help move").await;
    talk.is_told("dana", "negotiation").await;
    talk.ends().await;
}

#[tokio::test]
async fn deals_are_listed_shown_moved_and_noted() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    let name: String = {
        let mut owner = talk.database.owner().await;
        sqlx::query_scalar("SELECT name FROM deals ORDER BY name").fetch_one(&mut owner).await.unwrap()
    };
    talk.types("dana", "/deal list").await;
    talk.sees("# 2 deals\n").await;
    talk.types("dana", &format!("/deal move {name} to negotiation")).await;
    talk.sees("to *Negotiation*").await;
    talk.types("dana", &format!("/deal note \"{name}\" call them on Tuesday")).await;
    talk.sees("call them on Tuesday").await;
    talk.types("dana", &format!("/deal show {name}")).await;
    let shown = talk.sees("History").await.words();
    assert!(shown.contains("Negotiation") && shown.contains("call them on Tuesday"), "{shown}");
    talk.types("dana", "/deal show Nobody & Sons").await;
    talk.sees("There is no deal called “Nobody & Sons”").await;
    assert_eq!(talk.number("SELECT count(*) FROM stage_changes").await, 3);
    assert_eq!(talk.number("SELECT count(*) FROM notes").await, 1);
    talk.ends().await;
}

#[tokio::test]
async fn nothing_is_done_for_guests_and_unknown_workspaces() {
    let talk = Conversation::begin().await;
    talk.types("gus", "/deal find payment companies in Germany").await;
    talk.is_told("gus", "not yet a member").await;
    talk.slack.look(|w| w.setup.team = "T0ELSEWHERE".to_owned());
    let stranger = talk.types("dana", "/deal find payment companies in Germany").await;
    assert!(stranger.ack.body.contains("has not joined"), "{}", stranger.ack.body);
    assert!(stranger.ack.body.contains("ephemeral"), "{}", stranger.ack.body);
    for table in ["plans", "conversations", "outbox"] {
        assert_eq!(talk.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 1, "only the guest's");
    talk.ends().await;
}

#[tokio::test]
async fn only_approvers_decide() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    talk.presses("noor", &request, "Approve").await;
    talk.is_told("noor", "That takes an approver").await;
    talk.presses("noor", &request, "Reject (with comment)").await;
    talk.is_told("noor", "Deciding takes an approver").await;
    assert_eq!(talk.slack.open_view("noor"), None);
    assert_eq!(talk.number("SELECT count(*) FROM approvals WHERE state = 'open'").await, 1);
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
}
