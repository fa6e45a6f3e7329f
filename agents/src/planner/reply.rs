//! Puts answers together for the person who asked.

use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::intent::Intent;
use domain::person::Person;
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::search::Answer;
use domain::{approval, wording};
use storage::{approvals, people};

use crate::desk::{Desk, earlier, storage};

/// Shows what a search found, in place of the progress.
pub(super) fn present(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let answer: Answer = earlier(context, "check_hits")?;
    let card = if answer.no_match || answer.hits.is_empty() {
        wording::nothing_found(&answer)
    } else {
        wording::found(&answer, context.plan)
    };
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    Ok(say(Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply }))
}

/// Answers what needs no other agent.
pub(super) async fn reply(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let asker = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let asker = asker.ok_or_else(|| Recovery::Escalate { reason: "the person left".to_owned() })?;
    let card = match &context.intent {
        Intent::Help { topic } => (desk.help)(topic.as_deref(), asker.role),
        Intent::Unclear { text, candidates } => wording::unclear(text, candidates),
        Intent::ListPeople => {
            let people = people::list(&mut tx).await.map_err(storage)?;
            wording::people(&people)
        }
        Intent::ListApprovals => {
            let open = approvals::open_ones(&mut tx).await.map_err(storage)?;
            let mine: Vec<_> = open.into_iter().filter(|a| may_decide(a, &asker)).collect();
            wording::approvals(&mine)
        }
        Intent::SetRole { person, role } => {
            let found = people::matching(&mut tx, person).await.map_err(storage)?;
            let [target] = found.as_slice() else {
                return Err(wording::person_unclear(person, &found).into());
            };
            if target.id == asker.id {
                return Err(wording::own_role().into());
            }
            let change = Change::SetRole { person: target.id, role: *role, by: asker.id };
            let card = wording::role_set(target, *role);
            return Ok(with_change(change, to_requester(card)));
        }
        other => {
            return Err(Recovery::Escalate { reason: format!("no reply to {}", other.name()) });
        }
    };
    Ok(say(to_requester(card)))
}

fn may_decide(asked: &approval::Approval, person: &Person) -> bool {
    asked.requested_by != person.id && person.role >= domain::person::Role::Approver
}

fn to_requester(card: Card) -> Say {
    Say { slot: "answer".to_owned(), to: Audience::Requester, card, urgency: Urgency::Reply }
}

fn say(say: Say) -> Outcome {
    Outcome::Done(Finish { say: vec![say], ..Finish::default() })
}

fn with_change(change: Change, say: Say) -> Outcome {
    Outcome::Done(Finish { changes: vec![change], say: vec![say], ..Finish::default() })
}
