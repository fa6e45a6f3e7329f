//! Help, misunderstandings and errors.

use crate::card::{Card, Text};
use crate::error::UserError;
use crate::intent::Candidate;
use crate::person::Role;

use super::phrases::{buttons, cut, say};

/// Commands under one heading of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpGroup {
    /// The heading.
    pub title: String,
    /// Its commands.
    pub lines: Vec<HelpLine>,
}

/// One command of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLine {
    /// How it is written.
    pub usage: String,
    /// What it does.
    pub purpose: String,
    /// One that works.
    pub example: String,
    /// The role it takes, when the reader's does not suffice.
    pub needs: Option<Role>,
}

/// What can be said: all commands by group, or one in full.
pub fn help(groups: &[HelpGroup]) -> Card {
    if let [HelpGroup { lines, .. }] = groups
        && let [only] = lines.as_slice()
    {
        return explain(only);
    }
    let mut card = Card::titled("What you can say")
        .and_text("Ask in plain words, like “who does payments in Germany?”, or use these:");
    for group in groups {
        let mut text = Text::default().strong(group.title.as_str());
        for line in &group.lines {
            text = text.plain("\n").code(line.usage.as_str()).plain(format!("  {}", line.purpose));
        }
        card = card.and_text(text);
    }
    card.and_text(Text::with_code("`/deal help <command>` explains one with an example."))
}

fn explain(line: &HelpLine) -> Card {
    let card = Card::default()
        .and_text(Text::default().code(line.usage.as_str()).plain(format!("\n{}", line.purpose)))
        .and_text(Text::default().plain("For example: ").code(line.example.as_str()));
    match line.needs {
        Some(role) => card.and_text(Text::with_code(&format!(
            "It takes the role {}; an admin can give it with `/deal role @name {}`.",
            role.name(),
            role.name()
        ))),
        None => card,
    }
}

/// It was not understood: what it may have meant, as buttons.
pub fn unclear(text: &str, candidates: &[Candidate]) -> Card {
    if candidates.is_empty() {
        return Card::text(format!("I did not understand “{}”.", cut(text, 80)))
            .and_text(Text::with_code("Try `find payment companies in Germany`, `my deals` or `help`."))
            .with(buttons(vec![say("Help", "help")]));
    }
    let question = if candidates.len() == 1 { "Did you mean this?" } else { "Did you mean one of these?" };
    let choices = candidates.iter().map(|candidate| say(cut(&candidate.say, 70), candidate.say.clone()));
    Card::text(format!("I am not sure what “{}” means. {question}", cut(text, 80)))
        .with(buttons(choices.chain([say("Help", "help")]).collect()))
}

/// What a person did that cannot work, and the way out.
pub fn user_error(error: &UserError) -> Card {
    let card = Card::text(Text::with_code(&error.text));
    if error.way_out.is_empty() { card } else { card.and_text(Text::with_code(&error.way_out)) }
}

/// For a person whom the tenant does not know.
pub fn not_a_member(workspace: &str) -> Card {
    Card::text(format!(
        "Hello! You are not yet a member of Dealdesk in {workspace}, so I cannot do that for you."
    ))
    .and_text(Text::with_code(
        "If you use Dealdesk on another channel or in the console, ask there for a code: `/deal join`. Else ask one of your \
         Dealdesk admins to add you. Then just ask again.",
    ))
}
