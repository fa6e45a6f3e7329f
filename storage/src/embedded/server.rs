//! Makes the cluster, runs the server under its watchdog, and stops it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{Connection, Executor};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};

use super::config::Config;
use super::error::Error;
use super::find::{self, Programs};
use super::layout::{Layout, Lock, announced};
use super::leftover;

const WATCHDOG: &str = include_str!("watchdog.sh");
/// Recovery after a crash replays at most `max_wal_size` of log, some seconds' work even on a slow disk.
const START_LIMIT: Duration = Duration::from_secs(120);
/// The watchdog asks for immediate shutdown after 45 s.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// How long the processes of a killed server may keep its shared memory.
const REMAINS_LIMIT: Duration = Duration::from_secs(15);
const PORT: u16 = 5432;
const USER: &str = "postgres";
const DATABASE: &str = "dealdesk";

/// Small memory, full durability, no way in but the socket, and a log that stays short: statements that fail are
/// the caller's to report.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=400",
    "shared_buffers=64MB",
    "effective_cache_size=512MB",
    "maintenance_work_mem=64MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_logical_replication_workers=0",
    "wal_compression=on",
    "max_wal_size=512MB",
    "checkpoint_timeout=10min",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "jit=off",
    "random_page_cost=1.1",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_destination=stderr",
    "logging_collector=off",
    "log_min_messages=log",
    "log_checkpoints=off",
    "log_autovacuum_min_duration=-1",
    "log_line_prefix=%m [%p] ",
];

/// A running embedded server. It stops when this value is dropped or this process ends, however it ends;
/// [`stop`](Self::stop) also waits until it has stopped.
#[derive(Debug)]
pub struct Server {
    watchdog: Child,
    // Closing this pipe, or dying with it open, is what tells the watchdog to stop the server.
    pipe: ChildStdin,
    layout: Layout,
    // Released last, when the server is gone.
    _lock: Lock,
}

/// Starts a server on the data in `config.home`, which is made first when there is none.
///
/// # Errors
/// When another process holds the folder, no suitable server is found, or it does not start; see [`Error`].
pub async fn start(config: &Config) -> Result<Server, Error> {
    let mut lock = Lock::take(&config.home).await?;
    let layout = Layout::prepare(&config.home)?;
    let programs = find::programs(config, layout.account, &layout.data).await?;
    if layout.data.exists() {
        leftover::clear(&layout, &programs).await?;
    } else {
        initialise(&layout, &programs).await?;
    }
    let begun = Instant::now();
    loop {
        match launch(&layout, &programs).await {
            Ok((watchdog, pipe)) => {
                tracing::info!(version = programs.major, data = %layout.data.display(), "database server started");
                lock.announce()?;
                return Ok(Server { watchdog, pipe, layout, _lock: lock });
            }
            Err(Error::Ended { tail, .. })
                if tail.contains("shared memory block") && begun.elapsed() < REMAINS_LIMIT =>
            {
                sleep(Duration::from_millis(500)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

impl Server {
    /// How to connect as the cluster's superuser to Dealdesk's database.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        options(&self.layout.socket, PORT, DATABASE)
    }

    /// Stops the server in an orderly way, breaking off its connections, and waits until it has stopped.
    ///
    /// # Errors
    /// When it has not stopped within a minute.
    pub async fn stop(self) -> Result<(), Error> {
        let Self { mut watchdog, pipe, layout, _lock } = self;
        drop(pipe);
        let ended = timeout(STOP_LIMIT, watchdog.wait()).await;
        let log = layout.log.clone();
        ended
            .map_err(|_| Error::Slow { what: "stop", seconds: STOP_LIMIT.as_secs(), log })?
            .map_err(Error::io(Path::new("/bin/sh")))?;
        if !layout.socket.starts_with(&layout.folder) {
            // Best effort: an empty folder in the temporary folder does no harm.
            fs::remove_dir(&layout.socket).ok();
        }
        Ok(())
    }
}

/// How to connect as the superuser through the socket in `folder`.
pub(super) fn options(folder: &Path, port: u16, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(folder)
        .port(port)
        .username(USER)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("dealdesk")
}

/// How to connect to the server that another process runs on the data in `home`; none when there is none.
#[must_use]
pub fn running(home: &Path) -> Option<PgConnectOptions> {
    if !announced(home) {
        return None;
    }
    let found = leftover::PidFile::read(&home.join("postgres/data"))?;
    found.answers().then(|| options(&found.socket, found.port, DATABASE))
}

/// Makes the data folder in one step: under another name first, so that a broken-off attempt leaves none.
async fn initialise(layout: &Layout, programs: &Programs) -> Result<(), Error> {
    let making = layout.folder.join("data.new");
    let mut output = String::new();
    for locale in locales() {
        if making.exists() {
            fs::remove_dir_all(&making).map_err(Error::io(&making))?;
        }
        let path = programs.path("initdb");
        let mut command = layout.account.command(&path);
        command.current_dir(&layout.folder).kill_on_drop(true).arg("--pgdata").arg(&making).args([
            "--username=postgres",
            "--encoding=UTF8",
            "--auth-local=trust",
            "--auth-host=reject",
            "--data-checksums",
            "--lc-messages=C",
        ]);
        let ran = command.args(*locale).output().await.map_err(Error::io(&path))?;
        if ran.status.success() {
            return fs::rename(&making, &layout.data).map_err(Error::io(&layout.data));
        }
        output = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
    }
    Err(Error::Init { data: layout.data.clone(), output })
}

/// Order by code point and UTF-8 character classes, which upper and lower case and trigrams need; the spelling
/// differs between systems, and the last one always works.
fn locales() -> &'static [&'static [&'static str]] {
    if cfg!(target_os = "macos") {
        &[&["--locale=C", "--lc-ctype=UTF-8"], &["--locale=C"]]
    } else {
        &[&["--locale=C.UTF-8"], &["--locale=C", "--lc-ctype=en_US.UTF-8"], &["--locale=C"]]
    }
}

/// Runs the server under the watchdog until it accepts connections to our database.
async fn launch(layout: &Layout, programs: &Programs) -> Result<(Child, ChildStdin), Error> {
    let log = layout.open_log()?;
    let log_begin = log.metadata().map_err(Error::io(&layout.log))?.len();
    let shell = Path::new("/bin/sh");
    let mut command = watchdog_command(layout, programs, &log)?;
    let mut watchdog = command.spawn().map_err(Error::io(shell))?;
    let mut pipe = watchdog.stdin.take().expect("the watchdog's standard input is a pipe");
    let begun = Instant::now();
    while !connects(layout).await? {
        if watchdog.try_wait().map_err(Error::io(shell))?.is_some() {
            return Err(Error::Ended {
                log: layout.log.clone(),
                tail: written_since(&layout.log, log_begin),
            });
        }
        if begun.elapsed() > START_LIMIT {
            return Err(Error::Slow {
                what: "start",
                seconds: START_LIMIT.as_secs(),
                log: layout.log.clone(),
            });
        }
        sleep(Duration::from_millis(10)).await;
    }
    pipe.write_all(b"ready\n").await.map_err(Error::io(shell))?;
    Ok((watchdog, pipe))
}

fn watchdog_command(layout: &Layout, programs: &Programs, log: &File) -> Result<Command, Error> {
    let mut command = layout.account.command(Path::new("/bin/sh"));
    command.args(["-c", WATCHDOG, "dealdesk-postgres"]).arg(programs.path("postgres"));
    command.arg("-D").arg(&layout.data).arg("-p").arg(PORT.to_string());
    // The setting is a list: quotes keep a comma in the path from splitting it.
    let quoted = layout.socket.to_string_lossy().replace('"', "\"\"");
    command.arg("-c").arg(format!("unix_socket_directories=\"{quoted}\""));
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    let copy = || log.try_clone().map(Stdio::from).map_err(Error::io(&layout.log));
    command.current_dir(&layout.folder).stdin(Stdio::piped()).stdout(copy()?).stderr(copy()?);
    Ok(command)
}

/// Whether the server accepts a connection to our database, which is made at the first one.
async fn connects(layout: &Layout) -> Result<bool, Error> {
    match PgConnection::connect_with(&options(&layout.socket, PORT, DATABASE)).await {
        Ok(connection) => connection.close().await.map(|()| true).map_err(Error::Sql),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("3D000") => {
            let mut first = PgConnection::connect_with(&options(&layout.socket, PORT, "postgres")).await?;
            first.execute("create database dealdesk").await?;
            first.close().await?;
            Ok(true)
        }
        // 57P03: it is starting up or recovering.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() != Some("57P03") => {
            Err(sqlx::Error::Database(error).into())
        }
        Err(_) => Ok(false),
    }
}

/// The end of what the log got after its first `begin` bytes, at most 2,000 bytes.
fn written_since(log: &Path, begin: u64) -> String {
    let read = || {
        let mut file = File::open(log)?;
        let begin = begin.max(file.metadata()?.len().saturating_sub(2_000));
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = read().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}
