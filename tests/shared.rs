//! What may be absent: development data beside the repository, and what set-up fetches. Tests of it skip then.

use std::path::PathBuf;

/// A file or folder of the development data, or none with a printed line.
pub fn data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: development data {name} is not here");
    None
}

/// Something that set-up fetched, or none with a printed line: set-up goes on where the network gives it none.
pub fn fetched(name: &str) -> Option<PathBuf> {
    let folders = storage::embedded::cache_folders(|name| std::env::var_os(name));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: set-up could not fetch {name}");
    }
    found
}
