//! Each call of the client, and each way in which it can fail.

use std::time::Duration;

use channels::SendError;
use channels::slack::client::{Posted, Slack, Target};
use channels::slack::form::{Wording, comment_form};
use channels::slack::oauth::App;
use channels::slack::render::{Rendered, render};
use chrono::DateTime;
use domain::card::{Card, Verb};
use domain::clock::Clock;
use domain::inbound::Place;
use secrecy::{ExposeSecret, SecretString};
use world::slack::{Fault, Setup, Slack as World, User};

struct Scene {
    world: World,
    slack: Slack,
    token: SecretString,
    clock: Clock,
}

async fn scene() -> Scene {
    scene_with(|_| {}).await
}

async fn scene_with(change: impl FnOnce(&mut Setup)) -> Scene {
    let clock = Clock::set_to(DateTime::from_timestamp(1_790_000_000, 500_000_000).unwrap());
    let mut setup = Setup::acme(clock.clone());
    change(&mut setup);
    let token = SecretString::from(setup.bot_token.clone());
    let world = World::start(setup).await.unwrap();
    let slack = Slack::new(&world.api_url(), Duration::from_millis(400)).unwrap();
    Scene { world, slack, token, clock }
}

fn room(id: &str) -> Target {
    Target { room: id.into(), thread: None }
}

fn words(text: &str) -> Rendered {
    render(&Card::text(text), None)
}

impl Scene {
    async fn post(&self, to: &Target, text: &str, key: &str) -> Result<Posted, SendError> {
        self.slack.post(&self.token, to, &words(text), key).await
    }

    async fn find(&self, to: &Target, key: &str) -> Option<String> {
        self.slack.find_by_key(&self.token, to, self.clock.now(), key).await.unwrap()
    }
}

#[tokio::test]
async fn messages_are_posted_threaded_edited_and_found_by_key() {
    let s = scene().await;
    let first = s.post(&room("C0PARTNERSHIPS"), "On it", "k1").await.unwrap();
    let thread = Target { thread: Some(first.ts.clone()), ..room("C0PARTNERSHIPS") };
    let reply = s.post(&thread, "Ten partners", "k2").await.unwrap();
    s.slack.update(&s.token, &first, &words("Done")).await.unwrap();

    let said: Vec<String> =
        s.world.thread("#partnerships", &first.ts).iter().map(world::slack::Message::words).collect();
    assert_eq!(said, ["Done\n", "Ten partners\n"]);
    assert_eq!(s.find(&room("C0PARTNERSHIPS"), "k1").await, Some(first.ts), "after the edit as well");
    assert_eq!(s.find(&thread, "k2").await, Some(reply.ts));
    assert_eq!(s.find(&thread, "k3").await, None);
    assert_eq!(s.find(&room("C0PARTNERSHIPS"), "k2").await, None, "a room's history holds no replies");
}

#[tokio::test]
async fn the_look_up_reads_page_after_page() {
    let s = scene().await;
    let first = s.post(&room("C0PARTNERSHIPS"), "first", "wanted").await.unwrap();
    for n in 0..450 {
        s.post(&room("C0PARTNERSHIPS"), "more", &format!("n{n}")).await.unwrap();
    }
    assert_eq!(s.find(&room("C0PARTNERSHIPS"), "wanted").await, Some(first.ts));
    assert_eq!(s.world.look(|w| w.count("conversations.history")), 3);
}

#[tokio::test]
async fn people_are_reached_in_private() {
    let s = scene().await;
    s.slack.ephemeral(&s.token, &room("C0PARTNERSHIPS"), "U0GUS", &words("Ask an admin")).await.unwrap();
    assert_eq!(s.world.ephemerals("gus")[0].words(), "Ask an admin\n");
    let dm = s.slack.open_dm(&s.token, "U0LEE").await.unwrap();
    s.post(&room(&dm), "Approve?", "k").await.unwrap();
    assert_eq!(s.world.dms("lee")[0].key(), Some("k"));
}

#[tokio::test]
async fn a_form_opens_once_and_not_too_late() {
    let s = scene().await;
    let place = Place { room: "C0PARTNERSHIPS".into(), thread: None, is_private: false };
    let form = comment_form(Verb::Reject, "a1", &place, &Wording::reject());
    let trigger = s.world.look(|w| w.trigger("lee"));
    s.slack.open_form(&s.token, &trigger, &form).await.unwrap();
    assert_eq!(s.world.open_view("lee").unwrap().view["title"]["text"], "Reject");
    let again = s.slack.open_form(&s.token, &trigger, &form).await;
    assert_eq!(again, Err(SendError::Gone { reason: "exchanged_trigger_id".into() }));
    let late = s.world.look(|w| w.trigger("lee"));
    s.clock.advance(chrono::Duration::seconds(4));
    let refused = s.slack.open_form(&s.token, &late, &form).await;
    assert_eq!(refused, Err(SendError::Gone { reason: "expired_trigger_id".into() }));
}

#[tokio::test]
async fn profiles_tell_members_admins_and_outsiders_apart() {
    let s = scene_with(|setup| {
        setup.users.push(User { other_team: Some("T0ELSE".into()), is_admin: true, ..User::named("eve") });
    })
    .await;
    let mut seen = Vec::new();
    for id in ["U0DANA", "U0LEE", "U0GUS", "U0EVE"] {
        let p = s.slack.profile(&s.token, "T0ACME", id).await.unwrap();
        seen.push(format!("{} {} admin={} outsider={}", p.name, p.email.unwrap(), p.is_admin, p.is_outsider));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
    Dana dana@acme.example admin=false outsider=false
    Lee lee@acme.example admin=true outsider=false
    Gus gus@acme.example admin=false outsider=true
    Eve eve@acme.example admin=false outsider=true
    "#);
    let nobody = s.slack.profile(&s.token, "T0ACME", "U0NOBODY").await;
    assert_eq!(nobody, Err(SendError::Gone { reason: "user_not_found".into() }));
}

#[tokio::test]
async fn a_workspace_installs_us() {
    let s = scene().await;
    let app = App {
        client_id: "1111.2222".into(),
        client_secret: SecretString::from("world-client-secret"),
        redirect_url: Some("https://desk.example/slack/oauth".into()),
    };
    let installed = s.slack.oauth_access("world-oauth-code", &app).await.unwrap();
    assert_eq!((installed.workspace.as_str(), installed.bot_user.as_deref()), ("T0ACME", Some("U0DESK")));
    assert_eq!(installed.token.expose_secret(), "xoxb-world-acme");
    let team = s.slack.auth_test(&installed.token).await.unwrap();
    assert_eq!(
        (team.id.as_str(), team.name.as_str(), team.bot_user.as_str()),
        ("T0ACME", "Acme BD", "U0DESK")
    );
    let again = s.slack.oauth_access("world-oauth-code", &app).await.unwrap_err();
    assert_eq!(again, SendError::Refused { reason: "invalid_code".into() });
}

#[tokio::test]
async fn an_organisation_wide_token_stands_for_the_organisation() {
    let s = scene_with(|setup| setup.organisation = Some("E0ACME".into())).await;
    assert_eq!(s.slack.auth_test(&s.token).await.unwrap().id, "E0ACME");
}

#[tokio::test]
async fn each_failure_says_what_may_be_done_next() {
    let s = scene().await;
    let to = room("C0PARTNERSHIPS");
    let unknown = |e: &SendError| matches!(e, SendError::OutcomeUnknown { .. });
    s.world.fails("chat.postMessage", Fault::RateLimited { after_s: 7 }, 1);
    assert_eq!(s.post(&to, "x", "k0").await, Err(SendError::RateLimited { after_s: 7 }));
    s.world.fails("chat.postMessage", Fault::Status(500), 1);
    assert!(s.post(&to, "x", "k1").await.is_err_and(|e| unknown(&e)));
    assert_eq!(s.world.look(|w| w.from_bot().count()), 0, "neither was done");
    for (key, fault) in [
        ("k2", Fault::StatusAfter(503)),
        ("k3", Fault::HangAfter),
        ("k4", Fault::Garbage),
        ("k5", Fault::Slow(Duration::from_secs(5))),
    ] {
        s.world.fails("chat.postMessage", fault, 1);
        let error = s.post(&to, "x", key).await.unwrap_err();
        assert!(unknown(&error), "{fault:?}: {error}");
        let was_done = !matches!(fault, Fault::Slow(_));
        assert_eq!(s.find(&to, key).await.is_some(), was_done, "{fault:?}");
    }
    let calls = s.world.calls().iter().filter(|c| c.method == "chat.postMessage").count();
    assert!((5..=6).contains(&calls), "nothing is tried twice: {calls}");
}

#[tokio::test]
async fn refusals_are_sorted() {
    let s = scene().await;
    let gone = |reason: &str| Err(SendError::Gone { reason: reason.into() });
    let not_here = |reason: &str| Err(SendError::NotHere { reason: reason.into() });
    assert_eq!(s.post(&room("C0NOWHERE"), "x", "k").await, not_here("channel_not_found"));
    assert_eq!(s.post(&room("C0RANDOM"), "x", "k").await, not_here("not_in_channel"));
    s.world.look(|w| w.setup.rooms.iter_mut().for_each(|room| room.is_announcements = true));
    assert_eq!(s.post(&room("C0PARTNERSHIPS"), "x", "k").await, not_here("restricted_action"));
    s.world.look(|w| w.setup.rooms.iter_mut().for_each(|room| room.is_announcements = false));
    let lost = Target { thread: Some("1.2".into()), ..room("C0PARTNERSHIPS") };
    assert_eq!(s.post(&lost, "x", "k").await, gone("thread_not_found"));
    let other = SecretString::from("xoxb-other");
    let unauthorised = s.slack.post(&other, &room("C0PARTNERSHIPS"), &words("x"), "k").await;
    assert_eq!(unauthorised, Err(SendError::Unauthorised { reason: "invalid_auth".into() }));
    let broken =
        Rendered { text: "x".into(), blocks: serde_json::json!([{"type": "header"}]), is_cut: false };
    let refused = s.slack.post(&s.token, &room("C0PARTNERSHIPS"), &broken, "k").await.unwrap_err();
    assert!(
        matches!(&refused, SendError::Refused { reason } if reason.starts_with("invalid_blocks: blocks/0")),
        "{refused}"
    );
}

#[tokio::test]
async fn nobody_listening_means_not_sent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let slack = Slack::new(&format!("http://127.0.0.1:{port}/api"), Duration::from_secs(2)).unwrap();
    let error = slack.auth_test(&SecretString::from("t")).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent { .. }), "{error}");
}
