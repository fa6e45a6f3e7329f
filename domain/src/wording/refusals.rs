//! Why something cannot be done, with the way out.

use crate::card::{Card, Footer};
use crate::error::UserError;
use crate::ids::PlanId;
use crate::person::Person;

use super::phrases::cut;

/// Links a card to the page that shows how it came about. The number is the plan's and the trace's.
pub fn with_trace(mut card: Card, plan: PlanId, console_url: &str) -> Card {
    let url = Some(format!("{console_url}/plans/{plan}"));
    let text = card.footer.map_or_else(|| "How this came about".to_owned(), |footer| footer.text);
    card.footer = Some(Footer { text, url });
    card
}

/// The request that a button or a command named is not there.
pub fn approval_unknown() -> UserError {
    UserError::new("I do not know that request.", "See what waits for you with `approvals`.")
}

/// Somebody takes back a request but has none.
pub fn no_open_request() -> UserError {
    UserError::new("You have no open request to take back.", "See what waits with `approvals`.")
}

/// Companies were chosen from a search that is no longer there.
pub fn search_gone() -> UserError {
    UserError::new("I no longer have that search.", "Please search again and choose from the new list.")
}

/// The part that is to be left out is all that was asked.
pub fn nothing_left(part: &str) -> UserError {
    UserError::new(
        format!("Without “{part}” nothing is left to ask."),
        "Ask for something else, for instance `find payment companies in Germany`.",
    )
}

/// All chosen companies have a deal already, or none was found by the search.
pub fn nothing_to_propose(with_deals: &[String]) -> UserError {
    if with_deals.is_empty() {
        return UserError::new("None of these companies came from that search.", "Please search again.");
    }
    UserError::new(
        format!("There is an open deal with {} already.", with_deals.join(", ")),
        "See them with `deals`.",
    )
}

/// A proposed company is not in the directory any more, or under another name.
pub fn company_changed(name: &str) -> UserError {
    UserError::new(
        format!("{name} has changed in the directory since the search."),
        "Please search again and choose from the new list.",
    )
}

/// A person's name fits nobody, or several.
pub fn person_unclear(typed: &str, found: &[Person]) -> UserError {
    if found.is_empty() {
        return UserError::new(format!("I know nobody called {typed}."), "See who is here with `people`.");
    }
    let names: Vec<String> =
        found.iter().map(|p| p.email.clone().unwrap_or_else(|| p.name.clone())).collect();
    UserError::new(
        format!("Several people are called {typed}: {}.", names.join(", ")),
        "Use the mail address.",
    )
}

/// Nobody changes her own role.
pub fn own_role() -> UserError {
    UserError::new("You cannot change your own role.", "Ask another admin.")
}

/// A step ran over its time and was ended.
pub fn took_too_long(seconds_max: u64) -> UserError {
    UserError::new(
        format!("That took longer than {seconds_max} seconds, so I stopped it."),
        "Nothing was changed; please try again.",
    )
}

/// The requester's word that nobody decided in time.
pub fn lapsed() -> Card {
    Card::titled("Request expired")
        .and_text("Nobody decided in time. Nothing was created; choose again to ask anew.")
}

/// Several deals or documents fit a name.
pub fn names_several(typed: &str, names: &[String]) -> UserError {
    UserError::new(
        format!("Several fit \"{}\": {}.", cut(typed, 60), super::phrases::names(names, 5)),
        "Say the full name.",
    )
}

/// No deal or document, as `what` says, fits a name.
pub fn names_nothing(what: &str, typed: &str, nearest: &[String]) -> UserError {
    let way_out = match nearest {
        [] if what == "deal" => "List them with `deals`.".to_owned(),
        [] => "List them with `contracts`, or send the file.".to_owned(),
        near => format!("Did you mean {}?", near.join(" or ")),
    };
    UserError::new(format!("There is no {what} called \"{}\".", cut(typed, 60)), way_out)
}

/// Nothing could be read in a file; the notes of the reader say why.
pub fn nothing_readable(name: &str, notes: &[String]) -> UserError {
    let why = notes.first().map(|note| format!(" {note}")).unwrap_or_default();
    UserError::new(
        format!("I could not read a word in {}.{why}", cut(name, 80)),
        "Please send a sharper scan, or the document it was made from.",
    )
}
