//! What happens when nobody decides: reminders at growing distances, then others are asked as well.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::policy::{Need, Policy};
use super::requirement::Who;
use super::{Approval, State, reached_since};
use crate::ids::PersonId;
use crate::person::{Person, Role};

/// After how many hours of work somebody is reminded where the policy says nothing: half a day, a day, two days.
pub const REMIND_AFTER_H: [u16; 3] = [4, 8, 16];

/// Whom else to ask, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// After so many working hours of a stage.
    pub after_hours: u16,
    /// Who is asked as well.
    pub to: Vec<Need>,
}

/// How a request is followed up, fixed when it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chase {
    /// When the team works.
    pub hours: Hours,
    /// People who live by another clock than the team's.
    #[serde(default)]
    pub zones: Vec<(PersonId, String)>,
    /// After how many working hours of a stage whoever is asked is reminded, each once.
    pub remind_after: Vec<u16>,
    /// After how many working hours of a stage others are asked as well; none never.
    #[serde(default)]
    pub escalate_after: Option<u16>,
    /// Who they are.
    #[serde(default)]
    pub escalate_to: Vec<Who>,
}

/// Somebody whom a stage asks because nobody else decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Who.
    pub person: PersonId,
    /// That person's name, for the card.
    pub name: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl Policy {
    /// How requests under it are followed up.
    pub(super) fn chase(&self, people: &[Person]) -> Chase {
        let hours = self.hours.clone().unwrap_or_default();
        let zones = hours
            .people
            .iter()
            .flat_map(|(text, zone)| self.named(text, people).map(move |person| (person.id, zone.clone())));
        let remind_after = self.remind_after_hours.clone().unwrap_or_else(|| REMIND_AFTER_H.to_vec());
        let escalate = self.escalate.as_ref();
        Chase {
            zones: zones.collect(),
            remind_after,
            escalate_after: escalate.map(|escalate| escalate.after_hours),
            escalate_to: escalate.map_or_else(Vec::new, |escalate| {
                escalate.to.iter().map(|need| self.seat(need, people).who).collect()
            }),
            hours: Hours { people: std::collections::BTreeMap::new(), ..hours },
        }
    }

    /// What is wrong with reminders, escalation and hours, one sentence each.
    pub(super) fn chase_faults(&self) -> Vec<String> {
        let mut faults = self.hours.as_ref().map(Hours::faults).unwrap_or_default();
        if let Some(after) = &self.remind_after_hours
            && !after.is_sorted_by(|one, next| one < next)
        {
            faults.push("Reminders come later and later: `remind_after_hours` has to grow.".to_owned());
        }
        if let Some(escalate) = &self.escalate {
            if escalate.after_hours == 0 || escalate.to.is_empty() {
                faults.push(
                    "The escalation needs `after_hours` of at least 1, and somebody in `to`.".to_owned(),
                );
            }
            let of_each = escalate.to.iter().filter_map(|need| self.fault_of(need));
            faults.extend(of_each.map(|fault| format!("The escalation {fault}")));
        }
        faults
    }
}

impl Approval {
    /// The stage that is asked, and since when; none once it ended or all stages are through.
    #[must_use]
    pub fn stage_since(&self) -> Option<(usize, DateTime<Utc>)> {
        if self.state != State::Open || self.decision.is_some() {
            return None;
        }
        let stage = self.requirement.stage_after(&self.votes)?;
        let before = self.votes.iter().filter(|vote| vote.stage < stage).map(|vote| vote.at).max();
        Some((stage, before.unwrap_or(self.requested_at)))
    }

    /// How many of the reminders of the stage that is asked are due to a person by now; none out of that person's
    /// working hours, and none when nothing waits.
    #[must_use]
    pub fn reminders_due(&self, person: PersonId, now: DateTime<Utc>) -> usize {
        let chase = &self.requirement.chase;
        let Some((_, since)) = self.stage_since().filter(|_| now < self.expires_at) else { return 0 };
        let zone = chase.zones.iter().find(|(of, _)| *of == person).map(|(_, zone)| zone.as_str());
        // Whoever was asked later has less time behind her.
        let added = self.requirement.stages.iter().flat_map(|stage| &stage.seats).flat_map(|seat| &seat.also);
        let since = added.filter(|added| added.person == person).map(|added| added.at).max().unwrap_or(since);
        if !chase.hours.is_working(zone, now) {
            return 0;
        }
        let worked = chase.hours.worked(zone, (since, now));
        chase.remind_after.iter().filter(|after| worked >= Duration::hours((**after).into())).count()
    }

    /// The people to be asked as well now, because nobody decided in time; empty while there is time, and once it
    /// was done. Never the requester or whom the requester's right reached, nobody who is asked anyway or who voted.
    #[must_use]
    pub fn escalation_due<'p>(&self, team: &'p [Person], now: DateTime<Utc>) -> Vec<&'p Person> {
        let chase = &self.requirement.chase;
        let (Some((stage, since)), Some(after)) = (self.stage_since(), chase.escalate_after) else {
            return Vec::new();
        };
        let asked = &self.requirement.stages[stage];
        let is_done = asked.seats.iter().any(|seat| !seat.also.is_empty());
        let has_time = chase.hours.worked(None, (since, now)) < Duration::hours(after.into());
        if is_done || has_time || now >= self.expires_at || !chase.hours.is_working(None, now) {
            return Vec::new();
        }
        let kept_away = reached_since(&self.delegations, self.requested_by, (self.requested_at, now));
        team.iter()
            .filter(|person| {
                person.role >= Role::Approver
                    && chase.escalate_to.iter().any(|who| who.is(person.id, person.role))
                    && !kept_away.contains(&person.id)
                    && asked.seats_of(person.id, person.role).is_empty()
                    && !self.votes.iter().any(|vote| vote.by == person.id || vote.right_of() == person.id)
            })
            .collect()
    }
}
