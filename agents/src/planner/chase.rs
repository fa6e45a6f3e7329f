//! Follows requests up that nobody decides on: reminds whoever is asked, then asks others as well.

use chrono::{DateTime, Utc};
use domain::approval::Approval;
use domain::card::{Audience, Card, Say, Urgency};
use domain::ids::{ApprovalId, ConversationId, Ids, PersonId};
use domain::wording;
use serde_json::json;
use storage::audit::{self, Act};
use storage::messages::{self, Origin};
use storage::{Tx, approvals, chases, people};

use crate::guardrail::Gate;
use crate::planner::{matter, reply};

/// The place of what no step says: reminders, and what follows an escalation.
const CHASED: i32 = -3;

/// The open requests of a team, to be looked at one by one.
///
/// # Errors
/// When the database is away.
pub async fn open_requests(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<ApprovalId>, storage::Error> {
    let open = approvals::open_ones(tx).await?;
    Ok(open.into_iter().filter(|asked| now < asked.expires_at).map(|asked| asked.id).collect())
}

/// Does what is due on one request, in a transaction of its own; gives how many people hear of it.
///
/// The request is locked, so a decision that is being made is seen, or waits and finds what was done here.
///
/// # Errors
/// The database is away, or another process was first.
pub async fn chase(
    tx: &mut Tx,
    ids: &Ids,
    approval: ApprovalId,
    now: DateTime<Utc>,
) -> Result<usize, storage::Error> {
    let asked = approvals::lock(tx, approval).await?;
    let Some((stage, _)) = asked.stage_since() else { return Ok(0) };
    let conversation = chases::conversation(tx, asked.plan).await?;
    let origin = Origin { plan: asked.plan, conversation, requester: asked.requested_by, step: CHASED };
    let team = people::approvers(tx, asked.requested_by).await?;
    let added: Vec<PersonId> = asked.escalation_due(&team, now).iter().map(|person| person.id).collect();
    if !added.is_empty() {
        escalate(tx, ids, (origin, &asked), (stage, &added), now).await?;
        return Ok(added.len());
    }
    let mut reminded = 0;
    for person in team.iter().filter(|person| reply::may_decide(&asked, person, now)) {
        let due = asked.reminders_due(person.id, now);
        if due <= chases::reminded(tx, approval, (person.id, stage)).await? {
            continue;
        }
        // Whoever missed several, because nothing ran meanwhile, gets the last of them alone.
        chases::remind(tx, approval, (person.id, stage, due), now).await?;
        let card = wording::approval_reminder(&asked, &matter::of(&asked), stage);
        let say = Say {
            slot: format!("reminder-{}-{due}", stage + 1),
            to: Audience::Person { person: person.id },
            card: screened(tx, conversation, card).await?,
            urgency: Urgency::Reply,
        };
        messages::say(tx, ids, origin, &say).await?;
        let subject = format!("approval:{approval}");
        let detail = json!({ "person": person.id, "stage": stage, "number": due });
        let act = Act { at: now, actor: "system", action: "approval.reminded", subject: &subject, detail };
        audit::append(tx, act).await?;
        reminded += 1;
    }
    Ok(reminded)
}

/// Asks others as well: they are kept, every copy says so, and each of them gets one.
async fn escalate(
    tx: &mut Tx,
    ids: &Ids,
    (origin, asked): (Origin, &Approval),
    (stage, added): (usize, &[PersonId]),
    now: DateTime<Utc>,
) -> Result<(), storage::Error> {
    chases::escalate(tx, asked.id, (stage, added), now).await?;
    let after = approvals::get(tx, asked.id).await?;
    let card = wording::approval_request(&after, &matter::of(&after), true);
    let card = screened(tx, origin.conversation, card).await?;
    messages::edit_copies(tx, ids, origin, asked.id, &card).await?;
    for person in added {
        messages::share_request(tx, ids, asked.id, *person).await?;
    }
    let subject = format!("approval:{}", asked.id);
    let detail = json!({ "stage": stage, "people": added });
    let act = Act { at: now, actor: "system", action: "approval.escalated", subject: &subject, detail };
    audit::append(tx, act).await
}

/// Nothing reaches a person before the guardrail read it.
async fn screened(tx: &mut Tx, conversation: ConversationId, mut card: Card) -> Result<Card, storage::Error> {
    Gate::of(tx, conversation).await?.screen(&mut card);
    Ok(card)
}
