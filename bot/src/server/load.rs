//! `dealdesk load`: signed Slack commands at a running server, and what became of them.

mod connection;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::clock::Clock;
use domain::ids::Ids;
use secrecy::SecretString;
use storage::{Db, probe};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use self::connection::{Connection, Target};
use self::report::Tally;
pub(crate) use self::report::Report;
use crate::config::Config;

/// How far behind its time a request may be handed over before the delay is counted as ours.
const TICK: Duration = Duration::from_millis(2);
/// How many single-row commits are measured beside the load.
const COMMITS: usize = 300;

/// What to send.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Commands a second, spread evenly whatever the answers do
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For how long
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Connections kept open
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Send the next command as soon as the last one was answered, on every connection; ignores the rate
    #[arg(long)]
    closed: bool,
    /// Slack's team id; it must be installed
    #[arg(long, default_value = "T0LOAD")]
    team: String,
    /// Slack's user id
    #[arg(long, default_value = "U0LOAD")]
    user: String,
    /// The words after the command
    #[arg(long, default_value = "help")]
    text: String,
    /// Send one command in so many a second time, as Slack does when an answer is late; 0 never
    #[arg(long, default_value_t = 0)]
    repeat_every: u64,
}

/// Everything a connection needs to make requests.
pub(crate) struct Plan {
    target: Target,
    secret: SecretString,
    clock: Clock,
    /// What all triggers of this run begin with.
    run: String,
    options: Options,
}

/// Sends the load and counts what arrived; `db` is the server's own database.
pub(crate) async fn run(options: &Options, config: &Config, db: &Db) -> anyhow::Result<Report> {
    if options.connections == 0 || options.seconds == 0 || (options.rate == 0 && !options.closed) {
        bail!("--rate, --seconds and --connections must be at least 1");
    }
    let secret = config.slack.secrets().into_iter().next().context("set SLACK_SIGNING_SECRET as the server has it")?;
    let ids = Ids::random();
    let plan = Arc::new(Plan {
        target: Target::of(&config.server.listen),
        secret,
        clock: Clock::system(),
        run: format!("load.{}.", ids.next().simple()),
        options: options.clone(),
    });
    let began = Instant::now();
    let tally = if options.closed { closed(&plan).await? } else { open(&plan).await? };
    let took = began.elapsed();
    let arrived = probe::arrived(db, &plan.run).await.context("counting what arrived")?;
    let commits = probe::single_row_commits(db, &ids, COMMITS).await.context("measuring commits")?;
    Ok(Report::new(tally, took, arrived, commits))
}

/// Every connection sends as fast as it is answered.
async fn closed(plan: &Arc<Plan>) -> anyhow::Result<Tally> {
    let end = Instant::now() + Duration::from_secs(plan.options.seconds.into());
    let mut connections = JoinSet::new();
    for number in 0..plan.options.connections {
        let plan = Arc::clone(plan);
        let mut connection = Connection::open(&plan.target).await?;
        connections.spawn(async move {
            let mut tally = Tally::default();
            let mut count = 0_u64;
            while Instant::now() < end {
                count += 1;
                let trigger = format!("{}{number}.{count}", plan.run);
                deliver(&plan, &mut connection, &trigger, (count, Instant::now()), &mut tally).await;
            }
            tally
        });
    }
    Ok(sum(connections).await)
}

/// Requests fall due at fixed times; a late answer does not put off the next request.
async fn open(plan: &Arc<Plan>) -> anyhow::Result<Tally> {
    let (due, queue) = mpsc::unbounded_channel::<(u64, Instant)>();
    let queue = Arc::new(Mutex::new(queue));
    let mut connections = JoinSet::new();
    for _ in 0..plan.options.connections {
        let (plan, queue) = (Arc::clone(plan), Arc::clone(&queue));
        let mut connection = Connection::open(&plan.target).await?;
        connections.spawn(async move {
            let mut tally = Tally::default();
            loop {
                let next = queue.lock().await.recv().await;
                let Some((number, since)) = next else { return tally };
                let trigger = format!("{}0.{number}", plan.run);
                deliver(&plan, &mut connection, &trigger, (number, since), &mut tally).await;
            }
        });
    }
    let total = u64::from(plan.options.rate) * u64::from(plan.options.seconds);
    let began = Instant::now();
    let mut sent = 0;
    while sent < total {
        let at = began + Duration::from_secs_f64(sent as f64 / f64::from(plan.options.rate));
        tokio::time::sleep_until(at.into()).await;
        let now = Instant::now();
        // The timer wakes us up to a millisecond late, which is not the server's doing; a longer
        // delay is counted, since on a busy machine it may be.
        let since = if now.duration_since(at) > TICK { at } else { now };
        sent += 1;
        if due.send((sent, since)).is_err() {
            break;
        }
    }
    drop(due);
    Ok(sum(connections).await)
}

async fn sum(mut connections: JoinSet<Tally>) -> Tally {
    let mut sum = Tally::default();
    while let Some(tally) = connections.join_next().await {
        match tally {
            Ok(tally) => sum.add(tally),
            Err(error) => tracing::error!(%error, "a connection ended early"),
        }
    }
    sum
}

async fn deliver(
    plan: &Plan,
    connection: &mut Connection,
    trigger: &str,
    (number, since): (u64, Instant),
    tally: &mut Tally,
) {
    let body = connection::command(&plan.options, trigger);
    let answer = connection.post(plan, &body).await;
    tally.count(&answer, since.elapsed());
    let every = plan.options.repeat_every;
    if every > 0 && number.is_multiple_of(every) && answer.is_ok() {
        tally.repeated += 1;
        let again = connection.post(plan, &body).await;
        if again.is_err() {
            tally.repeats_refused += 1;
        }
    }
}
