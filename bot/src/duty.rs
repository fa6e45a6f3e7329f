//! What has to be done again and again: recover what died, hear of new work, measure the queues.

use std::sync::Arc;
use std::time::Duration;

use agents::contract::renewal;
use agents::discovery::Directory;
use agents::planner::{chase, news};
use domain::clock::Clock;
use domain::contract::renewal::is_working_time;
use domain::ids::{Ids, TenantId};
use storage::db::Work;
use storage::messages::SHOWN_CHANNEL;
use storage::{Db, audit, credentials, effects, idempotency, inbox, outbox, steps, workspaces};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// How often what died is looked for. With a lease of 10 s, work goes on within 15 s of a worker's death.
const RECOVER_EVERY: Duration = Duration::from_secs(1);
/// How often the directory is looked at for an import.
const DIRECTORY_EVERY: Duration = Duration::from_secs(5);
/// How often the ends of the audit chains are written down outside the database.
const ANCHOR_EVERY: Duration = Duration::from_mins(10);

/// How often notices are looked for that people are to be reminded of.
const REMIND_EVERY: Duration = Duration::from_mins(5);
/// How often what is no longer needed is forgotten.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// How long an idempotency key is kept, hours.
const IDEMPOTENCY_H: i32 = 48;

/// Who is woken by what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bells {
    /// Workers.
    pub(crate) work: Arc<Notify>,
    /// The worker that takes pressed buttons and sent forms only.
    pub(crate) urgent: Arc<Notify>,
    /// Senders.
    pub(crate) mail: Arc<Notify>,
}

impl Bells {
    fn ring_all(&self) {
        [&self.work, &self.urgent, &self.mail].iter().for_each(|bell| bell.notify_one());
    }

    /// Wakes those who do what was announced; everybody when a newer version announced what we do not know.
    fn ring(&self, announced: &str) {
        match Work::from_name(announced) {
            Some(Work::Inbox | Work::Steps) => self.work.notify_one(),
            Some(Work::Urgent) => {
                self.urgent.notify_one();
                self.work.notify_one();
            }
            Some(Work::Outbox) => self.mail.notify_one(),
            None => self.ring_all(),
        }
    }
}

/// Gives back what dead workers held, wakes what waited for its time.
pub(crate) async fn recover(db: Db, bells: Bells, stop: CancellationToken) {
    while pause(RECOVER_EVERY, &stop).await {
        let found = async {
            let found = inbox::recover(&db).await?
                + steps::recover(&db).await?
                + outbox::recover(&db).await?
                + effects::recover(&db).await?;
            let depth = steps::depth(&db).await?;
            let sends = outbox::depth(&db).await?;
            Ok::<_, storage::Error>((found, depth, sends, effects::depth(&db).await?))
        };
        match found.await {
            Ok((found, steps, outbox, effects)) => {
                #[expect(clippy::cast_precision_loss, reason = "queues are far shorter than 2^52")]
                for (queue, depth) in [("steps", steps), ("outbox", outbox), ("effects", effects)] {
                    metrics::gauge!("queue_depth", "queue" => queue).set(depth as f64);
                }
                if found > 0 {
                    tracing::info!(found, "took back what had stopped");
                    bells.ring_all();
                }
            }
            Err(error) => tracing::warn!(error = %error, "cannot look for what stopped"),
        }
    }
}

/// Hears of new work and of changed messages from every process on the database.
pub(crate) async fn listen(db: Db, bells: Bells, shown: broadcast::Sender<String>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let Ok(mut listener) = db.listen(&[SHOWN_CHANNEL]).await else {
            pause(Duration::from_secs(1), &stop).await;
            continue;
        };
        // What was announced while nobody listened.
        bells.ring_all();
        loop {
            let heard = tokio::select! {
                heard = listener.recv() => heard,
                () = stop.cancelled() => return,
            };
            match heard {
                Ok(told) if told.channel() == SHOWN_CHANNEL => {
                    // Nobody may be looking.
                    let _ = shown.send(told.payload().to_owned());
                }
                Ok(told) => bells.ring(told.payload()),
                Err(error) => {
                    tracing::warn!(error = %error, "no longer hearing of new work; looking for it instead");
                    pause(Duration::from_secs(1), &stop).await;
                    break;
                }
            }
        }
    }
}

/// Keeps the search index in step with the directory.
pub(crate) async fn index(directory: Directory, stop: CancellationToken) {
    loop {
        match directory.refresh().await {
            Ok(true) => tracing::info!("the search index is new"),
            Ok(false) => {}
            Err(error) => tracing::warn!(error = agents::desk::chain(&error), "the search index has to wait"),
        }
        if !pause(DIRECTORY_EVERY, &stop).await {
            return;
        }
    }
}

/// Writes the ends of the audit chains to a file, so that a chain that was cut off and rehashed is found out.
pub(crate) async fn anchor(db: Db, home: std::path::PathBuf, clock: Clock, stop: CancellationToken) {
    let file = home.join("audit-anchors.jsonl");
    while pause(ANCHOR_EVERY, &stop).await {
        let tenants: Vec<TenantId> = match workspaces::tenants(&db).await {
            Ok(tenants) => tenants.into_iter().map(|(tenant, _)| tenant).collect(),
            Err(error) => {
                tracing::warn!(error = %error, "cannot anchor the audit chains");
                continue;
            }
        };
        for tenant in tenants {
            if let Err(error) = audit::anchor(&db, tenant, clock.now(), &file).await {
                tracing::warn!(error = %error, %tenant, "cannot anchor an audit chain");
            }
        }
    }
}

/// Reminds of notices that have to be given, at working times.
pub(crate) async fn remind(db: Db, (ids, clock): (Ids, Clock), stop: CancellationToken) {
    // At once, too: what became due while nothing ran is not to wait.
    let mut wait = Duration::ZERO;
    while pause(std::mem::replace(&mut wait, REMIND_EVERY), &stop).await {
        if let Err(error) = chase_once(&db, &ids, clock.now()).await {
            tracing::warn!(error = %error, "requests have to wait for their reminders");
        }
        if let Err(error) = remind_once(&db, &ids, clock.now()).await {
            tracing::warn!(error = %error, "reminders have to wait");
        }
    }
}

/// Reminds of requests that nobody decides on, and asks others as well; gives how many people hear of one. Whose working
/// hours it is, is asked for each of them.
pub(crate) async fn chase_once(
    db: &Db,
    ids: &Ids,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<usize, storage::Error> {
    let mut told = 0;
    for (tenant, _) in workspaces::tenants(db).await? {
        let mut tx = db.tenant(tenant).begin().await?;
        let open = chase::open_requests(&mut tx, now).await?;
        drop(tx);
        for approval in open {
            let mut tx = db.tenant(tenant).begin().await?;
            match chase::chase(&mut tx, ids, approval, now).await {
                Ok(some) => {
                    tx.commit().await?;
                    told += some;
                }
                // Another process was first; what is left is found the next time.
                Err(storage::Error::Conflict(_)) => {}
                Err(error) if error.is_passing() => return Err(error),
                // One request that cannot be read holds up no other.
                Err(error) => tracing::error!(%error, %approval, "a request is not reminded of"),
            }
        }
    }
    Ok(told)
}

/// Begins what is due now; nothing out of working times. Gives how many reminders that were.
pub(crate) async fn remind_once(
    db: &Db,
    ids: &Ids,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<usize, storage::Error> {
    let mut begun = 0;
    if !is_working_time(now) {
        return Ok(begun);
    }
    for (tenant, _) in workspaces::tenants(db).await? {
        let mut tx = db.tenant(tenant).begin().await?;
        match renewal::remind_due(&mut tx, ids, now).await {
            Ok(some) => {
                let stalled = news::raise_stalled(&mut tx, ids, now).await?;
                tx.commit().await?;
                begun += some + stalled;
            }
            // Another process was first; what is left is found the next time.
            Err(storage::Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(begun)
}

/// Forgets what is no longer needed: answered idempotency keys, lapsed credentials.
pub(crate) async fn tidy(db: Db, clock: Clock, stop: CancellationToken) {
    while pause(TIDY_EVERY, &stop).await {
        let tidied = async {
            let mut forgotten = 0;
            for (tenant, _) in workspaces::tenants(&db).await? {
                let mut tx = db.tenant(tenant).begin().await?;
                forgotten += idempotency::forget(&mut tx, IDEMPOTENCY_H).await?;
                forgotten += credentials::forget_lapsed(&mut tx, clock.now()).await?;
                tx.commit().await?;
            }
            Ok::<_, storage::Error>(forgotten)
        };
        match tidied.await {
            Ok(forgotten) => tracing::debug!(forgotten, "tidied"),
            Err(error) => tracing::warn!(error = %error, "cannot tidy"),
        }
    }
}

/// Waits; false when we are to stop.
async fn pause(most: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(most) => true,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn an_announcement_wakes_only_those_whose_work_it_is() {
        for (announced, expected) in [
            ("inbox", [true, false, false]),
            ("steps", [true, false, false]),
            ("urgent", [true, true, false]),
            ("outbox", [false, false, true]),
            ("something newer", [true, true, true]),
            ("", [true, true, true]),
        ] {
            let bells = Bells::default();
            bells.ring(announced);
            let rung = [&bells.work, &bells.urgent, &bells.mail];
            assert_eq!(rung.map(|bell| bell.notified().now_or_never().is_some()), expected, "{announced:?}");
        }
    }
}
