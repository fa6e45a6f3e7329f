//! The renewal calendar: when accepted contracts end or renew, and by when notice must be given.

use chrono::{DateTime, Utc};
use domain::card::Audience;
use domain::change::Change;
use domain::contract::renewal::{self, Notice};
use domain::ids::{Ids, PlanId};
use domain::intent::Intent;
use domain::plan::{Context, Outcome, Recovery};
use domain::wording::{self, RenewalLine};
use serde_json::json;
use storage::audit::{self, Act};
use storage::{Tx, people, plans, reminders};

pub use storage::renewals::{Dated, calendar};

use super::library::done;
use crate::desk::{Desk, storage};

/// Begins a plan for every notice that people are to be reminded of now, each stage once; gives how many.
///
/// Errors: the database is away, or another process was first.
pub async fn remind_due(tx: &mut Tx, ids: &Ids, now: DateTime<Utc>) -> Result<usize, storage::Error> {
    let today = now.date_naive();
    let mut begun = 0;
    for dated in calendar(tx, today).await? {
        let Some(by) = dated.renewal.notice_by else { continue };
        let Some(stage) = renewal::stage(by, today) else { continue };
        let version = dated.accepted.version;
        if reminders::is_settled(tx, version, by, stage).await? {
            continue;
        }
        let Some((conversation, requester)) = reminders::thread_of(tx, version).await? else { continue };
        let notice = Notice {
            document: dated.accepted.name,
            deal: dated.deal.map(|(_, name)| name),
            renewal: dated.renewal,
            by,
        };
        let intent = Intent::RemindRenewal { notice };
        let drafts = crate::planner::plan(&intent);
        let plan = PlanId(ids.next());
        let new =
            plans::New { id: plan, conversation, requester, intent: &intent, said: "", drafts: &drafts };
        plans::create_free(tx, new, ids).await?;
        reminders::add(tx, reminders::New { version, notice_by: by, days_before: stage, plan }, now).await?;
        let act = Act {
            at: now,
            actor: "system",
            action: "reminder.begun",
            subject: &format!("version:{version}"),
            detail: json!({ "plan": plan, "notice_by": by, "days_before": stage }),
        };
        audit::append(tx, act).await?;
        begun += 1;
    }
    Ok(begun)
}

/// Says in the thread that a notice is due, with a button for whoever looks after it.
pub(super) fn remind(desk: &Desk, context: &Context, notice: &Notice) -> Outcome {
    let url = format!("{}/renewals", desk.console_url);
    let card = wording::notice_due(notice, context.plan, desk.clock.now().date_naive(), &url);
    done(card, None, Audience::Thread)
}

/// Notes who looks after a notice, and says so to the others; the first one does.
pub(super) async fn acknowledge(
    context: &Context,
    (tx, plan): (&mut Tx, PlanId),
) -> Result<Outcome, Recovery> {
    let reminder = match reminders::get(tx, plan).await {
        Err(storage::Error::Missing(_)) => return Err(wording::notice_unknown().into()),
        other => other.map_err(storage)?,
    };
    if let Some((person, name, since)) = &reminder.acknowledged {
        let name = (*person != context.requester).then_some(name.as_str());
        return Err(wording::notice_seen_already(name, *since).into());
    }
    let person = people::get(tx, context.requester).await.map_err(storage)?;
    let name = person.map_or_else(|| "Somebody".to_owned(), |person| person.name);
    let card = wording::notice_seen(&reminder.document, reminder.notice_by, &name);
    let change = Change::AcknowledgeRenewal { reminder: plan, by: context.requester };
    Ok(done(card, Some(change), Audience::Thread))
}

/// The calendar as a card.
pub(super) async fn list(desk: &Desk, tx: &mut Tx) -> Result<Outcome, Recovery> {
    let today = desk.clock.now().date_naive();
    let lines: Vec<RenewalLine> = calendar(tx, today)
        .await
        .map_err(storage)?
        .into_iter()
        .map(|dated| RenewalLine {
            document: dated.accepted.name,
            deal: dated.deal.map(|(_, name)| name),
            renewal: dated.renewal,
        })
        .collect();
    let url = format!("{}/renewals", desk.console_url);
    Ok(done(wording::renewals(&lines, today, &url), None, Audience::Thread))
}
