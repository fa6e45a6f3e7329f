//! Limits that several processes share through a real Redis, which may go away and come back.

use std::time::{Duration, Instant};

use tests::database::{Database, eventually};
use tests::peers::{Peer, free_port};
use tests::product::{Product, Setting, client};

/// Calls a minute for each person.
const ALLOWANCE: usize = 6;
/// The time within which a call is answered while Redis hangs, its own time-outs included.
const SWIFT: Duration = Duration::from_secs(3);

/// Two processes with the same database and Redis, and somebody's token.
struct Pair {
    _database: Database,
    products: [Product; 2],
    http: reqwest::Client,
}

impl Pair {
    async fn start(redis_port: u16) -> Self {
        let database = Database::fresh().await;
        let setting = || {
            Setting::on(&database)
                .with("REDIS_URL", format!("redis://127.0.0.1:{redis_port}"))
                .with("DEALDESK_REQUESTS_PER_MINUTE", ALLOWANCE.to_string())
                .with("SLACK_BOT_TOKEN", "")
        };
        // One after the other: the first fills the directory.
        let first = setting().start().await;
        let products = [first, setting().start().await];
        Self { _database: database, products, http: client() }
    }

    /// Adds a person and gives her token.
    fn token(&self, name: &str) -> String {
        let product = &self.products[0];
        assert!(product.run(&["people", "add", name]).0);
        let (made, token) = product.run(&["people", "token", name]);
        assert!(made, "{token}");
        token.trim().to_owned()
    }

    /// Calls one of the two; true when let in, false when told to come back later.
    async fn calls(&self, which: usize, token: &str) -> bool {
        let url = format!("{}/v1/deals", self.products[which].url);
        let answer = self.http.get(url).bearer_auth(token).send().await.unwrap();
        match answer.status().as_u16() {
            200 => true,
            429 => {
                let wait = answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
                assert!((1..=60).contains(&wait), "told to wait {wait} s");
                false
            }
            other => panic!("{other}: {}", answer.text().await.unwrap()),
        }
    }

    /// How many of so many calls, by turns to both, are let in. An allowance grows while we call, by one in ten seconds.
    async fn let_in(&self, token: &str, calls: usize) -> usize {
        let mut count = 0;
        for call in 0..calls {
            count += usize::from(self.calls(call % 2, token).await);
        }
        count
    }
}

#[tokio::test]
async fn two_processes_count_together_with_or_without_redis() {
    let redis = Peer::redis(free_port().await).await;
    let port = redis.port;
    let pair = Pair::start(port).await;
    let anna = pair.token("Anna");
    let together = pair.let_in(&anna, 3 * ALLOWANCE).await;
    assert!((ALLOWANCE..=ALLOWANCE + 1).contains(&together), "{together} calls were let in");

    // Redis hangs: each process counts by itself, nobody is kept waiting, and the log says so.
    redis.hang(true);
    let ben = pair.token("Ben");
    let begun = Instant::now();
    assert!(pair.calls(0, &ben).await && pair.calls(1, &ben).await);
    assert!(begun.elapsed() < SWIFT, "two calls took {:?}", begun.elapsed());
    for product in &pair.products {
        let log = product.log();
        assert!(log.contains("limits are counted in this process for now"), "{log}");
    }
    // Redis is gone altogether: still each by itself.
    redis.hang(false);
    redis.end().await;
    let alone = pair.let_in(&pair.token("Cleo"), 4 * ALLOWANCE).await;
    assert!((2 * ALLOWANCE..=2 * ALLOWANCE + 2).contains(&alone), "{alone} calls were let in");
    let ready = pair.http.get(format!("{}/readyz", pair.products[0].url)).send().await.unwrap();
    assert!(ready.status().is_success(), "without Redis we work on");

    // Redis is back, empty: both find it by themselves.
    let redis = Peer::redis(port).await;
    for which in 0..2 {
        assert_eq!(redis.redis_says("FLUSHALL").await, "+OK");
        let probe = pair.token(&format!("Probe {which}"));
        eventually("the process asking Redis again", async || {
            pair.calls(which, &probe).await;
            redis.redis_says("DBSIZE").await == ":1"
        })
        .await;
    }
    let together = pair.let_in(&pair.token("Dana"), 3 * ALLOWANCE).await;
    assert!((ALLOWANCE..=ALLOWANCE + 1).contains(&together), "{together} calls were let in");
}
