//! A request that comes in place of an earlier one: what changed, and whose approvals still hold.
//!
//! An approval holds on only where nothing changed that its rule looks at. A rule that looks at nothing in particular
//! looks at everything; and where all approvals would hold, nobody would look at what changed, so none does.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::policy::{Condition, Facts, Policy, Rule};
use super::requirement::{AskedStage, Requirement, Seat};
use super::vote::Vote;
use super::{Approval, Verdict, reached_since};
use crate::contract::Verdict as Stands;
use crate::ids::{ApprovalId, PersonId};
use crate::person::{Person, Role};

/// What a request comes after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The earlier request.
    pub approval: ApprovalId,
    /// Who sent it back, and what was to change; none where it ended otherwise.
    pub sent_back: Option<(String, String)>,
    /// What is different.
    pub changes: Vec<Changed>,
    /// Approvals of the earlier request that still hold.
    pub kept: Vec<Kept>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// What it is about, e.g. the name of a term.
    pub label: String,
    /// What it was, in words.
    pub before: String,
    /// What it is.
    pub after: String,
}

/// An approval that still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The stage it was given in.
    pub stage: String,
    /// As one of whom.
    pub label: String,
    /// Who gave it.
    pub by: PersonId,
    /// Whose right it used up.
    pub right_of: PersonId,
    /// The name on the card.
    pub name: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Kept {
    /// As the vote it was.
    pub(super) fn vote(&self) -> Vote {
        Vote {
            number: 0,
            stage: 0,
            seats: Vec::new(),
            verdict: Verdict::Approve,
            by: self.by,
            by_name: self.name.clone(),
            instead_of: None,
            instead_of_name: None,
            at: self.at,
            comment: None,
        }
    }
}

/// What is different between two versions, as far as rules look at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// The amount or its currency changed.
    pub is_amount: bool,
    /// Keys of the terms that changed, or that are not sure enough to say that they did not.
    pub terms: Vec<String>,
    /// The verdicts that those terms had and have.
    pub verdicts: Vec<Stands>,
    /// The same for people.
    pub changes: Vec<Changed>,
}

impl Difference {
    fn affects(&self, when: &Condition) -> bool {
        let looks_at_all = when.amount_above.is_none() && when.terms.is_empty() && when.verdicts.is_empty();
        looks_at_all
            || when.amount_above.is_some() && self.is_amount
            || when.terms.iter().any(|term| self.terms.contains(term))
            || when.verdicts.iter().any(|verdict| self.verdicts.contains(verdict))
    }
}

impl Policy {
    /// What a request needs that comes in place of an earlier one: only whoever what changed concerns is asked again.
    ///
    /// `requester` is whoever asks now.
    #[must_use]
    pub fn requirement_after(
        &self,
        (number, facts): (i32, &Facts),
        people: &[Person],
        (before, difference): (&Approval, &Difference),
        (requester, now): (PersonId, DateTime<Utc>),
    ) -> Requirement {
        let whole = self.requirement(number, facts, people);
        let sent_back = before
            .decision
            .as_ref()
            .filter(|decision| decision.verdict == Verdict::SendBack)
            .map(|decision| (decision.by_name.clone(), decision.comment.clone().unwrap_or_default()));
        let mut after =
            After { approval: before.id, sent_back, changes: difference.changes.clone(), kept: Vec::new() };
        // Under another policy the same names may mean other people.
        if before.requirement.policy != number || number == 0 {
            return Requirement { after: Some(after), ..whole };
        }
        let affected: Vec<&Rule> =
            self.matching(facts).filter(|rule| difference.affects(&rule.when)).collect();
        let affected = self.stages(&affected, people);
        let kept_away = reached_since(&before.delegations, requester, (before.requested_at, now));
        let mut needs = whole.clone();
        for stage in &mut needs.stages {
            let AskedStage { name, seats } = stage;
            for seat in seats.iter_mut().filter(|seat| !has(&affected, name, seat)) {
                for given in given(before, name, seat) {
                    let is_used =
                        |id| after.kept.iter().any(|kept: &Kept| kept.by == id || kept.right_of == id);
                    if seat.needed > 0
                        && holds(&given, seat, people)
                        && ![given.by, given.right_of].iter().any(|id| is_used(*id) || kept_away.contains(id))
                    {
                        seat.needed -= 1;
                        after.kept.push(given);
                    }
                }
            }
            seats.retain(|seat| seat.needed > 0);
        }
        needs.stages.retain(|stage| !stage.seats.is_empty());
        if needs.stages.is_empty() {
            after.kept.clear();
            return Requirement { after: Some(after), ..whole };
        }
        Requirement { after: Some(after), ..needs }
    }
}

fn has(stages: &[AskedStage], name: &str, seat: &Seat) -> bool {
    stages.iter().any(|stage| stage.name == name && stage.seats.iter().any(|other| other.who == seat.who))
}

/// The approvals that a seat got in an earlier request: those that could count for no other seat, and those that it
/// had taken over itself.
fn given(before: &Approval, name: &str, seat: &Seat) -> Vec<Kept> {
    let needs = &before.requirement;
    let over = needs.after.iter().flat_map(|after| &after.kept);
    let mut found: Vec<Kept> =
        over.filter(|kept| kept.stage == name && kept.label == seat.label).cloned().collect();
    let Some(at) = needs.stages.iter().position(|stage| stage.name == name) else { return found };
    let same = |other: &Seat| other.label == seat.label && other.who == seat.who;
    let Some(place) = needs.stages[at].seats.iter().position(same) else { return found };
    let votes = before.votes.iter().filter(|vote| {
        vote.verdict == Verdict::Approve && vote.stage == at && vote.seats.as_slice() == [place]
    });
    found.extend(votes.map(|vote| Kept {
        stage: name.to_owned(),
        label: seat.label.clone(),
        by: vote.by,
        right_of: vote.right_of(),
        name: vote.name(),
        at: vote.at,
    }));
    found
}

/// Whether whoever gave it may still decide there.
fn holds(kept: &Kept, seat: &Seat, people: &[Person]) -> bool {
    let may = |id: PersonId| people.iter().find(|person| person.id == id && person.role >= Role::Approver);
    may(kept.by).is_some() && may(kept.right_of).is_some_and(|person| seat.who.is(person.id, person.role))
}
