//! The process is ended at every boundary of the work, as if killed; another takes over and nothing is lost or doubled.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agents::failpoint::POINTS;
use tests::conversation::{Conversation, ROOM, doubles, found, is_quiet};
use tests::product::Product;
use tokio::sync::Semaphore;
use world::slack::{Kind, Message, Sent, Slack, Trouble, Workspace};

/// At which passing of a place the process ends.
const PASSINGS: [u32; 3] = [1, 2, 3];
/// So many cases at the same time: most of their time is waiting for leases to run out.
const AT_ONCE: usize = 6;
/// How soon after the restart the work has to go on.
const GO_ON: Duration = Duration::from_secs(15);
/// How long anything may take, the restart included.
const LIMIT: Duration = Duration::from_secs(60);

/// Does what Slack does when nobody answers: sends the same request again until somebody does.
async fn insist(slack: &Slack, sent: impl Future<Output = Result<Sent, Trouble>>) {
    let begun = Instant::now();
    let mut answered = match sent.await {
        Ok(sent) => Ok(sent.ack.status),
        Err(trouble) => Err(trouble),
    };
    while !matches!(answered, Ok(200)) {
        assert!(begun.elapsed() < LIMIT, "nobody answers: {answered:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let last = slack.deliveries().pop().unwrap();
        answered = slack.redeliver(&last).await.map(|ack| ack.status);
    }
}

/// Waits for a message with these words, to anybody.
async fn says(slack: &Slack, words: &str) -> Message {
    found(slack.wait_for_words(words, LIMIT).await)
}

/// The main story, by people who try again when nobody answers.
async fn story(slack: &Slack) {
    let (dana, lee) = (slack.user("dana"), slack.user("lee"));
    insist(slack, lee.command("/deal help", ROOM)).await;
    says(slack, "What you can say").await;
    insist(slack, dana.command("/deal find payment companies in Germany", ROOM)).await;
    let answer = says(slack, "for “payment companies in Germany”").await;
    let choices = answer.choices();
    let ticks = [choices[0].0.as_str(), choices[1].0.as_str()];
    insist(slack, dana.ticks_and_presses(&answer, &ticks, "Create deals")).await;
    let request = says(slack, "asks to create").await;
    found(slack.wait_for("the request in private", LIMIT, |w| w.dms("lee").pop().cloned()).await);
    insist(slack, lee.presses(&request, "Approve")).await;
    says(slack, "2 deals created").await;
    let edited = slack.wait_for("edited copies", LIMIT, |w| {
        (w.from_bot().filter(|m| m.words().contains("start 2 deals")).count() == 2).then_some(())
    });
    found(edited.await);
}

/// Starts the process again, without the fail point, as soon as it has ended. Gives how long after that something
/// was heard of the work; endless if there was nothing left to say.
async fn watch(slack: &Slack, place: &mut Option<Product>, was_killed: &Cell<bool>) -> Duration {
    let work = |w: &Workspace| w.calls.iter().filter(|call| call.method != "auth.test").count();
    while !place.as_mut().unwrap().is_over() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    was_killed.set(true);
    let before = slack.look(|w| work(w));
    let ended = place.take().unwrap();
    *place = Some(ended.again(&[("DEALDESK_FAIL_POINT", "")]).await);
    let restarted = Instant::now();
    match slack.wait_for("something of the work", LIMIT, |w| (work(w) > before).then_some(())).await {
        Ok(()) => restarted.elapsed(),
        Err(_) => Duration::MAX,
    }
}

/// Whispers that came more than once. They cannot be looked up at Slack, so the one that a kill cuts off between its
/// sending and our noting it comes twice, and no other.
fn doubled_whispers(slack: &Slack) -> usize {
    let mut seen = std::collections::HashSet::new();
    slack.look(|w| {
        let whispers = w.messages.iter().filter(|m| matches!(m.kind, Kind::Ephemeral { .. }));
        whispers.filter(|m| !seen.insert((m.user.clone(), m.words()))).count()
    })
}

async fn case(point: &str, passing: u32) {
    let armed = format!("{point}:{passing}");
    let talk = Conversation::with(|_| (), |setting| setting.with("DEALDESK_FAIL_POINT", &armed)).await;
    let Conversation { slack, product, database } = talk;
    let (mut place, was_killed) = (Some(product), Cell::new(false));
    {
        let (told, watching) = (story(&slack), watch(&slack, &mut place, &was_killed));
        tokio::pin!(told, watching);
        tokio::select! {
            // The last places may be passed after the story's last word.
            () = &mut told => drop(tokio::time::timeout(GO_ON, watching).await),
            went_on = &mut watching => {
                assert!(went_on < GO_ON, "{armed}: the work went on {went_on:?} after the restart");
                told.await;
            }
        }
    }
    assert!(was_killed.get(), "{armed} was never passed");
    is_quiet(&database).await;
    let product = place.unwrap();
    let talk = Conversation { slack, product, database };
    for (what, expected) in [
        ("deals", 2),
        ("partners", 2),
        ("stage_changes", 2),
        ("approvals WHERE state = 'approved'", 1),
        ("approvals", 1),
        ("inbox", 4),
        ("inbox WHERE state = 'done'", 4),
        ("plans WHERE state = 'done'", 4),
        ("plans", 4),
        ("audit_entries WHERE action = 'approval.decided'", 1),
        ("messages WHERE external_id IS NULL AND NOT is_fleeting", 0),
    ] {
        assert_eq!(talk.number(&format!("SELECT count(*) FROM {what}")).await, expected, "{armed}: {what}");
    }
    let stored = talk.number("SELECT count(*) FROM messages WHERE NOT is_fleeting").await;
    let posted = talk.slack.look(|w| w.from_bot().count());
    assert_eq!(i64::try_from(posted).unwrap(), stored, "{armed}: {}", talk.slack.transcript());
    assert_eq!(doubles(&talk.slack), [""; 0], "{armed}");
    assert!(doubled_whispers(&talk.slack) <= 1, "{armed}: {}", talk.slack.transcript());
    talk.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_place_loses_nothing_and_doubles_nothing() {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let local = tokio::task::LocalSet::new();
    let cases: Vec<_> = POINTS
        .into_iter()
        .flat_map(|point| PASSINGS.map(|passing| (point, passing)))
        .map(|(point, passing)| {
            let turns = turns.clone();
            let ran = local.spawn_local(async move {
                let _turn = turns.acquire().await.unwrap();
                case(point, passing).await;
            });
            (format!("{point}:{passing}"), ran)
        })
        .collect();
    let failed = local
        .run_until(async {
            let mut failed = Vec::new();
            for (name, ran) in cases {
                if let Err(error) = ran.await {
                    let why = error.into_panic();
                    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
                    failed.push(format!("{name}: {}", why.lines().next().unwrap_or_default()));
                }
            }
            failed
        })
        .await;
    assert!(failed.is_empty(), "{failed:#?}");
}
