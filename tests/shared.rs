//! Development data that lies beside the repository; tests that use it skip when it is absent.

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
