//! When the answer cannot be given where it was asked for.

use crate::card::{Card, Text};

use super::phrases::cut;

/// Why a room is closed to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// We are not in it.
    NotInvited,
    /// It is archived.
    Archived,
    /// Its settings let only some people write.
    Restricted,
}

/// Says in private why the conversation goes on there. `room` is the channel's own key, none for other people's direct
/// messages; `said` may be empty.
pub fn answered_in_private(room: Option<&str>, said: &str, closed: Closed) -> Card {
    let what = if said.trim().is_empty() {
        Text::default().plain("You pressed a button in ")
    } else {
        Text::default().plain(format!("You asked me “{}” in ", cut(said.trim(), 200)))
    };
    let Some(room) = room else {
        return Card::text(what.plain("a conversation that I cannot join, so I answer here."));
    };
    let what = what.room(room);
    match closed {
        Closed::NotInvited => Card::text(what.plain(". I am not in that channel, so I answer here."))
            .and_text(Text::with_code("To get answers there, invite me: type `/invite @Dealdesk` in it.")),
        Closed::Archived => {
            Card::text(what.plain(". That channel is archived, so nobody can write there; I answer here."))
                .and_text("Ask in another channel, or here, to go on.")
        }
        Closed::Restricted => {
            Card::text(what.plain(". Its settings do not let me write there, so I answer here."))
                .and_text("Whoever manages the channel can change who may post in it.")
        }
    }
}
