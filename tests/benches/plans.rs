//! How fast durable plans are, beside bare commits of the same database in the same run.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails loudly")]

use std::time::{Duration, Instant};

use domain::ids::{ConversationId, Ids, InboundId};
use domain::inbound::Place;
use domain::intent::Intent;
use domain::person::{Channel, Person};
use domain::plan::{Agent, Draft, Step};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use storage::plans::{self, New};
use storage::steps::{self, Lease};
use storage::{Db, conversations};
use tests::database::Database;
use tests::people::{HOME, team};

const STEPS: usize = 6;

#[tokio::main]
async fn main() {
    let database = Database::fresh().await;
    let ids = Ids::random();
    let db = database.open().await;
    let [dana, ..] = team(&db, HOME, &ids).await;
    let desk = Desk { db, ids, dana };
    let bare = PgPoolOptions::new().max_connections(8).connect_with(database.login()).await.unwrap();
    bare.execute("CREATE TABLE floor (n int)").await.unwrap();

    let rate = |count: usize, took: Duration| count as f64 / took.as_secs_f64();
    at_once(8, 80, |_| six_commits(&bare)).await;
    let floor_one = rate(400, at_once(1, 400, |_| six_commits(&bare)).await);
    println!("six bare commits, one at a time         {floor_one:8.0} /s");
    let floor_eight = rate(1600, at_once(8, 1600, |_| six_commits(&bare)).await);
    println!("six bare commits, eight at a time       {floor_eight:8.0} /s");
    at_once(8, 80, |n| desk.whole(n)).await;
    desk.db.close().await;
    let desk = Desk { db: database.open().await, ..desk };
    let before = commits(&bare).await;
    let one = rate(400, at_once(1, 400, |n| desk.whole(n)).await);
    // A session that ends reports what it did; one that lies idle does so seconds later.
    desk.db.close().await;
    let after = commits(&bare).await;
    let desk = Desk { db: database.open().await, ..desk };
    println!("plan of six no-op steps, one at a time  {one:8.0} /s, {:.2} of the floor", one / floor_one);
    println!("  commits a plan                        {:8.1}", (after - before) as f64 / 400.0);
    at_once(8, 80, |n| desk.whole(n)).await;
    let eight = rate(1600, at_once(8, 1600, |n| desk.whole(n)).await);
    println!(
        "plan of six, eight at a time            {eight:8.0} /s, {:.2} of the floor",
        eight / floor_eight
    );
    let approval = rate(300, at_once(1, 300, |n| desk.with_approval(n)).await);
    println!("plan of six with an approval inside     {approval:8.0} /s");
    let mut waits = Vec::new();
    for n in 0..400 {
        waits.push(desk.queued_to_started(n).await);
    }
    waits.sort();
    println!(
        "queued to started                       p50 {:.2} ms, p99 {:.2} ms",
        ms(waits[200]),
        ms(waits[395])
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Does `count` jobs, `width` at a time; how long it took.
async fn at_once<F: Future<Output = ()>>(width: usize, count: usize, job: impl Fn(usize) -> F) -> Duration {
    let began = Instant::now();
    let lanes = (0..width).map(|lane| {
        let job = &job;
        async move {
            for n in (lane..count).step_by(width) {
                job(n).await;
            }
        }
    });
    futures_util::future::join_all(lanes).await;
    began.elapsed()
}

async fn six_commits(bare: &PgPool) {
    for n in 0..STEPS {
        sqlx::query("INSERT INTO floor VALUES ($1)").bind(n as i32).execute(bare).await.unwrap();
    }
}

/// Commits of the whole database so far, as far as sessions reported them.
async fn commits(bare: &PgPool) -> i64 {
    // A session reports the rest of what it did as it ends, which takes a moment.
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE 'dealdesk_%'";
    while sqlx::query_scalar::<_, i64>(open).fetch_one(bare).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    sqlx::query_scalar("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        .fetch_one(bare)
        .await
        .unwrap()
}

struct Desk {
    db: Db,
    ids: Ids,
    dana: Person,
}

impl Desk {
    async fn plan(&self, lease: &Lease) -> Step {
        let mut tx = self.db.tenant(HOME).begin().await.unwrap();
        let place = Place { room: "bench".to_owned(), thread: None, is_private: true };
        let id = ConversationId(self.ids.next());
        let conversation =
            conversations::at(&mut tx, id, Channel::Web, "bench", (&place, self.dana.id)).await.unwrap();
        let drafts = Draft::chain(vec![Draft::new(Agent::Planner, "idle", Value::Null); STEPS]);
        let new = New {
            id: InboundId(self.ids.next()).into(),
            conversation: conversation.id,
            requester: self.dana.id,
            intent: &Intent::ListApprovals,
            said: "",
            drafts: &drafts,
        };
        let step = plans::create(&mut tx, new, &self.ids, lease).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        step
    }

    async fn finish(&self, step: &Step, lease: &Lease) -> Option<Step> {
        let mut tx = self.db.tenant(HOME).begin().await.unwrap();
        let next = steps::finish(&mut tx, step, &Value::Null, lease).await.unwrap();
        tx.commit().await.unwrap();
        next
    }

    async fn whole(&self, n: usize) {
        let lease = Lease::new(format!("bench/{n}"));
        let mut step = Some(self.plan(&lease).await);
        while let Some(current) = step {
            step = self.finish(&current, &lease).await;
        }
    }

    /// The third step waits for a decision; another worker goes on after it.
    async fn with_approval(&self, n: usize) {
        let mut lease = Lease::new(format!("bench/{n}"));
        let first = self.plan(&lease).await;
        let second = self.finish(&first, &lease).await.unwrap();
        let third = self.finish(&second, &lease).await.unwrap();
        let mut tx = self.db.tenant(HOME).begin().await.unwrap();
        steps::wait(&mut tx, &third, None).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = self.db.tenant(HOME).begin().await.unwrap();
        assert!(steps::signal(&mut tx, third.id, &json!({ "decision": "approve" })).await.unwrap());
        tx.commit().await.unwrap();
        let mut step = steps::claim(&self.db, &mut lease).await.unwrap();
        while let Some(current) = step {
            step = self.finish(&current, &lease).await;
        }
    }

    /// From the commit that wakes a step to a worker holding it, woken as in production.
    async fn queued_to_started(&self, n: usize) -> Duration {
        let mut lease = Lease::new(format!("bench/{n}"));
        let step = self.plan(&lease).await;
        let mut tx = self.db.tenant(HOME).begin().await.unwrap();
        steps::wait(&mut tx, &step, None).await.unwrap();
        tx.commit().await.unwrap();
        let mut ear = self.db.listen(&[]).await.unwrap();
        let mut tx = self.db.tenant(HOME).begin().await.unwrap();
        steps::signal(&mut tx, step.id, &Value::Null).await.unwrap();
        tx.commit().await.unwrap();
        let queued = Instant::now();
        ear.recv().await.unwrap();
        let mut current = steps::claim(&self.db, &mut lease).await.unwrap();
        let took = queued.elapsed();
        while let Some(step) = current {
            current = self.finish(&step, &lease).await;
        }
        took
    }
}
