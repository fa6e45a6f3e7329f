//! One person on several channels, and one request on all of them at once.

use std::time::{Duration, Instant};

use base64::Engine as _;
use tests::conversation::{Conversation, LIMIT, ROOM, found};
use tests::database::{Database, eventually};
use tests::post::{PROVED, Post, field, mail};
use tests::product::Setting;
use world::discord::Discord;

use crate::contract_story::{contract, word_document};

/// Every copy of a request follows its decision within this time.
const FOLLOWS: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_request_of_slack_is_decided_by_mail_and_every_copy_follows() {
    let Some(post) = Post::open().await else { return };
    let talk = Conversation::with(|_| (), |setting| post.known_to(setting)).await;
    talk.knows(&["lee"]).await;
    for arguments in [
        ["people", "add", "Ann", "--email", "ann@a.example"].as_slice(),
        &["people", "role", "Ann", "approver"],
    ] {
        let (went_well, said) = talk.product.run(arguments);
        assert!(went_well, "{said}");
    }
    let request = talk.proposes().await;
    let private = talk.slack.wait_for("Lee's own copy", LIMIT, |w| {
        w.dms("lee").into_iter().find(|m| m.words().contains("asks to create")).cloned()
    });
    let private = found(private.await);
    eventually("Ann is asked by mail", async || post.sent().len() == 1).await;
    let asked = post.sent().remove(0);
    assert_eq!(field(&asked, "To"), "ann@a.example");
    let reply_to = field(&asked, "Reply-To");
    let address = reply_to.trim_start_matches('<').trim_end_matches('>');

    let answer = mail("yes", PROVED, "approve").replace(
        "Subject: Hello",
        &format!("In-Reply-To: {}\r\nSubject: Re: {}", field(&asked, "Message-ID"), field(&asked, "Subject")),
    );
    post.into_door(address, &answer).await;
    talk.sees("2 deals created").await;
    let decided = Instant::now();
    eventually("every copy tells who decided", async || {
        let told = [&request, &private].map(|copy| talk.slack.current(copy).unwrap().words());
        told.iter().all(|words| words.contains("Approved by Ann"))
    })
    .await;
    eventually("Ann reads how it ended", async || post.sent().len() == 2).await;
    let told = post.sent().into_iter().find(|sent| sent.contains("Approved by Ann")).unwrap();
    assert_eq!(field(&told, "References").split(' ').next(), Some(field(&asked, "Message-ID").as_str()));
    assert!(decided.elapsed() < FOLLOWS, "{:?}", decided.elapsed());
    // The link and the address hold no longer.
    post.into_door(address, &answer.replace("<yes@", "<again@")).await;
    eventually("Ann is told", async || post.sent().iter().any(|sent| sent.contains("already"))).await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    talk.ends().await;
}

#[tokio::test]
async fn a_code_makes_her_one_person_on_slack_and_discord() {
    let server = world::discord::Setup::acme(domain::clock::Clock::system());
    let discord = Discord::start(server.clone()).await.unwrap();
    let talk = Conversation::with(
        |_| (),
        |setting| {
            setting
                .with("DISCORD_PUBLIC_KEY", discord.public_key())
                .with("DISCORD_BOT_TOKEN", server.token.clone())
                .with("DISCORD_APPLICATION_ID", server.application.clone())
                .with("DISCORD_API_URL", discord.api_url())
                .with("DISCORD_GATEWAY", "off")
        },
    )
    .await;
    discord.deliver_to(&talk.product.url);
    discord.wait_for("the commands", LIMIT, |server| server.commands.is_array().then_some(())).await.unwrap();
    talk.knows(&["lee"]).await;
    let people = talk.number("SELECT count(*) FROM people").await;
    let is_told = async |words: &str| {
        let told = discord.wait_for(words, LIMIT, |server| {
            server.whispers("lee").into_iter().rev().find(|m| m.words().contains(words)).cloned()
        });
        told.await.unwrap_or_else(|trouble| panic!("{trouble}\n{}", talk.product.log()))
    };

    // Whoever is known elsewhere does not become a second person, with rights of its own.
    discord.user("lee").command("/deal help", ROOM).await.unwrap();
    is_told("ask there for a code").await;
    discord.user("lee").command("/deal join 0aaaaaaa", ROOM).await.unwrap();
    is_told("does not hold").await;
    talk.types("lee", "/deal join").await;
    let words = talk.is_told("lee", "write me there").await.words();
    let code = words.split("join ").last().unwrap()[..8].to_owned();
    discord.user("lee").command(&format!("/deal join {code}"), ROOM).await.unwrap();
    is_told("What you began elsewhere waits for you here").await;
    assert_eq!(talk.number("SELECT count(*) FROM people").await, people);
    discord.user("dana").command(&format!("/deal join {code}"), ROOM).await.unwrap();
    let again = discord.wait_for("a code works once", LIMIT, |server| {
        server.whispers("dana").into_iter().find(|m| m.words().contains("does not hold")).cloned()
    });
    again.await.unwrap();

    // What is asked on Slack waits for her on both, and is decided on either.
    let request = talk.proposes().await;
    let copy = discord.wait_for("the request on Discord", LIMIT, |server| {
        server.dms("lee").into_iter().find(|m| m.words().contains("asks to create")).cloned()
    });
    let copy = copy.await.unwrap_or_else(|trouble| panic!("{trouble}\n{}", talk.product.log()));
    let pressed = discord.user("lee").presses(&copy, "Approve").await.unwrap();
    assert_eq!(pressed.status, 200, "{}", pressed.answer);
    talk.sees("2 deals created").await;
    let decided = Instant::now();
    eventually("the copy on Slack follows", async || {
        talk.slack.current(&request).unwrap().words().contains("Approved by Lee")
    })
    .await;
    let private = discord.wait_for("the copy on Discord follows", LIMIT, |server| {
        server.dms("lee").into_iter().find(|m| m.words().contains("Approved by Lee")).cloned()
    });
    private.await.unwrap();
    assert!(decided.elapsed() < FOLLOWS, "{:?}", decided.elapsed());
    talk.ends().await;
}

#[tokio::test]
async fn a_contract_that_comes_by_mail_is_shown_in_the_thread_of_its_deal_too() {
    let Some(post) = Post::open().await else { return };
    let talk = Conversation::with(|_| (), |setting| post.known_to(setting)).await;
    talk.knows(&["lee"]).await;
    let (added, said) = talk.product.run(&["people", "add", "Ann", "--email", "ann@a.example"]);
    assert!(added, "{said}");
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    let mut owner = talk.database.owner().await;
    let deal: String = sqlx::query_scalar("SELECT name FROM deals ORDER BY name LIMIT 1")
        .fetch_one(&mut owner)
        .await
        .unwrap();

    let text = format!(
        "RESELLER AGREEMENT between Nordlicht Software GmbH (\"Supplier\") and {deal} (\"Reseller\").\r\n\r\n\
         1. Term. This Agreement begins on March 1, 2026 and continues for two (2) years.\r\n\r\n\
         2. Governing Law. This Agreement is governed by the laws of Germany.\r\n"
    );
    let sent = format!(
        "{PROVED}From: Ann <ann@a.example>\r\nTo: deals@us.example\r\nSubject: The paper\r\n\
         Message-ID: <paper@a.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nPlease look at this.\r\n\
         --b\r\nContent-Type: text/plain; name=\"paper.txt\"\r\n\
         Content-Disposition: attachment; filename=\"paper.txt\"\r\n\r\n{text}--b--\r\n"
    );
    post.into_door("deals@us.example", &sent).await;
    let copy = talk.sees("Ann sent this in on another channel").await;
    assert_eq!(copy.thread, request.thread, "{}", talk.slack.transcript());
    assert!(copy.words().contains("paper.txt"), "{}", copy.words());
    eventually("Ann reads it in her thread", async || {
        let sent = post.sent();
        sent.iter().any(|mail| mail.contains("In-Reply-To: <paper@a.example>") && mail.contains("paper.txt"))
    })
    .await;
    let asked = talk.slack.wait_for("Lee being asked", LIMIT, |w| {
        w.dms("lee").into_iter().rev().find(|m| m.words().contains("Accept paper.txt")).cloned()
    });
    talk.presses("lee", &found(asked.await), "Approve").await;
    let told = talk.sees("Accepted: paper.txt").await;
    assert_eq!(told.thread, request.thread);
    talk.ends().await;
}

#[tokio::test]
async fn the_redline_comes_as_an_attachment_in_the_mails_thread() {
    let Some(post) = Post::open().await else { return };
    let database = Database::fresh().await;
    let product = post.known_to(Setting::on(&database).with("SLACK_BOT_TOKEN", "")).start().await;
    let (added, said) = product.run(&["people", "add", "Ann", "--email", "ann@a.example"]);
    assert!(added, "{said}");
    let paper = String::from_utf8(contract("Acme Ltd")).unwrap();
    let paper = base64::engine::general_purpose::STANDARD.encode(word_document(&paper));
    let sent = format!(
        "{PROVED}From: Ann <ann@a.example>\r\nTo: deals@us.example\r\nSubject: The paper\r\n\
         Message-ID: <paper@a.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/octet-stream; name=\"paper.docx\"\r\n\
         Content-Disposition: attachment; filename=\"paper.docx\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{paper}\r\n"
    );
    post.into_door("deals@us.example", &sent).await;
    eventually("the paper being read", async || {
        post.sent().iter().any(|mail| mail.contains("In-Reply-To: <paper@a.example>"))
    })
    .await;
    let asks = mail("redline", PROVED, "redline paper.docx")
        .replace("Subject: Hello", "In-Reply-To: <paper@a.example>\r\nSubject: Re: The paper");
    post.into_door("deals@us.example", &asks).await;
    eventually("the redline", async || {
        let sent = post.sent();
        sent.iter().any(|mail| mail.contains("filename=\"paper redline.docx\"") && mail.contains("UEsDB"))
    })
    .await;
}
