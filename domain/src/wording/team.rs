//! People and their roles.

use serde::{Deserialize, Serialize};

use crate::card::{Block, Card, Text};
use crate::error::UserError;
use crate::person::Role;

use super::phrases::count;

/// A person as the list shows one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Shown name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Mail address, when known.
    pub email: Option<String>,
}

/// The people of a team, in the order given.
pub fn people(rows: &[PersonRow]) -> Card {
    let has_approvers = rows.iter().any(|row| row.role >= Role::Approver);
    let table = rows.iter().map(|row| {
        vec![
            row.name.clone(),
            row.role.name().to_owned(),
            row.email.clone().unwrap_or_else(|| "unknown".to_owned()),
        ]
    });
    let card = Card::titled(count(rows.len(), "person", "people")).with(Block::Table {
        columns: ["Name", "Role", "Mail"].map(str::to_owned).to_vec(),
        rows: table.collect(),
    });
    if has_approvers {
        return card;
    }
    card.and_text(Text::with_code(
        "Nobody can approve requests yet. An admin can change that: `/deal role @name approver`.",
    ))
}

/// A person has a new role.
pub fn role_set(name: &str, role: Role) -> Card {
    let may = match role {
        Role::Viewer => "may look at deals",
        Role::Member => "may search, propose and move deals",
        Role::Approver => "may decide on what others propose",
        Role::Admin => "may decide on requests and change roles",
    };
    Card::text(Text::default().strong(name).plain(format!(
        " is now {} {} and {may}.",
        article(role),
        role.name()
    )))
}

/// Where a person is known, and the code that makes her known elsewhere.
pub fn join_code(name: &str, known: &[String], code: &str) -> Card {
    let known = match known {
        [] => "only here".to_owned(),
        places => format!("on {}", places.join(", ")),
    };
    Card::titled("Use Dealdesk on another channel")
        .and_text(format!("I know you, {name}, {known}."))
        .and_text(
            Text::default()
                .plain("To go on elsewhere, write me there within ten minutes: ")
                .code(format!("join {code}"))
                .plain(". It works once. Do not pass it on: whoever uses it speaks for you."),
        )
}

/// A person is known on this channel.
pub fn joined(name: &str, role: Role) -> Card {
    Card::text(Text::default().plain("You are ").strong(name).plain(format!(
        " here, {} {}. What you began elsewhere waits for you here as well.",
        article(role),
        role.name()
    )))
}

/// A code opens nothing.
pub fn code_unknown() -> Card {
    super::user_error(&UserError::new(
        "This code does not hold, or no longer: it works once, for ten minutes.",
        "Ask for a new one where I know you already: `/deal join`.",
    ))
}

/// `a` or `an`, as the role's name wants it.
pub(super) fn article(role: Role) -> &'static str {
    if matches!(role, Role::Approver | Role::Admin) { "an" } else { "a" }
}
