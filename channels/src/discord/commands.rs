//! The slash commands as Discord registers them, made from the table of commands.

use serde_json::{Value, json};

use crate::command::slack_commands;
use crate::command::table::{Argument, COMMANDS, CONTRACTS, Command, Kind};

/// Characters of a description.
const DESCRIPTION_MAX: usize = 100;
/// The command whose subcommands are words of the table.
const DEAL: &str = "deal";

/// All commands: `/deal` with its subcommands, the others with a free text.
pub fn commands() -> Value {
    let all = slack_commands().into_iter().map(|slash| {
        let name = slash.command.trim_start_matches('/');
        let options = if name == DEAL { subcommands() } else { said(&slash.usage_hint, true) };
        json!({
            "name": name,
            "type": 1,
            "description": short(&slash.description),
            // In servers that added us, and in direct messages with us.
            "integration_types": [0],
            "contexts": [0, 1],
            "options": options,
        })
    });
    Value::Array(all.collect())
}

/// The file `manifests/discord/commands.json`, whole.
pub fn manifest() -> String {
    // A value that was made here can always be written.
    let mut text = serde_json::to_string_pretty(&commands()).unwrap_or_default();
    text.push('\n');
    text
}

/// Discord takes 25 subcommands: what is said about contracts is said to `/contract`, but for its two beginnings.
fn is_subcommand(command: &&Command) -> bool {
    command.group != CONTRACTS || matches!(command.kind, Kind::Analyze | Kind::Contract)
}

fn subcommands() -> Value {
    let all = COMMANDS.iter().filter(is_subcommand).map(|command| {
        let mut one = json!({"name": command.name, "type": 1, "description": short(command.purpose)});
        if command.argument != Argument::None {
            one["options"] = said(command.usage, command.kind == Kind::Analyze);
        }
        one
    });
    all.collect()
}

/// What is typed after a command: free words, read by the grammar, and perhaps a file.
fn said(usage: &str, takes_file: bool) -> Value {
    let mut options =
        vec![json!({"name": "text", "type": 3, "description": short(usage), "max_length": 4000})];
    if takes_file {
        options.push(json!({"name": "file", "type": 11, "description": "A contract to read"}));
    }
    Value::Array(options)
}

fn short(text: &str) -> String {
    crate::fitting::shorten(text, DESCRIPTION_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_keep_to_discords_limits() {
        fn check(one: &Value, depth: usize) {
            let name = one["name"].as_str().unwrap();
            let is_word = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
            assert!((1..=32).contains(&name.len()) && name.chars().all(is_word), "{name}");
            assert!((1..=100).contains(&one["description"].as_str().unwrap().chars().count()), "{name}");
            let options = one["options"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(options.len() <= 25 && depth < 3, "{name}");
            options.iter().for_each(|option| check(option, depth + 1));
        }
        let all = commands();
        assert!(all.to_string().len() < 8000 * 3);
        all.as_array().unwrap().iter().for_each(|one| check(one, 0));
        let deal = &all[0];
        assert_eq!(
            (deal["name"].as_str(), deal["options"].as_array().unwrap().len()),
            (Some("deal"), COMMANDS.iter().filter(is_subcommand).count())
        );
    }
}
