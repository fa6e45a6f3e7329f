//! Approvals: a question bound to an exact payload, and the only place where a decision is judged.

mod chase;
mod delegation;
mod hours;
mod named;
mod policy;
mod question;
mod renewed;
mod requirement;
mod vote;

pub use chase::{Added, Chase, Escalate, REMIND_AFTER_H};
pub use delegation::{CHAIN_MAX, Delegation, reached_since, stands_in_for};
pub use hours::Hours;
pub use named::{NamedSeat, NamedStage};
pub use policy::{Condition, Facts, Need, Policy, Rule, Stage};
pub use renewed::{After, Changed, Difference, Kept};
pub use requirement::{AskedStage, Requirement, Seat, Who};
pub use vote::{Ruling, Vote, Voter};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::{ApprovalId, PersonId, PlanId, StepId};
use crate::person::Person;
use crate::person::Role;

/// Which way a decision went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go on.
    Approve,
    /// Do not.
    Reject,
    /// Not as it is: the requester changes it and asks again.
    SendBack,
}

impl Verdict {
    /// The word used in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::SendBack => "send_back",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Approve, Self::Reject, Self::SendBack].into_iter().find(|verdict| verdict.name() == name)
    }

    /// What somebody did, to go on in a line: `approved`.
    #[must_use]
    pub fn deed(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::SendBack => "sent back",
        }
    }

    /// How a request stands that ended with it.
    #[must_use]
    pub fn ends_in(self) -> State {
        match self {
            Self::Approve => State::Approved,
            Self::Reject => State::Rejected,
            Self::SendBack => State::Returned,
        }
    }
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a decision.
    Open,
    /// Somebody approved.
    Approved,
    /// Somebody rejected.
    Rejected,
    /// Somebody sent it back for changes.
    Returned,
    /// Nobody decided in time.
    Expired,
    /// It was withdrawn, or what it was about changed.
    Void,
}

impl State {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Approved, Self::Rejected, Self::Returned, Self::Expired, Self::Void]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A question to approvers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Key.
    pub id: ApprovalId,
    /// The plan that waits for it.
    pub plan: PlanId,
    /// The step that waits for it.
    pub step: StepId,
    /// What it is about, e.g. `create_deals`.
    pub subject: String,
    /// Exactly what will be done.
    pub payload: Value,
    /// [`payload_hash`] of the payload when it was asked.
    pub payload_hash: String,
    /// Who asked.
    pub requested_by: PersonId,
    /// The asker's name, for the card.
    pub requested_by_name: String,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
    /// Where it stands.
    pub state: State,
    /// The decision, once there is one.
    pub decision: Option<Decision>,
    /// Why it can no longer be decided, once it is void.
    pub voided: Option<Voided>,
    /// Who has to approve, as the policy said when it was asked.
    #[serde(default)]
    pub requirement: Requirement,
    /// What was said so far, in order.
    #[serde(default)]
    pub votes: Vec<Vote>,
    /// The team's delegations that were in force at some time since it was asked.
    #[serde(default)]
    pub delegations: Vec<Delegation>,
}

/// Who took a request back, or what changed under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided {
    /// Who withdrew it; none when what it was about changed.
    pub by: Option<PersonId>,
    /// That person's name, for the card.
    pub by_name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, as a sentence for people.
    pub reason: String,
}

/// Who decided what, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Which way.
    pub verdict: Verdict,
    /// Who.
    pub by: PersonId,
    /// The decider's name, for the card.
    pub by_name: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub comment: Option<String>,
}

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody was first.
    Decided(Decision),
    /// It lapsed at this time.
    Expired(DateTime<Utc>),
    /// It was withdrawn, or what it was about changed.
    Void(Option<Voided>),
    /// Only the requester or an admin takes a request back.
    NotYours,
    /// The requester cannot decide on her own request.
    OwnRequest,
    /// The role does not cover it.
    NotAnApprover(Role),
    /// The requester's right came to this person by delegation, so it is as good as her own request.
    StandsInForRequester,
    /// The person, or whoever decided in that person's place, has had a say already.
    AlreadyVoted(Box<Vote>),
    /// Others are asked: what the stage needs, in words.
    NotAsked(String),
    /// It takes a fresh sign-in to the console.
    LoginTooOld,
    /// A rejection says why, and what is sent back what is to change.
    CommentMissing,
}

/// Judges a decision. Every channel comes through here.
///
/// The order matters for people: one who may not decide learns that first; then whoever comes late
/// learns who decided.
pub fn decide<'a>(
    approval: &Approval,
    voter: impl Into<Voter<'a>>,
    verdict: Verdict,
    comment: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Ruling, Refusal> {
    let Voter { person, is_fresh } = voter.into();
    if person.role < Role::Approver {
        return Err(Refusal::NotAnApprover(person.role));
    }
    if let Some(decision) = &approval.decision {
        return Err(Refusal::Decided(decision.clone()));
    }
    if person.id == approval.requested_by {
        return Err(Refusal::OwnRequest);
    }
    check_open(approval, now)?;
    let kept_away = reached_since(&approval.delegations, approval.requested_by, (approval.requested_at, now));
    if kept_away.contains(&person.id) {
        return Err(Refusal::StandsInForRequester);
    }
    let mut vote = seat(approval, person, &kept_away, now)?;
    if approval.requirement.is_fresh_needed && !is_fresh {
        return Err(Refusal::LoginTooOld);
    }
    let comment = comment.map(str::trim).filter(|text| !text.is_empty());
    if verdict != Verdict::Approve && comment.is_none() {
        return Err(Refusal::CommentMissing);
    }
    vote.verdict = verdict;
    vote.comment = comment.map(str::to_owned);
    Ok(ruling(approval, vote))
}

/// Whether a vote that was judged a moment ago may be kept: whoever cast it still decides on requests, still stands in for the
/// person in whose place it was, and was not given the requester's own right meanwhile. `voter` is none when she left.
#[must_use]
pub fn may_stand(approval: &Approval, vote: &Vote, voter: Option<&Person>, now: DateTime<Utc>) -> bool {
    let since = (approval.requested_at, now);
    let kept_away = reached_since(&approval.delegations, approval.requested_by, since);
    let is_named = |right| stands_in_for(&approval.delegations, vote.by, now).iter().any(|d| d.from == right);
    voter.is_some_and(|voter| voter.role >= Role::Approver)
        && !kept_away.contains(&vote.by)
        && vote.instead_of.is_none_or(is_named)
}

/// Finds the seat that a person can take in the stage that is asked: in her own right, else in the place of
/// somebody whose delegate she is.
fn seat(
    approval: &Approval,
    person: &Person,
    kept_away: &[PersonId],
    now: DateTime<Utc>,
) -> Result<Vote, Refusal> {
    let votes = &approval.votes;
    if let Some(vote) = votes.iter().find(|vote| vote.by == person.id || vote.right_of() == person.id) {
        return Err(Refusal::AlreadyVoted(Box::new(vote.clone())));
    }
    let kept = approval.requirement.after.as_ref().map_or(&[][..], |after| after.kept.as_slice());
    let is_kept = |id| kept.iter().find(|kept| kept.by == id || kept.right_of == id);
    if let Some(kept) = is_kept(person.id) {
        return Err(Refusal::AlreadyVoted(Box::new(kept.vote())));
    }
    let Some(stage) = approval.requirement.stage_after(votes) else { return Err(Refusal::Void(None)) };
    let asked = &approval.requirement.stages[stage];
    let before: Vec<&[usize]> = requirement::votes_of(stage, votes).map(|v| v.seats.as_slice()).collect();
    let own = (person.id, person.role, None);
    let others = stands_in_for(&approval.delegations, person.id, now);
    let others = others.into_iter().map(|d| (d.from, d.from_role, Some(d.from_name.clone())));
    for (right, role, name) in std::iter::once(own).chain(others) {
        // A right that nobody had, that was used, or that is the requester's own counts for nothing.
        if role < Role::Approver
            || kept_away.contains(&right)
            || is_kept(right).is_some()
            || votes.iter().any(|vote| vote.by == right || vote.right_of() == right)
        {
            continue;
        }
        let seats = asked.seats_of(right, role);
        let mut voters = before.clone();
        voters.push(&seats);
        if asked.seated(&voters).1 {
            return Ok(Vote {
                number: votes.len(),
                stage,
                seats,
                verdict: Verdict::Approve,
                by: person.id,
                by_name: person.name.clone(),
                instead_of: name.is_some().then_some(right),
                instead_of_name: name,
                at: now,
                comment: None,
            });
        }
    }
    Err(Refusal::NotAsked(approval.requirement.progress(stage, votes)))
}

/// What follows from a vote: one that is no approval ends the request, the last approval that was needed ends it too.
fn ruling(approval: &Approval, vote: Vote) -> Ruling {
    let mut votes = approval.votes.clone();
    votes.push(vote.clone());
    let next = approval.requirement.stage_after(&votes);
    let is_end = vote.verdict != Verdict::Approve || next.is_none();
    let decision = is_end.then(|| Decision {
        verdict: vote.verdict,
        by: vote.by,
        by_name: vote.name(),
        at: vote.at,
        comment: vote.comment.clone(),
    });
    let begins = next.filter(|next| !is_end && *next != vote.stage);
    Ruling { vote, decision, begins }
}

/// Judges whether a person may take a request back: whoever asked, or an admin, while it is open.
pub fn withdraw(approval: &Approval, person: &Person, now: DateTime<Utc>) -> Result<Voided, Refusal> {
    if person.id != approval.requested_by && person.role < Role::Admin {
        return Err(Refusal::NotYours);
    }
    if let Some(decision) = &approval.decision {
        return Err(Refusal::Decided(decision.clone()));
    }
    check_open(approval, now)?;
    let reason = format!("{} took the request back.", person.name);
    Ok(Voided { by: Some(person.id), by_name: Some(person.name.clone()), at: now, reason })
}

fn check_open(approval: &Approval, now: DateTime<Utc>) -> Result<(), Refusal> {
    if approval.state == State::Void {
        return Err(Refusal::Void(approval.voided.clone()));
    }
    if approval.state == State::Expired || now >= approval.expires_at {
        return Err(Refusal::Expired(approval.expires_at));
    }
    if approval.state != State::Open || payload_hash(&approval.payload) != approval.payload_hash {
        return Err(Refusal::Void(None));
    }
    Ok(())
}

/// SHA-256 over the canonical JSON text (keys sorted, no spaces) in lower-case hex.
pub fn payload_hash(payload: &Value) -> String {
    hex::encode(Sha256::digest(payload.to_string().as_bytes()))
}

#[cfg(test)]
mod chase_tests;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod tests;
