//! Leases, fencing, waiting and taking turns.

use std::time::Duration;

use domain::ids::{ConversationId, Ids, InboundId, PlanId, TenantId};
use domain::inbound::Place;
use domain::intent::Intent;
use domain::person::{Channel, Person};
use domain::plan::{Agent, Draft, Step};
use serde_json::{Value, json};
use sqlx::Executor;
use storage::plans::{self, New};
use storage::steps::{self, Lease};
use storage::{Db, Error, conversations};
use tests::database::Database;
use tests::people::{HOME, team};

fn drafts(n: usize) -> Vec<Draft> {
    Draft::chain(vec![Draft::new(Agent::Planner, "idle", Value::Null); n])
}

/// Stores a plan; gives its first step, leased to `lease`.
async fn plan(db: &Db, person: &Person, ids: &Ids, (drafts, lease): (&[Draft], &Lease)) -> Step {
    let mut tx = db.tenant(person.tenant).begin().await.unwrap();
    let place = Place { room: "C1".to_owned(), thread: None, is_private: false };
    let id = ConversationId(ids.next());
    let conversation = conversations::at(&mut tx, id, Channel::Web, "T1", (&place, person.id)).await.unwrap();
    let new = New {
        id: InboundId(ids.next()).into(),
        conversation: conversation.id,
        requester: person.id,
        intent: &Intent::ListApprovals,
        said: "",
        drafts,
    };
    let step = plans::create(&mut tx, new, ids, lease).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    step
}

async fn finish(db: &Db, step: &Step, lease: &Lease) -> Result<Option<Step>, Error> {
    let mut tx = db.tenant(step.tenant).begin().await.unwrap();
    let next = steps::finish(&mut tx, step, &json!({"done": step.position}), lease).await?;
    tx.commit().await.unwrap();
    Ok(next)
}

async fn state(db: &Db, tenant: TenantId, plan: PlanId) -> &'static str {
    let mut tx = db.tenant(tenant).begin().await.unwrap();
    plans::view(&mut tx, plan).await.unwrap().state.name()
}

#[tokio::test]
async fn a_worker_carries_a_plan_from_step_to_step() {
    let database = Database::fresh().await;
    let (db, ids, lease) = (database.open().await, Ids::random(), Lease::new("one"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let mut step = plan(&db, &dana, &ids, (&drafts(3), &lease)).await;
    for position in 0..3 {
        assert_eq!(step.position, position);
        match finish(&db, &step, &lease).await.unwrap() {
            Some(next) => step = next,
            None => assert_eq!(position, 2),
        }
    }
    assert_eq!(state(&db, HOME, step.plan).await, "done");
    let context = plans::context(&db, HOME, step.plan).await.unwrap();
    assert_eq!(context.outputs.len(), 3);
    assert_eq!(context.output("idle"), Some(&json!({"done": 2})));
}

#[tokio::test]
async fn a_late_worker_is_refused() {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    let (late, mut quick) = (Lease::new("late"), Lease::new("quick"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let step = plan(&db, &dana, &ids, (&drafts(1), &late)).await;
    assert!(steps::claim(&db, &mut quick).await.unwrap().is_none(), "it is leased");
    let mut owner = database.owner().await;
    owner.execute("UPDATE steps SET lease_until = now() - interval '1 ms'").await.unwrap();
    assert_eq!(steps::recover(&db).await.unwrap(), 1);
    let again = steps::claim(&db, &mut quick).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt, again.fence), (step.id, 2, 2));

    assert!(matches!(steps::heartbeat(&db, &step).await, Err(Error::Stale(_))));
    assert!(matches!(finish(&db, &step, &late).await, Err(Error::Stale(_))));
    finish(&db, &again, &quick).await.unwrap();
    assert!(matches!(finish(&db, &again, &quick).await, Err(Error::Stale(_))), "only once");
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease() {
    let database = Database::fresh().await;
    let (db, ids, lease) = (database.open().await, Ids::random(), Lease::new("one"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let step = plan(&db, &dana, &ids, (&drafts(1), &lease)).await;
    let mut owner = database.owner().await;
    owner.execute("UPDATE steps SET lease_until = now() + interval '1 s'").await.unwrap();
    steps::heartbeat(&db, &step).await.unwrap();
    let left: f64 = sqlx::query_scalar("SELECT extract(epoch FROM lease_until - now())::float8 FROM steps")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!((9.0..=10.0).contains(&left), "{left} s");
}

#[tokio::test]
async fn a_waiting_step_wakes_by_its_signal_once() {
    let database = Database::fresh().await;
    let (db, ids, mut lease) = (database.open().await, Ids::random(), Lease::new("one"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let step = plan(&db, &dana, &ids, (&drafts(2), &lease)).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    steps::wait(&mut tx, &step, None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state(&db, HOME, step.plan).await, "waiting");
    assert!(steps::claim(&db, &mut lease).await.unwrap().is_none());

    let mut tx = db.tenant(HOME).begin().await.unwrap();
    assert!(steps::signal(&mut tx, step.id, &json!({"yes": true})).await.unwrap());
    assert!(!steps::signal(&mut tx, step.id, &json!({"no": true})).await.unwrap());
    tx.commit().await.unwrap();
    let woken = steps::claim(&db, &mut lease).await.unwrap().unwrap();
    assert_eq!((woken.id, woken.signal), (step.id, Some(json!({"yes": true}))));
}

#[tokio::test]
async fn a_waiting_step_wakes_when_its_time_comes() {
    let database = Database::fresh().await;
    let (db, ids, mut lease) = (database.open().await, Ids::random(), Lease::new("one"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let step = plan(&db, &dana, &ids, (&drafts(1), &lease)).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let soon = chrono::Utc::now() + chrono::Duration::milliseconds(100);
    steps::wait(&mut tx, &step, Some(soon)).await.unwrap();
    tx.commit().await.unwrap();
    tests::database::eventually("the timer", async || steps::recover(&db).await.unwrap() == 1).await;
    let woken = steps::claim(&db, &mut lease).await.unwrap().unwrap();
    assert_eq!(woken.signal, Some(json!({"timer": true})));
}

#[tokio::test]
async fn parallel_steps_join_and_the_plan_ends_once() {
    let database = Database::fresh().await;
    let (db, ids, mut lease) = (database.open().await, Ids::random(), Lease::new("one"));
    let [dana, ..] = team(&db, HOME, &ids).await;
    let mut fork = drafts(4);
    fork[1].after = vec![0];
    fork[2].after = vec![0];
    fork[3].after = vec![1, 2];
    let first = plan(&db, &dana, &ids, (&fork, &lease)).await;
    let left = finish(&db, &first, &lease).await.unwrap().unwrap();
    let right = steps::claim(&db, &mut lease).await.unwrap().unwrap();
    assert_eq!((left.position, right.position), (1, 2));
    let (one, two) = tokio::join!(finish(&db, &left, &lease), finish(&db, &right, &lease));
    let joined = match (one.unwrap(), two.unwrap()) {
        (None, None) => steps::claim(&db, &mut lease).await.unwrap(),
        (Some(step), None) | (None, Some(step)) => Some(step),
        (Some(_), Some(_)) => panic!("leased twice"),
    };
    assert!(finish(&db, &joined.unwrap(), &lease).await.unwrap().is_none());
    assert_eq!(state(&db, HOME, first.plan).await, "done");
}

#[tokio::test]
async fn tenants_take_turns() {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    let gone = Lease::new("gone");
    let mut tenants = Vec::new();
    for plans in [30, 2, 2] {
        let tenant = TenantId(ids.next());
        let [dana, ..] = team(&db, tenant, &ids).await;
        for _ in 0..plans {
            plan(&db, &dana, &ids, (&drafts(1), &gone)).await;
        }
        tenants.push(tenant);
    }
    steps::release(&db, &gone).await.unwrap();
    let mut lease = Lease::new("one");
    let mut served = Vec::new();
    for _ in 0..6 {
        served.push(steps::claim(&db, &mut lease).await.unwrap().unwrap().tenant);
    }
    for tenant in tenants {
        assert_eq!(served.iter().filter(|t| **t == tenant).count(), 2, "{served:?}");
    }
}

#[tokio::test]
async fn two_workers_never_hold_the_same_step() {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    let gone = Lease::new("gone");
    let [dana, ..] = team(&db, HOME, &ids).await;
    for _ in 0..40 {
        plan(&db, &dana, &ids, (&drafts(1), &gone)).await;
    }
    steps::release(&db, &gone).await.unwrap();
    let workers = (0..4).map(|n| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut lease = Lease::new(format!("w{n}"));
            let mut held = Vec::new();
            let mut misses = 0;
            while misses < 5 {
                match steps::claim(&db, &mut lease).await.unwrap() {
                    Some(step) => held.push(step.id),
                    None => {
                        misses += 1;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            }
            held
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    let before = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), before), (40, 40));
}
