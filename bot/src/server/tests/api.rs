//! The programming interface.

use axum::body::Body;
use axum::http::{Request, header};
use domain::ids::InboundId;
use domain::person::Role;
use serde_json::json;
use storage::credentials::{self, Kind};
use storage::inbox;
use uuid::Uuid;

use super::{Place, in_ten_minutes};

pub(super) fn request(method: &str, path: &str, token: &str, body: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn keyed(path: &str, token: &str, key: &str, body: &str) -> Request<Body> {
    let mut request = request("POST", path, token, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

pub(super) async fn is_stored(place: &Place, plan: &str) -> bool {
    let id = InboundId(plan.parse().unwrap());
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    inbox::state_of(&mut tx, id).await.unwrap().is_some()
}

#[tokio::test]
async fn a_message_is_stored_and_its_plan_can_be_watched() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let answer = place.send(request("POST", "/v1/messages", &token, r#"{"text":"help"}"#)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let plan = answer.json()["plan"].as_str().unwrap().to_owned();
    assert_eq!(answer.headers[header::LOCATION], format!("/v1/plans/{plan}"));
    assert!(is_stored(&place, &plan).await);
    let seen = place.send(request("GET", &format!("/v1/plans/{plan}"), &token, "")).await;
    assert_eq!((&seen.json()["state"], &seen.json()["plan"]), (&json!("queued"), &json!(plan)));
}

#[tokio::test]
async fn another_teams_plan_is_not_there() {
    let ours = Place::open().await;
    let theirs = ours.beside().await;
    let (_, token) = ours.person("Anna", Role::Member).await;
    let (_, stranger) = theirs.person("Zoe", Role::Admin).await;
    let answer = ours.send(request("POST", "/v1/messages", &token, r#"{"text":"help"}"#)).await;
    let plan = answer.json()["plan"].as_str().unwrap().to_owned();
    theirs.send(request("GET", &format!("/v1/plans/{plan}"), &stranger, "")).await.problem(404);
}

#[tokio::test]
async fn a_repeated_call_is_answered_alike_and_another_one_under_its_key_is_refused() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let call = |text: &str| keyed("/v1/messages", &token, "k1", &format!(r#"{{"text":"{text}"}}"#));
    let first = place.send(call("help")).await;
    let again = place.send(call("help")).await;
    assert_eq!((again.status.as_u16(), &again.text), (202, &first.text));
    place.send(call("list")).await.problem(422);
    let (_, other) = place.person("Ben", Role::Member).await;
    let bens = place.send(keyed("/v1/messages", &other, "k1", r#"{"text":"list"}"#)).await;
    assert_eq!(bens.status, 202, "keys are each person's own");
}

#[tokio::test]
async fn a_call_cut_off_between_its_key_and_its_message_is_completed_by_the_next() {
    let place = Place::open().await;
    let (person, token) = place.person("Anna", Role::Member).await;
    let body = domain::inbound::WebBody::Message { person: person.id, text: "help".to_owned() };
    let hash = <sha2::Sha256 as sha2::Digest>::digest(serde_json::to_vec(&body).unwrap());
    let id = InboundId(place.ids.next());
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    storage::idempotency::claim(&mut tx, person.id, "k2", hash.as_slice(), id).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!is_stored(&place, &id.to_string()).await);
    let answer = place.send(keyed("/v1/messages", &token, "k2", r#"{"text":"help"}"#)).await;
    assert_eq!(answer.json()["plan"], json!(id.0));
    assert!(is_stored(&place, &id.to_string()).await);
}

#[tokio::test]
async fn only_a_valid_token_of_an_active_person_opens_the_door() {
    let place = Place::open().await;
    let (person, token) = place.person("Anna", Role::Viewer).await;
    for wrong in ["", "wrong", &token[..token.len() - 1]] {
        let answer = place.send(request("GET", "/v1/deals", wrong, "")).await;
        answer.problem(401);
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    // A browser's session is no token.
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    let session = hex::encode(place.ids.secret());
    let until = in_ten_minutes(&place.clock);
    credentials::issue(&mut tx, person.id, Kind::Session, &session, Some(until)).await.unwrap();
    tx.commit().await.unwrap();
    place.send(request("GET", "/v1/deals", &session, "")).await.problem(401);
    assert_eq!(place.send(request("GET", "/v1/deals", &token, "")).await.json(), json!({ "deals": [] }));
}

#[tokio::test]
async fn roles_are_held_against_every_write() {
    let place = Place::open().await;
    let (_, viewer) = place.person("Vera", Role::Viewer).await;
    let (_, member) = place.person("Max", Role::Member).await;
    let (_, approver) = place.person("Ada", Role::Approver).await;
    let id = Uuid::from_u128(9);
    let (note, change) = (format!("/v1/deals/{id}/notes"), format!("/v1/deals/{id}/move"));
    let decision = format!("/v1/approvals/{id}/decision");
    let (text, stage) = (r#"{"text":"x"}"#, r#"{"stage":"lost","reason":"no"}"#);
    let approve = r#"{"verdict":"approve"}"#;
    for (path, token, body, status) in [
        (&note, &viewer, text, 403),
        (&note, &member, text, 404),
        (&change, &viewer, stage, 403),
        (&change, &member, stage, 404),
        (&change, &member, r#"{"stage":"moon"}"#, 422),
        (&decision, &member, approve, 403),
        (&decision, &approver, approve, 404),
        (&decision, &approver, r#"{"verdict":"reject"}"#, 422),
        (&decision, &approver, r#"{"verdict":"maybe"}"#, 422),
    ] {
        let answer = place.send(request("POST", path, token, body)).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
        answer.problem(status);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_too() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    for (method, path, body, status) in [
        ("POST", "/v1/messages", "{", 400),
        ("POST", "/v1/messages", r#"{"words":"x"}"#, 422),
        ("POST", "/v1/messages", r#"{"text":"  "}"#, 422),
        ("GET", "/v1/messages", "", 405),
        ("GET", "/v1/nothing", "", 404),
        ("GET", "/v1/plans/x", "", 404),
        ("GET", "/v1/deals?stage=moon", "", 422),
        ("GET", "/v1/deals?color=red", "", 400),
    ] {
        let answer = place.send(request(method, path, &token, body)).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        answer.problem(status);
    }
}

#[tokio::test]
async fn the_allowance_is_each_persons_own() {
    let settings = [("DEALDESK_REQUESTS_PER_MINUTE", "2")];
    let place = Place::with(&settings).await;
    let (_, anna) = place.person("Anna", Role::Member).await;
    let (_, ben) = place.person("Ben", Role::Member).await;
    for _ in 0..2 {
        assert_eq!(place.send(request("GET", "/v1/approvals", &anna, "")).await.status, 200);
    }
    let answer = place.send(request("GET", "/v1/approvals", &anna, "")).await;
    answer.problem(429);
    let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(place.send(request("GET", "/v1/approvals", &ben, "")).await.status, 200);
}

#[tokio::test]
async fn the_description_is_served() {
    let place = Place::open().await;
    let description = place.get("/openapi.json").await.json();
    assert_eq!(description["info"]["title"], "Dealdesk");
}
