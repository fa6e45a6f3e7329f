//! The table, the help and the docs agree.

use std::path::Path;

use domain::person::Role;
use domain::policy::least_role;

use super::super::table::{COMMANDS, Kind, command, named};
use crate::slack::manifest::{Way, manifest};

use super::super::{help, reference, slack_commands, understand};

#[test]
fn every_spelling_names_one_command() {
    for row in &COMMANDS {
        assert_eq!(command(row.kind).name, row.name);
        for spelling in row.spellings() {
            assert_eq!(
                named(spelling).map(|c| c.kind),
                Some(row.kind),
                "{spelling} is in two rows or not folded"
            );
        }
    }
}

#[test]
fn examples_do_what_their_row_says() {
    for row in &COMMANDS {
        let intent = understand(row.example).intent;
        // Decisions by short id need the open approvals.
        if !matches!(row.kind, Kind::Approve | Kind::Reject | Kind::Return) {
            assert_eq!(least_role(&intent), row.least_role, "{}", row.example);
            assert_ne!(intent.name(), "unclear", "{}", row.example);
        }
        assert_eq!(named(row.example.split(' ').next().unwrap()).map(|c| c.kind), Some(row.kind));
    }
}

#[test]
fn help_shows_what_the_role_may() {
    let names = |topic: Option<&str>, role| -> Vec<String> {
        help(topic, role).into_iter().flat_map(|group| group.lines).map(|line| line.usage).collect()
    };
    let viewer = names(None, Role::Viewer);
    assert!(viewer.iter().any(|usage| usage.starts_with("/deal show")));
    assert!(!viewer.iter().any(|usage| usage.starts_with("/deal move")));
    assert_eq!(names(None, Role::Admin).len(), COMMANDS.len());
    assert_eq!(names(Some("mvoe"), Role::Admin), ["/deal move <name> to <stage> [because <reason>]"]);
    // A topic that nobody knows shows everything.
    assert_eq!(names(Some("stages"), Role::Viewer), viewer);
    let needs = help(Some("role"), Role::Member)[0].lines[0].needs;
    assert_eq!(needs, Some(Role::Admin));
}

#[test]
fn slash_commands_fit_the_manifest() {
    for slash in slack_commands() {
        assert!(slash.command.starts_with('/') && slash.command.len() <= 32);
        assert!(slash.description.len() <= 2000 && slash.usage_hint.len() <= 1000);
    }
}

#[test]
fn docs_are_current() {
    is_current("docs/commands.md", &reference());
}

#[test]
fn the_slack_manifest_is_current() {
    let commands = crate::command::slack_commands();
    let rows: Vec<_> =
        commands.iter().map(|one| (one.command, one.usage_hint.as_str(), one.description.as_str())).collect();
    for (name, way) in [("app.yaml", Way::Socket), ("app-http.yaml", Way::Http)] {
        is_current(&format!("manifests/slack/{name}"), &manifest(way, &rows));
    }
}

#[test]
fn the_discord_commands_are_current() {
    is_current("manifests/discord/commands.json", &crate::discord::commands::manifest());
}

/// A file of the repository is what the table makes of it.
#[expect(clippy::disallowed_methods, reason = "asks whether to rewrite the file, as tests may")]
fn is_current(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, wanted).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == wanted, "{name} is stale: run the tests with UPDATE_DOCS=1");
}
