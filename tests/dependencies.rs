//! The dependency tree keeps to `deny.toml`, also where cargo-deny is not installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cargo_metadata::{Edition, Metadata, MetadataCommand, Package};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn policy() -> toml::Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

/// The strings of a list in the policy, of its `field` where the entries are tables.
fn list(policy: &toml::Table, section: &str, key: &str, field: &str) -> Vec<String> {
    let entries = policy[section][key].as_array().unwrap().iter();
    entries.map(|entry| entry.get(field).unwrap_or(entry).as_str().unwrap().to_owned()).collect()
}

fn metadata(options: &[&str]) -> Metadata {
    let locked = ["--locked"].iter().chain(options).map(|option| (*option).to_owned()).collect::<Vec<_>>();
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).other_options(locked).exec().unwrap()
}

/// The packages that are built for the systems the policy names.
static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(|| {
    let mut found = BTreeMap::new();
    for target in list(&policy(), "graph", "targets", "triple") {
        let tree = metadata(&["--filter-platform", &target]);
        let used: BTreeSet<_> = tree.resolve.unwrap().nodes.into_iter().map(|node| node.id).collect();
        found.extend(tree.packages.into_iter().filter(|p| used.contains(&p.id)).map(|p| (p.id.clone(), p)));
    }
    found.into_values().collect()
});

#[test]
fn no_banned_crate_is_in_the_lock_file() {
    let banned = list(&policy(), "bans", "deny", "crate");
    for name in ["aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(banned.iter().any(|entry| entry == name), "deny.toml bans {name}");
    }
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let locked: Vec<_> =
        lock["package"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(locked.contains(&"ring"), "the lock file was read");
    let present: Vec<_> = banned.iter().filter(|name| locked.contains(&name.as_str())).collect();
    assert!(
        present.is_empty(),
        "banned crates, find out why with `cargo tree --target all -i NAME`: {present:?}"
    );
}

#[test]
fn every_licence_is_allowed() {
    let allowed = list(&policy(), "licenses", "allow", "name");
    for package in PACKAGES.iter() {
        let licence = package.license.as_deref().unwrap_or("none-stated");
        assert!(permitted(licence, &allowed), "{} {}: {licence}", package.name, package.version);
    }
}

#[test]
fn two_versions_of_a_crate_need_a_reason() {
    let policy = policy();
    let skipped = list(&policy, "bans", "skip", "crate");
    assert_eq!(skipped.len(), list(&policy, "bans", "skip", "reason").len());
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in PACKAGES.iter() {
        versions.entry(package.name.to_string()).or_default().insert(package.version.to_string());
    }
    versions.retain(|_, found| found.len() > 1);
    for spec in &skipped {
        let (name, wanted) = spec.split_once('@').unwrap();
        let double = versions.get_mut(name);
        let found = double.is_some_and(|all| {
            let before = all.len();
            all.retain(|version| !version.starts_with(&format!("{wanted}.")));
            all.len() < before
        });
        assert!(found, "deny.toml excuses {spec}, which is not in the tree twice any more");
    }
    versions.retain(|_, found| found.len() > 1);
    assert!(versions.is_empty(), "two versions of a crate, not excused in deny.toml: {versions:#?}");
}

#[test]
fn everything_builds_with_our_compiler() {
    let ours = metadata(&["--no-deps"]);
    let newest = cargo_metadata::semver::Version::new(1, 95, 0);
    for member in ours.workspace_packages() {
        assert_eq!(member.rust_version.as_ref(), Some(&newest), "rust-version of {}", member.name);
        assert_eq!(member.edition, Edition::E2024, "edition of {}", member.name);
        assert_eq!(member.license.as_deref(), Some("MIT OR Apache-2.0"), "licence of {}", member.name);
        assert_eq!(member.publish.as_deref(), Some(&[][..]), "{} is not published", member.name);
    }
    for package in PACKAGES.iter() {
        let needs = package.rust_version.as_ref();
        assert!(needs.is_none_or(|needs| *needs <= newest), "{} needs Rust {needs:?}", package.name);
    }
}

/// Whether a licence expression (SPDX, or the older `A/B`) is met by the allowed licences alone.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = either(&mut words, allowed);
    assert!(words.next().is_none(), "cannot read the licence {expression:?}");
    met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = either(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&name)
}

#[test]
fn licence_expressions_are_judged_right() {
    let allowed = ["MIT", "Zlib"].map(str::to_owned);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND Zlib", true),
        ("(GPL-3.0 OR MIT) AND Zlib", true),
        ("(GPL-3.0 OR Zlib) AND GPL-3.0", false),
        ("MIT WITH some-exception", false),
        ("none-stated", false),
    ] {
        assert_eq!(permitted(expression, &allowed), expected, "{expression}");
    }
}
