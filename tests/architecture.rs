//! The house as `docs/architecture.md` draws it: which crate may import which, and where SQL may stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each crate's floor; a crate imports only from lower ones. `world` holds fake vendors for tests and the demo.
const FLOORS: [(&str, u8); 9] = [
    ("domain", 0),
    ("world", 0),
    ("storage", 1),
    ("channels", 1),
    ("integrations", 1),
    ("ml", 1),
    ("agents", 2),
    ("console", 2),
    ("bot", 3),
];

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[test]
fn crates_import_only_from_lower_floors() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let mut arrows = BTreeMap::<String, Vec<String>>::new();
    for package in &metadata.packages {
        let to = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        let ours = to.map(|d| d.name.clone()).filter(|name| floor(name).is_some());
        arrows.insert(package.name.to_string(), ours.collect());
    }
    for (from, all) in &arrows {
        // Beside the house; the fake world may be seen by the demo, and sees the words alone.
        if from == "tests" || from == "world" && all.iter().all(|to| to == "domain") {
            continue;
        }
        let here = floor(from).unwrap_or_else(|| panic!("{from} has no floor"));
        for to in all {
            assert!(floor(to).unwrap() < here, "{from} must not import {to}");
        }
    }
    assert!(!arrows["agents"].iter().any(|to| to == "channels"), "agents never import channels");
    let console = &arrows["console"];
    assert!(console.iter().all(|to| to == "domain" || to == "storage"), "console imports {console:?}");
    let users: Vec<_> = arrows.iter().filter(|(_, to)| to.iter().any(|t| t == "world")).collect();
    assert!(users.iter().all(|(from, _)| *from == "bot" || *from == "tests"), "{users:?}");
}

#[test]
fn a_folder_is_a_crate_of_the_same_name() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().unwrap().file_name().unwrap();
        assert_eq!(folder, package.name.as_str());
    }
}

#[test]
fn sql_stands_only_in_storage_and_vendors_only_in_their_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in sources(root) {
        let place = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if place.starts_with("tests/") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        if !place.starts_with("storage/") {
            assert!(!text.contains("sqlx::"), "{place} speaks SQL");
        }
        if !place.starts_with("channels/src/slack/") {
            assert!(!text.contains("slack_morphism"), "{place} uses a vendor's types");
        }
        if !place.starts_with("channels/src/discord/") {
            assert!(!text.contains("serenity::"), "{place} uses a vendor's types");
        }
    }
}

#[test]
fn the_pure_floor_has_no_async_and_no_io() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in sources(&root.join("domain")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["async fn", "std::fs", "std::net", "tokio"] {
            assert!(!text.contains(word), "{}: {word}", file.display());
        }
    }
}

#[test]
fn every_file_begins_with_its_purpose_and_stays_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in sources(root) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} does not say what it is for", file.display());
        assert!(text.lines().count() <= 600, "{} has more than 600 lines", file.display());
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "helpers", "manager", "misc", "common"].contains(&name.as_str()),
            "{name}"
        );
    }
}

/// Every Rust file below a folder, save what was built.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
