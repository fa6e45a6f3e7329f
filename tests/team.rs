//! People who come and go, what they hold, and the processes that serve them.

use serde_json::{Value, json};
use tests::conversation::Conversation;
use tests::database::Database;
use tests::product::{Setting, client};

/// Asks the interface who waits, with a token; the status.
async fn status(url: &str, token: &str) -> u16 {
    let asked = client().get(format!("{url}/v1/approvals")).bearer_auth(token).send().await;
    asked.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_a_person_holds_ends_with_a_revocation_and_with_leaving() {
    let database = Database::fresh().await;
    let product = Setting::on(&database).start().await;
    let run = |arguments: &[&str]| {
        let (went_well, text) = product.run(arguments);
        assert!(went_well, "{arguments:?}: {text}");
        text.lines().next().unwrap_or_default().to_owned()
    };
    run(&["people", "add", "Ada", "--email", "ada@acme.example"]);
    let token = run(&["people", "token", "ada@acme.example", "--days", "30"]);
    let other = run(&["people", "token", "ada@acme.example"]);
    assert_eq!((status(&product.url, &token).await, status(&product.url, &other).await), (200, 200));
    run(&["people", "revoke-token", "Ada", "--token", &token]);
    assert_eq!((status(&product.url, &token).await, status(&product.url, &other).await), (401, 200));
    run(&["people", "role", "Ada", "approver"]);
    run(&["people", "link", "Ada"]);
    run(&["people", "deactivate", "Ada"]);
    assert_eq!(status(&product.url, &other).await, 401);
    assert!(!product.run(&["people", "deactivate", "Admin"]).0, "the only admin stays");
    let mut owner = database.owner().await;
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM credentials JOIN people USING (tenant_id, person_id) WHERE name = 'Ada'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(left, 0);
    let noted: Vec<String> =
        sqlx::query_scalar("SELECT action FROM audit_entries WHERE actor = 'shell' ORDER BY seq")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    let expected = [
        "added",
        "link_made",
        "token_made",
        "token_made",
        "token_revoked",
        "role_set",
        "link_made",
        "deactivated",
    ];
    assert_eq!(noted, expected.map(|word| format!("person.{word}")));
    let lasts: Vec<i32> = sqlx::query_scalar(
        "SELECT round(extract(epoch FROM (detail->>'until')::timestamptz - at) / 86400)::int FROM audit_entries
         WHERE action = 'person.token_made' ORDER BY seq",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(lasts, [30, 90], "days");
}

#[tokio::test]
async fn who_left_does_not_come_back_by_writing_again() {
    let talk = Conversation::begin().await;
    talk.knows(&["dana"]).await;
    // Neither the name on the channel nor the address opens the door again.
    for forget in ["SELECT 1", "UPDATE people SET email = NULL WHERE name = 'Dana'"] {
        talk.changes("UPDATE people SET is_active = true WHERE name = 'Dana'").await;
        talk.product.run(&["people", "deactivate", "Dana"]);
        talk.changes(forget).await;
        let before = talk.slack.ephemerals("dana").len();
        talk.types("dana", "/deal help").await;
        let told = talk.slack.wait_for("dana being told", tests::conversation::LIMIT, |w| {
            (w.ephemerals("dana").len() > before).then(|| w.ephemerals("dana")[before].words())
        });
        let told = tests::conversation::found(told.await);
        assert!(told.contains("not yet a member"), "{told}");
    }
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM people WHERE name = 'Dana'").await, 1);
}

#[tokio::test]
async fn a_secret_that_is_refused_is_kept_nowhere() {
    let talk = Conversation::begin().await;
    // As AWS makes them: sixteen digits of base 32.
    let secret = concat!("AKIA", "QX7MZ2R4T6VAW3YB");
    for line in [
        format!("/deal find payment companies with key {secret}"),
        format!("/deal show Acme {secret}"),
        format!("/deal please keep {secret} for later"),
    ] {
        talk.types("dana", &line).await;
    }
    talk.slack
        .wait_for("three refusals", tests::conversation::LIMIT, |w| {
            let told = w.messages.iter().filter(|m| m.words().contains("seems to contain a secret")).count();
            (told == 3).then_some(())
        })
        .await
        .unwrap_or_else(|trouble| panic!("{trouble}"));
    talk.ends().await;
    for (table, columns) in [
        ("inbox", "convert_from(body, 'UTF8') || coalesce(error, '')"),
        ("plans", "said || intent::text || coalesce(error, '')"),
        ("steps", "input::text || coalesce(output::text, '') || coalesce(error, '')"),
        ("messages", "card::text || coalesce(html, '')"),
        ("outbox", "card::text || coalesce(error, '')"),
        ("audit_entries", "detail::text"),
    ] {
        let found = format!("SELECT count(*) FROM {table} WHERE {columns} LIKE '%{secret}%'");
        assert_eq!(talk.number(&found).await, 0, "{table}");
    }
    let noted = "SELECT count(*) FROM audit_entries WHERE action = 'message.blanked'
                 AND length(detail->>'sha256') = 64 AND (detail->>'bytes')::int > 50";
    assert_eq!(talk.number(noted).await, 3);
    assert!(!talk.product.log().contains(secret));
}

#[tokio::test]
async fn the_shell_leaves_the_work_of_others_alone() {
    let database = Database::fresh().await;
    let product = Setting::on(&database).start().await;
    let ada = product.run(&["people", "add", "Ada", "--email", "ada@acme.example"]);
    assert!(ada.0, "{}", ada.1);
    drop(product);
    let mut owner = database.owner().await;
    sqlx::query(
        "INSERT INTO inbox (inbound_id, tenant_id, channel, route, workspace, body)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'web', 'web',
                 '00000000-0000-0000-0000-000000000001', '{}')",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let product = Setting::on(&database);
    let said = product
        .command()
        .args(["say", "find payment companies in Germany", "--as", "ada@acme.example", "--json"])
        .output();
    let said = said.unwrap();
    let told = String::from_utf8_lossy(&said.stdout).into_owned();
    let answer: Value = serde_json::from_str(&told)
        .unwrap_or_else(|_| panic!("{told}{}", String::from_utf8_lossy(&said.stderr)));
    assert_eq!(answer["state"], json!("done"), "{told}");
    assert!(told.contains("for “payment companies in Germany”"), "{told}");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE state = 'new' AND attempt = 0")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(left, 1, "somebody else's message was taken");
}

#[tokio::test]
async fn a_worker_tells_how_it_fares_to_whoever_may_know() {
    let database = Database::fresh().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let worker = Setting::on(&database)
        .with("DEALDESK_WORKER_LISTEN", &address)
        .with("DEALDESK_METRICS_TOKEN", "figures-please")
        .launch_worker(&format!("http://{address}"));
    worker.ready().await;
    let get = |path: &str| client().get(format!("http://{address}{path}"));
    assert_eq!(get("/healthz").send().await.unwrap().status(), 200);
    assert_eq!(get("/metrics").send().await.unwrap().status(), 401);
    assert_eq!(get("/metrics").bearer_auth("figures").send().await.unwrap().status(), 401);
    let figures = get("/metrics").bearer_auth("figures-please").send().await.unwrap();
    assert_eq!(figures.status(), 200);
    assert!(figures.text().await.unwrap().contains("queue_depth{queue=\"outbox\"}"));
    assert_eq!(get("/").send().await.unwrap().status(), 404, "no console, no interface");
}
