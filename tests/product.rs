//! The running product: the program itself, as a child, against a database of the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::database::Database;

/// The secret with which the fake Slack signs.
pub const SIGNING_SECRET: &str = "a-signing-secret-for-tests";
/// The token the fake Slack accepts.
pub const BOT_TOKEN: &str = "xoxb-for-tests";

/// How a product is to be started.
pub struct Setting {
    home: PathBuf,
    port: u16,
    environment: Vec<(String, String)>,
}

/// A running product; ended when dropped.
pub struct Product {
    /// Its address, e.g. `http://127.0.0.1:40123`.
    pub url: String,
    child: Child,
    setting: Setting,
}

impl Setting {
    /// On a database of the test, with a data folder of its own.
    pub fn on(database: &Database) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("dealdesk-home-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let home = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&home).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let environment = vec![
            ("DATABASE_URL".to_owned(), database.url()),
            ("SLACK_SIGNING_SECRET".to_owned(), SIGNING_SECRET.to_owned()),
            ("SLACK_BOT_TOKEN".to_owned(), BOT_TOKEN.to_owned()),
        ];
        Self { home, port, environment }
    }

    /// With a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts `dealdesk serve` and waits until it is ready.
    pub async fn start(self) -> Product {
        let product = self.launch();
        product.ready().await;
        product
    }

    /// Starts `dealdesk serve` without waiting.
    pub fn launch(self) -> Product {
        let log = std::fs::File::create(self.home.join("product.log")).unwrap();
        let child = self.command().arg("serve").stdout(log.try_clone().unwrap()).stderr(log).spawn();
        Product { url: format!("http://127.0.0.1:{}", self.port), child: child.unwrap(), setting: self }
    }

    /// Starts `dealdesk worker` without waiting; `url` is where it tells how it fares.
    pub fn launch_worker(self, url: &str) -> Product {
        let log = std::fs::File::create(self.home.join("product.log")).unwrap();
        let child = self.command().arg("worker").stdout(log.try_clone().unwrap()).stderr(log).spawn();
        Product { url: url.to_owned(), child: child.unwrap(), setting: self }
    }

    /// A command of the program in this setting.
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command
            .env("DEALDESK_HOME", &self.home)
            .env("DEALDESK_LISTEN", format!("127.0.0.1:{}", self.port))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

impl Product {
    /// Waits until it answers that it is ready.
    pub async fn ready(&self) {
        let client = client();
        let begun = Instant::now();
        loop {
            let why = match client.get(format!("{}/readyz", self.url)).send().await {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            assert!(begun.elapsed() < Duration::from_secs(60), "not ready, {why}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.setting.home.join("product.log")).unwrap_or_default()
    }

    /// Waits until it has ended by itself; true when it was killed or aborted.
    pub fn ended(&mut self, within: Duration) -> Option<std::process::ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        None
    }

    /// Whether it has ended by itself.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it without warning.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Asks it to stop, as an operator does, and gives its exit status.
    pub fn stop(&mut self) -> Option<std::process::ExitStatus> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.ended(Duration::from_secs(30))
    }

    /// Starts it again in the same setting, with variables changed; an empty value removes one.
    pub async fn again(mut self, changes: &[(&str, &str)]) -> Self {
        self.kill();
        let mut setting = Setting {
            home: std::mem::take(&mut self.setting.home),
            port: self.setting.port,
            environment: std::mem::take(&mut self.setting.environment),
        };
        for (name, value) in changes {
            setting = setting.with(name, *value);
        }
        setting.start().await
    }

    /// A page of the console, as the admin sees it who uses the link that was printed at the start.
    pub async fn page(&self, path: &str) -> String {
        self.admin().await.page(path).await
    }

    /// The admin in the console, by the link that was printed at the start, which works once.
    pub async fn admin(&self) -> Admin {
        self.signed_in(&self.log()).await
    }

    /// Whoever the first sign-in link in a text is for, e.g. what `people add` printed.
    pub async fn signed_in(&self, text: &str) -> Admin {
        let (_, token) = text.lines().find_map(|line| line.split_once("/sign-in?token=")).unwrap();
        let token = token.trim();
        let alone = reqwest::redirect::Policy::none();
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(10)).redirect(alone).build().unwrap();
        let mut admin = Admin { url: self.url.clone(), client, cookie: String::new() };
        let answer = admin.sends("/sign-in", format!("token={token}")).await;
        admin.cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        admin
    }

    /// Its data folder.
    pub fn home(&self) -> &Path {
        &self.setting.home
    }

    /// Another command of the program beside it, e.g. `["audit", "verify"]`: exit code and what it printed.
    pub fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.setting.command().args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text + &String::from_utf8_lossy(&output.stderr))
    }
}

/// A person signed in to the console, mostly the admin, without a browser.
pub struct Admin {
    url: String,
    client: reqwest::Client,
    cookie: String,
}

impl Admin {
    /// A page.
    pub async fn page(&self, path: &str) -> String {
        let asked = self.client.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        asked.send().await.unwrap().text().await.unwrap()
    }

    /// Sends a form, its fields encoded.
    pub async fn sends(&self, path: &str, fields: String) -> reqwest::Response {
        let form = self
            .client
            .post(format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields);
        form.send().await.unwrap()
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("--- the product's log ---\n{}", self.log());
        }
        if !self.setting.home.as_os_str().is_empty() {
            std::fs::remove_dir_all(&self.setting.home).ok();
        }
    }
}

/// The program that `cargo build` made beside the tests.
pub fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let program = path.join("dealdesk");
    assert!(program.exists(), "{} is missing: cargo build --workspace", program.display());
    program
}

/// An HTTP client for tests.
pub fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}
