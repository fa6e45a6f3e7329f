//! What one person said on a request.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::PersonId;
use crate::person::Person;

use super::{Decision, Verdict};

/// What one person said; each says one thing on one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// How many were before it: two that were judged on the same state cannot both count.
    pub number: usize,
    /// In which stage, from 0.
    pub stage: usize,
    /// The seats of that stage that it can take.
    pub seats: Vec<usize>,
    /// Which way.
    pub verdict: Verdict,
    /// Who.
    pub by: PersonId,
    /// That person's name, for the card.
    pub by_name: String,
    /// In whose place, if not in her own.
    pub instead_of: Option<PersonId>,
    /// That person's name.
    pub instead_of_name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub comment: Option<String>,
}

impl Vote {
    /// Whose right it used up.
    #[must_use]
    pub fn right_of(&self) -> PersonId {
        self.instead_of.unwrap_or(self.by)
    }

    /// The name on the card: `Ada`, or `Ada for Bob`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.instead_of_name {
            Some(other) => format!("{} for {other}", self.by_name),
            None => self.by_name.clone(),
        }
    }
}

/// What a vote leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The vote, to be kept.
    pub vote: Vote,
    /// The end of the request; none while others are still needed.
    pub decision: Option<Decision>,
    /// The stage that begins with it, if one does.
    pub begins: Option<usize>,
}

/// Who decides, and how sure we are of that.
#[derive(Debug, Clone, Copy)]
pub struct Voter<'a> {
    /// Who.
    pub person: &'a Person,
    /// Decides in the console, having signed in shortly before.
    pub is_fresh: bool,
}

impl<'a> From<&'a Person> for Voter<'a> {
    fn from(person: &'a Person) -> Self {
        Self { person, is_fresh: false }
    }
}
