//! Slack's routes.

use axum::body::Body;
use axum::http::{Request, header};
use domain::ids::InboundId;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::time::{Duration, Instant};
use storage::probe::{self, Arrived};

use super::{Answer, Place, SECRET};

fn sign(timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

fn signed(place: &Place, path: &str, body: impl Into<Vec<u8>>) -> Request<Body> {
    let body = body.into();
    let timestamp = place.clock.now().timestamp().to_string();
    Request::post(path)
        .header("x-slack-request-timestamp", &timestamp)
        .header("x-slack-signature", sign(&timestamp, &body))
        .body(Body::from(body))
        .unwrap()
}

/// A command and its trigger, different each time.
fn command(place: &Place, team: &str) -> (String, String) {
    let trigger = format!("test.{}", place.ids.next().simple());
    let body =
        format!("team_id={team}&channel_id=C1&user_id=U1&command=%2Fdeal&text=help&trigger_id={trigger}");
    (body, trigger)
}

async fn arrived(place: &Place, trigger: &str) -> i64 {
    let Arrived { rows, .. } = probe::arrived(&place.db, trigger).await.unwrap();
    rows
}

#[tokio::test]
async fn a_command_is_stored_once_before_it_is_acknowledged() {
    let place = Place::open().await;
    let (body, trigger) = command(&place, &place.team);
    for _ in 0..3 {
        let answer = place.send(signed(&place, "/slack/commands", body.clone())).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["response_type"], "ephemeral");
        assert_eq!(arrived(&place, &trigger).await, 1);
    }
}

#[tokio::test]
async fn what_slack_did_not_sign_is_refused_and_not_stored() {
    let place = Place::open().await;
    let (body, trigger) = command(&place, &place.team);
    let post = |timestamp: String, signature: String, body: String| {
        Request::post("/slack/commands")
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature)
            .body(Body::from(body))
            .unwrap()
    };
    let now = place.clock.now().timestamp();
    let (now, stale) = (now.to_string(), (now - 301).to_string());
    let unsigned = Request::post("/slack/commands").body(Body::from(body.clone())).unwrap();
    let altered = post(now.clone(), sign(&now, body.as_bytes()), format!("{body}&text=find"));
    let old = post(stale.clone(), sign(&stale, body.as_bytes()), body.clone());
    for request in [unsigned, altered, old] {
        place.send(request).await.problem(401);
    }
    assert_eq!(arrived(&place, &trigger).await, 0);
    let figures = place.get("/metrics").await.text;
    for reason in ["unsigned", "mismatch", "stale"] {
        let line = format!("slack_requests_refused_total{{route=\"command\",reason=\"{reason}\"}}");
        assert!(figures.contains(&line), "{figures}");
    }
}

#[tokio::test]
async fn the_address_check_is_echoed_and_other_events_are_acknowledged_silently() {
    let place = Place::open().await;
    let check = r#"{"type":"url_verification","challenge":"abc"}"#;
    assert_eq!(place.send(signed(&place, "/slack/events", check)).await.text, "abc");
    let event = format!(
        r#"{{"type":"event_callback","team_id":"{}","event_id":"Ev1","event":{{"type":"app_mention","channel":"C1","ts":"1.5","text":"hi"}}}}"#,
        place.team
    );
    for path in ["/slack/events", "/slack/interactions"] {
        let answer = place.send(signed(&place, path, event.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn what_is_signed_is_never_answered_with_an_error() {
    let place = Place::open().await;
    let odd: [&[u8]; 6] = [b"", b"{", b"payload=%7B", b"null", b"\xff\xfe", b"[]"];
    for path in ["/slack/commands", "/slack/events", "/slack/interactions"] {
        for body in odd {
            // A byte of our own, so that no other run has stored the same body.
            let body = [body, b"\n", place.ids.next().as_bytes()].concat();
            let answer = place.send(signed(&place, path, body)).await;
            assert_eq!(answer.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_workspace_is_told_how_to_join_and_nothing_is_stored() {
    let place = Place::open().await;
    let (body, trigger) = command(&place, "T0UNKNOWN");
    let answer = place.send(signed(&place, "/slack/commands", body)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["text"].as_str().unwrap().contains("/slack/install"), "{}", answer.text);
    assert_eq!(arrived(&place, &trigger).await, 0);
}

#[tokio::test]
async fn without_a_database_slack_is_asked_to_come_back_at_once() {
    let place = Place::open().await;
    let (body, _) = command(&place, &place.team);
    assert_eq!(place.send(signed(&place, "/slack/commands", body)).await.status, 200);
    place.db.close().await;
    let began = Instant::now();
    let (body, _) = command(&place, &place.team);
    let answer: Answer = place.send(signed(&place, "/slack/commands", body)).await;
    answer.problem(503);
    assert_eq!(answer.headers[header::RETRY_AFTER], "2");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_checked() {
    let place = Place::with(&[("DEALDESK_BODY_KIB", "4")]).await;
    place.send(signed(&place, "/slack/commands", vec![b'x'; 5000])).await.problem(413);
}

#[tokio::test]
async fn without_a_signing_secret_slack_has_no_routes() {
    let place = Place::with(&[("SLACK_SIGNING_SECRET", " ")]).await;
    assert_eq!(place.send(signed(&place, "/slack/commands", "x")).await.status, 404);
}

#[tokio::test]
async fn installing_needs_the_browser_that_began_it() {
    let settings = [("SLACK_CLIENT_ID", "1.2"), ("DEALDESK_PUBLIC_URL", "https://desk.example")];
    let place = Place::with(&settings).await;
    let begun = place.get("/slack/install").await;
    assert_eq!(begun.status, 303);
    let cookie = begun.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Secure"),
        "{cookie}"
    );
    let place_to_go = begun.headers[header::LOCATION].to_str().unwrap();
    let (_, state) = place_to_go.split_once("&state=").unwrap();
    let state = state.split('&').next().unwrap();
    let back = format!("/slack/oauth?code=c&state={state}");
    assert_eq!(place.get(&back).await.status, 400, "another browser");
    let forged = Request::get("/slack/oauth?code=c&state=forged").header(header::COOKIE, &cookie);
    assert_eq!(place.send(forged.body(Body::empty()).unwrap()).await.status, 400);
    // The right browser gets as far as Slack, which is not there.
    let right = Request::get(&back).header(header::COOKIE, cookie.split(';').next().unwrap());
    assert_eq!(place.send(right.body(Body::empty()).unwrap()).await.status, 502);
}

#[tokio::test]
async fn what_names_no_workspace_is_kept_without_a_tenant() {
    let place = Place::open().await;
    let trigger = format!("test.{}", place.ids.next().simple());
    let answer = place.send(signed(&place, "/slack/commands", format!("trigger_id={trigger}"))).await;
    assert_eq!((answer.status.as_u16(), arrived(&place, &trigger).await), (200, 1));
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    assert_eq!(storage::inbox::state_of(&mut tx, InboundId(place.ids.next())).await.unwrap(), None);
}
