//! Rooms are told what they follow, at once or each morning; deals that stalled are raised in their thread.

use agents::planner::news;
use chrono::Utc;
use domain::ids::Ids;
use storage::Db;
use tests::conversation::Conversation;
use tests::database::eventually;
use tests::people::HOME;
use world::slack::Message;

/// Two deals are asked for, approved and started.
async fn two_deals(talk: &Conversation) -> Message {
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    request
}

async fn name_of_a_deal(talk: &Conversation) -> String {
    let mut owner = talk.database.owner().await;
    sqlx::query_scalar("SELECT name FROM deals ORDER BY name LIMIT 1").fetch_one(&mut owner).await.unwrap()
}

#[tokio::test]
async fn a_room_hears_of_moves_to_a_stage_and_of_nothing_else() {
    let talk = Conversation::begin().await;
    talk.types("dana", "/deal follow deals to negotiation").await;
    talk.sees("This room is told about deals; of moves, only those to Negotiation").await;
    two_deals(&talk).await;
    // Both starts stand in one message of the room, or in two.
    let started = |m: &&Message| m.words().contains("a deal was started by Lee");
    eventually("both starts", async || {
        talk.slack.look(|w| {
            let lines = w.from_bot().filter(started).map(|m| m.words().matches("was started").count());
            lines.sum::<usize>() == 2
        })
    })
    .await;
    let name = name_of_a_deal(&talk).await;
    talk.types("dana", &format!("/deal move {name} to qualified")).await;
    talk.sees("moved from Prospect to *Qualified*").await;
    talk.types("dana", &format!("/deal move {name} to negotiation")).await;
    let told = talk.sees(&format!("{name} moved to Negotiation by Dana")).await;
    assert!(told.thread.is_none(), "news stand in the room itself");
    let of_qualified = |m: &&Message| m.words().contains("moved to Qualified by");
    assert_eq!(talk.slack.look(|w| w.from_bot().filter(of_qualified).count()), 0);

    let (_, told) = talk.product.run(&["say", "follow deals", "--as", "Admin"]);
    assert!(told.contains("rooms of Slack and Discord"), "{told}");
    talk.types("dana", "/deal follow nothing").await;
    talk.sees("This room is told nothing by itself").await;
    assert_eq!(talk.number("SELECT count(*) FROM subscriptions").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn a_digest_tells_a_day_in_one_message() {
    let talk = Conversation::begin().await;
    talk.types("dana", "/deal follow everything daily").await;
    talk.sees("each morning at 8:00 UTC").await;
    two_deals(&talk).await;
    let names = |m: &&Message| m.words().contains("was started by Lee");
    assert_eq!(talk.slack.look(|w| w.from_bot().filter(names).count()), 0, "not before the morning");
    talk.changes("UPDATE subscriptions SET due_at = now() - interval '1 min'").await;
    let digest = talk.sees("was started by Lee").await;
    let words = digest.words();
    assert_eq!(words.matches("was started by Lee").count(), 2, "{words}");
    assert!(words.contains("Decided: create deals was approved by Lee"), "{words}");
    assert_eq!(talk.number("SELECT count(*) FROM subscriptions WHERE due_at > now()").await, 1);
    talk.ends().await;
}

#[tokio::test]
async fn a_stalled_deal_is_raised_once_in_its_thread_with_buttons() {
    let talk = Conversation::begin().await;
    let request = two_deals(&talk).await;
    let name = name_of_a_deal(&talk).await;
    talk.changes(&format!(
        "UPDATE deals SET updated_at = now() - interval '15 days', stage_since = now() - interval '20 days'
         WHERE name = '{}'",
        name.replace('\'', "''")
    ))
    .await;
    let db = talk.database.open().await;
    assert_eq!(raises(&db).await, 1);
    assert_eq!(raises(&db).await, 0, "once in two weeks");
    let raised = talk.sees(&format!("{name} is stalled")).await;
    assert!(raised.words().contains("nothing happened for 15 days"), "{}", raised.words());
    assert_eq!(raised.thread, request.thread);
    talk.presses("dana", &raised, "Put on hold").await;
    talk.sees("to *On hold*").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals WHERE stage = 'on_hold'").await, 1);
    talk.ends().await;
}

async fn raises(db: &Db) -> usize {
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let count = news::raise_stalled(&mut tx, &Ids::random(), Utc::now()).await.unwrap();
    tx.commit().await.unwrap();
    count
}
