//! A database per test: copied from one that was migrated once, on a server that this process runs.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use storage::embedded::{self, Config, Server};
use storage::{Access, Db};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

const TEMPLATE: &str = "dealdesk_template";

/// The server of this process; its own runtime outlives every test's.
struct Shared {
    runtime: Runtime,
    server: Option<Server>,
    login: PgConnectOptions,
    /// Copying a template allows nobody else in it.
    copying: Mutex<()>,
    next: AtomicU32,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let (server, login) = match std::env::var("DEALDESK_TEST_DATABASE_URL") {
            Ok(url) => (None, url.parse().unwrap()),
            Err(_) => {
                let server = runtime.block_on(embedded::start(&config())).expect("scripts/setup test");
                let login = server.connect_options();
                (Some(server), login)
            }
        };
        runtime.block_on(make_template(&login));
        Shared { runtime, server, login, copying: Mutex::new(()), next: AtomicU32::new(0) }
    })
}

/// A data folder of this process. What earlier processes left is removed: their server went with them.
fn config() -> Config {
    let mine = format!("dealdesk-suite-{}", std::process::id());
    for entry in std::fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_dead = name
            .strip_prefix("dealdesk-suite-")
            .is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists());
        if is_dead && cfg!(target_os = "linux") {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
    Config::from_environment(std::env::temp_dir().join(mine), |name| std::env::var_os(name))
}

async fn make_template(login: &PgConnectOptions) {
    let mut owner = login.connect().await.unwrap();
    let drop = format!("DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)");
    owner.execute(AssertSqlSafe(drop)).await.unwrap();
    owner.execute(AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}"))).await.unwrap();
    owner.close().await.unwrap();
    Db::migrate(&Access::from_login(login.clone().database(TEMPLATE))).await.unwrap();
}

/// A fresh, migrated database; dropped at the end of the test.
pub struct Database {
    name: String,
}

impl Database {
    /// Copies the template.
    pub async fn fresh() -> Self {
        // The first caller starts the server, which blocks.
        let shared = tokio::task::spawn_blocking(shared).await.unwrap();
        let name = format!("test_{}_{}", std::process::id(), shared.next.fetch_add(1, Ordering::Relaxed));
        let copy = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        let alone = shared.copying.lock().await;
        let mut owner = shared.login.connect().await.unwrap();
        owner.execute(AssertSqlSafe(copy)).await.unwrap();
        owner.close().await.unwrap();
        drop(alone);
        Self { name }
    }

    /// An empty database, not migrated.
    pub async fn empty() -> Self {
        let shared = tokio::task::spawn_blocking(shared).await.unwrap();
        let name = format!("test_{}_{}", std::process::id(), shared.next.fetch_add(1, Ordering::Relaxed));
        let mut owner = shared.login.connect().await.unwrap();
        owner.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        owner.close().await.unwrap();
        Self { name }
    }

    /// The superuser's login to it.
    pub fn login(&self) -> PgConnectOptions {
        shared().login.clone().database(&self.name)
    }

    /// How the product reaches it.
    pub fn access(&self) -> Access {
        if shared().server.is_some() {
            Access::from_own_server(self.login())
        } else {
            Access::from_login(self.login())
        }
    }

    /// The product's own pools on it.
    pub async fn open(&self) -> Db {
        Db::connect(&self.access()).await.unwrap()
    }

    /// A connection as the superuser, for what only tests may do.
    pub async fn owner(&self) -> PgConnection {
        self.login().connect().await.unwrap()
    }

    /// The address for a child process.
    pub fn url(&self) -> String {
        let login = self.login();
        let (user, name, port) = (login.get_username(), &self.name, login.get_port());
        match login.get_socket() {
            Some(socket) => format!("postgres://{user}@localhost:{port}/{name}?host={}", socket.display()),
            None => login.to_url_lossy().to_string(),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let shared = shared();
        // In the shared runtime: this test's own is going down.
        shared.runtime.spawn(async move {
            if let Ok(mut owner) = shared.login.connect().await {
                owner.execute(AssertSqlSafe(drop)).await.ok();
            }
        });
    }
}

/// Waits for something that happens by itself; a minute without it is a failure.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let begun = std::time::Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}
