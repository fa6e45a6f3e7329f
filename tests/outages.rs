//! What is away must not use up the tries of what needs it.

use agents::Desk;
use agents::contract::Tools;
use agents::contract::fetch::Fetcher;
use agents::contract::pdf::{Engines, Limits, Reader};
use agents::desk::Grammar;
use agents::discovery::Directory;
use agents::failpoint::FailPoints;
use agents::llm::Llm;
use agents::planner::commit::commit;
use domain::card::Card;
use domain::clock::Clock;
use domain::ids::{ConversationId, Ids, InboundId};
use domain::inbound::Place;
use domain::intent::{Intent, Understood};
use domain::person::Channel;
use domain::plan::{Agent, Draft, Recovery};
use serde_json::Value;
use storage::inbox::{self, Raw};
use storage::objects::Objects;
use storage::plans::{self, New};
use storage::steps::{self, ATTEMPTS_MAX, Lease};
use storage::{Db, conversations};
use tests::database::{Database, eventually};
use tests::people::{HOME, team};

fn desk(db: &Db, home: &std::path::Path) -> Desk {
    Desk {
        db: db.clone(),
        clock: Clock::system(),
        ids: Ids::random(),
        directory: Directory::new(db.clone(), home.to_owned()),
        contracts: Tools::new(
            Objects::in_folder(&home.join("objects")).unwrap(),
            Reader::new("none".into(), Engines::default(), Limits::default()),
            Fetcher::new("", "", "", "").unwrap(),
        ),
        models: agents::learning::Models::new(db.clone()),
        approval_days: 7,
        console_url: "http://desk.example".to_owned(),
        points: FailPoints::default(),
        help: |_, _| Card::text("help"),
        grammar: Grammar {
            understand: |text| {
                let (intent, candidates) =
                    (Intent::Unclear { text: text.to_owned(), candidates: vec![] }, vec![]);
                Understood { intent, confidence: 0.0, candidates }
            },
            print: |_| None,
        },
        llm: Llm::default(),
    }
}

#[tokio::test]
async fn tries_while_something_is_away_do_not_count() {
    let database = Database::fresh().await;
    let (db, ids, mut lease) = (database.open().await, Ids::random(), Lease::new("one"));
    let desk = desk(&db, &std::env::temp_dir().join("dealdesk-no-index"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let place = Place { room: "C1".to_owned(), thread: None, is_private: false };
    let id = ConversationId(ids.next());
    let conversation = conversations::at(&mut tx, id, Channel::Web, "T1", (&place, dana.id)).await.unwrap();
    let new = New {
        id: InboundId(ids.next()).into(),
        conversation: conversation.id,
        requester: dana.id,
        intent: &Intent::ListApprovals,
        said: "",
        drafts: &[Draft::new(Agent::Planner, "idle", Value::Null)],
    };
    let mut step = plans::create(&mut tx, new, &ids, &lease).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let mut context = plans::context(&db, HOME, step.plan).await.unwrap();
    let mut owner = database.owner().await;
    for _ in 0..2 * ATTEMPTS_MAX {
        assert_eq!(step.attempt, 1);
        let away = Err(Recovery::Away { cause: "the database is away".to_owned() });
        commit(&desk, &lease, &mut context, &step, away).await.unwrap();
        sqlx::query("UPDATE steps SET run_at = now()").execute(&mut owner).await.unwrap();
        step = steps::claim(&db, &mut lease).await.unwrap().expect("it comes back");
    }
    // Cut off so that not even that could be written down: forgiven when the database is back, whoever has it then.
    for _ in 0..2 * ATTEMPTS_MAX {
        let cut_off = step.clone();
        sqlx::query("UPDATE steps SET lease_until = now() - interval '1 s'")
            .execute(&mut owner)
            .await
            .unwrap();
        steps::recover(&db).await.unwrap();
        step = steps::claim(&db, &mut lease).await.unwrap().expect("another worker takes it");
        steps::forgive(&db, &cut_off, "the database was away").await.unwrap();
        let attempt: i32 =
            sqlx::query_scalar("SELECT attempt FROM steps").fetch_one(&mut owner).await.unwrap();
        assert_eq!(attempt, 1, "the cut-off try does not count, the running one does");
    }
    steps::heartbeat(&db, &step).await.expect("forgiving the dead one takes nothing from the living");
}

#[tokio::test]
async fn a_message_that_waited_for_its_channel_survives_a_worker() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let (intake, writer) = inbox::intake(&db, inbox::BATCH_MAX);
    let id = InboundId(Ids::random().next());
    let raw = Raw {
        id,
        tenant: Some(HOME),
        channel: Channel::Slack,
        route: "command",
        workspace: None,
        event_key: None,
        natural_key: None,
        is_urgent: false,
        body: b"x".to_vec(),
    };
    team(&db, HOME, &Ids::random()).await;
    let (stored, ()) = tokio::join!(async move { intake.store(raw).await }, writer.run());
    stored.unwrap();
    // Slack is away for a while: each time the message is put back, which is no fault of its own.
    for _ in 0..8 {
        let claimed = inbox::claim(&db, false).await.unwrap().unwrap();
        inbox::put_back(&db, &claimed, 0.0, "Slack is away").await.unwrap();
    }
    let mut owner = database.owner().await;
    for death in 1..=3 {
        eventually("the message", async || inbox::claim_one(&db, id).await.unwrap().is_some()).await;
        sqlx::query("UPDATE inbox SET lease_until = now() - interval '1 s'")
            .execute(&mut owner)
            .await
            .unwrap();
        inbox::recover(&db).await.unwrap();
        let state: String =
            sqlx::query_scalar("SELECT state FROM inbox").fetch_one(&mut owner).await.unwrap();
        assert_eq!(state, if death < 3 { "new" } else { "failed" }, "after {death} deaths");
    }
}

#[tokio::test]
async fn a_message_is_kept_by_whoever_shows_signs_of_life() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let mut owner = database.owner().await;
    sqlx::query("INSERT INTO inbox (inbound_id, channel, route, body) VALUES (gen_random_uuid(), 'slack', 'event', '{')")
        .execute(&mut owner)
        .await
        .unwrap();
    let held = inbox::claim(&db, false).await.unwrap().unwrap();
    sqlx::query("UPDATE inbox SET lease_until = now() + interval '1 s'").execute(&mut owner).await.unwrap();
    inbox::heartbeat(&db, held.id, held.fence).await.unwrap();
    let left = "SELECT extract(epoch FROM lease_until - now())::float8 FROM inbox";
    let left_s: f64 = sqlx::query_scalar(left).fetch_one(&mut owner).await.unwrap();
    assert!(left_s > 8.0, "{left_s}");
    assert!(inbox::heartbeat(&db, held.id, held.fence - 1).await.is_err(), "an old fence keeps nothing");
}
