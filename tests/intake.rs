//! The intake: messages that share a commit, several commits at the same time, doubles among them.

use std::time::Duration;

use domain::ids::{Ids, InboundId};
use domain::person::Channel;
use storage::inbox::{self, Raw, Stored};
use storage::{Db, Error};
use tests::database::Database;
use tests::people::{HOME, team};

/// A message that is about `what`, delivered as `event`.
fn raw(ids: &Ids, what: &str, event: &str) -> Raw {
    Raw {
        id: InboundId(ids.next()),
        tenant: Some(HOME),
        channel: Channel::Slack,
        route: "command",
        workspace: Some("T1".to_owned()),
        event_key: Some(format!("event:{event}")),
        natural_key: Some(format!("natural:{what}")),
        is_urgent: false,
        body: what.as_bytes().to_vec(),
    }
}

/// Hands in all messages at once, to so many writers that share at most `batch_max` a commit.
async fn store(db: &Db, (writers, batch_max): (usize, usize), raws: Vec<Raw>) -> Vec<Result<Stored, Error>> {
    let (intake, writer) = inbox::intake(db, batch_max);
    let write = futures_util::future::join_all((0..writers).map(|_| writer.clone().run()));
    let send = async move {
        let sent = futures_util::future::join_all(raws.into_iter().map(|raw| intake.store(raw))).await;
        // The writers end when the last intake is gone.
        drop(intake);
        sent
    };
    let (sent, _) = tokio::join!(send, write);
    sent
}

async fn count(database: &Database, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut database.owner().await).await.unwrap()
}

#[tokio::test]
async fn of_doubles_one_is_kept_however_many_write() {
    for way in [(1, 256), (3, 7), (16, 1)] {
        let database = Database::fresh().await;
        let (db, ids) = (database.open().await, Ids::random());
        team(&db, HOME, &ids).await;
        // Every message three times: as it came, delivered again, and the same under another delivery's number.
        let raws = (0..200).flat_map(|n| {
            let (what, event) = (format!("m{n}"), format!("e{n}"));
            [raw(&ids, &what, &event), raw(&ids, &what, &event), raw(&ids, &what, &format!("again{n}"))]
        });
        let answers = store(&db, way, raws.collect()).await;
        let new = answers.iter().filter(|answer| matches!(answer, Ok(Stored::New))).count();
        let double = answers.iter().filter(|answer| matches!(answer, Ok(Stored::Double))).count();
        assert_eq!((new, double), (200, 400), "{way:?}");
        assert_eq!(count(&database, "SELECT count(*) FROM inbox").await, 200, "{way:?}");
        assert_eq!(count(&database, "SELECT count(DISTINCT natural_key) FROM inbox").await, 200);
    }
}

#[tokio::test]
async fn a_message_that_the_database_refuses_does_not_take_the_others_with_it() {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    team(&db, HOME, &ids).await;
    let mut raws: Vec<Raw> = (0..20).map(|n| raw(&ids, &format!("m{n}"), &format!("e{n}"))).collect();
    // Text in Postgres holds no zero byte.
    raws[7].workspace = Some("T\0".to_owned());
    let answers = store(&db, (1, 256), raws).await;
    let refused: Vec<usize> = (0..20).filter(|&n| answers[n].is_err()).collect();
    assert_eq!(refused, [7]);
    assert_eq!(count(&database, "SELECT count(*) FROM inbox").await, 19);
}

#[tokio::test]
async fn others_hear_of_messages_soon_after_they_are_safe() {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    team(&db, HOME, &ids).await;
    let mut ear = db.listen(&[]).await.unwrap();
    let (intake, writer) = inbox::intake(&db, 256);
    let hear = async {
        let mut heard = Vec::new();
        for is_urgent in [false, true] {
            let message = Raw { is_urgent, ..raw(&ids, &format!("{is_urgent}"), &format!("{is_urgent}")) };
            assert_eq!(intake.store(message).await.unwrap(), Stored::New);
            let told = tokio::time::timeout(Duration::from_secs(10), ear.recv()).await.unwrap().unwrap();
            heard.push(told.payload().to_owned());
        }
        heard
    };
    tokio::select! {
        heard = hear => assert_eq!(heard, ["inbox", "urgent"]),
        () = writer.run() => panic!("the writer ended"),
    }
}
