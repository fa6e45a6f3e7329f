//! The main job over Discord: a signed command, agents work, somebody else decides, every copy is edited.

use std::io::Read;

use domain::clock::Clock;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tests::conversation::{LIMIT, is_quiet};
use tests::database::{Database, eventually};
use tests::product::{Product, Setting};
use tests::shared::data;
use world::discord::{Discord, Fault, Message, Setup};

const ROOM: &str = "partnerships";
const CONTRACT: &[u8] =
    b"MUTUAL NON-DISCLOSURE AGREEMENT between Acme Ltd and Adyen N.V. This agreement is governed by the \
    laws of England. The term is two years. Either party may terminate with thirty days notice.";

/// A product, its database, and the Discord around it.
struct Talk {
    discord: Discord,
    product: Product,
    database: Database,
}

impl Talk {
    async fn begin() -> Self {
        Self::with(|_| (), "on").await
    }

    async fn with(shape: impl FnOnce(&mut Setup), gateway: &str) -> Self {
        let database = Database::fresh().await;
        let mut setup = Setup::acme(Clock::system());
        shape(&mut setup);
        let discord = Discord::start(setup.clone()).await.unwrap();
        let setting = Setting::on(&database)
            .with("SLACK_SIGNING_SECRET", "")
            .with("SLACK_BOT_TOKEN", "")
            .with("DISCORD_PUBLIC_KEY", discord.public_key())
            .with("DISCORD_BOT_TOKEN", setup.token)
            .with("DISCORD_APPLICATION_ID", setup.application)
            .with("DISCORD_API_URL", discord.api_url())
            .with("DISCORD_GATEWAY", gateway);
        let product = setting.start().await;
        discord.deliver_to(&product.url);
        let talk = Self { discord, product, database };
        talk.wait("the commands", |server| server.commands.is_array().then_some(())).await;
        if gateway == "on" {
            talk.wait("the gateway", |server| (server.sessions.0 > 0).then_some(())).await;
        }
        talk
    }

    async fn wait<T>(&self, what: &str, look: impl Fn(&world::discord::Server) -> Option<T>) -> T {
        match self.discord.wait_for(what, LIMIT, look).await {
            Ok(found) => found,
            Err(trouble) => panic!("{trouble}\n--- log ---\n{}", self.product.log()),
        }
    }

    async fn types(&self, user: &str, line: &str) {
        let sent = self.discord.user(user).command(line, ROOM).await.unwrap();
        assert_eq!((sent.status, &sent.answer["type"]), (200, &json!(5)), "{line}: {}", sent.answer);
    }

    async fn presses(&self, user: &str, message: &Message, label: &str) {
        let sent = self.discord.user(user).presses(message, label).await.unwrap();
        assert_eq!(sent.status, 200, "{label}: {}", sent.answer);
    }

    async fn sees(&self, words: &str) -> Message {
        self.wait(words, |server| server.from_bot().find(|m| m.words().contains(words)).cloned()).await
    }

    async fn is_told(&self, user: &str, words: &str) -> Message {
        let what = format!("{user} being told {words:?}");
        self.wait(&what, |server| {
            server.whispers(user).into_iter().rev().find(|m| m.words().contains(words)).cloned()
        })
        .await
    }

    /// Dana searches and asks for two deals; gives the request in the thread.
    async fn proposes(&self) -> Message {
        self.types("dana", "/deal find payment companies in Germany").await;
        let answer = self.sees("for “payment companies in Germany”").await;
        let choices = answer.choices();
        assert!(choices.len() >= 2, "{}", answer.words());
        let chosen: Vec<&str> = choices.iter().take(2).map(|(value, _)| value.as_str()).collect();
        let sent = self.discord.user("dana").chooses(&answer, &chosen).await.unwrap();
        assert_eq!(sent.answer["type"], 7, "{}", sent.answer);
        self.presses("dana", &answer, "Create deals").await;
        self.wait("the request in the thread", |server| {
            let in_thread = |m: &&Message| server.room(&m.room).is_some_and(|room| room.kind == 11);
            server.from_bot().find(|m| in_thread(m) && m.words().contains("asks to create")).cloned()
        })
        .await
    }

    async fn copies_are_closed(&self) {
        self.wait("every copy being edited", |server| {
            let open = server.from_bot().filter(|m| m.buttons().iter().any(|(_, label)| label == "Approve"));
            (open.count() == 0).then_some(())
        })
        .await;
    }

    async fn number(&self, sql: &str) -> i64 {
        let mut owner = self.database.owner().await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut owner).await.unwrap()
    }

    /// Nothing is left to do, nobody waits, nothing was said twice.
    async fn ends(&self) {
        is_quiet(&self.database).await;
        self.wait("nobody waiting", |server| (server.waiting() == 0).then_some(())).await;
        let doubles = self.discord.look(|server| {
            let mut seen = std::collections::HashSet::new();
            let keyed = server.messages.iter().filter(|m| !m.nonce.is_empty());
            keyed.filter(|m| !seen.insert(m.nonce.clone())).map(Message::words).collect::<Vec<_>>()
        });
        assert_eq!(doubles, [""; 0]);
        let log = self.product.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[tokio::test]
async fn she_asks_on_discord_somebody_else_approves_and_every_copy_is_edited() {
    let talk = Talk::begin().await;
    talk.types("lee", "/deal help").await;
    talk.is_told("lee", "What you can say").await;
    let request = talk.proposes().await;
    talk.presses("dana", &request, "Approve").await;
    talk.is_told("dana", "That takes an approver").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);

    talk.wait("the copy in private", |server| (!server.dms("lee").is_empty()).then_some(())).await;
    let copy = talk.discord.look(|server| server.dms("lee")[0].clone());
    talk.presses("lee", &copy, "Approve").await;
    let result = talk.sees("2 deals created").await;
    assert_eq!(result.room, request.room, "the result is in the thread");
    talk.copies_are_closed().await;
    let current = talk.discord.look(|server| server.messages.iter().find(|m| m.id == request.id).cloned());
    assert!(current.unwrap().words().contains("Approved by Lee"));
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "already approved").await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    talk.ends().await;
    let by_token = talk.discord.look(|server| {
        server
            .calls
            .iter()
            .filter(|c| c.call.starts_with("PATCH webhooks/") && c.body.get("embeds").is_some())
            .count()
    });
    assert_eq!(by_token, 0, "cards are edited by channel and number");
}

#[tokio::test]
async fn a_part_of_a_search_is_left_out_in_place() {
    let talk = Talk::with(|_| (), "off").await;
    talk.types("dana", "/deal find payment companies in Germany").await;
    let answer = talk.sees("for “payment companies in Germany”").await;
    talk.presses("dana", &answer, "✕ in Germany").await;
    let wider = talk.sees("for “Payments”").await;
    assert_eq!((&wider.id, &wider.room), (&answer.id, &answer.room), "the same message");
    assert!(wider.words().contains("Adyen"), "{}", wider.words());
    talk.ends().await;
}

#[tokio::test]
async fn a_rejection_on_discord_asks_why_in_a_form() {
    let talk = Talk::begin().await;
    talk.types("lee", "/dealdesk help").await;
    talk.is_told("lee", "What you can say").await;
    let request = talk.proposes().await;
    let sent = talk.discord.user("lee").presses(&request, "Reject (with comment)").await.unwrap();
    assert_eq!(sent.answer["type"], 9, "{}", sent.answer);
    let sent = talk.discord.user("lee").submits("We know them *too* well.").await.unwrap();
    assert_eq!((sent.status, &sent.answer["type"]), (200, &json!(6)));
    let told = talk.sees("Request rejected").await;
    assert!(told.words().contains("We know them"), "{}", told.words());
    talk.copies_are_closed().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn mentions_and_direct_messages_come_over_the_gateway_and_survive_its_breaks() {
    let talk = Talk::begin().await;
    let dana = talk.discord.user("dana");
    let asked = dana.mentions("find payment companies in Germany", ROOM, None).unwrap();
    let answer = talk.sees("for “payment companies in Germany”").await;
    assert_eq!(answer.room, asked.id, "a mention is answered in a thread under it");
    dana.says("what a nice day, deals or not", ROOM).unwrap();
    talk.discord.cut();
    dana.dm("my deals").unwrap();
    let private = talk.wait("an answer in private", |server| {
        server.dms("dana").into_iter().find(|m| m.words().contains("There are no deals")).cloned()
    });
    private.await;
    talk.wait("the session resumed", |server| (server.sessions.1 > 0).then_some(())).await;
    dana.mentions("please read this", ROOM, Some(("nda.txt", CONTRACT))).unwrap();
    talk.sees("nda.txt").await;
    assert_eq!(talk.number("SELECT count(*) FROM plans").await, 3, "what is not meant for us causes nothing");
    let log = talk.product.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn limits_outages_and_unknown_outcomes_say_nothing_twice() {
    let talk = Talk::with(|_| (), "off").await;
    talk.discord.fails("POST channels/", Fault::StatusAfter(502), 2);
    talk.discord.fails("PATCH channels/", Fault::RateLimited { after_s: 0.3, is_global: true }, 2);
    talk.discord.fails("PATCH channels/", Fault::Status(503), 1);
    talk.types("dana", "/deal find payment companies in Germany").await;
    talk.sees("for “payment companies in Germany”").await;
    talk.types("dana", "/deal deals").await;
    talk.sees("There are no deals").await;
    talk.ends().await;
}

#[tokio::test]
async fn a_room_that_is_closed_to_us_is_answered_in_private() {
    let talk = Talk::with(|_| (), "off").await;
    let sent = talk.discord.user("dana").command("/deal deals", "closed").await.unwrap();
    assert_eq!(sent.status, 200);
    let answer = talk.wait("an answer in private", |server| {
        server.dms("dana").into_iter().find(|m| m.words().contains("There are no deals")).cloned()
    });
    answer.await;
    talk.ends().await;
}

#[tokio::test]
async fn only_discord_itself_is_believed_and_each_interaction_once() {
    let talk = Talk::with(|_| (), "off").await;
    let (status, answer) = talk.discord.sends(br#"{"type":1,"id":"1","token":"t"}"#).await.unwrap();
    assert_eq!((status, answer), (200, json!({"type": 1})));
    let now = Clock::system().now().timestamp().to_string();
    for (timestamp, signature) in
        [("", ""), (now.as_str(), ""), (now.as_str(), &"0".repeat(128)), ("1", &"ab".repeat(64))]
    {
        let (status, _) = talk.discord.sends_as(br#"{"type":1}"#, (timestamp, signature)).await.unwrap();
        assert_eq!(status, 401, "{timestamp} {signature}");
    }
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 0, "nothing of it is stored");
    let metrics = reqwest::get(format!("{}/metrics", talk.product.url)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"discord_requests_refused_total{reason="mismatch"} 1"#), "{metrics}");

    let sent = talk.discord.user("dana").command("/deal deals", ROOM).await.unwrap();
    for _ in 0..2 {
        let (status, answer) = talk.discord.sends(&sent.body).await.unwrap();
        assert_eq!((status, &answer["type"]), (200, &json!(5)));
    }
    talk.sees("There are no deals").await;
    let stranger =
        br#"{"type":2,"id":"5","token":"t","guild_id":"4","channel_id":"7","member":{"user":{"id":"1"}},
        "data":{"type":1,"name":"deal"}}"#;
    let (status, answer) = talk.discord.sends(stranger).await.unwrap();
    assert_eq!((status, &answer["type"]), (200, &json!(4)), "another server is told so");
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 1);
    assert_eq!(talk.number("SELECT count(*) FROM plans").await, 1);
}

#[tokio::test]
async fn a_contract_beside_a_command_is_read() {
    let talk = Talk::with(|_| (), "off").await;
    let url = talk.discord.look(|server| {
        server.files.push(("nda.txt".to_owned(), CONTRACT.to_vec()));
        (server.setup.guild.clone(), server.setup.rooms[0].id.clone(), server.setup.users[0].id.clone())
    });
    let (guild, room, dana) = url;
    let file = format!("{}/files/nda.txt", talk.discord.api_url().trim_end_matches("/api/v10"));
    let body = json!({"type": 2, "id": "31", "token": "of-the-file", "guild_id": guild, "channel_id": room,
        "member": {"user": {"id": dana, "username": "dana"}},
        "data": {"type": 1, "name": "contract", "options": [{"type": 11, "name": "file", "value": "5"}],
            "resolved": {"attachments": {"5": {"filename": "nda.txt", "size": CONTRACT.len(), "url": file}}}}});
    let (status, answer) = talk.discord.sends(body.to_string().as_bytes()).await.unwrap();
    assert_eq!((status, &answer["type"]), (200, &json!(5)));
    talk.sees("nda.txt").await;
    let settled = talk.discord.look(|server| {
        server
            .calls
            .iter()
            .any(|c| c.call.starts_with("PATCH") && c.call.contains("/of-the-file/messages/@original"))
    });
    assert!(settled, "whoever typed the command does not see us think for ever");
}

/// The documentation's objects, as they are and as if our server had sent them.
fn published() -> Option<Vec<(String, Vec<u8>)>> {
    let archive = std::fs::File::open(data("messages.tar.zst")?).unwrap();
    let mut found = Vec::new();
    for entry in tar::Archive::new(zstd::Decoder::new(archive).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        if name.contains("discord") && entry.header().entry_type().is_file() {
            entry.read_to_end(&mut bytes).unwrap();
            found.push((name, bytes));
        }
    }
    Some(found)
}

#[tokio::test]
async fn published_payloads_break_nothing() {
    let Some(samples) = published() else { return };
    assert!(samples.len() > 200, "{} samples", samples.len());
    let talk = Talk::with(|_| (), "off").await;
    let (guild, room) = talk.discord.look(|s| (s.setup.guild.clone(), s.setup.rooms[0].id.clone()));
    let mut sent = 0;
    for (name, bytes) in &samples {
        let mut bodies = vec![bytes.clone()];
        if let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(bytes) {
            for kind in [None, Some(2), Some(3), Some(5)] {
                let mut ours = fields.clone();
                ours.extend([("guild_id".to_owned(), json!(guild)), ("channel_id".to_owned(), json!(room))]);
                ours.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
                bodies.push(Value::Object(ours).to_string().into_bytes());
            }
        }
        for body in bodies {
            let (status, _) = talk.discord.sends(&body).await.unwrap();
            assert!((200..300).contains(&status), "{name}: {status}");
            sent += 1;
        }
    }
    println!("replayed {sent} requests of {} objects", samples.len());
    let waiting = "SELECT count(*) FROM inbox WHERE state IN ('new', 'running')";
    eventually("all of them dealt with", async || talk.number(waiting).await == 0).await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox WHERE state = 'failed'").await, 0);
    let log = talk.product.log();
    assert!(!log.contains("panicked"), "{log}");
    talk.types("dana", "/deal deals").await;
    talk.sees("There are no deals").await;
}
