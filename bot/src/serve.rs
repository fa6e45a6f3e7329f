//! `dealdesk serve` and `dealdesk worker`: starts every part, and ends them in good order.

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use agents::contract::playbook::Playbook;
use agents::contract::{redline, terms};
use anyhow::Context;
use console::{Console, Counsel};
use domain::person::Channel;
use secrecy::ExposeSecret;
use storage::inbox::{self, Intake};
use storage::limits::SharedLimits;
use storage::workspaces::{self, Workspace};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, HOME_TENANT, Owner};
use crate::config::Config;
use crate::crm::Follower;
use crate::delivery::{Gates, Sender};
use crate::duty::Bells;
use crate::effects::Maker;
use crate::events::Herald;
use crate::server::{self, Edge, Health, Limits};
use crate::slack_door::Door;
use crate::slack_rotation::Renewer;
use crate::telemetry::metrics::Metrics;
use crate::worker::Worker;
use crate::{discord, duty, learning, mail, slack_home, slack_socket, welcome};

/// How long running steps get to end after a signal to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// How many messages are sent at the same time.
const SENDERS: usize = 4;
/// How many makers of effects work at the same time.
const MAKERS: usize = 3;
/// How many commits of messages may be under way at the same time, at most: the edge has a few connections more.
const WRITERS_MAX: usize = 4;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Edge, console and workers.
    Everything,
    /// Workers only.
    Workers,
}

/// The parts of a running process.
pub(crate) struct Running {
    pub(crate) intake: Intake,
    pub(crate) shown: broadcast::Sender<String>,
    pub(crate) bell: Arc<Notify>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Starts workers, senders and duties. The caller stops them.
pub(crate) fn start(app: &App) -> Running {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let bells = Bells::default();
    let (shown, _) = broadcast::channel(256);
    let (intake, writer) = inbox::intake(&app.db, app.config.intake.batch);
    for _ in 0..app.config.intake.writers.clamp(1, WRITERS_MAX) {
        tasks.spawn(writer.clone().run());
    }
    drop(writer);
    if app.config.work.workers > 0 {
        start_work(app, &bells, &stop, &tasks);
    }
    tasks.spawn(duty::recover(app.db.clone(), bells.clone(), stop.clone()));
    tasks.spawn(duty::listen(app.db.clone(), bells.clone(), shown.clone(), stop.clone()));
    tasks.spawn(duty::index(app.desk.directory.clone(), stop.clone()));
    tasks.spawn(duty::tidy(app.db.clone(), app.clock.clone(), stop.clone()));
    tasks.spawn(learning::hear(app.db.clone(), app.desk.models.clone(), stop.clone()));
    let models = app.desk.models.clone();
    tasks.spawn(learning::learn(app.db.clone(), models, app.clock.clone(), stop.clone()));
    let timer = (app.ids.clone(), app.clock.clone());
    tasks.spawn(duty::remind(app.db.clone(), timer, stop.clone()));
    let (home, clock) = (app.config.home.clone(), app.clock.clone());
    tasks.spawn(duty::anchor(app.db.clone(), home, clock, stop.clone()));
    Running { intake, shown, bell: bells.work, stop, tasks }
}

/// Starts those who read messages, do steps and send answers. A process without them only takes messages in.
fn start_work(app: &App, bells: &Bells, stop: &CancellationToken, tasks: &TaskTracker) {
    let host = format!("{}/{}", std::process::id(), app.ids.next().simple());
    for i in 0..=app.config.work.workers {
        let urgent_only = i == 0;
        let bell = if urgent_only { bells.urgent.clone() } else { bells.work.clone() };
        let (desk, members, stop) = (app.desk.clone(), app.members(), stop.clone());
        tasks.spawn(Worker { desk, members, bell, stop, urgent_only }.run(format!("{host}/{i}")));
    }
    if let Some(slack) = app.config.slack.app() {
        let (db, seal, clock) = (app.db.clone(), app.seal.clone(), app.clock.clone());
        let renewer = Renewer { db, seal, slack: app.slack.clone(), clock, app: slack };
        tasks.spawn(renewer.run(stop.clone()));
    }
    tasks.spawn(slack_home::keep_up(app.members(), app.desk.clone(), stop.clone()));
    let gates = Gates::default();
    for _ in 0..SENDERS {
        tasks.spawn(sender(app, (&bells.mail, stop), &gates).run());
    }
    for _ in 0..MAKERS {
        tasks.spawn(maker(app, stop).run());
    }
    let herald = Herald {
        db: app.db.clone(),
        ids: app.ids.clone(),
        clock: app.clock.clone(),
        streams: app.streams.clone(),
        stop: stop.clone(),
    };
    tasks.spawn(herald.run());
    tasks.spawn(app.esign.clone().read_messages(stop.clone()));
    tasks.spawn(app.esign.clone().poll(stop.clone()));
    tasks.spawn(Follower::new(app, stop).run());
}

fn maker(app: &App, stop: &CancellationToken) -> Maker {
    Maker {
        db: app.db.clone(),
        seal: app.seal.clone(),
        clock: app.clock.clone(),
        ids: app.ids.clone(),
        fetcher: app.desk.contracts.fetcher.clone(),
        crm: app.crm.clone(),
        esign: app.esign.clone(),
        points: app.desk.points.clone(),
        stop: stop.clone(),
    }
}

fn sender(app: &App, (bell, stop): (&Arc<Notify>, &CancellationToken), gates: &Gates) -> Sender {
    Sender {
        members: app.members(),
        points: app.desk.points.clone(),
        bell: bell.clone(),
        stop: stop.clone(),
        gates: gates.clone(),
        console_url: app.config.public_url(),
        objects: app.desk.contracts.objects.clone(),
    }
}

/// A worker and a sender that take nothing by themselves, for a command that does only its own work.
pub(crate) fn alone(app: &App) -> (Worker, Sender) {
    let (stop, bell) = (CancellationToken::new(), Arc::new(Notify::new()));
    let sender = sender(app, (&bell, &stop), &Gates::default());
    let (desk, members) = (app.desk.clone(), app.members());
    (Worker { desk, members, bell, stop, urgent_only: false }, sender)
}

impl Running {
    /// Runs a bound server beside the rest.
    pub(crate) fn serve(&self, server: Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>) {
        self.tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(error = %error, "the server ended");
            }
        });
    }

    /// Lets running steps end, gives back the rest.
    pub(crate) async fn stop(self) {
        let Self { intake, stop, tasks, .. } = self;
        stop.cancel();
        // The writer ends when the last intake is gone.
        drop(intake);
        tasks.close();
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::warn!("some work did not end in time; its leases run out by themselves");
        }
    }
}

/// Runs until told to stop.
pub(crate) async fn run(config: Config, part: Part) -> anyhow::Result<ExitCode> {
    let began = std::time::Instant::now();
    let app = App::open(config, Owner::Alone).await?;
    if part == Part::Everything {
        // Before the index is built: one of an empty directory would find nothing until it is built again.
        app.furnish().await?;
    }
    let running = start(&app);
    let stop = stopped()?;
    if part == Part::Everything {
        receive_mail(&app, &running).await?;
        let connecting = running.stop.clone().run_until_cancelled_owned(connect_slack(&app));
        running.tasks.spawn(connecting);
        discord::start(&app, &running);
        let edge = edge(&app, &running)?;
        slack_socket::start(&app, &running, Arc::new(Door::of(&edge)));
        let Served { server, .. } = bind(&app, &running, edge).await?;
        running.serve(server);
        welcome::print(&app, began.elapsed()).await?;
    }
    if part == Part::Workers && !app.config.server.worker_listen.is_empty() {
        running.serve(bind_health(&app, &running).await?);
    }
    stop.await;
    running.stop().await;
    app.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// What the console's pages know of contracts.
pub(crate) fn counsel() -> Counsel {
    Counsel {
        terms: terms::infos().into(),
        positions: Playbook::built_in().rows().into(),
        compare: redline::clauses,
    }
}

/// A bound server that still has to be run.
pub(crate) struct Served {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) server: Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>,
}

/// Binds the server. Once the process is to stop it ends its event streams, then itself.
pub(crate) async fn bind(app: &App, running: &Running, edge: Edge) -> anyhow::Result<Served> {
    let address = &app.config.server.listen;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (DEALDESK_LISTEN)"))?;
    let address = listener.local_addr()?;
    let console = Console {
        db: app.db.clone(),
        objects: app.desk.contracts.objects.clone(),
        counsel: counsel(),
        intake: running.intake.clone(),
        clock: app.clock.clone(),
        ids: app.ids.clone(),
        public_url: app.config.public_url(),
        shown: running.shown.clone(),
    };
    let hang_up = console.clone();
    let metrics = edge.metrics.clone();
    let keep_up = running.stop.clone().run_until_cancelled_owned(async move { metrics.keep_up().await });
    running.tasks.spawn(keep_up);
    let router = server::router(edge, console::router(console));
    let stop = running.stop.clone();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.cancelled().await;
        hang_up.hang_up();
    });
    Ok(Served { address, server: Box::pin(server.into_future()) })
}

/// Binds a worker's own server, which tells how the process fares and nothing else.
async fn bind_health(
    app: &App,
    running: &Running,
) -> anyhow::Result<Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>> {
    let address = &app.config.server.worker_listen;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (DEALDESK_WORKER_LISTEN)"))?;
    let metrics = Metrics::of_process()?;
    let directory = app.desk.directory.clone();
    let health = Health {
        db: app.db.clone(),
        metrics: metrics.clone(),
        is_index_open: Arc::new(move || directory.is_ready()),
        token: app.config.telemetry.metrics_token.clone(),
    };
    let keep_up = running.stop.clone().run_until_cancelled_owned(async move { metrics.keep_up().await });
    running.tasks.spawn(keep_up);
    tracing::info!(address = %listener.local_addr()?, "a worker, listening for health checks");
    let stop = running.stop.clone().cancelled_owned();
    Ok(Box::pin(axum::serve(listener, health.routes()).with_graceful_shutdown(stop).into_future()))
}

/// What the server needs of the running program.
pub(crate) fn edge(app: &App, running: &Running) -> anyhow::Result<Edge> {
    let config = app.config.clone();
    let directory = app.desk.directory.clone();
    let url = &config.redis.url;
    let shared = if url.expose_secret().is_empty() {
        None
    } else {
        Some(SharedLimits::new(url).context("REDIS_URL")?)
    };
    Ok(Edge {
        home: HOME_TENANT,
        db: app.db.clone(),
        intake: running.intake.clone(),
        clock: app.clock.clone(),
        ids: app.ids.clone(),
        seal: app.seal.clone(),
        objects: app.desk.contracts.objects.clone(),
        bell: running.bell.clone(),
        metrics: Metrics::of_process()?,
        is_index_open: Arc::new(move || directory.is_ready()),
        limits: Limits::new(config.limits.requests_per_minute, shared),
        slack: app.slack.clone(),
        points: app.desk.points.clone(),
        mail: app.mail.clone(),
        signatures: app.esign.bell.clone(),
        config,
    })
}

/// Takes mails in by the ways that the settings name.
async fn receive_mail(app: &App, running: &Running) -> anyhow::Result<()> {
    let Some(office) = app.mail.clone() else { return Ok(()) };
    let door = mail::Door {
        office,
        db: app.db.clone(),
        tenant: HOME_TENANT,
        intake: running.intake.clone(),
        ids: app.ids.clone(),
        bell: running.bell.clone(),
    };
    mail::start(&door, &running.stop, &running.tasks)
        .await
        .context("cannot take mails in (EMAIL_LMTP_LISTEN)")
}

/// Learns which workspace the configured token belongs to; keeps asking while Slack is away.
pub(crate) fn connect_slack(app: &App) -> impl Future<Output = ()> + Send + 'static {
    let (members, db, seal) = (app.members(), app.db.clone(), app.seal.clone());
    async move {
        let Some(token) = members.own_token() else { return };
        let mut wait = Duration::from_secs(1);
        loop {
            match members.slack.auth_test(&token).await {
                Ok(team) => {
                    let workspace = Workspace {
                        tenant: HOME_TENANT,
                        channel: Channel::Slack,
                        external_id: team.id.clone(),
                        name: team.name.clone(),
                        bot_user: Some(team.bot_user),
                        token: None,
                    };
                    match workspaces::install(&db, &seal, &workspace).await {
                        Ok(()) => {
                            tracing::info!(team = team.id, name = team.name, "connected to Slack");
                            return;
                        }
                        Err(error) => tracing::error!(error = %error, "cannot store the Slack workspace"),
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error, "Slack does not accept us yet (SLACK_BOT_TOKEN)");
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_mins(1));
        }
    }
}

/// Ends when the process is told to stop: SIGTERM, or Ctrl-C.
fn stopped() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!("stopping");
    })
}
