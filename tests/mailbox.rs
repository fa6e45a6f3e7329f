//! A mailbox on a real IMAP server: it goes away and comes back, numbers its mails anew, holds large ones; each mail is
//! taken in exactly once, and soon.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::{Connection, PgConnection};
use tests::database::{Database, eventually};
use tests::post::{PROVED, Post, mail};
use tests::product::{Product, Setting};

/// How soon a large mail has to be stored: two seconds. A build without optimisation hashes and reads several times slower.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 8 } else { 2 });

async fn office() -> Option<(Post, Product, Database)> {
    let post = Post::open().await?;
    let database = Database::fresh().await;
    let product = post.known_to(Setting::on(&database).with("SLACK_BOT_TOKEN", "")).start().await;
    Some((post, product, database))
}

async fn stored(owner: &mut PgConnection) -> i64 {
    let rows = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE channel = 'email'");
    rows.fetch_one(owner).await.unwrap()
}

/// Waits until so many mails are in the inbox table, and for what may come too much.
async fn holds(database: &Database, wanted: i64) {
    let what = format!("{wanted} mails being stored");
    eventually(&what, async || stored(&mut database.owner().await).await >= wanted).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stored(&mut database.owner().await).await, wanted, "a mail was taken in twice");
}

#[tokio::test]
async fn a_mailbox_that_goes_away_is_read_on_and_no_mail_is_taken_in_twice() {
    let Some((mut post, _product, database)) = office().await else { return };
    for id in ["1", "2"] {
        post.into_mailbox(&mail(id, PROVED, "help")).await;
    }
    holds(&database, 2).await;

    post.close_mailbox().await;
    post.open_mailbox().await;
    post.into_mailbox(&mail("3", PROVED, "help")).await;
    holds(&database, 3).await;

    // Restored from a backup: all numbers are new, the mails are not.
    post.close_mailbox().await;
    post.forget_numbers();
    post.open_mailbox().await;
    post.into_mailbox(&mail("4", PROVED, "help")).await;
    holds(&database, 4).await;
    let mut owner = database.owner().await;
    let numberings: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT split_part(event_key, ':', 4)) FROM inbox WHERE route = 'imap'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    owner.close().await.unwrap();
    assert_eq!(numberings, 2, "the server did not number anew, so nothing was tried");
}

#[tokio::test]
async fn a_large_mail_is_stored_soon_after_its_delivery() {
    let Some((post, _product, database)) = office().await else { return };
    post.into_mailbox(&mail("first", PROVED, "help")).await;
    holds(&database, 1).await;
    let pdf: Vec<u8> =
        (0..5 * 1024 * 1024_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let lines: Vec<String> = STANDARD
        .encode(&pdf)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let large = format!(
        "{PROVED}From: Ann <ann@a.example>\r\nTo: deals@us.example\r\nSubject: Contract\r\n\
         Message-ID: <large@a.example>\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name=\"big.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"big.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    );
    post.into_mailbox(&large).await;
    let delivered = Instant::now();
    let mut owner = database.owner().await;
    while stored(&mut owner).await < 2 {
        assert!(delivered.elapsed() < SOON * 2, "it is not there after {:?}", delivered.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = delivered.elapsed();
    println!("a mail of {} bytes was stored {took:?} after its delivery", large.len());
    assert!(took < SOON, "{took:?}");
}
