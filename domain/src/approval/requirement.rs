//! What one request needs: stages one after the other, and how far it is.

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;
use crate::person::Role;

use super::chase::{Added, Chase};
use super::renewed::After;
use super::vote::Vote;

/// What a request needs, fixed when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Number of the policy it was asked under; 0 is the one that comes with the program.
    pub policy: i32,
    /// One after the other.
    pub stages: Vec<AskedStage>,
    /// Whoever decides must have signed in to the console shortly before.
    #[serde(default)]
    pub is_fresh_needed: bool,
    /// How it is followed up when nobody decides.
    #[serde(default)]
    pub chase: Chase,
    /// What was asked before in its place, what changed since, and whose approvals still hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
}

impl Default for Requirement {
    /// One approver.
    fn default() -> Self {
        let seat = Seat {
            label: Role::Approver.name().to_owned(),
            who: Who::Role(Role::Approver),
            needed: 1,
            also: Vec::new(),
        };
        let stage = AskedStage { name: "Approval".to_owned(), seats: vec![seat] };
        Self { policy: 0, stages: vec![stage], is_fresh_needed: false, chase: Chase::default(), after: None }
    }
}

/// People who are asked at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedStage {
    /// What people call it.
    pub name: String,
    /// All of them have to be taken.
    pub seats: Vec<Seat>,
}

/// How many of whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// What people call them: the group, the role, the person.
    pub label: String,
    /// Who they are.
    pub who: Who,
    /// How many of them.
    pub needed: usize,
    /// Who is asked as well since nobody decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Added>,
}

impl Seat {
    /// Whether a person may take it.
    #[must_use]
    pub fn asks(&self, person: PersonId, role: Role) -> bool {
        self.who.is(person, role) || self.also.iter().any(|added| added.person == person)
    }
}

/// Who may take a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Whoever has this role, or a higher one, when deciding.
    Role(Role),
    /// These people, as the group was when it was asked.
    People(Vec<PersonId>),
}

impl Who {
    /// Whether a person is one of them.
    #[must_use]
    pub fn is(&self, person: PersonId, role: Role) -> bool {
        match self {
            Self::Role(least) => role >= *least,
            Self::People(people) => people.contains(&person),
        }
    }
}

impl AskedStage {
    /// The seats that a person could take.
    #[must_use]
    pub fn seats_of(&self, person: PersonId, role: Role) -> Vec<usize> {
        (0..self.seats.len()).filter(|at| self.seats[*at].asks(person, role)).collect()
    }

    fn needed(&self) -> usize {
        self.seats.iter().map(|seat| seat.needed).sum()
    }

    /// Seats people so that as many seats as possible are taken, one each: how many of each seat are, and whether
    /// the last of them got one.
    ///
    /// Somebody who is in two groups gives way to somebody who is only in one.
    #[must_use]
    pub fn seated(&self, voters: &[&[usize]]) -> (Vec<usize>, bool) {
        let mut taken: Vec<Vec<usize>> = vec![Vec::new(); self.seats.len()];
        let mut has_last = false;
        for voter in 0..voters.len() {
            let mut tried = vec![false; self.seats.len()];
            has_last = self.sit(voter, voters, &mut taken, &mut tried);
        }
        (taken.iter().map(Vec::len).collect(), has_last)
    }

    fn sit(&self, voter: usize, voters: &[&[usize]], taken: &mut [Vec<usize>], tried: &mut [bool]) -> bool {
        for &seat in voters[voter] {
            if seat >= tried.len() || std::mem::replace(&mut tried[seat], true) {
                continue;
            }
            if taken[seat].len() < self.seats[seat].needed {
                taken[seat].push(voter);
                return true;
            }
            for place in 0..taken[seat].len() {
                if self.sit(taken[seat][place], voters, taken, tried) {
                    taken[seat][place] = voter;
                    return true;
                }
            }
        }
        false
    }
}

impl Requirement {
    /// The stage that is asked now, given the votes; none once all are through.
    #[must_use]
    pub fn stage_after(&self, votes: &[Vote]) -> Option<usize> {
        (0..self.stages.len())
            .find(|at| self.taken(*at, votes).iter().sum::<usize>() < self.stages[*at].needed())
    }

    /// How many of each seat of a stage are taken.
    #[must_use]
    pub fn taken(&self, stage: usize, votes: &[Vote]) -> Vec<usize> {
        let voters: Vec<&[usize]> = votes_of(stage, votes).map(|vote| vote.seats.as_slice()).collect();
        self.stages[stage].seated(&voters).0
    }

    /// Whether any stage asks a person.
    #[must_use]
    pub fn ever_asks(&self, person: PersonId, role: Role) -> bool {
        self.stages.iter().any(|stage| !stage.seats_of(person, role).is_empty())
    }

    /// Whether one approver settles it, as without a policy.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.stages == Self::default().stages
    }

    /// How far a stage is, in words: `Legal: 1 of 2 legal, 0 of 1 finance`.
    #[must_use]
    pub fn progress(&self, stage: usize, votes: &[Vote]) -> String {
        let taken = self.taken(stage, votes);
        let parts = self.stages[stage].seats.iter().zip(taken);
        let parts = parts.map(|(seat, n)| format!("{n} of {} {}", seat.needed, seat.label));
        format!("{}: {}", self.stages[stage].name, parts.collect::<Vec<_>>().join(", "))
    }
}

pub(super) fn votes_of(stage: usize, votes: &[Vote]) -> impl Iterator<Item = &Vote> {
    votes.iter().filter(move |vote| vote.stage == stage)
}
