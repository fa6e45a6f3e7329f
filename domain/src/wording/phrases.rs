//! Small phrases that cards share: times, counts, lists of names.

use chrono::{DateTime, Utc};

use crate::card::{Block, Button, Style, Text, Verb};

/// A time as cards show it: ISO date, hours and minutes, UTC.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A day as tables show it: ISO date, UTC.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// `1 deal`, `2 deals`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// `A`, `A and B`, `A, B and C`; at most `most` names, then how many more.
pub(super) fn names(names: &[String], most: usize) -> String {
    if names.len() > most {
        return format!("{} and {} more", names[..most].join(", "), names.len() - most);
    }
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A text cut to a number of characters, with an ellipsis when something was cut.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Puts a name into the words of a command, quoted where the command could end too early.
pub(super) fn in_command(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_alphanumeric()) && !name.is_empty();
    if is_plain || name.contains('"') { name.to_owned() } else { format!("\"{name}\"") }
}

/// A button that says something as if it had been typed.
pub(super) fn say(label: impl Into<String>, value: impl Into<String>) -> Button {
    Button { label: label.into(), verb: Verb::Say, value: value.into(), style: Style::Plain }
}

pub(super) fn buttons(buttons: Vec<Button>) -> Block {
    Block::Buttons { buttons }
}

pub(super) fn faint(text: impl Into<String>) -> Text {
    Text::default().faint(text)
}
