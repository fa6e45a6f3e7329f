//! What happens is told to others: once, in order, signed, and again when they ask.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::DateTime;
use domain::event::Kind;
use integrations::events::webhook;
use secrecy::SecretString;
use serde_json::Value;
use tests::conversation::{Conversation, LIMIT};
use tests::database::eventually;
use tests::peers::{Peer, free_port};
use tests::product::Setting;
use world::receiver::{Receiver, Taken};

/// Two deals are asked for, approved and started.
async fn two_deals(talk: &Conversation) {
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
}

fn kinds(taken: &[Taken]) -> Vec<String> {
    let kind = |one: &Taken| {
        let body: Value = serde_json::from_str(&one.body).unwrap();
        body["type"].as_str().unwrap().to_owned()
    };
    taken.iter().filter(|one| one.answered < 300).map(kind).collect()
}

/// Subscribes and gives the subscription's number and its secret.
fn subscribes(talk: &Conversation, receiver: &Receiver, kinds: &[&str]) -> (String, SecretString) {
    let url = receiver.url();
    let mut arguments = vec!["events", "subscribe", url.as_str()];
    for kind in kinds {
        arguments.extend(["--kind", kind]);
    }
    let (made, told) = talk.product.run(&arguments);
    assert!(made, "{told}");
    let id = told.lines().find_map(|line| line.strip_prefix("Subscription ")).unwrap().to_owned();
    let secret = told.lines().find_map(|line| line.strip_prefix("Signing secret, shown only now: ")).unwrap();
    (id, SecretString::from(secret))
}

#[tokio::test]
async fn a_customer_hears_of_each_event_once_signed_and_again_when_it_asks() {
    let receiver = Receiver::start().await.unwrap();
    let origin = receiver.origin();
    let talk = Conversation::with(|_| (), |s| s.with("DEALDESK_FETCH_ALLOW_HOSTS", &origin)).await;
    let (id, secret) = subscribes(&talk, &receiver, &[]);
    two_deals(&talk).await;
    let known = ["partner.found", "approval.opened", "approval.decided", "deal.started", "deal.started"];
    let wanted: Vec<String> = known.map(|name| Kind::of_name(name).unwrap().type_name()).to_vec();
    eventually("all events", async || receiver.taken().len() == wanted.len()).await;
    let mut heard = kinds(&receiver.taken());
    heard.sort();
    let mut sorted = wanted.clone();
    sorted.sort();
    assert_eq!(heard, sorted);
    let ids: BTreeSet<String> = receiver.taken().into_iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), wanted.len());
    for one in receiver.taken() {
        let at = DateTime::from_timestamp(one.timestamp.parse().unwrap(), 0).unwrap();
        assert_eq!(one.signature, webhook::signature(&secret, (&one.id, at), &one.body).unwrap());
        let body: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(body["id"], one.id);
        assert_eq!(body["specversion"], "1.0");
    }
    // The same events again, with the same ids.
    let (replayed, told) = talk.product.run(&["events", "replay", &id]);
    assert!(replayed, "{told}");
    eventually("all events again", async || receiver.taken().len() == 2 * wanted.len()).await;
    let again: BTreeSet<String> = receiver.taken().into_iter().map(|one| one.id).collect();
    assert_eq!(again, ids);
    talk.ends().await;
}

#[tokio::test]
async fn a_receiver_in_trouble_hears_later_and_one_that_is_gone_no_more() {
    let receiver = Receiver::start().await.unwrap();
    let origin = receiver.origin();
    let talk = Conversation::with(|_| (), |s| s.with("DEALDESK_FETCH_ALLOW_HOSTS", &origin)).await;
    let (id, _) = subscribes(&talk, &receiver, &["deal.started"]);
    receiver.answers(&[500, 503]);
    two_deals(&talk).await;
    eventually("two failures", async || receiver.taken().len() == 2).await;
    let (_, told) = talk.product.run(&["events", "list"]);
    assert!(told.contains("failing"), "{told}");
    // Five seconds later, as the schedule says.
    eventually("both deals", async || kinds(&receiver.taken()).len() == 2).await;
    eventually("all being well", async || !talk.product.run(&["events", "list"]).1.contains("failing")).await;
    let first: Vec<String> = receiver.taken().into_iter().map(|one| one.id).collect();
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 2, "a second try carries the same id");

    receiver.answers(&[410, 410]);
    talk.product.run(&["events", "replay", &id]);
    eventually("the receiver being taken for dead", async || {
        talk.product.run(&["events", "list"]).1.contains(" dead ")
    })
    .await;
}

#[tokio::test]
async fn a_delivery_that_the_process_died_of_is_made_again_under_the_same_id() {
    for point in ["effect.claimed", "effect.made"] {
        let receiver = Receiver::start().await.unwrap();
        let origin = receiver.origin();
        let tune =
            |s: Setting| s.with("DEALDESK_FETCH_ALLOW_HOSTS", &origin).with("DEALDESK_FAIL_POINT", point);
        let mut talk = Conversation::with(|_| (), tune).await;
        subscribes(&talk, &receiver, &["deal.started"]);
        let request = talk.proposes().await;
        talk.presses("lee", &request, "Approve").await;
        let begun = Instant::now();
        while !talk.product.is_over() {
            assert!(begun.elapsed() < LIMIT, "{point} was not passed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        talk.product = talk.product.again(&[("DEALDESK_FAIL_POINT", "")]).await;
        talk.sees("2 deals created").await;
        talk.changes("UPDATE effects SET lease_until = now() WHERE state = 'running'").await;
        let ids = || receiver.taken().into_iter().map(|one| one.id).collect::<BTreeSet<_>>();
        eventually("both deals", async || ids().len() == 2).await;
        talk.ends().await;
        assert_eq!(ids().len(), 2, "{point}");
    }
}

#[tokio::test]
async fn addresses_of_our_own_network_and_unknown_kinds_are_refused() {
    let receiver = Receiver::start().await.unwrap();
    let talk = Conversation::begin().await;
    let (made, told) = talk.product.run(&["events", "subscribe", &receiver.url()]);
    assert!(!made && told.contains("cannot be sent to"), "{told}");
    let (made, told) =
        talk.product.run(&["events", "subscribe", "https://a.example/", "--kind", "deal.eaten"]);
    assert!(!made && told.contains("there is no event deal.eaten"), "{told}");
    assert!(receiver.taken().is_empty());
}

#[tokio::test]
async fn the_stream_has_every_event_once_in_order_though_redis_was_away() {
    let port = free_port().await;
    let redis = Peer::redis(port).await;
    let url = format!("redis://127.0.0.1:{port}");
    let talk = Conversation::with(|_| (), |s| s.with("REDIS_URL", &url)).await;
    eventually("the stream being subscribed", async || {
        talk.number("SELECT count(*) FROM subscriptions").await == 1
    })
    .await;
    redis.hang(true);
    two_deals(&talk).await;
    redis.hang(false);
    let stream = integrations::events::stream::name(tests::people::HOME);
    let kept = talk.number("SELECT count(*) FROM events").await;
    assert!(kept >= 5);
    eventually("the stream having all", async || {
        redis.redis_says(&format!("XLEN {stream}")).await == format!(":{kept}")
    })
    .await;
    // Told again, it takes none twice.
    talk.changes("UPDATE subscriptions SET seq = 0").await;
    let behind = "SELECT count(*) FROM subscriptions WHERE seq < (SELECT max(seq) FROM events)";
    eventually("the stream being told again", async || talk.number(behind).await == 0).await;
    assert_eq!(redis.redis_says(&format!("XLEN {stream}")).await, format!(":{kept}"));
    let (_, exported) = talk.product.run(&["events", "export"]);
    assert_eq!(exported.lines().count(), usize::try_from(kept).unwrap());
}
