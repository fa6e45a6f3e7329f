//! The queue of effects: each once, in order per subject, looked up when its worker died.

use std::collections::BTreeMap;

use domain::effect::{self, Effect};
use domain::ids::Ids;
use serde_json::json;
use storage::effects::{self, Held};
use storage::{Db, Error};
use tests::database::Database;
use tests::people::HOME;

const PROVIDERS: &[&str] = &["acme"];

fn effect(subject: usize, version: usize) -> Effect {
    let payload = json!({ "version": version });
    Effect {
        key: effect::key(HOME, &format!("deal/{subject}"), &payload),
        provider: "acme".to_owned(),
        action: "upsert".to_owned(),
        subject: format!("deal:{subject}"),
        payload,
        urgency: 1,
    }
}

async fn asks(db: &Db, all: &[Effect]) -> usize {
    let ids = Ids::random();
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let mut new = 0;
    for effect in all {
        new += usize::from(effects::ask(&mut tx, &ids, None, effect).await.unwrap());
    }
    tx.commit().await.unwrap();
    new
}

async fn done(db: &Db, held: &Held) -> Result<(), Error> {
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    effects::done(&mut tx, held, &json!({})).await?;
    tx.commit().await
}

async fn home() -> (Database, Db) {
    let database = Database::fresh().await;
    let db = database.open().await;
    storage::workspaces::create_tenant(&db, HOME, "Home").await.unwrap();
    (database, db)
}

#[tokio::test]
async fn many_workers_make_each_effect_once_and_those_of_one_subject_in_order() {
    let (_database, db) = home().await;
    let all: Vec<Effect> = (0..6).flat_map(|v| (0..20).map(move |s| effect(s, v))).collect();
    assert_eq!(asks(&db, &all).await, 120);
    assert_eq!(asks(&db, &all).await, 0, "what was asked for before is not asked for again");

    let worker = |most: i64| {
        let db = db.clone();
        async move {
            let mut made = Vec::new();
            loop {
                let held = effects::claim(&db, PROVIDERS, most).await.unwrap();
                if held.is_empty() && effects::depth(&db).await.unwrap() == 0 {
                    return made;
                }
                for one in held {
                    made.push((one.effect.subject.clone(), one.effect.payload["version"].as_u64().unwrap()));
                    done(&db, &one).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        }
    };
    let workers = [1, 1, 7, 100].map(|most| tokio::spawn(worker(most)));
    let mut times = BTreeMap::<(String, u64), usize>::new();
    for made in workers {
        let made = made.await.unwrap();
        let mut last = BTreeMap::<String, u64>::new();
        for (subject, version) in made {
            let before = last.insert(subject.clone(), version);
            assert!(before.is_none_or(|before| before < version), "{subject}: {version} after {before:?}");
            *times.entry((subject, version)).or_default() += 1;
        }
    }
    assert_eq!(times.len(), 120);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[tokio::test]
async fn a_batch_holds_one_effect_of_each_subject() {
    let (_database, db) = home().await;
    asks(&db, &[effect(1, 0), effect(1, 1), effect(2, 0), effect(3, 0)]).await;
    let held = effects::claim(&db, PROVIDERS, 100).await.unwrap();
    let mut subjects: Vec<&str> = held.iter().map(|one| one.effect.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["deal:1", "deal:2", "deal:3"]);
    assert!(effects::claim(&db, PROVIDERS, 100).await.unwrap().is_empty(), "the fourth waits for the first");
    for one in &held {
        done(&db, one).await.unwrap();
    }
    let last = effects::claim(&db, PROVIDERS, 100).await.unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].effect, effect(1, 1));
}

#[tokio::test]
async fn what_a_dead_worker_held_is_looked_up_and_its_late_word_is_refused() {
    let (database, db) = home().await;
    asks(&db, &[effect(1, 0)]).await;
    let dead = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
    assert!(!dead.is_unsure);
    assert_eq!(effects::recover(&db).await.unwrap(), 0, "it still has its lease");
    let mut owner = database.owner().await;
    sqlx::raw_sql("UPDATE effects SET lease_until = now() - interval '1 s'")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(effects::recover(&db).await.unwrap(), 1);

    let again = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
    assert!(again.is_unsure && again.attempt == 2);
    assert!(matches!(done(&db, &dead).await, Err(Error::Stale(_))));
    assert!(matches!(effects::heartbeat(&db, &dead).await, Err(Error::Stale(_))));
    effects::put_back(&db, &dead, 0.0, true, "late").await.unwrap();
    assert!(effects::claim(&db, PROVIDERS, 1).await.unwrap().is_empty(), "a late word changes nothing");
    done(&db, &again).await.unwrap();
}

#[tokio::test]
async fn a_failed_effect_lets_those_behind_it_go_on_and_can_be_replayed() {
    let (_database, db) = home().await;
    asks(&db, &[effect(1, 0), effect(1, 1)]).await;
    let first = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
    effects::put_back(&db, &first, 3600.0, true, "time-out").await.unwrap();
    assert!(effects::claim(&db, PROVIDERS, 1).await.unwrap().is_empty(), "the second waits for the first");
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    assert!(
        matches!(effects::replay(&mut tx, ("acme", first.id)).await, Err(Error::Missing(_))),
        "it has not failed"
    );
    drop(tx);

    asks(&db, &[effect(2, 0)]).await;
    let other = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
    effects::fail(&db, &other, "no such field").await.unwrap();
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let shown = effects::newest(&mut tx, "acme", 10).await.unwrap();
    assert_eq!(shown[0].error.as_deref(), Some("no such field"));
    assert_eq!(effects::tally(&mut tx, "acme").await.unwrap().dead, 1);
    let elsewhere = effects::replay(&mut tx, ("other", other.id)).await;
    assert!(matches!(elsewhere, Err(Error::Missing(_))), "it is another vendor's");
    effects::replay(&mut tx, ("acme", other.id)).await.unwrap();
    tx.commit().await.unwrap();
    let again = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
    assert_eq!(again.effect.subject, "deal:2");
}

#[tokio::test]
async fn waiting_for_a_vendor_is_no_try() {
    let (_database, db) = home().await;
    asks(&db, &[effect(1, 0)]).await;
    for _ in 0..200 {
        let held = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
        assert_eq!(held.attempt, 1);
        effects::defer(&db, &held, 0.0, "not accepted at the moment").await.unwrap();
    }
    let held = effects::claim(&db, PROVIDERS, 1).await.unwrap().remove(0);
    assert!(!held.is_unsure, "it was not tried, so there is nothing to look up");
    done(&db, &held).await.unwrap();
}
