//! The folders of the embedded server below the data folder, and the lock that gives them to one process.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::account::Account;
use super::error::Error;

/// Holds the owner's process id and whether its server is ready.
const LOCK: &str = "postgres.lock";
/// Where root's clusters go when the server's account cannot reach the data folder.
const REACHABLE: &str = "/var/lib/dealdesk/clusters";
/// The longest path of a socket: the kernel's 104 (macOS) or 108 bytes, less the closing zero.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "macos") { 103 } else { 107 };
/// The log is set aside at a start when it is longer than this, in bytes; one old one is kept.
const LOG_MAX: u64 = 1 << 20;

/// Holds the data folder for this process until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of `home`, or says which process has it.
    pub(super) async fn take(home: &Path) -> Result<Self, Error> {
        if !home.exists() {
            fs::DirBuilder::new().recursive(true).create(home).map_err(Error::io(home))?;
            fs::set_permissions(home, fs::Permissions::from_mode(0o700)).map_err(Error::io(home))?;
        }
        let path = home.join(LOCK);
        let open =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = open.map_err(Error::io(&path))?;
        // A process that is just ending gives the lock back within moments.
        for attempt in 0.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < 3 => sleep(Duration::from_millis(100)).await,
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text).map_err(Error::io(&path))?;
                    return Err(Error::InUse {
                        home: home.to_owned(),
                        pid: text.lines().next().and_then(|pid| pid.parse().ok()),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
            }
        }
        let mut lock = Self { file, path };
        lock.write("starting")?;
        Ok(lock)
    }

    /// Lets other processes use the server; see [`announced`].
    pub(super) fn announce(&mut self) -> Result<(), Error> {
        self.write("ready")
    }

    fn write(&mut self, state: &str) -> Result<(), Error> {
        let text = format!("{}\n{state}\n", std::process::id());
        let file = &mut self.file;
        let mut write = || {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())
        };
        write().map_err(Error::io(&self.path))
    }
}

/// Whether the process that took the lock of `home` last has said that its server is ready.
pub(super) fn announced(home: &Path) -> bool {
    fs::read_to_string(home.join(LOCK)).is_ok_and(|text| text.lines().nth(1) == Some("ready"))
}

/// The places of one cluster.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) account: Account,
    /// The folder of everything below; never a symbolic link.
    pub(super) folder: PathBuf,
    /// The server's own data folder.
    pub(super) data: PathBuf,
    /// The private folder of the socket.
    pub(super) socket: PathBuf,
    /// What the server prints.
    pub(super) log: PathBuf,
}

impl Layout {
    /// Makes the folders that are missing. The caller holds the lock of `home`.
    pub(super) fn prepare(home: &Path) -> Result<Self, Error> {
        let home = fs::canonicalize(home).map_err(Error::io(home))?;
        let place = home.join("postgres");
        let (folder, account) = match fs::metadata(&place) {
            Ok(meta) => {
                let account = Account::of_cluster((meta.uid(), meta.gid()))?;
                if !account.switches() && meta.uid() != account.uid {
                    return Err(Error::Foreign { folder: place, owner: meta.uid() });
                }
                let folder = fs::canonicalize(&place).map_err(Error::io(&place))?;
                if meta.uid() != account.uid {
                    account.own(&folder)?;
                }
                (folder, account)
            }
            Err(_) => {
                let meta = fs::metadata(&home).map_err(Error::io(&home))?;
                let account = Account::for_new_cluster((meta.uid(), meta.gid()))?;
                (new_folder(&home, &place, account)?, account)
            }
        };
        account.admit(&home)?;
        if let Some(barred) = account.barred(&folder) {
            return Err(Error::Unreachable { folder: barred, uid: account.uid });
        }
        let socket = socket_folder(&folder, account)?.ok_or(Error::SocketPath { home })?;
        Ok(Self { account, data: folder.join("data"), log: folder.join("server.log"), socket, folder })
    }

    /// The log, opened for appending; a long one is set aside first.
    pub(super) fn open_log(&self) -> Result<File, Error> {
        if fs::metadata(&self.log).is_ok_and(|meta| meta.len() > LOG_MAX) {
            fs::rename(&self.log, self.log.with_extension("log.old")).map_err(Error::io(&self.log))?;
        }
        File::options().append(true).create(true).mode(0o600).open(&self.log).map_err(Error::io(&self.log))
    }
}

/// Makes the folder of a new cluster: `place`, or, where the account cannot reach that, a folder that it can, with
/// `place` as a symbolic link to it.
fn new_folder(home: &Path, place: &Path, account: Account) -> Result<PathBuf, Error> {
    account.admit(home)?;
    if account.barred(home).is_none() {
        private_folder(place, account).map_err(Error::io(place))?;
        return Ok(place.to_owned());
    }
    let base = Path::new(REACHABLE);
    fs::DirBuilder::new().recursive(true).create(base).map_err(Error::io(base))?;
    for folder in base.ancestors().take(2) {
        account.admit(folder)?;
    }
    // A link that dangles is of a cluster that somebody removed.
    if fs::symlink_metadata(place).is_ok() {
        fs::remove_file(place).map_err(Error::io(place))?;
    }
    for number in 1.. {
        let folder = base.join(number.to_string());
        match private_folder(&folder, account) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => {
                made.map_err(Error::io(&folder))?;
                symlink(&folder, place).map_err(Error::io(place))?;
                tracing::info!(folder = %folder.display(), home = %home.display(),
                    "the database server's account cannot enter the data folder, so the database is kept elsewhere");
                return Ok(folder);
            }
        }
    }
    unreachable!("there are more numbers than folders")
}

/// A folder short enough for a socket: in the cluster's own, else in a temporary folder under a name of its own.
fn socket_folder(cluster: &Path, account: Account) -> Result<Option<PathBuf>, Error> {
    let hash = hex::encode(&Sha256::digest(cluster.as_os_str().as_bytes())[..6]);
    let mut choices = vec![cluster.join("socket")];
    for temporary in [std::env::temp_dir(), PathBuf::from("/tmp")] {
        choices.extend((0..3).map(|turn| temporary.join(format!("dealdesk-{hash}-{turn}"))));
    }
    for folder in choices {
        if folder.as_os_str().len() + "/.s.PGSQL.5432".len() > SOCKET_PATH_MAX {
            continue;
        }
        match private_folder(&folder, account) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::Io { path: folder, source: error }),
        }
        // Somebody else may have made a folder of that name in a shared place: only a private one will do.
        let meta = fs::symlink_metadata(&folder).map_err(Error::io(&folder))?;
        let private = meta.is_dir() && meta.uid() == account.uid && meta.mode() & 0o077 == 0;
        if private && account.barred(&folder).is_none() {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Makes a folder that only `account` (and root) can enter; an error when there is one already.
fn private_folder(folder: &Path, account: Account) -> std::io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    account.own(folder).map_err(std::io::Error::other)
}
