//! Lists the terms of contracts and the prompts: every file of `terms/` and `prompts/` is compiled in, so that a new one
//! is a new file.

use std::path::{Path, PathBuf};
use std::{env, fs};

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
    fs::write(out.join("terms.rs"), list + "]\n")?;
    fs::write(out.join("prompts.rs"), prompts(&root.join("prompts"))?)
}

/// `prompts/<agent>/<name>.v<number>.md` as name, number and text.
fn prompts(folder: &Path) -> std::io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = Vec::new();
    for agent in fs::read_dir(folder)? {
        let agent = agent?;
        println!("cargo::rerun-if-changed={}", agent.path().display());
        for file in fs::read_dir(agent.path())? {
            let path = file?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let Some((name, number)) = stem.rsplit_once(".v") else {
                return Err(std::io::Error::other(format!("{} has no version", path.display())));
            };
            let number: u32 = number.parse().map_err(std::io::Error::other)?;
            let name = format!("{}/{name}", agent.file_name().to_string_lossy());
            println!("cargo::rerun-if-changed={}", path.display());
            list.push(format!("    ({name:?}, {number}, include_str!({:?})),\n", path.display().to_string()));
        }
    }
    list.sort();
    Ok(format!("&[\n{}]\n", list.concat()))
}
