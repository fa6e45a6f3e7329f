//! Asks approvers, waits for days if need be, and judges decisions.

use chrono::Duration;
use domain::approval::{
    Approval, Facts, Refusal, Requirement, State, Verdict, Voided, Voter, decide as judge, payload_hash,
    withdraw as withdrawal,
};
use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::error::UserError;
use domain::ids::{ApprovalId, PersonId};
use domain::intent::Intent;
use domain::person::{Channel, Person};
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::wording::{self, Asked};
use serde_json::{Value, json};
use storage::{Tx, approvals, conversations, delegations, people, policies, reach, votes};

use crate::desk::{Desk, storage};
use crate::planner::matter;
use crate::planner::reply::to_requester;

/// How fresh a sign-in to the console has to be where the policy wants one, minutes.
const FRESH_MINUTES: i64 = 15;

/// Opens the request and waits; woken by the decision or by the time running out.
pub(super) async fn ask(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    if step.signal.is_none() {
        return open(desk, context, step).await;
    }
    // Not the signal but the request itself says how it ended: a decision may have come as the timer went off.
    let mut tx = desk.db.tenant(step.tenant).begin().await.map_err(storage)?;
    let asked = approvals::of_step(&mut tx, step.id).await.map_err(storage)?;
    match (asked.state, &asked.decision) {
        (_, Some(decision)) => done(json!({ "decision": decision })),
        (State::Open, None) => expire(&asked),
        (_, None) => done(json!({ "expired": true })),
    }
}

fn done(output: Value) -> Result<Outcome, Recovery> {
    Ok(Outcome::Done(Finish { output, ..Finish::default() }))
}

async fn open(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    let (facts, payload, matter) = matter::asked_by(context)?;
    let now = desk.clock.now();
    let approval = ApprovalId(desk.ids.next());
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let (requirement, days) = needed((desk, context), &mut tx, (&facts, &payload)).await.map_err(storage)?;
    let expires_at = now + Duration::days(days);
    let requester = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let requested_by_name = requester.map_or_else(|| "somebody".to_owned(), |person| person.name);
    let asked_where = whom(desk, context, (&mut tx, &requirement)).await.map_err(storage)?;
    let asked = Approval {
        id: approval,
        plan: context.plan,
        step: step.id,
        subject: facts.subject.clone(),
        payload_hash: payload_hash(&payload),
        payload: payload.clone(),
        requested_by: context.requester,
        requested_by_name,
        requested_at: now,
        expires_at,
        state: State::Open,
        decision: None,
        voided: None,
        requirement: requirement.clone(),
        votes: Vec::new(),
        delegations: delegations::since(&mut tx, now).await.map_err(storage)?,
    };
    let say = vec![
        Say {
            slot: "request".to_owned(),
            to: Audience::Approvers { approval },
            card: wording::approval_request(&asked, &matter, true),
            urgency: Urgency::Decision,
        },
        Say {
            slot: "waiting".to_owned(),
            to: Audience::Requester,
            card: wording::waiting_for_approval(&asked_where, approval),
            urgency: Urgency::Reply,
        },
    ];
    let change = Change::OpenApproval {
        approval,
        subject: facts.subject,
        payload,
        requested_by: context.requester,
        expires_at,
        requirement,
    };
    let finish = Finish { changes: vec![change], say, ..Finish::default() };
    Ok(Outcome::Wait { finish, until: Some(expires_at) })
}

/// What the team's policy asks for, and for how many days.
async fn needed(
    (desk, context): (&Desk, &Context),
    tx: &mut Tx,
    (facts, payload): (&Facts, &Value),
) -> Result<(Requirement, i64), storage::Error> {
    let kept = policies::newest(tx).await?;
    let people = people::list(tx).await?;
    let days = kept.policy.expires_after_days.unwrap_or(desk.approval_days);
    let needs = match matter::before(tx, (&facts.subject, payload)).await? {
        Some((earlier, difference)) => kept.policy.requirement_after(
            (kept.number, facts),
            &people,
            (&earlier, &difference),
            (context.requester, desk.clock.now()),
        ),
        None => kept.policy.requirement(kept.number, facts, &people),
    };
    Ok((needs, days))
}

/// Who may decide, and where they hear of it: on a channel, or only in the console.
async fn whom(
    desk: &Desk,
    context: &Context,
    (tx, needs): (&mut Tx, &Requirement),
) -> Result<Asked, storage::Error> {
    let conversation = conversations::get(tx, context.conversation).await?;
    let mut asked = Asked { console_url: desk.console_url.clone(), ..Asked::default() };
    for approver in people::approvers(tx, context.requester).await? {
        if !needs.ever_asks(approver.id, approver.role) {
            continue;
        }
        let is_reached = conversation.channel == Channel::Web
            || !reach::privately(tx, &conversation, approver.id).await?.is_empty();
        if is_reached { &mut asked.here } else { &mut asked.in_console }.push(approver.name);
    }
    Ok(asked)
}

fn expire(approval: &Approval) -> Result<Outcome, Recovery> {
    let card = wording::approval_expired(approval, &matter::of(approval));
    let changes = vec![Change::Expire { approval: approval.id, card }];
    Ok(Outcome::Done(Finish { output: json!({ "expired": true }), changes, ..Finish::default() }))
}

/// Judges a person's decision. If another decision commits first, this step runs again and then
/// finds out who was first.
pub(super) async fn decide(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::Decide { approval, verdict, comment } = &context.intent else {
        return Err(Recovery::Escalate { reason: "not a decision".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let asked = match approvals::get(&mut tx, *approval).await {
        Ok(asked) => asked,
        Err(storage::Error::Missing(_)) => return Err(wording::approval_unknown().into()),
        Err(error) => return Err(storage(error)),
    };
    let person = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let person = person.ok_or_else(|| wording::decision_refused(&Refusal::Void(None)))?;
    let since = desk.clock.now() - Duration::minutes(FRESH_MINUTES);
    let is_fresh = votes::is_fresh(&mut tx, person.id, context.plan, since).await.map_err(storage)?;
    let voter = Voter { person: &person, is_fresh };
    let ruling = judge(&asked, voter, *verdict, comment.as_deref(), desk.clock.now())
        .map_err(|refusal| wording::decision_refused(&refusal))?;
    if let Some(reason) = matter::changed_meanwhile(&mut tx, &asked).await.map_err(storage)? {
        let voided = Voided { by: None, by_name: None, at: desk.clock.now(), reason };
        let refusal = wording::decision_refused(&Refusal::Void(Some(voided.clone())));
        return Ok(void(&asked, voided, wording::user_error(&refusal)));
    }
    let (matter, vote) = (matter::of(&asked), ruling.vote);
    let mut after = asked.clone();
    after.votes.push(vote.clone());
    let change = match ruling.decision {
        Some(decision) => {
            after.decision = Some(decision.clone());
            let card = wording::approval_decided(&after, &matter, &decision);
            Change::Decide { approval: asked.id, decision, vote, card }
        }
        None => {
            let asks = match ruling.begins {
                Some(stage) => asked_in(&mut tx, &asked, stage).await.map_err(storage)?,
                None => Vec::new(),
            };
            Change::Vote {
                approval: asked.id,
                vote,
                asks,
                card: wording::approval_request(&after, &matter, true),
            }
        }
    };
    Ok(Outcome::Done(Finish { changes: vec![change], ..Finish::default() }))
}

/// The people whom a stage asks, without the requester.
async fn asked_in(tx: &mut Tx, asked: &Approval, stage: usize) -> Result<Vec<PersonId>, storage::Error> {
    let people = people::approvers(tx, asked.requested_by).await?;
    let Some(stage) = asked.requirement.stages.get(stage) else { return Ok(Vec::new()) };
    let those = people.into_iter().filter(|person| !stage.seats_of(person.id, person.role).is_empty());
    Ok(those.map(|person| person.id).collect())
}

/// Takes back a request of the sender's own; an admin may take back anybody's.
pub(super) async fn withdraw(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::Withdraw { approval } = &context.intent else {
        return Err(Recovery::Escalate { reason: "not a withdrawal".to_owned() });
    };
    let now = desk.clock.now();
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let person = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let person = person.ok_or_else(|| wording::decision_refused(&Refusal::NotYours))?;
    let asked = match approval {
        Some(id) => match approvals::get(&mut tx, *id).await {
            Ok(asked) => asked,
            Err(storage::Error::Missing(_)) => return Err(wording::approval_unknown().into()),
            Err(error) => return Err(storage(error)),
        },
        None => {
            let mut open = approvals::open_ones(&mut tx).await.map_err(storage)?;
            open.retain(|asked| asked.requested_by == person.id && asked.expires_at > now);
            match open.len() {
                0 => return Err(wording::no_open_request().into()),
                1 => open.remove(0),
                _ => return Ok(tell(wording::which_to_withdraw(&open))),
            }
        }
    };
    let voided = withdrawal(&asked, &person, now).map_err(|refusal| wording::decision_refused(&refusal))?;
    let told = wording::withdrawn(&asked, &matter::of(&asked));
    Ok(void(&asked, voided, told))
}

/// Ends a request without a decision, and tells whoever caused that.
fn void(asked: &Approval, voided: Voided, told: Card) -> Outcome {
    let card = wording::approval_void(asked, &matter::of(asked), &voided);
    let change = Change::Void { approval: asked.id, voided, card };
    Outcome::Done(Finish { changes: vec![change], say: vec![to_requester(told)], ..Finish::default() })
}

fn tell(card: Card) -> Outcome {
    Outcome::Done(Finish { say: vec![to_requester(card)], ..Finish::default() })
}

/// Whether a person may go on to say why she rejects; asked before the form is opened.
///
/// Errors: why not, for the person.
pub async fn may_comment(desk: &Desk, person: &Person, approval: ApprovalId) -> Result<(), UserError> {
    let gone = |_| wording::approval_unknown();
    let mut tx = desk.db.tenant(person.tenant).begin().await.map_err(gone)?;
    let asked = approvals::get(&mut tx, approval).await.map_err(gone)?;
    // Whether she signed in shortly before is judged when she decides.
    let voter = Voter { person, is_fresh: true };
    judge(&asked, voter, Verdict::Reject, Some("asked next"), desk.clock.now())
        .map(drop)
        .map_err(|refusal| wording::decision_refused(&refusal))
}
