//! Delegations: who decides in whose place, and until when. Chains are short and may run in circles.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::PersonId;
use crate::person::Role;

/// How many times a right is handed on at most.
pub const CHAIN_MAX: usize = 3;

/// Somebody lets somebody else decide for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Whose right it is.
    pub from: PersonId,
    /// That person's name, for the card.
    pub from_name: String,
    /// What that person may do.
    pub from_role: Role,
    /// Who decides in that person's place.
    pub to: PersonId,
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
}

impl Delegation {
    fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        self.starts_at <= now && now < self.ends_at
    }

    fn was_in_force(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.starts_at <= now && since < self.ends_at
    }
}

/// In whose places a person may decide now, nearest first; never the person's own.
#[must_use]
pub fn stands_in_for(delegations: &[Delegation], person: PersonId, now: DateTime<Utc>) -> Vec<&Delegation> {
    let mut found: Vec<&Delegation> = Vec::new();
    let mut edge = vec![person];
    for _ in 0..CHAIN_MAX {
        let mut next = Vec::new();
        for delegation in delegations.iter().filter(|d| d.is_in_force(now) && edge.contains(&d.to)) {
            let is_new = delegation.from != person && found.iter().all(|d| d.from != delegation.from);
            if is_new {
                found.push(delegation);
                next.push(delegation.from);
            }
        }
        edge = next;
    }
    found
}

/// Everybody to whom a person's right came in any number of hands at any time since: they are kept away from
/// what that person asked for, also once the delegation is over.
#[must_use]
pub fn reached_since(
    delegations: &[Delegation],
    person: PersonId,
    (since, now): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<PersonId> {
    let mut reached = vec![person];
    let mut at = 0;
    while at < reached.len() {
        let from = reached[at];
        for delegation in delegations.iter().filter(|d| d.from == from && d.was_in_force(since, now)) {
            if !reached.contains(&delegation.to) {
                reached.push(delegation.to);
            }
        }
        at += 1;
    }
    reached
}
