//! Answers who has to approve what, and lets people stand in for each other.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc};
use domain::approval::{Delegation, Hours};
use domain::change::Change;
use domain::error::UserError;
use domain::intent::{Intent, Lasts, Standin};
use domain::person::{Person, Role};
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording;
use storage::{Tx, delegations, people, policies};

use super::reply::to_requester;
use crate::desk::{Desk, storage};

/// A right is handed on for at most so many days.
const DAYS_MAX: i64 = 90;

/// The team's hours, and the zone of a person who lives by another clock.
type Clock = (Hours, Option<String>);

/// Tells the policy in words, or who has to approve a case.
pub(super) async fn tell(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::AskPolicy { case } = &context.intent else {
        return Err(Recovery::Escalate { reason: "not a question about the policy".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let kept = policies::newest(&mut tx).await.map_err(storage)?;
    let team = people::list(&mut tx).await.map_err(storage)?;
    let card = match case {
        None => wording::policy(kept.number, &kept.policy),
        Some(case) => {
            let facts = kept.policy.facts_in(case);
            let rules: Vec<&str> = kept.policy.matching(&facts).map(|rule| rule.name.as_str()).collect();
            wording::who_approves(&facts, &rules, &kept.policy.asked(&facts, &team))
        }
    };
    Ok(Outcome::Done(Finish { say: vec![to_requester(card)], ..Finish::default() }))
}

/// Lets somebody decide in the sender's place, ends that, or tells who does.
pub(super) async fn delegate(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::Delegate { standin } = &context.intent else {
        return Err(Recovery::Escalate { reason: "nothing about who stands in".to_owned() });
    };
    let now = desk.clock.now();
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let sender = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let sender = sender.ok_or_else(|| Recovery::Escalate { reason: "the person left".to_owned() })?;
    let policy = policies::newest(&mut tx).await.map_err(storage)?.policy;
    let clock = policy.clock_of(&sender);
    let (card, change) = match standin {
        Standin::Show => (shown(&mut tx, &sender, (now, &clock)).await?, None),
        Standin::End => {
            let change = Change::EndDelegation { person: sender.id };
            (wording::delegation_ended(), Some(change))
        }
        Standin::Away { lasts } => {
            let team = people::list(&mut tx).await.map_err(storage)?;
            let to = policy.stand_in(&sender, &team).ok_or_else(wording::nobody_stands_in)?;
            let ends_at = end(*lasts, now, &clock)?;
            let delegation = stands_in(&sender, to, (now, ends_at))?;
            let card = wording::delegated(&to.name, last_day(ends_at, &clock));
            (card, Some(Change::Delegate { delegation }))
        }
        Standin::Begin { person, lasts } => {
            let found = people::matching(&mut tx, person).await.map_err(storage)?;
            let [to] = found.as_slice() else {
                return Err(wording::person_unclear(person, &found).into());
            };
            let ends_at = end(*lasts, now, &clock)?;
            let delegation = stands_in(&sender, to, (now, ends_at))?;
            let card = wording::delegated(&to.name, last_day(ends_at, &clock));
            (card, Some(Change::Delegate { delegation }))
        }
    };
    let changes = change.into_iter().collect();
    Ok(Outcome::Done(Finish { changes, say: vec![to_requester(card)], ..Finish::default() }))
}

fn stands_in(
    from: &Person,
    to: &Person,
    (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Delegation, UserError> {
    if from.id == to.id {
        return Err(UserError::new(
            "You decide for yourself already.",
            "Name another approver: `delegate to <name> for 5 days`.",
        ));
    }
    if to.role < Role::Approver {
        return Err(UserError::new(
            format!("{} is a {} and may not decide on requests.", to.name, to.role.name()),
            "Name an approver (`people` lists them), or ask an admin to make that person one.",
        ));
    }
    let (from_name, from_role) = (from.name.clone(), from.role);
    Ok(Delegation { from: from.id, from_name, from_role, to: to.id, starts_at, ends_at })
}

/// When it ends: a day ends by the clock of the person who is away. Errors: it is over already, or too far away.
fn end(lasts: Lasts, now: DateTime<Utc>, (hours, zone): &Clock) -> Result<DateTime<Utc>, UserError> {
    let ends_with = |day: NaiveDate| hours.begins(zone.as_deref(), day + Duration::days(1));
    let ends_at = match lasts {
        Lasts::Days(days) => now + Duration::days(days.into()),
        Lasts::UntilNext(day) => {
            let today = hours.today(zone.as_deref(), now);
            let ahead = (day.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7;
            let ahead = if ahead == 0 { 7 } else { ahead };
            ends_with(today + Duration::days(i64::from(ahead)))
        }
        Lasts::Until(day) => ends_with(day),
    };
    if ends_at > now && ends_at <= now + Duration::days(DAYS_MAX + 1) {
        return Ok(ends_at);
    }
    Err(UserError::new(
        "Somebody can decide in your place from now on for 1 to 90 days.",
        "For example: `delegate to Lee for 5 days`, or `delegate to Lee until 2026-12-05`.",
    ))
}

/// The last day of a time that ends, by the clock of the reader.
fn last_day(ends_at: DateTime<Utc>, (hours, zone): &Clock) -> DateTime<Utc> {
    let day = hours.today(zone.as_deref(), ends_at - Duration::seconds(1));
    day.and_time(NaiveTime::MIN).and_utc()
}

async fn shown(
    tx: &mut Tx,
    sender: &Person,
    (now, clock): (DateTime<Utc>, &Clock),
) -> Result<domain::card::Card, Recovery> {
    let all = delegations::since(tx, now).await.map_err(storage)?;
    let team = people::list(tx).await.map_err(storage)?;
    let name = |id| team.iter().find(|p| p.id == id).map_or("somebody", |p| p.name.as_str());
    let mine =
        all.iter().find(|d| d.from == sender.id).map(|d| (name(d.to).to_owned(), last_day(d.ends_at, clock)));
    let others: Vec<(String, String, DateTime<Utc>)> = all
        .iter()
        .filter(|d| d.from != sender.id)
        .map(|d| (d.from_name.clone(), name(d.to).to_owned(), last_day(d.ends_at, clock)))
        .collect();
    Ok(wording::delegations(mine.as_ref(), &others))
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;

    #[test]
    fn a_day_ends_by_the_clock_of_whoever_is_away() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let clock = |zone: &str| (Hours::default(), Some(zone.to_owned()));
        // A Thursday evening in Los Angeles is a Friday in UTC.
        let now = at("2026-11-27T05:00:00Z");
        let until = |zone: &str| end(Lasts::UntilNext(Weekday::Fri), now, &clock(zone)).unwrap();
        assert_eq!(until("America/Los_Angeles"), at("2026-11-28T08:00:00Z"));
        assert_eq!(until("Europe/Berlin"), at("2026-12-04T23:00:00Z"));
        assert_eq!(until("UTC"), at("2026-12-05T00:00:00Z"));
        let day = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
        let until = end(Lasts::Until(day), now, &clock("Asia/Tokyo")).unwrap();
        assert_eq!(until, at("2026-12-01T15:00:00Z"));
        assert!(end(Lasts::Until(now.date_naive() - Duration::days(2)), now, &clock("UTC")).is_err());
    }
}
