//! One person on several channels, and one request on all of them at once.

use std::time::{Duration, Instant};

use tests::conversation::{Conversation, LIMIT, found};
use tests::database::eventually;
use tests::post::{PROVED, Post, field, mail};

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
