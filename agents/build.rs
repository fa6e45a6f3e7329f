//! Lists the terms of contracts: every file of `terms/` is compiled in, so that a new term is a new file.

use std::{env, fs, path::PathBuf};

fn main() -> std::io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a build script is configured by the environment")]
    let (root, out) = (env::var("CARGO_MANIFEST_DIR"), env::var("OUT_DIR"));
    let (root, out) = (PathBuf::from(root.unwrap_or_default()), PathBuf::from(out.unwrap_or_default()));
    let folder = root.join("terms");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|kind| kind == "toml"));
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        list += &format!("    include_str!({:?}),\n", file.display().to_string());
    }
    fs::write(out.join("terms.rs"), list + "]\n")
}
