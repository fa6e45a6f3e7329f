//! Reading mails of public corpora and hostile ones, and checking senders against a resolver on a real socket.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]

#[path = "email/corpora.rs"]
mod corpora;
#[path = "email/hostile.rs"]
mod hostile;
#[path = "email/resolver.rs"]
mod resolver;
#[path = "email/senders.rs"]
mod senders;

use std::io::Read;
use std::path::Path;

/// The development mails whose path contains a word: path and bytes; none, with a printed line, when they are not there.
fn samples(part: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let path = root.parent()?.join("shared/data/messages.tar.zst");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: the development mails are not there");
        return None;
    };
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        if name.contains(part) && entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            found.push((name, bytes));
        }
    }
    assert!(!found.is_empty(), "no sample has {part} in its path");
    Some(found)
}
