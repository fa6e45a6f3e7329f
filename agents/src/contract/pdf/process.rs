//! A process that reads a file from outside, with little memory, and its end.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::frame::{self, Answer, Ask};
use super::{Fault, Limits};

/// Most bytes that a program's output may have.
const OUTPUT_MAX: u64 = 64 * 1024 * 1024;
/// Memory of a program that recognises or converts, in bytes of addresses: its pictures are larger than our files.
const PROGRAM_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A command under limits of memory. Setting limits by ourselves would need `unsafe`, so the shell does it; no core is
/// written: it would hold the contract.
fn limited(option: &str, bytes: u64, program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit -c 0; ulimit {option} \"$0\" 2>/dev/null; exec \"$@\"");
    command.arg("-c").arg(script).arg((bytes / 1024).to_string()).arg(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs a program on an input to its end. None when it fails, says too much or takes too long.
pub(super) async fn run(program: &Path, arguments: &[&str], input: &[u8], time: Duration) -> Option<Vec<u8>> {
    let mut command = limited("-v", PROGRAM_BYTES, program);
    // One thread each: we run as many as there are processors.
    command.args(arguments).env("OMP_THREAD_LIMIT", "1");
    let mut child = command.spawn().ok()?;
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    let talk = async {
        let mut output = Vec::new();
        let mut stdout = stdout.take(OUTPUT_MAX);
        let feed = async {
            // A program that has seen enough closes its end early.
            stdin.write_all(input).await.ok();
            drop(stdin);
        };
        let (read, ()) = tokio::join!(stdout.read_to_end(&mut output), feed);
        let status = child.wait().await;
        (read.is_ok() && status.is_ok_and(|status| status.success())).then_some(output)
    };
    tokio::time::timeout(time, talk).await.ok().flatten()
}

/// Why a child did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It said why; it can be asked again.
    Refused(Fault),
    /// It ended or made no sense.
    Died(Fault),
    /// It took too long.
    Slow,
}

/// A running child that opens files.
#[derive(Debug)]
pub(super) struct Opener {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// Files it has opened.
    pub(super) files: u32,
}

impl Opener {
    /// Starts one: `program` is this program, `library` the pdfium to load.
    pub(super) fn start(program: &Path, library: &Path, limits: &Limits) -> std::io::Result<Self> {
        let mut command = limited("-d", limits.memory_bytes, program);
        let mut process = command.arg("read-pdf").arg(library).spawn()?;
        let missing = || std::io::Error::other("the child has no streams");
        let to = process.stdin.take().ok_or_else(missing)?;
        let from = BufReader::with_capacity(1 << 16, process.stdout.take().ok_or_else(missing)?);
        Ok(Self { process, to, from, files: 0 })
    }

    /// Asks something; the answers are received one by one.
    pub(super) async fn ask(&mut self, ask: &Ask, body: &[u8], time: Duration) -> Result<(), Stop> {
        match tokio::time::timeout(time, frame::send(&mut self.to, ask, body)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.died().await),
            Err(_) => Err(Stop::Slow),
        }
    }

    /// Its next answer.
    pub(super) async fn answer(&mut self, time: Duration) -> Result<(Answer, Vec<u8>), Stop> {
        match tokio::time::timeout(time, frame::receive::<Answer>(&mut self.from)).await {
            Ok(Ok((Answer::Refused(fault), _))) => Err(Stop::Refused(fault)),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(self.died().await),
            Err(_) => Err(Stop::Slow),
        }
    }

    /// Its process id, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    async fn died(&mut self) -> Stop {
        let ended = tokio::time::timeout(Duration::from_secs(1), self.process.wait()).await;
        Stop::Died(match ended {
            Ok(Ok(status)) => blame(status),
            _ => Fault::Broken,
        })
    }
}

/// What a child's end says of the file it had open.
fn blame(status: ExitStatus) -> Fault {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        // Illegal instruction, trap, abort, kill: how allocators end a process that asks for too much.
        Some(4 | 5 | 6 | 9) => Fault::Bomb,
        _ => Fault::Broken,
    }
}
