//! The process is ended at every boundary of the work, as if killed; another takes over and nothing is lost or doubled.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agents::failpoint::POINTS;
use tests::conversation::{Conversation, ROOM, doubles, found, is_quiet};
use tests::product::Product;
use tokio::sync::Semaphore;
use world::slack::{Kind, Message, Sent, Slack, Trouble};

/// At which passing of a place the process ends.
const PASSINGS: [u32; 3] = [1, 2, 3];
/// So many cases at the same time: most of their time is waiting for leases to run out.
const AT_ONCE: usize = 6;
/// How soon after the restart the work has to go on.
const GO_ON: Duration = Duration::from_secs(15);
/// How long anything may take, the restart included.
const LIMIT: Duration = Duration::from_secs(60);

/// When the process was there again, until something was seen of it.
type Restarted = Cell<Option<Instant>>;

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

/// Waits for something; the first thing after the restart has to come soon.
async fn comes<T>(
    slack: &Slack,
    restarted: &Restarted,
    what: &str,
    look: impl Fn(&world::slack::Workspace) -> Option<T>,
) -> T {
    let seen = found(slack.wait_for(what, LIMIT, look).await);
    if let Some(at) = restarted.take() {
        assert!(at.elapsed() < GO_ON, "{what} came {:?} after the restart", at.elapsed());
    }
    seen
}

/// Waits for a message with these words, to anybody.
async fn says(slack: &Slack, restarted: &Restarted, words: &str) -> Message {
    let look = |w: &world::slack::Workspace| {
        let ours = w.messages.iter().filter(|m| m.user == w.setup.bot && !m.is_deleted);
        ours.into_iter().find(|m| m.words().contains(words)).cloned()
    };
    comes(slack, restarted, words, look).await
}

/// The main story, by people who try again when nobody answers.
async fn story(slack: &Slack, restarted: &Restarted) {
    let (dana, lee) = (slack.user("dana"), slack.user("lee"));
    insist(slack, lee.command("/deal help", ROOM)).await;
    says(slack, restarted, "What you can say").await;
    insist(slack, dana.command("/deal find payment companies in Germany", ROOM)).await;
    let answer = says(slack, restarted, "for “payment companies in Germany”").await;
    let choices = answer.choices();
    let ticks = [choices[0].0.as_str(), choices[1].0.as_str()];
    insist(slack, dana.ticks_and_presses(&answer, &ticks, "Create deals")).await;
    let request = says(slack, restarted, "asks to create").await;
    comes(slack, restarted, "the request in private", |w| w.dms("lee").pop().cloned()).await;
    insist(slack, lee.presses(&request, "Approve")).await;
    says(slack, restarted, "2 deals created").await;
    comes(slack, restarted, "edited copies", |w| {
        let mut copies = w.from_bot().filter(|m| m.words().contains("start 2 deals"));
        (copies.by_ref().count() == 2).then_some(())
    })
    .await;
}

/// Starts the process again, without the fail point, as soon as it has ended.
async fn watch(place: &mut Option<Product>, restarted: &Restarted) {
    loop {
        if place.as_mut().unwrap().is_over() {
            let ended = place.take().unwrap();
            *place = Some(ended.again(&[("DEALDESK_FAIL_POINT", "")]).await);
            restarted.set(Some(Instant::now()));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whispers that came more than once. They cannot be looked up at Slack, so one that was cut off between sending and
/// noting may come twice, and no other.
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
    let (mut place, restarted) = (Some(product), Restarted::default());
    {
        let (told, watching) = (story(&slack, &restarted), watch(&mut place, &restarted));
        tokio::pin!(told, watching);
        tokio::select! {
            () = &mut told => {
                // The last thing a story passes may come after its last word.
                tokio::time::timeout(LIMIT, watching).await.unwrap_or_else(|_| panic!("{armed} was never passed"));
            }
            () = &mut watching => told.await,
        }
    }
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
    let most = usize::from(matches!(point, "delivery.sent"));
    assert!(doubled_whispers(&talk.slack) <= most, "{armed}: {}", talk.slack.transcript());
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
