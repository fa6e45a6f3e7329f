//! What the table says to people: help, slash commands for manifests, the page of the docs.

use std::fmt::Write as _;

use domain::person::Role;
use domain::wording::{HelpGroup, HelpLine};

use super::suggest;
use super::table::{COMMANDS, Command, named};

/// A slash command as a channel registers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackCommand {
    /// With its slash.
    pub command: &'static str,
    /// One line.
    pub description: String,
    /// What to type after it.
    pub usage_hint: String,
}

/// The command for contracts: what follows it is read as if `contract` had been said.
pub(super) const CONTRACT_COMMAND: &str = "/contract";

/// The slash commands for the manifest: one that teaches the words, its long name, and one for contracts.
pub fn slack_commands() -> Vec<SlackCommand> {
    let words: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    let all = ["/deal", "/dealdesk"].map(|command| SlackCommand {
        command,
        description: "Find partners, keep deals, decide on requests.".to_owned(),
        usage_hint: format!("[{}]", words.join(" | ")),
    });
    let contracts = SlackCommand {
        command: CONTRACT_COMMAND,
        description: "Read contracts, ask them, see what renews.".to_owned(),
        usage_hint: "[analyze <link> for <deal> | ask <deal> <question> | <deal> | reviews | renewals]"
            .to_owned(),
    };
    all.into_iter().chain([contracts]).collect()
}

/// What was said with a slash command, as the grammar reads it.
pub fn said_with(command: &str, text: &str) -> String {
    match text.trim() {
        _ if command != CONTRACT_COMMAND => text.to_owned(),
        "help" | "?" => "help contract".to_owned(),
        text => format!("contract {text}"),
    }
}

/// What a person of a role can say: everything, or one command when the topic names it, even misspelt.
pub fn help(topic: Option<&str>, role: Role) -> Vec<HelpGroup> {
    let chosen = topic.and_then(|topic| named(topic).or_else(|| nearest(topic)));
    let mut groups: Vec<HelpGroup> = Vec::new();
    for command in &COMMANDS {
        let is_wanted = match chosen {
            Some(chosen) => chosen.kind == command.kind,
            None => role >= command.least_role,
        };
        if !is_wanted {
            continue;
        }
        let line = line(command, role);
        match groups.iter_mut().find(|group| group.title == command.group) {
            Some(group) => group.lines.push(line),
            None => groups.push(HelpGroup { title: command.group.to_owned(), lines: vec![line] }),
        }
    }
    groups
}

fn line(command: &Command, role: Role) -> HelpLine {
    HelpLine {
        usage: format!("/deal {}", command.usage),
        purpose: command.purpose.to_owned(),
        example: format!("/deal {}", command.example),
        needs: (role < command.least_role).then_some(command.least_role),
    }
}

fn nearest(topic: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .filter_map(|command| suggest::likeness(topic, command.name).map(|near| (command, near)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(command, _)| command)
}

/// The page `docs/commands.md`, whole.
pub fn reference() -> String {
    let mut page = String::from(
        "# Commands\n\n\
         Made from the command table; change it there. Write them after `/deal` in Slack, or as they are in a mention, \
         a direct message or the console. Case, accents, good manners and the punctuation at the end do not matter; \
         a name in quotes is taken word for word.\n\n\
         Plain questions work too: \"who does payments in Germany?\", \"how is Adyen doing?\". What the bot is unsure of, it \
         asks back about. Decisions and roles are only ever taken from the commands below.\n",
    );
    let mut group = "";
    for command in &COMMANDS {
        if command.group != group {
            group = command.group;
            // Writing to a string cannot fail.
            let _ = write!(page, "\n## {group}\n");
        }
        let _ = write!(
            page,
            "\n### `{}`\n\n{} Least role: {}.\n\n- For example: `{}`\n",
            command.usage,
            command.purpose,
            command.least_role.name(),
            command.example,
        );
        for (label, words) in [("Also", command.aliases), ("In other languages", command.foreign)] {
            if !words.is_empty() {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                let _ = writeln!(page, "- {label}: {}", words.join(", "));
            }
        }
    }
    page.push_str(
        "\n## Names, stages and ids\n\n\
         - Without quotes, the name in a note ends at the first colon or spaced dash, else after its legal form (`GmbH`, `Inc` …), \
         else after the first word.\n\
         - Stages: prospect, qualified, proposal, negotiation, legal review, signed, live, renewal, ended, lost, on hold; \
         the usual other words for them work as well (`won`, `legal`, `paused` …).\n\
         - A short id is the last six digits of an approval's id, as its card shows it.\n",
    );
    page
}
