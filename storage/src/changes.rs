//! Applies changes of state, each with its audit entry, inside the transaction that finishes a step.

use chrono::{DateTime, Utc};
use domain::approval::{Approval, State, Vote, may_stand};
use domain::change::Change;
use domain::contract::signing::Handling;
use domain::ids::{ApprovalId, Ids};
use domain::learning::Impression;
use domain::person::Role;
use domain::plan::{Context, Step};
use serde_json::{Value, json};

use crate::audit::{self, Act};
use crate::credentials::{self, Kind};
use crate::db::Tx;
use crate::error::Error;
use crate::messages::{self, Origin};
use crate::{
    acceptances, activity, analyses, approvals, crm, deals, delegations, documents, effects, envelopes,
    events, holds, impressions, labels, people, plans, playbooks, reminders, reviews, rooms, steps, votes,
};

/// Applies one change. Errors: [`Error::Conflict`] when the state is not what the change was judged on.
pub async fn apply(
    tx: &mut Tx,
    ids: &Ids,
    (context, step): (&Context, &Step),
    change: &Change,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (actor, action, subject) = match change {
        Change::StartDeal { deal, approved_by, .. } => {
            deals::start(tx, step.plan, change, now).await?;
            (format!("person:{approved_by}"), "deal.started", format!("deal:{deal}"))
        }
        Change::MoveDeal { deal, from, to, reason, by } => {
            let mover = deals::Mover { by: *by, reason: reason.as_deref(), source: None };
            deals::move_to(tx, *deal, (*from, *to), mover, now).await?;
            (format!("person:{by}"), "deal.moved", format!("deal:{deal}"))
        }
        Change::AddNote { note, deal, text, by } => {
            deals::add_note(tx, *note, *deal, (*by, text), now).await?;
            (format!("person:{by}"), "deal.noted", format!("deal:{deal}"))
        }
        Change::OpenApproval { approval, subject, payload, requested_by, expires_at, requirement } => {
            let new = approvals::New {
                id: *approval,
                plan: step.plan,
                step: step.id,
                subject,
                payload,
                requested_by: *requested_by,
                requested_at: now,
                expires_at: *expires_at,
                requirement,
            };
            approvals::open(tx, new).await?;
            (format!("person:{requested_by}"), "approval.opened", format!("approval:{approval}"))
        }
        Change::Vote { .. } | Change::Decide { .. } | Change::Expire { .. } | Change::Void { .. } => {
            apply_to_approval(tx, ids, (context, step), (change, now)).await?
        }
        Change::SetRole { .. }
        | Change::Delegate { .. }
        | Change::EndDelegation { .. }
        | Change::IssueCode { .. } => apply_to_person(tx, ids, change, now).await?,
        Change::ShowHits(shown) => {
            impressions::add(tx, shown, now).await?;
            ("agent:planner".to_owned(), "hits.shown", format!("plan:{}", shown.plan))
        }
        Change::GiveFeedback(feedback) => {
            labels::give(tx, feedback, step.plan.0, now).await?;
            (format!("person:{}", feedback.by), "feedback.given", format!("plan:{}", step.plan))
        }
        Change::FollowRoom { conversation, by, .. } => {
            rooms::follow(tx, ids, change, now).await?;
            (format!("person:{by}"), "room.followed", format!("conversation:{conversation}"))
        }
        Change::Hold { person, kinds, shown } => {
            holds::hold(tx, (step.id, step.plan), *person, (kinds, shown), now).await?;
            ("agent:guardrail".to_owned(), "message.held", format!("plan:{}", step.plan))
        }
        Change::AskEffect(effect) => {
            effects::ask(tx, ids, Some(step.plan), effect).await?;
            (format!("agent:{}", step.agent.name()), "effect.asked", effect.subject.clone())
        }
        Change::Understand { intent } => {
            plans::understand(tx, step.plan, intent).await?;
            ("agent:planner".to_owned(), "message.understood", format!("plan:{}", step.plan))
        }
        other => apply_to_contract(tx, ids, step, (other, now)).await?,
    };
    activity::follow(tx, change, now).await?;
    crm::follow(tx, ids, change, &format!("{}/{}", step.plan, step.position)).await?;
    let detail = json!({ "plan": step.plan, "step": step.position, "change": recorded(change) });
    audit::append(tx, Act { at: now, actor: &actor, action, subject: &subject, detail }).await?;
    events::keep(tx, ids, change, now).await
}

/// Applies what concerns one person; gives who did what to what.
async fn apply_to_person(
    tx: &mut Tx,
    ids: &Ids,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<(String, &'static str, String), Error> {
    Ok(match change {
        Change::SetRole { person, role, by } => {
            people::set_role(tx, *person, *role).await?;
            if *role >= Role::Approver {
                messages::share_open_requests(tx, ids, *person).await?;
            }
            (format!("person:{by}"), "person.role_set", format!("person:{person}"))
        }
        Change::Delegate { delegation } => {
            delegations::add(tx, ids.next(), delegation, now).await?;
            (
                format!("person:{}", delegation.from),
                "approvals.delegated",
                format!("person:{}", delegation.to),
            )
        }
        Change::EndDelegation { person } => {
            delegations::end(tx, *person, now).await?;
            (format!("person:{person}"), "approvals.delegation_ended", format!("person:{person}"))
        }
        Change::IssueCode { person, code, until } => {
            credentials::revoke_codes(tx, *person).await?;
            credentials::issue(tx, *person, Kind::Code, code, Some(*until)).await?;
            (format!("person:{person}"), "person.code_made", format!("person:{person}"))
        }
        // Listed above: no other change comes here.
        _ => return Err(Error::unreadable("change", "about no person")),
    })
}

/// The request, locked, as the vote was judged on: the same votes before it, and the right it was cast by still there.
///
/// Errors: [`Error::Conflict`] when that changed since; the step then judges anew.
async fn judged(
    tx: &mut Tx,
    approval: ApprovalId,
    vote: &Vote,
    now: DateTime<Utc>,
) -> Result<Approval, Error> {
    approvals::lock(tx, approval).await?;
    let voter = votes::hold(tx, vote.by, now).await?;
    // Who stands in for whom is read once nobody can change it any more.
    let asked = approvals::get(tx, approval).await?;
    if asked.votes.len() != vote.number || !may_stand(&asked, vote, voter.as_ref(), now) {
        return Err(Error::Conflict("approval"));
    }
    Ok(asked)
}

/// Applies what happens to an open approval; gives who did what to what.
async fn apply_to_approval(
    tx: &mut Tx,
    ids: &Ids,
    (context, step): (&Context, &Step),
    (change, now): (&Change, DateTime<Utc>),
) -> Result<(String, &'static str, String), Error> {
    Ok(match change {
        Change::Vote { approval, vote, asks, card } => {
            let asked = judged(tx, *approval, vote, now).await?;
            if asked.state != State::Open {
                return Err(Error::Conflict("approval"));
            }
            votes::add(tx, *approval, vote, step.plan).await?;
            messages::edit_copies(tx, ids, Origin::of(context, step), *approval, card).await?;
            for person in asks {
                messages::share_request(tx, ids, *approval, *person).await?;
            }
            (format!("person:{}", vote.by), "approval.voted", format!("approval:{approval}"))
        }
        Change::Decide { approval, decision, vote, card } => {
            let asked = judged(tx, *approval, vote, now).await?;
            votes::add(tx, *approval, vote, step.plan).await?;
            approvals::record(tx, &asked, decision).await?;
            steps::signal(tx, asked.step, &json!({ "decision": decision })).await?;
            messages::edit_copies(tx, ids, Origin::of(context, step), *approval, card).await?;
            (format!("person:{}", decision.by), "approval.decided", format!("approval:{approval}"))
        }
        Change::Expire { approval, card } => {
            if !approvals::expire(tx, *approval).await? {
                return Err(Error::Conflict("approval"));
            }
            messages::edit_copies(tx, ids, Origin::of(context, step), *approval, card).await?;
            ("system".to_owned(), "approval.expired", format!("approval:{approval}"))
        }
        Change::Void { approval, voided, card } => {
            let asked = approvals::lock(tx, *approval).await?;
            approvals::void(tx, *approval, voided).await?;
            steps::cancel_plan(tx, asked.plan, &voided.reason).await?;
            messages::edit_copies(tx, ids, Origin::of(context, step), *approval, card).await?;
            messages::edit_waiting(tx, ids, Origin::of(context, step), asked.plan, card).await?;
            let actor = voided.by.map_or_else(|| "system".to_owned(), |person| format!("person:{person}"));
            (actor, "approval.voided", format!("approval:{approval}"))
        }
        // Listed above: no other change comes here.
        _ => return Err(Error::unreadable("change", "about no open approval")),
    })
}

/// Applies a change about contracts; gives who did what to what.
async fn apply_to_contract(
    tx: &mut Tx,
    ids: &Ids,
    step: &Step,
    (change, now): (&Change, DateTime<Utc>),
) -> Result<(String, &'static str, String), Error> {
    Ok(match change {
        Change::AddVersion(new) => {
            documents::add(tx, step.plan, new, now).await?;
            (format!("person:{}", new.by), "version.added", format!("version:{}", new.version))
        }
        Change::Analyse(analysis) => {
            analyses::store(tx, step.plan, analysis, now).await?;
            reviews::open(tx, ids, analysis, now).await?;
            ("agent:contract".to_owned(), "version.analysed", format!("version:{}", analysis.version))
        }
        Change::LinkDocument { document, deal, by } => {
            documents::link(tx, *document, *deal).await?;
            (format!("person:{by}"), "document.linked", format!("document:{document}"))
        }
        Change::AcceptVersion { version, analysis, by } => {
            acceptances::add(tx, step.plan, (*version, *analysis), *by, now).await?;
            (format!("person:{by}"), "version.accepted", format!("version:{version}"))
        }
        Change::AnswerTerm(given) => {
            analyses::answer(tx, ids, given, now).await?;
            (format!("person:{}", given.by), "term.answered", format!("analysis:{}", given.analysis))
        }
        Change::SavePlaybook { number, positions, note, by } => {
            playbooks::save(tx, *number, (positions, note), *by, now).await?;
            (format!("person:{by}"), "playbook.saved", format!("playbook:{number}"))
        }
        Change::ClaimReview { review, by } => {
            if !reviews::claim(tx, *review, *by, now).await? {
                return Err(Error::Conflict("review item"));
            }
            (format!("person:{by}"), "review.claimed", format!("review:{review}"))
        }
        Change::AcknowledgeRenewal { reminder, by } => {
            reminders::acknowledge(tx, *reminder, *by, now).await?;
            (format!("person:{by}"), "reminder.acknowledged", format!("plan:{reminder}"))
        }
        other => return apply_to_envelope(tx, ids, step, (other, now)).await,
    })
}

/// Applies a change about signing; gives who did what to what.
async fn apply_to_envelope(
    tx: &mut Tx,
    ids: &Ids,
    step: &Step,
    (change, now): (&Change, DateTime<Utc>),
) -> Result<(String, &'static str, String), Error> {
    Ok(match change {
        Change::SendEnvelope(new) => {
            envelopes::add(tx, step.plan, new, now).await?;
            let effect = envelopes::effect(tx, (&new.provider, new.envelope, "send"), json!({}));
            effects::ask(tx, ids, Some(step.plan), &effect).await?;
            (format!("person:{}", new.approved_by), "envelope.asked", format!("envelope:{}", new.envelope))
        }
        Change::HandleEnvelope { envelope, handling, by } => {
            let known = envelopes::get(tx, *envelope).await?;
            let (word, action, payload) = match handling {
                Handling::Void { reason } => ("void", "envelope.taken_back", json!({ "reason": reason })),
                // Asked for twice, done twice: the plan is part of what makes it itself.
                Handling::Remind => ("remind", "envelope.reminded", json!({ "plan": step.plan })),
            };
            let effect = envelopes::effect(tx, (&known.provider, *envelope, word), payload);
            effects::ask(tx, ids, Some(step.plan), &effect).await?;
            (format!("person:{by}"), action, format!("envelope:{envelope}"))
        }
        Change::KeepSigned { envelope, version } => {
            envelopes::signed(tx, *envelope, *version).await?;
            ("agent:contract".to_owned(), "envelope.kept", format!("envelope:{envelope}"))
        }
        // Listed above: every other change is applied there.
        _ => return Err(Error::unreadable("change", "about no contract")),
    })
}

/// A change as the audit keeps it: whole, except that the text of documents stays in its own table.
fn recorded(change: &Change) -> Value {
    match change {
        Change::AddVersion(new) => json!({
            "change": "add_version", "document": new.document, "version": new.version, "name": new.name,
            "sha256": new.sha256, "bytes": new.bytes, "kind": new.kind, "notes": new.notes,
        }),
        Change::Analyse(analysis) => json!({
            "change": "analyse", "analysis": analysis.id, "version": analysis.version, "playbook": analysis.playbook,
            "partial": analysis.is_partial, "extractions": analysis.extractions.len(),
            "findings": analysis.findings.len(),
        }),
        Change::SavePlaybook { number, note, .. } => {
            json!({ "change": "save_playbook", "number": number, "note": note })
        }
        Change::ShowHits(shown) => {
            let hit =
                |hit: &Impression| json!({ "company": hit.company, "fit": hit.fit, "by": hit.scored_by });
            let hits: Vec<Value> = shown.hits.iter().map(hit).collect();
            json!({ "change": "show_hits", "hits": hits })
        }
        // Particulars may hold fractions, which the chain cannot: they stay with the effect.
        Change::AskEffect(effect) => json!({
            "change": "ask_effect", "provider": effect.provider, "action": effect.action, "key": effect.key,
        }),
        Change::IssueCode { until, .. } => json!({ "change": "issue_code", "until": until }),
        other => json!(other),
    }
}
