//! Asks approvers, waits for days if need be, and judges decisions.

use chrono::Duration;
use domain::approval::{Approval, Refusal, State, Verdict, decide as judge, payload_hash};
use domain::card::{Audience, Say, Urgency};
use domain::change::Change;
use domain::error::UserError;
use domain::ids::ApprovalId;
use domain::intent::Intent;
use domain::person::Person;
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::wording::{self, ProposedDeal};
use serde_json::{Value, json};
use storage::{approvals, people};

use crate::deal::Proposal;
use crate::desk::{Desk, earlier, storage};

/// What requests of this kind are called.
const SUBJECT: &str = "create_deals";

/// Opens the request and waits; woken by the decision or by the time running out.
pub(super) async fn ask(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    match &step.signal {
        None => open(desk, context, step).await,
        Some(signal) => match signal.get("decision") {
            Some(decision) => done(json!({ "decision": decision })),
            None => expire(desk, step).await,
        },
    }
}

fn done(output: Value) -> Result<Outcome, Recovery> {
    Ok(Outcome::Done(Finish { output, ..Finish::default() }))
}

async fn open(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    let proposal: Proposal = earlier(context, "propose")?;
    let now = desk.clock.now();
    let expires_at = now + Duration::days(desk.approval_days);
    let approval = ApprovalId(desk.ids.next());
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let requester = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let requested_by_name = requester.map_or_else(|| "somebody".to_owned(), |person| person.name);
    let approvers = people::approvers(&mut tx, context.requester).await.map_err(storage)?;
    let names: Vec<String> = approvers.into_iter().map(|person| person.name).collect();
    let payload = serde_json::to_value(&proposal)
        .map_err(|cause| Recovery::Escalate { reason: format!("the proposal: {cause}") })?;
    let asked = Approval {
        id: approval,
        plan: context.plan,
        step: step.id,
        subject: SUBJECT.to_owned(),
        payload_hash: payload_hash(&payload),
        payload: payload.clone(),
        requested_by: context.requester,
        requested_by_name,
        requested_at: now,
        expires_at,
        state: State::Open,
        decision: None,
    };
    let say = vec![
        Say {
            slot: "request".to_owned(),
            to: Audience::Approvers { approval },
            card: wording::approval_request(&asked, &proposal.lines(), true),
            urgency: Urgency::Decision,
        },
        Say {
            slot: "waiting".to_owned(),
            to: Audience::Requester,
            card: wording::waiting_for_approval(&names),
            urgency: Urgency::Reply,
        },
    ];
    let change = Change::OpenApproval {
        approval,
        subject: SUBJECT.to_owned(),
        payload,
        requested_by: context.requester,
        expires_at,
    };
    let finish = Finish { changes: vec![change], say, ..Finish::default() };
    Ok(Outcome::Wait { finish, until: Some(expires_at) })
}

async fn expire(desk: &Desk, step: &Step) -> Result<Outcome, Recovery> {
    let mut tx = desk.db.tenant(step.tenant).begin().await.map_err(storage)?;
    let approval = approvals::of_step(&mut tx, step.id).await.map_err(storage)?;
    let card = wording::approval_expired(&approval);
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
    let person = person.ok_or_else(|| wording::decision_refused(&Refusal::Void))?;
    let decision = judge(&asked, &person, *verdict, comment.as_deref(), desk.clock.now())
        .map_err(|refusal| wording::decision_refused(&refusal))?;
    let card = wording::approval_decided(&asked, &lines_of(&asked.payload), &decision);
    let change = Change::Decide { approval: *approval, decision, card };
    Ok(Outcome::Done(Finish { changes: vec![change], ..Finish::default() }))
}

fn lines_of(payload: &Value) -> Vec<ProposedDeal> {
    serde_json::from_value::<Proposal>(payload.clone()).map(|proposal| proposal.lines()).unwrap_or_default()
}

/// Whether a person may go on to say why she rejects; asked before the form is opened.
///
/// Errors: why not, for the person.
pub async fn may_comment(desk: &Desk, person: &Person, approval: ApprovalId) -> Result<(), UserError> {
    let gone = |_| wording::approval_unknown();
    let mut tx = desk.db.tenant(person.tenant).begin().await.map_err(gone)?;
    let asked = approvals::get(&mut tx, approval).await.map_err(gone)?;
    judge(&asked, person, Verdict::Reject, Some("asked next"), desk.clock.now())
        .map(drop)
        .map_err(|refusal| wording::decision_refused(&refusal))
}
