//! Where the embedded server keeps its data and where its programs are looked for.

use std::ffi::OsString;
use std::path::PathBuf;

use super::account;

/// The tree that `scripts/setup` fetches; the script has the same name in `TREE`.
const TREE: &str = "postgres-18.6.3";

/// Where to keep the data and where to look for a server.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The data folder of Dealdesk (`DEALDESK_HOME`); the server's files go to `postgres` below it.
    pub home: PathBuf,
    /// The folder with `initdb` and `postgres` to use and no other (`DEALDESK_PG_BIN`).
    pub bin: Option<PathBuf>,
    /// Trees that set-up may have fetched, best first.
    pub fetched: Vec<PathBuf>,
    /// Folders searched after the usual places of installed servers (`PATH`).
    pub path: Vec<PathBuf>,
}

impl Config {
    /// The configuration for the data folder `home`, the rest from the environment as `lookup` shows it (in
    /// production `std::env::var_os`): `DEALDESK_PG_BIN`, `PATH`, and what [`cache_folders`] reads.
    #[must_use]
    pub fn from_environment(home: PathBuf, lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        Self {
            home,
            bin: set(&lookup, "DEALDESK_PG_BIN"),
            fetched: cache_folders(&lookup).into_iter().map(|cache| cache.join(TREE)).collect(),
            path: lookup("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
        }
    }
}

/// Where set-up puts what it fetches, best first. The rule, stated here and followed by `scripts/setup`:
/// `DEALDESK_CACHE` if set; else for root `/var/cache/dealdesk`, because the server runs as another account, which
/// cannot enter root's home; else the platform's cache folder of the account, then `/var/cache/dealdesk`.
#[must_use]
pub fn cache_folders(lookup: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    if let Some(cache) = set(&lookup, "DEALDESK_CACHE") {
        return vec![cache];
    }
    let own = set(&lookup, "HOME").filter(|_| !account::is_root()).map(|home| {
        if cfg!(target_os = "macos") {
            home.join("Library/Caches/dealdesk")
        } else {
            set(&lookup, "XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache")).join("dealdesk")
        }
    });
    own.into_iter().chain([PathBuf::from("/var/cache/dealdesk")]).collect()
}

/// A variable's value as a path; an empty one counts as not set.
fn set(lookup: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn a_named_cache_is_the_only_one() {
        let folders = cache_folders(world(&[("DEALDESK_CACHE", "/c"), ("HOME", "/home/ann")]));
        assert_eq!(folders, [PathBuf::from("/c")]);
    }

    #[test]
    fn the_shared_cache_is_always_looked_at() {
        let folders = cache_folders(world(&[("HOME", "/home/ann"), ("DEALDESK_CACHE", "")]));
        assert_eq!(folders.last(), Some(&PathBuf::from("/var/cache/dealdesk")));
        assert_eq!(folders.len(), if account::is_root() { 1 } else { 2 });
    }

    #[test]
    fn the_environment_names_server_and_search_path() {
        let config = Config::from_environment(
            PathBuf::from("/data"),
            world(&[("DEALDESK_PG_BIN", "/pg/bin"), ("PATH", "/a:/b"), ("DEALDESK_CACHE", "/c")]),
        );
        assert_eq!(config.bin, Some(PathBuf::from("/pg/bin")));
        assert_eq!(config.path, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(config.fetched, [PathBuf::from("/c/postgres-18.6.3")]);
    }
}
