//! The story against a Slack that somebody else wrote: the independent emulator beside the repository.
//!
//! It keeps rooms, threads and messages, but sends no commands and no presses: people of our own world do, under
//! the emulator's names for them.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use domain::clock::Clock;
use serde_json::{Value, json};
use tests::conversation::is_quiet;
use tests::database::{Database, eventually};
use tests::peers::{Peer, free_port};
use tests::product::{Setting, client};
use world::slack::{Kind, Message, Room, Setup, Slack, User};

/// The emulator as a person with an API token sees it.
#[derive(Clone)]
struct Emulator {
    url: String,
    http: reqwest::Client,
}

impl Emulator {
    async fn ask(&self, method: &str, form: &[(&str, &str)]) -> Value {
        let request =
            self.http.post(format!("{}/api/{method}", self.url)).bearer_auth("xoxb-emulated").form(form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["ok"], true, "{method} {form:?}: {answer}");
        answer
    }

    /// Slack's API takes what is read by GET too; the emulator knows POST only. This stands before it and changes
    /// nothing else.
    async fn front(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let app = Router::new().fallback(pass_on).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    /// The messages of a room, threads included, as they are now.
    async fn messages(&self, room: &str) -> Vec<Message> {
        let mut all = Vec::new();
        for root in list(&self.ask("conversations.history", &[("channel", room)]).await, "messages") {
            let ts = root["ts"].as_str().unwrap();
            let thread = self.ask("conversations.replies", &[("channel", room), ("ts", ts)]).await;
            all.extend(list(&thread, "messages").iter().map(|message| as_message(room, message)));
        }
        all
    }

    /// Waits for a message with these words.
    async fn sees(&self, room: &str, words: &str) -> Message {
        self.finds(room, words, |message| message.words().contains(words)).await
    }

    /// Waits for the message that satisfies a condition.
    async fn finds(&self, room: &str, what: &str, is_it: impl Fn(&Message) -> bool) -> Message {
        let mut found = None;
        let look = async || {
            found = self.messages(room).await.into_iter().find(&is_it);
            found.is_some()
        };
        eventually(&format!("{what:?} in the emulator"), look).await;
        found.unwrap()
    }
}

async fn pass_on(
    State(emulator): State<Emulator>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (axum::http::StatusCode, [(header::HeaderName, String); 1], Bytes) {
    let mut request = emulator.http.post(format!("{}{}", emulator.url, uri.path()));
    request = request.header(header::AUTHORIZATION, headers[header::AUTHORIZATION].clone());
    request = if method == Method::GET {
        let form = "application/x-www-form-urlencoded";
        request.header(header::CONTENT_TYPE, form).body(uri.query().unwrap_or_default().to_owned())
    } else {
        request.header(header::CONTENT_TYPE, headers[header::CONTENT_TYPE].clone()).body(body)
    };
    let answer = request.send().await.unwrap();
    let (status, kind) =
        (answer.status(), answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned());
    (status, [(header::CONTENT_TYPE, kind)], answer.bytes().await.unwrap())
}

fn list<'a>(answer: &'a Value, field: &str) -> &'a Vec<Value> {
    answer[field].as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A message of the emulator in our world's words.
fn as_message(room: &str, message: &Value) -> Message {
    let thread = text(&message["thread_ts"]);
    Message {
        room: room.to_owned(),
        thread: (!thread.is_empty() && thread != text(&message["ts"])).then_some(thread),
        ts: text(&message["ts"]),
        user: text(&message["user"]),
        text: text(&message["text"]),
        blocks: message["blocks"].clone(),
        metadata: message["metadata"].clone(),
        edits: u32::from(message.get("edited").is_some_and(|edited| !edited.is_null())),
        is_deleted: false,
        kind: Kind::Posted,
        files: Vec::new(),
    }
}

/// Our world's people, under the emulator's names and numbers.
async fn people_of(emulator: &Emulator) -> Setup {
    let us = emulator.ask("auth.test", &[]).await;
    let users = emulator.ask("users.list", &[]).await;
    let rooms = emulator.ask("conversations.list", &[]).await;
    let mut setup = Setup::acme(Clock::system());
    setup.team = text(&us["team_id"]);
    setup.bot = text(&us["user_id"]);
    setup.users = list(&users, "members")
        .iter()
        .map(|user| User { id: text(&user["id"]), ..User::named(&text(&user["name"])) })
        .collect();
    setup.rooms = list(&rooms, "channels")
        .iter()
        .map(|room| Room { id: text(&room["id"]), ..Room::named(&text(&room["name"])) })
        .collect();
    setup
}

#[tokio::test]
async fn the_story_against_an_independent_slack() {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/peers/slack-seed.yaml");
    let Some(peer) = Peer::beside("emulate.sh", free_port().await, &["slack", seed]).await else { return };
    let emulator = Emulator { url: format!("http://127.0.0.1:{}", peer.port), http: client() };
    let setup = people_of(&emulator).await;
    let room = setup.rooms.iter().find(|room| room.name == "partnerships").unwrap().id.clone();
    let database = Database::fresh().await;
    let setting = Setting::on(&database)
        .with("SLACK_API_URL", emulator.front().await)
        .with("SLACK_SIGNING_SECRET", setup.signing_secret.clone());
    let product = setting.start().await;
    let people = Slack::start(setup).await.unwrap();
    people.deliver_to(&product.url);
    // Who is an admin there approves here; Lee is none.
    let (lee, dana) = (people.user("lee"), people.user("dana"));

    let sent = lee.command("/deal find payment companies in Germany", "partnerships").await.unwrap();
    assert_eq!(sent.ack.status, 200, "{}", sent.ack.body);
    let answer = emulator.sees(&room, "Create deals").await;
    assert_eq!(answer.edits, 1, "the progress became the answer, in place");
    let choices: Vec<_> = answer.choices().into_iter().map(|(value, _)| value).take(2).collect();
    let ticks: Vec<_> = choices.iter().map(String::as_str).collect();
    let pressed = lee.ticks_and_presses(&answer, &ticks, "Create deals").await.unwrap();
    assert_eq!(pressed.ack.status, 200, "{}", pressed.ack.body);

    let request = emulator.sees(&room, "asks to create").await;
    assert_eq!(request.thread.as_ref(), Some(&answer.ts), "asked in the thread");
    assert_eq!(dana.presses(&request, "Approve").await.unwrap().ack.status, 200);
    let result = emulator.sees(&room, "2 deals created").await;
    assert_eq!(result.thread.as_ref(), Some(&answer.ts), "answered in the thread");
    let is_decided =
        |message: &Message| message.ts == request.ts && message.words().contains("Approved by dana");
    let copy = emulator.finds(&room, "the same message, decided", is_decided).await;
    assert_eq!(copy.edits, 1, "edited once");
    assert!(copy.buttons().is_empty(), "nothing left to press: {:?}", copy.buttons());
    is_quiet(&database).await;
    let keys: Vec<_> =
        emulator.messages(&room).await.iter().filter_map(|m| m.key().map(str::to_owned)).collect();
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert!(keys.len() >= 3 && distinct.len() == keys.len(), "nothing was posted twice: {keys:?}");
    assert_eq!(json!(product.run(&["audit", "verify"]).0), json!(true));
}
