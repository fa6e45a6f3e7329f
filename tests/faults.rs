//! Bad input, and a world in which things go wrong: every fault has a known end.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tests::conversation::{Conversation, LIMIT, ROOM, found};
use tests::database::{Database, eventually};
use tests::product::client;
use world::slack::{Fault, Slack, Trouble};

const HELP: &str = "/deal help";
const FORM: &str = "application/x-www-form-urlencoded";

/// Calls of a method so far, however they ended.
fn calls(slack: &Slack, method: &str) -> usize {
    slack.calls().into_iter().filter(|call| call.method == method).count()
}

/// Waits for the n-th call of a method.
async fn nth_call(slack: &Slack, method: &str, n: usize) {
    let what = format!("call {n} of {method}");
    let called = slack.wait_for(&what, LIMIT, |w| {
        (w.calls.iter().filter(|call| call.method == method).count() >= n).then_some(())
    });
    found(called.await);
}

#[tokio::test]
async fn what_slack_did_not_sign_is_refused_and_not_stored() {
    let talk = Conversation::begin().await;
    let dana = || talk.slack.user("dana");
    for (actor, why) in [
        (dana().with_wrong_secret(), "another secret"),
        (dana().with_altered_body(), "altered"),
        (dana().with_age(600), "stale"),
        (dana().with_age(-600), "from the future"),
    ] {
        assert_eq!(actor.command(HELP, ROOM).await.unwrap().ack.status, 401, "{why}");
        assert_eq!(actor.mentions("help", ROOM).await.unwrap().ack.status, 401, "{why}");
    }
    for path in ["commands", "events", "interactions"] {
        let url = format!("{}/slack/{path}", talk.product.url);
        let bare =
            client().post(url).header("content-type", FORM).body("team_id=T0ACME&text=help").send().await;
        assert_eq!(bare.unwrap().status(), 401, "{path} without a signature");
    }
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 0);
    let metrics =
        client().get(format!("{}/metrics", talk.product.url)).send().await.unwrap().text().await.unwrap();
    let refused = metrics.lines().filter(|line| line.starts_with("slack_requests_refused_total{"));
    let sum: f64 = refused.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    assert!((sum - 11.0).abs() < 0.5, "{sum} refusals counted");
    talk.ends().await;
}

#[tokio::test]
async fn what_is_signed_but_unreadable_is_kept_for_a_person() {
    let talk = Conversation::begin().await;
    for (path, kind, body) in [
        (
            "/slack/events",
            "application/json",
            &b"{\"type\": \"event_callback\", \"team_id\": \"T0ACME\", odd-one"[..],
        ),
        ("/slack/events", "application/json", b"\xff\xfe\x00odd-two"),
        ("/slack/interactions", FORM, b"payload=%7Bodd-three"),
        ("/slack/interactions", FORM, b"odd-four"),
        ("/slack/commands", FORM, b"odd-five"),
        ("/slack/commands", FORM, b"team_id=T0ACME&text=odd-six"),
        ("/slack/events", "application/json", b""),
    ] {
        let delivery = talk.slack.signed(path, kind, body.to_vec());
        let ack = talk.slack.send(&delivery).await.unwrap();
        assert_eq!(ack.status, 200, "{path}: {}", String::from_utf8_lossy(body));
    }
    let unread = "SELECT count(*) FROM inbox WHERE state = 'unparsable'";
    eventually("all of them looked at", async || talk.number(unread).await == 7).await;
    let page = talk.product.page("/inbox").await;
    for word in ["odd-one", "odd-two", "odd-three", "odd-four", "odd-five", "odd-six"] {
        assert!(page.contains(word), "{word} is not among the odd messages:\n{page}");
    }
    talk.ends().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let talk = Conversation::begin().await;
    let body = [b"team_id=T0ACME&text=".as_slice(), &vec![b'x'; 1 << 20]].concat();
    for path in ["/slack/commands", "/slack/events", "/slack/interactions"] {
        let delivery = talk.slack.signed(path, FORM, body.clone());
        assert_eq!(talk.slack.send(&delivery).await.unwrap().status, 413, "{path}");
    }
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 0);
    talk.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_copies_of_a_request_have_one_effect() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    let approve = talk.slack.user("lee").presses(&request, "Approve").await.unwrap();
    let mention = talk.slack.user("dana").mentions("find card payments in France", ROOM).await.unwrap();
    let mut copies = tokio::task::JoinSet::new();
    for sent in [&approve, &mention] {
        for _ in 0..50 {
            let (slack, delivery) = (talk.slack.clone(), sent.deliveries[0].clone());
            copies.spawn(async move { slack.redeliver(&delivery).await.unwrap().status });
        }
    }
    assert!(copies.join_all().await.into_iter().all(|status| status == 200));
    talk.sees("2 deals created").await;
    talk.sees("for “card payments in France”").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM inbox").await, 4);
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    let results = talk.slack.look(|w| w.from_bot().filter(|m| m.words().contains("2 deals created")).count());
    assert_eq!(results, 1);
}

#[tokio::test]
async fn slack_says_how_long_to_wait_and_we_wait() {
    let talk = Conversation::begin().await;
    talk.slack.fails("chat.postMessage", Fault::RateLimited { after_s: 3 }, 1);
    talk.types("dana", "/deal find payment companies in Germany").await;
    nth_call(&talk.slack, "chat.postMessage", 1).await;
    let asked = Instant::now();
    nth_call(&talk.slack, "chat.postMessage", 2).await;
    let waited = asked.elapsed();
    assert!(waited > Duration::from_millis(2800) && waited < Duration::from_secs(10), "waited {waited:?}");
    talk.sees("for “payment companies in Germany”").await;
    talk.ends().await;
    assert_eq!(calls(&talk.slack, "chat.postMessage"), 2, "one refused, one sent");
}

#[tokio::test]
async fn a_send_with_an_unknown_outcome_is_looked_up_first() {
    for fault in [Fault::StatusAfter(500), Fault::Garbage, Fault::HangAfter, Fault::Status(500)] {
        let talk = Conversation::begin().await;
        talk.slack.fails("chat.postMessage", fault, 1);
        talk.types("dana", "/deal find payment companies in Germany").await;
        talk.sees("for “payment companies in Germany”").await;
        talk.ends().await;
        let posted = talk.slack.look(|w| w.from_bot().count());
        assert_eq!(posted, 1, "{fault:?}: {}", talk.slack.transcript());
        assert!(calls(&talk.slack, "conversations.history") > 0, "{fault:?}: not looked up");
    }
}

#[tokio::test]
async fn an_edit_that_failed_is_made_again() {
    for fault in [Fault::StatusAfter(502), Fault::Garbage, Fault::Status(503)] {
        let talk = Conversation::begin().await;
        talk.slack.fails("chat.update", fault, 2);
        talk.finds().await;
        talk.ends().await;
        assert_eq!(talk.slack.look(|w| w.from_bot().count()), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn somebody_new_is_asked_about_until_slack_answers() {
    for (fault, times) in [(Fault::Status(503), 4), (Fault::RateLimited { after_s: 2 }, 4)] {
        let talk = Conversation::begin().await;
        talk.slack.fails("users.info", fault, times);
        talk.types("dana", HELP).await;
        talk.is_told("dana", "What you can say").await;
        talk.ends().await;
        assert_eq!(calls(&talk.slack, "users.info"), times + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_renewed_in_time_loses_nothing() {
    let talk = Conversation::begin().await;
    talk.knows(&["dana"]).await;
    let token = talk.slack.look(|w| std::mem::replace(&mut w.setup.bot_token, "xoxb-new".to_owned()));
    talk.types("dana", "/deal find payment companies in Germany").await;
    // Somebody new is asked about with the same token.
    talk.types("noor", HELP).await;
    nth_call(&talk.slack, "chat.postMessage", 1).await;
    nth_call(&talk.slack, "users.info", 2).await;
    talk.slack.look(|w| w.setup.bot_token = token);
    talk.sees("for “payment companies in Germany”").await;
    talk.is_told("noor", "What you can say").await;
    talk.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_approvers_at_once_one_decides() {
    let admins = |setup: &mut world::slack::Setup| {
        setup.users.iter_mut().for_each(|user| user.is_admin = true);
    };
    let talk = Conversation::with(admins, |setting| setting).await;
    talk.knows(&["lee", "noor"]).await;
    let request = talk.proposes().await;
    let (lee, noor) = (talk.slack.user("lee"), talk.slack.user("noor"));
    let (one, other) = tokio::join!(lee.presses(&request, "Approve"), noor.presses(&request, "Approve"));
    assert_eq!((one.unwrap().ack.status, other.unwrap().ack.status), (200, 200));
    talk.sees("2 deals created").await;
    let is_late = |w: &world::slack::Workspace| {
        ["lee", "noor"]
            .into_iter()
            .find(|user| w.ephemerals(user).iter().any(|m| m.words().contains("already approved")))
    };
    found(talk.slack.wait_for("the later one being told", LIMIT, is_late).await);
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    let decided = "SELECT count(*) FROM audit_entries WHERE action = 'approval.decided'";
    assert_eq!(talk.number(decided).await, 1);
}

/// Closes the database to everybody and throws everybody out, or opens it again.
async fn set_reachable(database: &Database, is_reachable: bool) {
    let name = database.login().get_database().unwrap().to_owned();
    let mut elsewhere = database.login().database("postgres").connect().await.unwrap();
    let allow = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {is_reachable}");
    elsewhere.execute(AssertSqlSafe(allow)).await.unwrap();
    if !is_reachable {
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        elsewhere.execute(AssertSqlSafe(end)).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_database_the_edge_says_so_and_work_goes_on_afterwards() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    set_reachable(&talk.database, false).await;
    for _ in 0..3 {
        let began = Instant::now();
        let refused = talk.slack.user("dana").command(HELP, ROOM).await.unwrap();
        assert_eq!(refused.ack.status, 503);
        assert!(began.elapsed() < Duration::from_millis(2500), "took {:?}", began.elapsed());
    }
    let ready = client().get(format!("{}/readyz", talk.product.url)).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    let why = ready.text().await.unwrap();
    assert!(why.contains("\"database\""), "{why}");
    let alive = client().get(format!("{}/healthz", talk.product.url)).send().await.unwrap();
    assert_eq!(alive.status(), 200, "restarting us would help nobody");

    set_reachable(&talk.database, true).await;
    talk.product.ready().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    talk.knows(&["dana"]).await;
    talk.ends().await;
}

#[tokio::test]
async fn an_outage_uses_up_no_tries() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    let mut owner = talk.database.owner().await;
    owner.execute("BEGIN; LOCK TABLE partners IN EXCLUSIVE MODE").await.unwrap();
    talk.presses("lee", &request, "Approve").await;
    // More often than a step is tried: its commit is cut off in the middle.
    let waiting = "SELECT coalesce((SELECT max(pid) FROM pg_locks WHERE NOT granted
                   AND relation = 'partners'::regclass), 0)::bigint";
    let mut cut_off = std::collections::HashSet::new();
    eventually("five commits to cut off", async || {
        let pid = talk.number(waiting).await;
        if pid > 0 && cut_off.insert(pid) {
            talk.changes(&format!("SELECT pg_terminate_backend({pid})")).await;
        }
        cut_off.len() == 5
    })
    .await;
    owner.execute("COMMIT").await.unwrap();
    talk.sees("2 deals created").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 2);
    assert_eq!(talk.number("SELECT count(*) FROM audit_entries WHERE action = 'step.parked'").await, 0);
}

#[tokio::test]
async fn a_signal_to_stop_drains_and_another_process_goes_on() {
    let talk = Conversation::begin().await;
    for n in 0..5 {
        talk.types("dana", &format!("/deal find payment companies in Germany {n}")).await;
    }
    let Conversation { slack, mut product, database } = talk;
    let status = product.stop().expect("it ends within half a minute");
    assert!(status.success(), "{status}");
    let gone = slack.user("dana").command(HELP, ROOM).await;
    assert!(matches!(gone, Err(Trouble::Delivery { .. })), "{gone:?}");
    let product = product.again(&[]).await;
    let talk = Conversation { slack, product, database };
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM plans WHERE state = 'done'").await, 5);
    assert_eq!(talk.slack.look(|w| w.from_bot().count()), 5);
}

#[tokio::test]
async fn a_poisoned_step_is_parked_and_the_rest_flows() {
    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    talk.changes("ALTER TABLE partners ADD CONSTRAINT poisoned CHECK (false) NOT VALID").await;
    talk.presses("lee", &request, "Approve").await;
    talk.types("dana", "/deal list").await;
    talk.sees("There are no deals").await;
    talk.finds().await;
    talk.is_told("dana", "Reference").await;
    let parked = "SELECT count(*) FROM steps WHERE action = 'start' AND state = 'failed' AND attempt = 3
                  AND error LIKE '%poisoned%'";
    assert_eq!(talk.number(parked).await, 1);
    let noted =
        "SELECT count(*) FROM audit_entries WHERE action = 'step.parked' AND detail->>'attempts' = '3'";
    assert_eq!(talk.number(noted).await, 1);
    assert_eq!(talk.number("SELECT count(*) FROM plans WHERE state = 'failed'").await, 1);
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn a_panicking_agent_is_parked_and_the_rest_flows() {
    let arm = |setting: tests::product::Setting| setting.with("DEALDESK_FAIL_POINT", "panic:discovery");
    let mut talk = Conversation::with(|_| (), arm).await;
    talk.types("dana", "/deal find payment companies in Germany").await;
    talk.types("lee", "/deal list").await;
    talk.sees("There are no deals").await;
    let told = talk.sees("Reference").await;
    assert!(!told.words().contains("fail point"), "no insides are shown: {}", told.words());
    talk.knows(&["noor"]).await;
    let parked = "SELECT count(*) FROM steps WHERE agent = 'discovery' AND state = 'failed' AND attempt = 3
                  AND error LIKE '%the agent panicked: the fail point in the discovery agent%'";
    assert_eq!(talk.number(parked).await, 1);
    let noted =
        "SELECT count(*) FROM audit_entries WHERE action = 'step.parked' AND detail->>'attempts' = '3'";
    assert_eq!(talk.number(noted).await, 1);
    assert_eq!(talk.number("SELECT count(*) FROM plans WHERE state = 'failed'").await, 1);
    assert_eq!(talk.number("SELECT count(*) FROM plans WHERE state = 'done'").await, 2);
    assert!(!talk.product.is_over(), "the process lives on");
    assert_eq!(talk.product.log().matches("panicked at").count(), 3, "each panic is in the log");
    talk.ends().await;
}
