//! Puts answers together for the person who asked.

use chrono::{DateTime, Utc};
use domain::approval;
use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::intent::Intent;
use domain::person::{Person, Role};
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::search::Answer;
use domain::wording::{self, PersonRow};
use storage::{approvals, people};

use crate::desk::{Desk, earlier, storage};
use crate::planner::matter;

/// Shows what a search found, in place of the progress.
pub(super) async fn present(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let answer: Answer = earlier(context, "check_hits")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let asker = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let role = asker.map_or(Role::Viewer, |person| person.role);
    let card = if answer.no_match || answer.hits.is_empty() {
        wording::nothing_found(&answer, relaxed(&answer).as_deref())
    } else {
        wording::found(&answer, context.plan, role)
    };
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    Ok(say(Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply }))
}

/// The question without the part that stands in the way, in words that the search reads.
fn relaxed(answer: &Answer) -> Option<String> {
    let dropped = answer.relax.as_ref()?;
    let rest: Vec<&str> =
        answer.chips.iter().map(|chip| chip.label.as_str()).filter(|label| label != dropped).collect();
    (!rest.is_empty()).then(|| rest.join(" "))
}

/// Answers what needs no other agent.
pub(super) async fn reply(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let asker = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let asker = asker.ok_or_else(|| Recovery::Escalate { reason: "the person left".to_owned() })?;
    let card = match &context.intent {
        Intent::Help { topic } => (desk.help)(topic.as_deref(), asker.role),
        Intent::Refused { error } => wording::user_error(error),
        Intent::Unclear { text, candidates } => wording::unclear(text, candidates),
        Intent::ListPeople => {
            let people = people::list(&mut tx).await.map_err(storage)?;
            let rows = people.into_iter().map(|p| PersonRow { name: p.name, role: p.role, email: p.email });
            wording::people(&rows.collect::<Vec<_>>())
        }
        Intent::ListApprovals => {
            let now = desk.clock.now();
            let open = approvals::open_ones(&mut tx).await.map_err(storage)?;
            let mine = open.into_iter().filter(|asked| may_decide(asked, &asker, now)).map(|asked| {
                let about = matter::of(&asked);
                (asked, about)
            });
            wording::approvals(&mine.collect::<Vec<_>>(), now)
        }
        Intent::AskComment { approval } => {
            let asked = approvals::get(&mut tx, *approval).await.map_err(|_| wording::approval_unknown())?;
            wording::ask_comment(&asked)
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
            let card = wording::role_set(&target.name, *role);
            return Ok(with_change(change, to_requester(card)));
        }
        other => {
            return Err(Recovery::Escalate { reason: format!("no reply to {}", other.name()) });
        }
    };
    Ok(say(to_requester(card)))
}

fn may_decide(asked: &approval::Approval, person: &Person, now: DateTime<Utc>) -> bool {
    let voter = approval::Voter { person, is_fresh: true };
    approval::decide(asked, voter, approval::Verdict::Approve, None, now).is_ok()
}

pub(super) fn to_requester(card: Card) -> Say {
    Say { slot: "answer".to_owned(), to: Audience::Requester, card, urgency: Urgency::Reply }
}

fn say(say: Say) -> Outcome {
    Outcome::Done(Finish { say: vec![say], ..Finish::default() })
}

fn with_change(change: Change, say: Say) -> Outcome {
    Outcome::Done(Finish { changes: vec![change], say: vec![say], ..Finish::default() })
}
