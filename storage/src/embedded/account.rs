//! The operating-system account the server runs as: our own, or an unprivileged one when we are root.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::error::Error;

/// A user id and group id, and whether we must change to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    gid: u32,
    switch: bool,
}

impl Account {
    /// The account for a cluster that exists and belongs to `owner` (user and group id): the owner when we are
    /// root, unless that is root too.
    pub(super) fn of_cluster(owner: (u32, u32)) -> Result<Self, Error> {
        let (uid, gid) = current()?;
        if uid != 0 {
            return Ok(Self { uid, gid, switch: false });
        }
        let (uid, gid) = if owner.0 == 0 { unprivileged()? } else { owner };
        Ok(Self { uid, gid, switch: true })
    }

    /// The account for a new cluster in a folder of `owner`. As [`of_cluster`](Self::of_cluster), but `initdb` runs
    /// only as an account that has a name.
    pub(super) fn for_new_cluster(owner: (u32, u32)) -> Result<Self, Error> {
        Self::of_cluster(if named(owner.0) { owner } else { (0, 0) })
    }

    /// Whether we are root and the server is not.
    pub(super) fn switches(self) -> bool {
        self.switch
    }

    /// A command that runs as this account, with an empty environment and in its own process group, so that
    /// neither Ctrl-C in a terminal nor a stray `PG…` variable reaches the server.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C").process_group(0);
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes `path` and everything below it belong to this account; nothing to do when we do not switch.
    pub(super) fn own(self, path: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).map_err(Error::io(path))?;
        if fs::symlink_metadata(path).map_err(Error::io(path))?.is_dir() {
            for entry in fs::read_dir(path).map_err(Error::io(path))? {
                self.own(&entry.map_err(Error::io(path))?.path())?;
            }
        }
        Ok(())
    }

    /// Lets the account pass through `folder`, one of ours, without letting anybody else in.
    pub(super) fn admit(self, folder: &Path) -> Result<(), Error> {
        use std::os::unix::fs::PermissionsExt;
        let meta = fs::metadata(folder).map_err(Error::io(folder))?;
        if !self.switch || meta.uid() != 0 || self.passes(&meta) {
            return Ok(());
        }
        lchown(folder, None, Some(self.gid)).map_err(Error::io(folder))?;
        let mode = (meta.mode() & 0o707) | 0o010;
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).map_err(Error::io(folder))
    }

    /// The first folder on the way to `path`, itself included, that this account cannot pass through.
    pub(super) fn barred(self, path: &Path) -> Option<PathBuf> {
        if !self.switch {
            return None;
        }
        let mut folders: Vec<&Path> = path.ancestors().collect();
        folders.reverse();
        folders
            .into_iter()
            .find(|f| !fs::metadata(f).is_ok_and(|meta| self.passes(&meta)))
            .map(Path::to_owned)
    }

    /// Whether `meta`, a folder's or a program's, gives this account the execute right.
    fn passes(self, meta: &fs::Metadata) -> bool {
        let bit = if meta.uid() == self.uid {
            0o100
        } else if meta.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        meta.mode() & bit != 0
    }
}

/// Our own user and group id.
fn current() -> Result<(u32, u32), Error> {
    let own = Path::new("/proc/self");
    if let Ok(meta) = fs::metadata(own) {
        return Ok((meta.uid(), meta.gid()));
    }
    // No /proc on macOS, and asking the C library would need `unsafe`.
    let ask = |flag| {
        let path = Path::new("/usr/bin/id");
        let output = std::process::Command::new(path).arg(flag).output().map_err(Error::io(path))?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().map_err(|_| Error::io(path)(std::io::Error::other("printed no number")))
    };
    Ok((ask("-u")?, ask("-g")?))
}

/// Whether this process is root; no when that cannot be found out.
pub(super) fn is_root() -> bool {
    current().is_ok_and(|(uid, _)| uid == 0)
}

/// Whether the system has a name for the user id.
fn named(uid: u32) -> bool {
    let mut ask = std::process::Command::new("/usr/bin/id");
    ask.arg("-un").arg(uid.to_string()).output().is_ok_and(|output| output.status.success())
}

/// User and group id of an account without rights of its own.
fn unprivileged() -> Result<(u32, u32), Error> {
    let path = Path::new("/etc/passwd");
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let missing =
        || std::io::Error::other("has neither an account `postgres` nor `nobody` to run the server as");
    choose(&text).ok_or_else(missing).map_err(Error::io(path))
}

/// User and group id of `postgres`, else of `nobody`, in the text of a passwd file.
fn choose(passwd: &str) -> Option<(u32, u32)> {
    let find = |name: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let found = fields.next() == Some(name);
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (found && uid != 0).then_some((uid, gid))
        })
    };
    find("postgres").or_else(|| find("_postgres")).or_else(|| find("nobody"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\nbroken\n";

    #[test]
    fn postgres_comes_before_nobody() {
        let with = format!("{PASSWD}postgres:x:101:104:x:/var/lib/postgresql:/bin/bash\n");
        assert_eq!(choose(&with), Some((101, 104)));
        assert_eq!(choose(PASSWD), Some((65534, 65534)));
    }

    #[test]
    fn an_account_with_the_rights_of_root_is_never_chosen() {
        assert_eq!(choose("postgres:x:0:0::/:/bin/sh\n"), None);
        assert_eq!(choose("nobody:*:-2:-2::/:/bin/false\n"), None);
    }

    #[test]
    fn a_folder_without_the_execute_bit_bars_the_way() {
        use std::os::unix::fs::PermissionsExt;
        let closed = std::env::temp_dir().join(format!("dealdesk-barred-{}", std::process::id()));
        fs::create_dir_all(closed.join("inner")).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let other = Account { uid: 54_321, gid: 54_321, switch: true };
        assert_eq!(other.barred(&closed.join("inner")), Some(closed.clone()));
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(other.barred(&closed.join("inner")), None);
        fs::remove_dir_all(closed).unwrap();
    }
}
