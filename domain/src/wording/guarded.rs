//! What people are told when the guardrail holds a request, and what admins are told of it.

use crate::card::{Block, Card, Text};
use crate::error::UserError;

/// A request waits until an admin looked at what it holds.
pub fn message_held(kinds: &[String]) -> Card {
    let text = format!(
        "Your message seems to hold something your team wants looked at first ({}). An admin was asked; I go on as soon as \
         one lets it pass. You can also ask again without it.",
        kinds.join(", ")
    );
    Card::text(text)
}

/// To an admin: a request waits for a look.
pub fn look_at_held(name: &str, kinds: &[String], url: &str) -> Card {
    let mut card = Card::text(Text::default().strong(format!("A message of {name} waits for a look.")))
        .and_text(format!("Found in it: {}.", kinds.join(", ")));
    card.blocks.push(Block::Link { label: "Look at it".to_owned(), url: url.to_owned() });
    card
}

/// A rule wants a look, but there is nobody but the person herself who may.
pub fn nobody_looks(kinds: &[String]) -> UserError {
    UserError::new(
        format!(
            "Your message seems to hold something that another admin has to look at first ({}), and there is no other admin.",
            kinds.join(", ")
        ),
        "Nothing was done with it, and I blanked what I had stored. Ask again without it, or make somebody else an admin.",
    )
}

/// An admin dropped the request.
pub fn held_dropped() -> UserError {
    UserError::new(
        "An admin looked at your message and dropped it.",
        "Nothing was done with it, and I blanked what I had stored. Ask again without it, or talk to your admin.",
    )
}

/// Nobody looked in time.
pub fn held_lapsed(hours: i64) -> UserError {
    UserError::new(
        format!("Nobody looked at your message within {hours} hours."),
        "Nothing was done with it, and I blanked what I had stored. Please ask again without it.",
    )
}

/// To an admin: something happened that she would want to know of.
pub fn alarm(kind: &str, name: Option<&str>, url: &str) -> Card {
    let mut card = Card::text(Text::default().strong(format!(
        "Security: {} ({}).",
        event(kind),
        name.unwrap_or("nobody we know")
    )))
    .and_text("Of this kind you hear once an hour at most; the page lists all.");
    card.blocks.push(Block::Link { label: "Security page".to_owned(), url: url.to_owned() });
    card
}

/// What an event is, in words.
#[must_use]
pub fn event(kind: &str) -> String {
    match kind {
        "message_refused" => "a message was refused and blanked".to_owned(),
        "message_held" => "a message waits for a look".to_owned(),
        "message_redacted" => "something was taken out of an answer".to_owned(),
        "model_kept_out" => "a language model was not asked, by the team's rules".to_owned(),
        "orders_in_contract" => "a contract holds orders to a language model".to_owned(),
        "role_refused" => "somebody asked for what her role does not allow".to_owned(),
        "mail_unproved" => "a mail came that nothing proves its sender wrote".to_owned(),
        other => other.replace('_', " "),
    }
}
