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
