//! CRMs: follows each connected one every few minutes and when it hints, checks it nightly, and makes the writes that
//! were asked for.

use std::collections::HashMap;
use std::time::Duration;

use agents::crm::access::{Access, Closed};
use agents::crm::{Came, Failure, Sync};
use agents::failpoint::FailPoints;
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;
use domain::crm::{Object, PROVIDERS};
use domain::ids::{Ids, TenantId};
use integrations::{CallError, Http};
use storage::crm::cursors;
use storage::effects::Held;
use storage::seal::Seal;
use storage::{Db, connections};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::effects::{Maker, Outcome, later};

/// How often it is looked at what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a CRM is polled, besides its hints.
const POLL_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How often it is checked for what no poll tells.
const CHECK_EVERY: TimeDelta = TimeDelta::hours(24);
/// The window of the success rate.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// How long a call may take.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// How long an answer may be, bytes.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// After a failure a CRM is left alone this long, doubled each time up to a quarter of an hour.
const PAUSE_S: i64 = 5;
/// How long a connection is left alone that is not open, seconds.
const CLOSED_S: f64 = 60.0;

/// Opens connections with the running program's own means.
pub(crate) fn access(db: &Db, seal: &Seal, clock: &Clock) -> anyhow::Result<Access> {
    let http = Http::new(CALL_LIMIT, ANSWER_MAX)?;
    Ok(Access { db: db.clone(), seal: seal.clone(), clock: clock.clone(), http })
}

/// What a tenant's connection is followed with.
pub(crate) async fn sync(
    access: &Access,
    (tenant, provider): (TenantId, &str),
    (ids, points): (&Ids, &FailPoints),
    is_refused: bool,
) -> Result<Sync, Closed> {
    let (crm, map) = access.open((tenant, provider), is_refused).await?;
    Ok(Sync {
        db: access.db.clone(),
        ids: ids.clone(),
        clock: access.clock.clone(),
        tenant,
        crm,
        map,
        points: points.clone(),
    })
}

/// Follows all connected CRMs.
pub(crate) struct Follower {
    access: Access,
    ids: Ids,
    points: FailPoints,
    stop: CancellationToken,
    /// Who is left alone until when, and how often it failed.
    paused: HashMap<(TenantId, &'static str), (DateTime<Utc>, u32)>,
}

impl Follower {
    /// A follower for the running program.
    pub(crate) fn new(app: &App, stop: &CancellationToken) -> Self {
        Self {
            access: app.crm.clone(),
            ids: app.ids.clone(),
            points: app.desk.points.clone(),
            stop: stop.clone(),
            paused: HashMap::new(),
        }
    }

    /// Follows until stopped.
    pub(crate) async fn run(mut self) {
        loop {
            for provider in PROVIDERS {
                if let Err(error) = self.look(provider).await {
                    tracing::warn!(%error, provider, "a CRM has to wait");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look(&mut self, provider: &'static str) -> Result<(), storage::Error> {
        let now = self.access.clock.now();
        for (tenant, object) in cursors::due(&self.access.db, provider, now - POLL_EVERY).await? {
            if self.stop.is_cancelled() {
                return Ok(());
            }
            if self.paused.get(&(tenant, provider)).is_some_and(|(until, _)| *until > now) {
                continue;
            }
            let key = (tenant, provider);
            match self.follow(key, object).await {
                Ok(()) => {
                    self.paused.remove(&key);
                    connections::succeeded(&self.access.db, key).await?;
                }
                Err(failure) => {
                    let failures = self.paused.get(&key).map_or(0, |(_, failures)| *failures).min(8);
                    let until = now + TimeDelta::seconds((PAUSE_S << failures).min(900));
                    self.paused.insert(key, (until, failures + 1));
                    let is_revoked = matches!(&failure, Failure::Call(CallError::Unauthorised { .. }));
                    tracing::warn!(%failure, %tenant, provider, "a CRM is not followed for a while");
                    connections::failed(&self.access.db, key, &failure.to_string(), is_revoked).await?;
                }
            }
        }
        let (ok, failed) = cursors::outcomes(&self.access.db, provider, now - WINDOW).await?;
        if ok + failed > 0 {
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
            metrics::gauge!("crm_sync_success_rate", "provider" => provider)
                .set(ok as f64 / (ok + failed) as f64);
        }
        Ok(())
    }

    /// Walks one object, if nobody else does. A refused token is renewed once: that it was refused proves nothing.
    async fn follow(&self, key: (TenantId, &'static str), object: Object) -> Result<(), Failure> {
        let Some(lease) = cursors::claim(&self.access.db, (key.0, key.1, object)).await? else {
            return Ok(());
        };
        let mut walked = self.walk(key, &lease, false).await;
        if matches!(&walked, Err(Failure::Call(CallError::Unauthorised { .. }))) {
            walked = self.walk(key, &lease, true).await;
        }
        cursors::release(&self.access.db, key.0, &lease).await?;
        walked
    }

    async fn walk(
        &self,
        key: (TenantId, &'static str),
        lease: &cursors::Lease,
        is_refused: bool,
    ) -> Result<(), Failure> {
        let mut sync = match sync(&self.access, key, (&self.ids, &self.points), is_refused).await {
            Ok(sync) => sync,
            Err(Closed::Missing(_)) => return Ok(()),
            Err(Closed::Call(error)) => return Err(error.into()),
            Err(Closed::Storage(error)) => return Err(error.into()),
        };
        let followed = sync.follow(lease).await?;
        if followed.tally.new + followed.tally.changed + followed.tally.retired > 0 {
            tracing::info!(?followed, object = lease.object.name(), provider = key.1, "followed a CRM");
        }
        let mut tx = self.access.db.tenant(key.0).begin().await?;
        let standing = cursors::standing(&mut tx, key.1).await?;
        drop(tx);
        let now = self.access.clock.now();
        let mine = standing.into_iter().find(|standing| standing.object == lease.object.name());
        if let Some(mine) = mine
            && mine.cursor.is_filled
        {
            let lag = mine.cursor.watermark.map_or(0, |mark| (now - mark).num_seconds().max(0));
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
            metrics::gauge!("crm_lag_seconds", "provider" => key.1, "object" => lease.object.name())
                .set(lag as f64);
            // The first check is due a day after the backfill, which was one.
            match mine.checked_at {
                None => {
                    let mut tx = self.access.db.tenant(key.0).begin().await?;
                    cursors::checked(&mut tx, (key.1, lease.object), 0, now).await?;
                    tx.commit().await?;
                }
                Some(at) if now - at > CHECK_EVERY => {
                    let found = sync.reconcile(lease.object, false).await?;
                    tracing::info!(?found, object = lease.object.name(), provider = key.1, "checked a CRM");
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// Makes the writes to a CRM that were asked for: of one tenant, provider and action.
pub(crate) async fn make(maker: &Maker, held: &[Held]) -> Vec<Outcome> {
    let result = match write(maker, held, false).await {
        Err(Closed::Call(CallError::Unauthorised { .. })) => write(maker, held, true).await,
        other => other,
    };
    match result {
        Ok(came) => {
            let outcome = |(held, came): (&Held, Came)| match came {
                Came::Kept => Outcome::Kept,
                Came::Later(why) => later(held, false, why),
                Came::Never(why) => Outcome::Never(why),
            };
            held.iter().zip(came).map(outcome).collect()
        }
        Err(Closed::Call(error)) => {
            let mut outcomes = Vec::with_capacity(held.len());
            for one in held {
                outcomes.push(match &error {
                    // About the call and not about one record: none of them is given up for it.
                    CallError::Refused { .. } | CallError::Forbidden { .. } | CallError::Gone { .. } => {
                        later(one, true, error.to_string())
                    }
                    _ => maker.judge(one, &error).await,
                });
            }
            outcomes
        }
        Err(Closed::Missing(why)) => held
            .iter()
            .map(|_| Outcome::Wait { after_s: CLOSED_S, why: format!("not connected to {why}") })
            .collect(),
        Err(Closed::Storage(error)) => held.iter().map(|one| later(one, true, error.to_string())).collect(),
    }
}

async fn write(maker: &Maker, held: &[Held], is_refused: bool) -> Result<Vec<Came>, Closed> {
    let provider = held[0].effect.provider.as_str();
    let mut sync =
        sync(&maker.crm, (held[0].tenant, provider), (&maker.ids, &maker.points), is_refused).await?;
    match sync.write(held).await {
        Ok(came) => {
            connections::succeeded(&maker.db, (held[0].tenant, provider)).await?;
            Ok(came)
        }
        Err(Failure::Call(error)) => Err(error.into()),
        Err(Failure::Storage(error)) => Err(error.into()),
    }
}
