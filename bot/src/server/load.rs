//! `dealdesk load`: signed Slack commands at a running server, and what became of them.

mod connection;
mod report;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::clock::Clock;
use domain::person::Channel;
use secrecy::SecretString;
use storage::probe;
use storage::workspaces::{self, Workspace};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use self::connection::{Connection, Target};
use self::report::{Report, Tally};
use crate::app::{App, HOME_TENANT, Owner};
use crate::config::Config;

/// How far behind its time a request may be handed over before the delay is counted as ours.
const TICK: Duration = Duration::from_millis(2);
/// How many single-row commits are measured beside the load.
const COMMITS: usize = 300;

/// What to send.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Load {
    /// Commands a second, spread evenly whatever the answers do
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For how long
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Connections kept open
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Send the next command as soon as the last one was answered, on every connection; ignores the rate
    #[arg(long)]
    closed: bool,
    /// Slack's team id; joins the installation if no team has it
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
    /// What every command says, up to its trigger.
    command: String,
    options: Load,
}

impl Load {
    /// Sends the load, counts what arrived in the server's own database, and prints it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if self.connections == 0 || self.seconds == 0 || (self.rate == 0 && !self.closed) {
            bail!("--rate, --seconds and --connections must be at least 1");
        }
        let secret = config.slack.secrets().into_iter().next();
        let secret = secret.context("set SLACK_SIGNING_SECRET as the server has it")?;
        let target = Target::of(&config.server.listen);
        let as_json = self.json;
        let app = App::open(config, Owner::Shared).await?;
        let report = self.send(&app, (target, secret)).await;
        app.close().await?;
        let report = report?;
        let text = if as_json { serde_json::to_string(&report)? } else { report.to_string() };
        writeln!(std::io::stdout(), "{text}")?;
        Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn send(self, app: &App, (target, secret): (Target, SecretString)) -> anyhow::Result<Report> {
        let is_known = workspaces::find(&app.db, &app.seal, Channel::Slack, &self.team).await?.is_some();
        if !is_known {
            // A server without Slack knows no workspace; the load's own belongs to the installation.
            let workspace = Workspace {
                tenant: HOME_TENANT,
                channel: Channel::Slack,
                external_id: self.team.clone(),
                name: "Load".to_owned(),
                bot_user: None,
                token: None,
            };
            workspaces::install(&app.db, &app.seal, &workspace).await?;
        }
        let plan = Arc::new(Plan {
            target,
            secret,
            clock: app.clock.clone(),
            run: format!("load.{}.", app.ids.next().simple()),
            command: connection::command(&self),
            options: self,
        });
        let began = Instant::now();
        let tally = if plan.options.closed { closed(&plan).await? } else { open(&plan).await? };
        let took = began.elapsed();
        let arrived = probe::arrived(&app.db, &plan.run).await.context("counting what arrived")?;
        let commits = probe::single_row_commits(&app.db, &app.ids, COMMITS);
        let commits = commits.await.context("measuring commits")?;
        Ok(Report::new(tally, took, arrived, commits))
    }
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
    let body = format!("{}{trigger}", plan.command);
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
