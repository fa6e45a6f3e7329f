//! What we put out, read by the programs of those for whom it is meant: cards by Slack's own library, figures and
//! alerts by Prometheus' own tool.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tests::conversation::{Conversation, LIMIT, ROOM, found};
use tests::product::client;
use tests::shared::fetched;

/// Slack's library in the cache of set-up, by the name that `scripts/setup` gives it.
const SLACK_SDK: &str = "slack_sdk-3.47.0";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Runs a program on a text.
fn fed(command: &mut Command, text: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(text.as_bytes()));
        child.wait_with_output().unwrap()
    })
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Everything the product shows in Slack while people do nearly everything that can be done.
async fn everything_shown() -> Vec<Value> {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    for (line, answer) in [
        ("/deal lst", "not sure what"),
        ("/deal find companies that juggle fire in Greenland", "Greenland"),
        ("/deal list", "no deals"),
        ("/deal people", "Dana"),
    ] {
        talk.types("dana", line).await;
        talk.sees(answer).await;
    }
    let request = talk.proposes().await;
    talk.presses("dana", &request, "Approve").await;
    talk.is_told("dana", "That takes an approver").await;
    talk.types("lee", "/deal approvals").await;
    talk.presses("lee", &request, "Reject (with comment)").await;
    let form = found(talk.slack.wait_for("a form", LIMIT, |w| w.open_view("lee").cloned()).await);
    talk.slack.user("lee").submits(&form, &[("comment", "We know them <too> well & *long*.")]).await.unwrap();
    talk.sees("Request rejected").await;
    let ticks: Vec<String> = {
        let answer = talk.sees("for “payment companies in Germany”").await;
        let answer = talk.slack.current(&answer).unwrap();
        let ticks = answer.choices().into_iter().map(|(value, _)| value).collect::<Vec<_>>();
        let chosen: Vec<&str> = ticks.iter().map(String::as_str).collect();
        talk.slack.user("dana").ticks_and_presses(&answer, &chosen, "Create deals").await.unwrap();
        ticks
    };
    let heading = format!("Start {} deals", ticks.len());
    let again = talk.slack.wait_for("the second request", LIMIT, |w| {
        w.from_bot().find(|m| m.words().contains(&heading) && m.thread.is_some()).cloned()
    });
    talk.presses("lee", &found(again.await), "Approve").await;
    talk.sees(&format!("{} deals created", ticks.len())).await;
    talk.slack.user("dana").command("/deal list", ROOM).await.unwrap();
    talk.sees(&format!("{} deals", ticks.len())).await;
    talk.ends().await;
    let shown = talk.slack.calls().into_iter().filter_map(|call| match call.method.as_str() {
        "chat.postMessage" | "chat.update" | "chat.postEphemeral" => Some(call.args["blocks"].clone()),
        "views.open" | "views.update" => Some(call.args["view"].clone()),
        _ => None,
    });
    shown.filter(|card| !card.is_null()).collect()
}

#[tokio::test]
async fn slacks_own_library_understands_every_card() {
    let Some(folder) = fetched(SLACK_SDK) else { return };
    let shown = everything_shown().await;
    assert!(shown.len() > 20, "{} cards", shown.len());
    let lines: String = shown.iter().map(|card| format!("{card}\n")).collect();
    let check = |lines: &str| {
        fed(Command::new("python3").arg(root().join("scripts/check_blocks.py")).arg(&folder), lines)
    };
    let judged = check(&lines);
    assert!(judged.status.success(), "{}", words(&judged));
    println!("{} cards: {}", shown.len(), words(&judged).trim());
    for wrong in [
        r#"[{"type":"dividre"}]"#,
        r#"[{"type":"section","text":{"type":"mrkdwn","text":"x","tpye":1}}]"#,
        r#"[{"type":"section"}]"#,
    ] {
        assert!(!check(wrong).status.success(), "{wrong} is noticed");
    }
}

#[tokio::test]
async fn prometheus_takes_our_figures_and_alerts() {
    let Some(promtool) = fetched("promtool") else { return };
    let config = root().join("manifests/prometheus/dealdesk.yml");
    let judged = Command::new(&promtool).args(["check", "config"]).arg(config).output().unwrap();
    assert!(judged.status.success(), "{}", words(&judged));

    let talk = Conversation::begin().await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    let answer = client().get(format!("{}/metrics", talk.product.url)).send().await.unwrap();
    let figures = answer.text().await.unwrap();
    let judged = words(&fed(Command::new(&promtool).args(["check", "metrics"]), &figures));
    // The names are given; they spell milliseconds short.
    let unexpected: Vec<_> = judged
        .lines()
        .filter(|line| !line.ends_with("_ms metric names should not contain abbreviated units"))
        .collect();
    assert_eq!(unexpected, [""; 0]);
    let named = |name: &str| figures.lines().any(|line| line.starts_with(name) && !line.starts_with('#'));
    let rules = std::fs::read_to_string(root().join("manifests/prometheus/dealdesk.rules.yml")).unwrap();
    for name in
        ["api_request_latency_p95_ms", "queue_depth", "error_rate_per_endpoint", "inbox_messages_total"]
    {
        assert!(rules.contains(name) && named(name), "{name} is watched and told");
    }
    talk.ends().await;
    assert!(!fed(Command::new(&promtool).args(["check", "metrics"]), "odd{ 1\n").status.success());
}
