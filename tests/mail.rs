//! The mail channel between a real IMAP server and a real SMTP server: a mail is answered once, in its thread, and a
//! forged one not at all.

use std::time::Duration;

use tests::database::{Database, eventually};
use tests::post::{INBOX, PROVED, Post, field, mail};
use tests::product::{Product, Setting};

/// A product without Slack, and Ann in its team. None, with a printed line, where the mail servers are not here.
async fn office() -> Option<(Post, Product, Database)> {
    let post = Post::open().await?;
    let database = Database::fresh().await;
    let product = post.known_to(Setting::on(&database).with("SLACK_BOT_TOKEN", "")).start().await;
    let (added, said) = product.run(&["people", "add", "Ann", "--email", "ann@a.example"]);
    assert!(added, "{said}");
    Some((post, product, database))
}

#[tokio::test]
async fn a_mail_is_answered_once_in_its_thread_and_a_forged_one_never() {
    let Some((post, _product, _database)) = office().await else { return };
    post.into_mailbox(&mail("forged", "", "help")).await;
    let first = mail("1", PROVED, "help");
    post.into_mailbox(&first).await;
    eventually("an answer", async || !post.sent().is_empty()).await;
    let answer = &post.sent()[0];
    for field in [
        "In-Reply-To: <1@a.example>",
        "To: ann@a.example",
        "Subject: Re: Hello",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(answer.contains(field), "{field} in {answer}");
    }
    assert!(!answer.contains("forged"));

    // The same mail by another way is the same; an answer to ours belongs to the thread.
    post.into_door(INBOX, &first).await;
    let ours = field(answer, "Message-ID");
    let second = mail("2", PROVED, "help")
        .replace("Subject: Hello", &format!("In-Reply-To: {ours}\r\nSubject: Re: Hello"));
    post.into_door(INBOX, &second).await;
    eventually("a second answer", async || post.sent().len() == 2).await;
    let whole = post.sent().concat();
    assert!(
        whole.contains("In-Reply-To: <2@a.example>")
            && whole.contains("References: <1@a.example> <2@a.example>"),
        "{whole}"
    );

    // What we sent comes back, and so does a machine's answer: nobody is answered.
    post.into_door(INBOX, answer).await;
    let away =
        mail("3", PROVED, "help").replace("Subject: Hello", "Auto-Submitted: auto-replied\r\nSubject: Away");
    post.into_door(INBOX, &away).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(post.sent().len(), 2, "{}", post.sent().concat());
}

#[tokio::test]
async fn a_program_that_answers_everything_is_answered_once() {
    let Some((post, _product, database)) = office().await else { return };
    // It hides that it is one, and answers whatever it gets, each time with another number.
    for turn in 0..6 {
        let words = format!("We have received your message. Your ticket is {}.", 4711 + turn);
        let whole = mail(&format!("loop{turn}"), PROVED, &words);
        post.into_door(INBOX, &whole).await;
        let mut owner = database.owner().await;
        eventually("it is read", async || {
            let open = "SELECT count(*) FROM inbox WHERE state IN ('new', 'running')";
            sqlx::query_scalar::<_, i64>(open).fetch_one(&mut owner).await.unwrap() == 0
        })
        .await;
    }
    eventually("an answer", async || !post.sent().is_empty()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(post.sent().len(), 1, "{}", post.sent().concat());
}

#[tokio::test]
async fn a_stranger_is_let_in_with_one_press_and_what_she_wrote_is_answered() {
    let Some((post, product, database)) = office().await else { return };
    let whole = mail("new", PROVED, "help").replace("Ann <ann@a.example>", "Zoe <zoe@a.example>");
    post.into_door(INBOX, &whole).await;
    let mut owner = database.owner().await;
    let mut kept: Option<uuid::Uuid> = None;
    eventually("it is kept for an admin", async || {
        kept = sqlx::query_scalar("SELECT inbound_id FROM inbox WHERE stranger = 'zoe@a.example'")
            .fetch_optional(&mut owner)
            .await
            .unwrap();
        kept.is_some()
    })
    .await;
    assert!(post.sent().is_empty(), "strangers are not answered");

    let admin = product.admin().await;
    let page = admin.page("/inbox").await;
    assert!(page.contains("zoe@a.example") && page.contains("Invite as a member"), "{page}");
    let pressed = admin.sends(&format!("/inbox/{}/invite", kept.unwrap()), String::new()).await;
    assert!(pressed.status().is_redirection(), "{}", pressed.status());
    eventually("an answer", async || post.sent().len() == 1).await;
    assert_eq!(field(&post.sent()[0], "To"), "zoe@a.example");
}
