//! Works on a plan step by step: time limit, heartbeat, panics caught, each end committed.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use agents::planner::commit::commit;
use agents::{Desk, desk};
use domain::plan::{Context, Outcome, Recovery, Step};
use domain::wording;
use futures_util::FutureExt;
use storage::Error;
use storage::steps::{self, ATTEMPTS_MAX, HEARTBEAT_S, Lease};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::telemetry::export;

/// How long one step may take.
const STEP_LIMIT: Duration = Duration::from_secs(30);

/// How often a database that is away is tried.
const REACH_EVERY: Duration = Duration::from_millis(500);

/// Does a leased step and those behind it, until the plan ends, waits, or we are to stop.
pub(crate) async fn run(
    desk: &Desk,
    lease: &Lease,
    (mut context, step): (Context, Step),
    stop: &CancellationToken,
) {
    let mut current = Some(step);
    while let Some(step) = current {
        let span =
            tracing::info_span!("step", plan = %step.plan, agent = step.agent.name(), action = %step.action);
        export::follow(&span, step.plan);
        current = one(desk, lease, &mut context, (&step, stop)).instrument(span).await;
        if stop.is_cancelled() {
            // The lease on the next step is given back by the worker as it ends.
            return;
        }
    }
}

async fn one(
    desk: &Desk,
    lease: &Lease,
    context: &mut Context,
    (step, stop): (&Step, &CancellationToken),
) -> Option<Step> {
    let began = Instant::now();
    desk.points.pass("step.began");
    let ended = if step.attempt > ATTEMPTS_MAX {
        Err(Recovery::Escalate { reason: "the worker died each time".to_owned() })
    } else {
        watch(desk, context, step, stop).await?
    };
    let outcome = if ended.is_ok() { "ok" } else { "error" };
    metrics::histogram!("agent_execution_time_ms", "agent" => step.agent.name(), "outcome" => outcome)
        .record(began.elapsed().as_secs_f64() * 1000.0);
    match commit(desk, lease, context, step, ended).await {
        Ok(next) => next,
        Err(Error::Stale(_)) => {
            tracing::warn!("a late result was refused");
            None
        }
        Err(error) if error.is_passing() => {
            forgive(desk, step, &error, stop).await;
            None
        }
        Err(error) => {
            retry(desk, lease, context, step, &error).await;
            None
        }
    }
}

/// Does the step while showing that we live. None when the lease was lost meanwhile.
async fn watch(
    desk: &Desk,
    context: &Context,
    step: &Step,
    stop: &CancellationToken,
) -> Option<Result<Outcome, Recovery>> {
    let work = AssertUnwindSafe(agents::act(desk, context, step)).catch_unwind();
    let mut beat = tokio::time::interval(Duration::from_secs(HEARTBEAT_S));
    beat.tick().await;
    let limit = tokio::time::sleep(STEP_LIMIT);
    tokio::pin!(work, limit);
    let mut away = None;
    loop {
        tokio::select! {
            ended = &mut work => {
                return Some(ended.unwrap_or_else(|panic| Err(panicked(&*panic))));
            }
            () = &mut limit => {
                tracing::error!(seconds = STEP_LIMIT.as_secs(), "a step took too long");
                return Some(Err(wording::took_too_long(STEP_LIMIT.as_secs()).into()));
            }
            _ = beat.tick() => {
                match steps::heartbeat(&desk.db, step).await {
                    Ok(()) => away = None,
                    Err(Error::Stale(_)) => {
                        tracing::warn!("the lease was lost");
                        if let Some(error) = &away {
                            forgive(desk, step, error, stop).await;
                        }
                        return None;
                    }
                    Err(error) => away = Some(error),
                }
            }
        }
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Recovery {
    Recovery::Retry { after_ms: 200, cause: format!("the agent panicked: {}", words_of(panic)) }
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no words".to_owned())
}

/// Takes a try back that the database's outage cut off, as soon as the database answers: nothing of it was stored, and
/// an outage must not use up a step's three tries.
pub(crate) async fn forgive(desk: &Desk, step: &Step, error: &Error, stop: &CancellationToken) {
    let cause = desk::chain(error);
    tracing::warn!(cause, "a step was cut off; it does not count");
    while let Err(error) = steps::forgive(&desk.db, step, &cause).await {
        if !error.is_passing() || stop.is_cancelled() {
            tracing::warn!(error = %error, "the step comes back when its lease runs out");
            return;
        }
        tokio::time::sleep(REACH_EVERY).await;
    }
}

/// The end could not be committed: the step is done again. Nothing of it was stored.
async fn retry(desk: &Desk, lease: &Lease, context: &mut Context, step: &Step, error: &Error) {
    let cause = desk::chain(error);
    let again = Recovery::Retry { after_ms: 50, cause };
    if let Err(error) = commit(desk, lease, context, step, Err(again)).await {
        tracing::warn!(error = %error, "the step comes back when its lease runs out");
    }
}
