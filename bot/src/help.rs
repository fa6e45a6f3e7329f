//! The help card, made from the channels' table of commands.

use channels::command;
use domain::card::Card;
use domain::person::Role;
use domain::wording;

/// What a role can say; on one command if a topic is given.
pub(crate) fn card(topic: Option<&str>, role: Role) -> Card {
    wording::help(&command::help(topic, role))
}
