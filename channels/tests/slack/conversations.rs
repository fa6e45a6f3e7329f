//! What people do in the fake workspace, as our decoders read it at the other end of the socket.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use channels::keys::Keys;
use channels::slack::Kind;
use channels::slack::client::{Slack, TIME_OUT, Target};
use channels::slack::decode::decode;
use channels::slack::form::{Wording, comment_form};
use channels::slack::keys::keys;
use channels::slack::render::render;
use channels::slack::verify::verify;
use chrono::DateTime;
use domain::card::Verb;
use domain::clock::Clock;
use domain::ids::InboundId;
use domain::inbound::{Content, Inbound, Place};
use secrecy::SecretString;
use world::slack::{Setup, Slack as World};

type Heard = Arc<Mutex<Vec<(Keys, Inbound)>>>;

/// The smallest product: checks, reads, remembers.
#[derive(Clone)]
struct Product {
    secret: SecretString,
    clock: Clock,
    heard: Heard,
}

async fn take(
    State(product): State<Product>,
    Path(route): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (time, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    if verify(&[product.secret], &time, &signature, &body, product.clock.now()).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let kind = Kind::from_name(route.trim_end_matches('s')).unwrap();
    let inbound = decode(kind, &body, InboundId(uuid::Uuid::nil())).unwrap();
    product.heard.lock().unwrap().push((keys(kind, &body), inbound));
    StatusCode::OK
}

async fn scene(change: impl FnOnce(&mut Setup)) -> (World, Heard) {
    let clock = Clock::set_to(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
    let mut setup = Setup::acme(clock.clone());
    change(&mut setup);
    let heard = Heard::default();
    let secret = SecretString::from(setup.signing_secret.clone());
    let product = Product { secret, clock, heard: heard.clone() };
    let app = Router::new().route("/slack/{route}", post(take)).with_state(product);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the product at the other end of the socket")]
    tokio::spawn(async move { axum::serve(listener, app).await });
    let world = World::start(setup).await.unwrap();
    world.deliver_to(&format!("http://{address}"));
    (world, heard)
}

fn last(heard: &Heard) -> (Keys, Inbound) {
    heard.lock().unwrap().last().cloned().unwrap()
}

#[tokio::test]
async fn a_command_a_mention_and_a_direct_message() {
    let (world, heard) = scene(|_| {}).await;
    let dana = world.user("dana");
    dana.command("/deal find R&D <labs> for @lee", "#partnerships").await.unwrap();
    let (keys, inbound) = last(&heard);
    assert_eq!((inbound.workspace.as_str(), inbound.sender.as_str()), ("T0ACME", "U0DANA"));
    assert!(
        matches!(&inbound.content, Content::Command { command, text, trigger: Some(_) }
        if command == "/deal" && text == "find R&D <labs> for @U0LEE"),
        "{:?}",
        inbound.content
    );
    assert!(!keys.urgent && keys.workspace.as_deref() == Some("T0ACME"));

    let sent = dana.mentions("find banks", "#partnerships").await.unwrap();
    let (_, inbound) = last(&heard);
    assert_eq!(inbound.content, Content::Message { text: "find banks".into() });
    let place = Place { room: "C0PARTNERSHIPS".into(), thread: Some(sent.ts), is_private: false };
    assert_eq!(inbound.place, place);

    dana.dm("find banks").await.unwrap();
    let (_, inbound) = last(&heard);
    assert_eq!(inbound.content, Content::Message { text: "find banks".into() });
    assert!(inbound.place.is_private && inbound.place.room == "D0DANA");
}

#[tokio::test]
async fn a_mention_that_comes_twice_has_one_key() {
    let (world, heard) = scene(|setup| setup.hears_channels = true).await;
    let sent = world.user("dana").mentions("find banks", "#partnerships").await.unwrap();
    world.redeliver(&sent.deliveries[0]).await.unwrap();
    let heard = heard.lock().unwrap();
    let natural: Vec<_> = heard.iter().map(|(keys, _)| keys.natural.clone()).collect();
    assert_eq!(heard.len(), 3);
    assert!(natural.iter().all(|key| *key == natural[0] && key.is_some()), "{natural:?}");
    assert_ne!(heard[0].0.event, heard[1].0.event, "Slack gives them different ids");
    assert_eq!(heard[0].1.content, heard[1].1.content);
}

#[tokio::test]
async fn what_is_only_overheard_is_ignored() {
    let (world, heard) = scene(|setup| setup.hears_channels = true).await;
    world.user("dana").says("lunch?", "#partnerships").await.unwrap();
    assert!(matches!(last(&heard).1.content, Content::Ignored { .. }));
    assert!(last(&heard).0.natural.unwrap().ends_with("/overheard"));
}

#[tokio::test]
async fn forged_altered_and_stale_requests_are_turned_away() {
    let (world, heard) = scene(|_| {}).await;
    let dana = world.user("dana");
    for forger in [
        dana.clone().with_wrong_secret(),
        dana.clone().with_altered_body(),
        dana.clone().with_age(301),
        dana.clone().with_age(-301),
    ] {
        assert_eq!(forger.command("/deal list", "#partnerships").await.unwrap().ack.status, 401);
    }
    assert!(heard.lock().unwrap().is_empty());
    assert_eq!(dana.with_age(299).command("/deal list", "#partnerships").await.unwrap().ack.status, 200);
}

#[tokio::test]
async fn ticks_and_a_press_then_a_form() {
    let (world, heard) = scene(|_| {}).await;
    let slack = Slack::new(&world.api_url(), TIME_OUT).unwrap();
    let token = SecretString::from("xoxb-world-acme");
    let to = Target { room: "C0PARTNERSHIPS".into(), thread: None };
    let card = render(&super::cards::found(), None);
    let posted = slack.post(&token, &to, &card, "k").await.unwrap();
    let message = world.thread("#partnerships", &posted.ts).remove(0);

    let pressed = |ticks: &'static [&'static str]| {
        let (world, message) = (world.clone(), message.clone());
        async move { world.user("dana").ticks_and_presses(&message, ticks, "Create deals").await.unwrap() }
    };
    pressed(&["c2", "Pay & Co <Europe>"]).await;
    let (keys, inbound) = last(&heard);
    let Content::Press { verb, value, chosen, message: on, trigger } = inbound.content else {
        panic!("no press")
    };
    assert_eq!((verb.as_str(), value.as_str()), ("create_deals", "plan-1"));
    assert_eq!(chosen, ["c1", "c2"]);
    assert_eq!(on, Some(posted.ts.clone()));
    assert!(keys.urgent);
    world.user("dana").presses(&message, "create_deals").await.unwrap();
    assert!(
        matches!(last(&heard).1.content, Content::Press { chosen, .. } if chosen == ["c1"]),
        "as it was from the start"
    );

    let form = comment_form(Verb::Reject, "a1", &inbound.place, &Wording::reject());
    slack.open_form(&token, &trigger.unwrap(), &form).await.unwrap();
    let view = world.open_view("dana").unwrap();
    world.user("dana").submits(&view, &[("comment", "too early & <risky>")]).await.unwrap();
    let (_, sent) = last(&heard);
    let fields = vec![("comment".to_owned(), "too early & <risky>".to_owned())];
    assert_eq!(sent.content, Content::Form { verb: "reject".into(), value: "a1".into(), fields });
    assert_eq!(sent.place, inbound.place);
    assert_eq!(world.open_view("dana"), None);
}

#[tokio::test]
async fn an_organisation_wide_installation_and_its_end() {
    let (world, heard) = scene(|setup| setup.organisation = Some("E0ACME".into())).await;
    world.user("dana").command("/deal list", "#partnerships").await.unwrap();
    world.user("dana").mentions("list", "#partnerships").await.unwrap();
    world.event(&serde_json::json!({"type": "app_uninstalled"})).await.unwrap();
    let heard = heard.lock().unwrap();
    assert!(
        heard
            .iter()
            .all(|(keys, inbound)| inbound.workspace == "E0ACME"
                && keys.workspace.as_deref() == Some("E0ACME"))
    );
    assert_eq!(heard[2].1.content, Content::Uninstalled);
}

#[tokio::test]
async fn the_transcript_reads_like_a_conversation() {
    let (world, _) = scene(|_| {}).await;
    let slack = Slack::new(&world.api_url(), TIME_OUT).unwrap();
    let token = SecretString::from("xoxb-world-acme");
    let sent = world.user("dana").mentions("help", "#partnerships").await.unwrap();
    let to = Target { room: sent.room, thread: Some(sent.ts) };
    slack
        .post(&token, &to, &render(&domain::card::Card::text("Here is what I can do."), None), "k")
        .await
        .unwrap();
    world.user("gus").command("/deal help", "#partnerships").await.unwrap();
    slack
        .ephemeral(
            &token,
            &Target { thread: None, ..to },
            "U0GUS",
            &render(&domain::card::Card::text("Ask lee."), None),
        )
        .await
        .unwrap();
    insta::assert_snapshot!(world.transcript(), @r#"
    == #partnerships
    dana:
      <@U0DESK> help
        Dealdesk:
          Here is what I can do.
    gus types:
      /deal help
    Dealdesk (only to gus):
      Ask lee.
    "#);
}

#[tokio::test]
async fn waiting_ends_with_what_was_waited_for_or_with_a_transcript() {
    let (world, _) = scene(|_| {}).await;
    let slack = Slack::new(&world.api_url(), TIME_OUT).unwrap();
    let token = SecretString::from("xoxb-world-acme");
    let to = Target { room: "C0PARTNERSHIPS".into(), thread: None };
    let card = render(&domain::card::Card::text("Ten partners"), None);
    let (seen, posted) =
        tokio::join!(world.wait_for_words("Ten", TIME_OUT), slack.post(&token, &to, &card, "k"),);
    assert_eq!(seen.unwrap().ts, posted.unwrap().ts);
    let trouble = world.wait_for_words("Eleven", std::time::Duration::from_millis(20)).await.unwrap_err();
    assert!(trouble.to_string().contains("Ten partners"), "{trouble}");
}
