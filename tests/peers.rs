//! Real programs at the other end of a socket: Redis, and what lies beside the repository.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::database::eventually;

/// A program of somebody else's; ended when dropped.
pub struct Peer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    child: Child,
    log: PathBuf,
}

/// A port of 127.0.0.1 that nobody uses.
pub async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

impl Peer {
    /// Starts it and waits until something listens on the port.
    pub async fn start(mut command: Command, port: u16) -> Self {
        let log = std::env::temp_dir().join(format!("dealdesk-peer-{}-{port}.log", std::process::id()));
        let file = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}: scripts/setup test"));
        let mut peer = Self { port, child, log };
        let begun = std::time::Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let is_over =
                peer.child.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_mins(3);
            assert!(!is_over, "{command:?} does not listen:\n{}", peer.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        peer
    }

    /// A Redis server without any file, on a port.
    pub async fn redis(port: u16) -> Self {
        let mut command = Command::new("redis-server");
        let port_text = port.to_string();
        command.args(["--bind", "127.0.0.1", "--port", &port_text, "--save", "", "--appendonly", "no"]);
        command.current_dir(std::env::temp_dir());
        Self::start(command, port).await
    }

    /// A script of the peers beside the repository, given the port first; none with a printed line if they are not
    /// here.
    pub async fn beside(script: &str, port: u16, arguments: &[&str]) -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/peers");
        let path = folder.join(script);
        if !path.exists() {
            println!("skipped: the peer {script} is not here");
            return None;
        }
        let mut command = Command::new(path);
        command.arg(port.to_string()).args(arguments).current_dir(folder);
        Some(Self::start(command, port).await)
    }

    /// What Redis answers to a command, in its own notation.
    pub async fn redis_says(&self, command: &str) -> String {
        let mut line = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        line.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 1024];
        let length = line.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).trim().to_owned()
    }

    /// Lets it hang, or go on: it keeps its connections and answers nobody.
    pub fn hang(&self, hangs: bool) {
        let signal = if hangs { "-STOP" } else { "-CONT" };
        Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
    }

    /// Ends it and waits until nobody listens.
    pub async fn end(self) {
        let port = self.port;
        drop(self);
        eventually("the port being closed", async || TcpStream::connect(("127.0.0.1", port)).await.is_err())
            .await;
    }

    /// What it printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its whole group: a script may have started the program as a child.
        let group = format!("-{}", self.child.id());
        Command::new("kill").args(["-KILL", "--", &group]).status().ok();
        self.child.wait().ok();
        std::fs::remove_file(&self.log).ok();
    }
}
