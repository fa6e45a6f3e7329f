//! What an earlier owner of the data folder left behind: a server still running or ending, or a stale pid file.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::Error;
use super::find::Programs;
use super::layout::Layout;

/// How long a server whose owner died is given to end by itself, as its watchdog makes it do.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one that nobody stops is given once we have asked.
const STOP_LIMIT_SECONDS: u64 = 60;

/// What a server writes to `postmaster.pid`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pid: u32,
    pub(super) port: u16,
    pub(super) socket: PathBuf,
    ready: bool,
}

impl PidFile {
    pub(super) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let line = |number: usize| text.lines().nth(number - 1).map(str::trim);
        Some(Self {
            pid: line(1)?.parse().ok()?,
            port: line(4).and_then(|port| port.parse().ok()).unwrap_or_default(),
            socket: line(5).map(PathBuf::from).unwrap_or_default(),
            ready: line(8) == Some("ready"),
        })
    }

    /// Whether the server says it is ready and its socket answers.
    pub(super) fn answers(&self) -> bool {
        self.ready && UnixStream::connect(self.socket.join(format!(".s.PGSQL.{}", self.port))).is_ok()
    }

    /// Whether the process is there and is a Postgres server; `None` when no process has the id. After a restart
    /// of the machine or container any program may have it.
    async fn is_server(&self) -> Option<bool> {
        let name = if Path::new("/proc/self/comm").exists() {
            fs::read_to_string(format!("/proc/{}/comm", self.pid)).ok()?
        } else {
            let mut ask = tokio::process::Command::new("/bin/ps");
            let output = ask.args(["-o", "comm=", "-p", &self.pid.to_string()]).output().await.ok()?;
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let name = name.trim().rsplit('/').next()?;
        (!name.is_empty()).then(|| name.starts_with("postgres") || name.starts_with("postmaster"))
    }
}

/// Waits for a server that still runs on the data, stops it when nobody else does, and removes a pid file whose
/// process is another program. The caller holds the lock, so no living Dealdesk owns that server.
pub(super) async fn clear(layout: &Layout, programs: &Programs) -> Result<(), Error> {
    let begun = Instant::now();
    while let Some(left) = PidFile::read(&layout.data) {
        match left.is_server().await {
            // Postgres itself deals with the file of a process that is gone.
            None => return Ok(()),
            Some(false) => {
                let path = layout.data.join("postmaster.pid");
                tracing::warn!(
                    pid = left.pid,
                    "removing a stale pid file: its process is another program now"
                );
                return fs::remove_file(&path).map_err(Error::io(&path));
            }
            Some(true) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(50)).await,
            Some(true) => return stop(layout, programs, left.pid).await,
        }
    }
    Ok(())
}

async fn stop(layout: &Layout, programs: &Programs, pid: u32) -> Result<(), Error> {
    tracing::warn!(pid, "stopping a database server that its owner left behind");
    let path = programs.path("pg_ctl");
    let mut command = layout.account.command(&path);
    command
        .current_dir(&layout.folder)
        .args(["stop", "--mode=fast", "--silent", "--pgdata"])
        .arg(&layout.data);
    command.arg(format!("--timeout={STOP_LIMIT_SECONDS}"));
    let done = command.status().await.map_err(Error::io(&path))?.success();
    // It may have ended by itself between our look and pg_ctl's.
    if done || PidFile::read(&layout.data).is_none() {
        return Ok(());
    }
    Err(Error::Slow { what: "stop", seconds: STOP_LIMIT_SECONDS, log: layout.log.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str =
        "4711\n/home/a b/postgres/data\n1763800000\n5432\n/home/a b/postgres/socket\n\n  123  4\nready   \n";

    #[test]
    fn a_pid_file_is_read_line_by_line() {
        let read = PidFile::parse(READY).unwrap();
        let socket = PathBuf::from("/home/a b/postgres/socket");
        assert_eq!(read, PidFile { pid: 4711, port: 5432, socket, ready: true });
        assert!(!read.answers(), "nobody listens there");
    }

    #[test]
    fn a_server_that_is_starting_or_ending_is_not_ready() {
        assert!(!PidFile::parse(&READY.replace("ready   ", "stopping")).unwrap().ready);
        assert!(!PidFile::parse("4711\n/data\n").unwrap().ready);
        assert_eq!(PidFile::parse(""), None);
    }

    #[tokio::test]
    async fn this_test_is_no_database_server() {
        let mut file = PidFile::parse(READY).unwrap();
        file.pid = std::process::id();
        assert_eq!(file.is_server().await, Some(false));
        file.pid = u32::MAX;
        assert_eq!(file.is_server().await, None);
    }
}
