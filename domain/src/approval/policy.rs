//! The policy: who has to approve what, as data that a team keeps and changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::contract::Verdict;
use crate::person::{Person, Role};

use super::chase::Escalate;
use super::hours::Hours;
use super::requirement::{AskedStage, Requirement, Seat, Who};

/// Fewest and most days that a request may stay open.
const EXPIRY_DAYS: std::ops::RangeInclusive<i64> = 1..=90;

/// A team's policy. The default asks one approver for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The currency that amounts in rules are in, e.g. `EUR`; empty compares numbers alone.
    pub currency: String,
    /// How long a request stays open, days; none leaves it to the installation.
    pub expires_after_days: Option<i64>,
    /// From this amount on, whoever decides must have signed in to the console shortly before.
    pub fresh_login_above: Option<u64>,
    /// After how many working hours of a stage whoever is asked is reminded; none means after 4, 8 and 16, an empty
    /// list never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remind_after_hours: Option<Vec<u16>>,
    /// When the team works; reminders and the time before an escalation go by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Who is asked as well when nobody decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalate>,
    /// Who stands in for whom when a person is away: address or full name of both.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stand_ins: BTreeMap<String, String>,
    /// For how many days a person's stand-in decides after an out-of-office mail of hers; none leaves such mail alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away_mail_days: Option<u16>,
    /// Named groups: addresses or full names of people.
    pub groups: BTreeMap<String, Vec<String>>,
    /// All rules that match count; where none does, one approver decides.
    pub rules: Vec<Rule>,
}

/// What one kind of request needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// What it is for; what is not named is not asked about.
    #[serde(default)]
    pub when: Condition,
    /// One after the other. Stages of the same name in several rules are one stage that needs all of them.
    pub stages: Vec<Stage>,
}

/// When a rule matches: every part that is given has to hold; of a list, any one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// What is asked for, e.g. `create_deals` or `accept_contract`.
    pub subjects: Vec<String>,
    /// More than this amount, in whole units of the policy's currency. Another currency counts as more.
    pub amount_above: Option<u64>,
    /// Terms that the contract states, e.g. `exclusivity`.
    pub terms: Vec<String>,
    /// Verdicts that some term got, e.g. `red`.
    pub verdicts: Vec<Verdict>,
}

/// People who decide at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What people call it.
    pub name: String,
    /// All of them are needed: "legal and finance" are two.
    pub need: Vec<Need>,
}

/// How many of whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// How many; one if nothing is said.
    #[serde(default = "one")]
    pub count: usize,
    /// A group of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A role, or a higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// One person, by address or full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

fn one() -> usize {
    1
}

/// What a policy looks at in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Facts {
    /// What is asked for, e.g. `accept_contract`.
    pub subject: String,
    /// The greatest amount in it, in whole units; none when none is known.
    pub amount: Option<u64>,
    /// The amount's currency, e.g. `EUR`.
    pub currency: Option<String>,
    /// Terms that the contract states.
    pub terms: Vec<String>,
    /// Verdicts that its terms got.
    pub verdicts: Vec<Verdict>,
}

impl Policy {
    /// Everything that is wrong with it, one sentence each, for whoever edits it. Empty when it can be used.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(days) = self.expires_after_days.filter(|days| !EXPIRY_DAYS.contains(days)) {
            faults.push(format!("A request can stay open for 1 to 90 days, not {days}."));
        }
        faults.extend(self.chase_faults());
        if let Some(days) = self.away_mail_days.filter(|days| !(1..=30).contains(days)) {
            faults.push(format!(
                "After an out-of-office mail somebody stands in for 1 to 30 days, not {days}."
            ));
        }
        for (away, instead) in &self.stand_ins {
            if away.trim().eq_ignore_ascii_case(instead.trim()) {
                faults.push(format!("{away} cannot stand in for {instead}: name somebody else."));
            }
        }
        for (group, members) in &self.groups {
            let distinct: BTreeSet<String> = members.iter().map(|m| m.trim().to_lowercase()).collect();
            if members.is_empty() {
                faults.push(format!("The group {group} has nobody in it."));
            } else if distinct.len() < members.len() {
                faults.push(format!("Somebody is twice in the group {group}."));
            }
        }
        for rule in &self.rules {
            if rule.stages.is_empty() {
                faults.push(format!("The rule {} asks nobody: it needs at least one stage.", rule.name));
            }
            for stage in &rule.stages {
                if stage.need.is_empty() {
                    let (rule, stage) = (&rule.name, &stage.name);
                    faults.push(format!("The stage {stage} of the rule {rule} asks nobody."));
                }
                let at = format!("The stage {} of the rule {}", stage.name, rule.name);
                faults.extend(
                    stage.need.iter().filter_map(|need| self.fault_of(need).map(|f| format!("{at} {f}"))),
                );
            }
        }
        faults
    }

    pub(super) fn fault_of(&self, need: &Need) -> Option<String> {
        if need.count == 0 {
            return Some("needs nobody: the count has to be at least 1.".to_owned());
        }
        match (&need.group, need.role, &need.person) {
            (Some(group), None, None) => match self.groups.get(group) {
                None => Some(format!("names the group {group}, which the policy does not have.")),
                Some(members) if members.len() < need.count => Some(format!(
                    "needs {} of the group {group}, which has only {}.",
                    need.count,
                    members.len()
                )),
                Some(_) => None,
            },
            (None, Some(role), None) if role < Role::Approver => {
                Some(format!("names the role {}, which may not decide; use approver or admin.", role.name()))
            }
            (None, Some(_), None) => None,
            (None, None, Some(person)) if need.count > 1 => {
                Some(format!("needs {} times {person}; a person decides once.", need.count))
            }
            (None, None, Some(_)) => None,
            _ => Some("has to name exactly one of group, role or person.".to_owned()),
        }
    }

    /// The rules that a request falls under.
    pub fn matching(&self, facts: &Facts) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| self.holds(&rule.when, facts))
    }

    fn holds(&self, when: &Condition, facts: &Facts) -> bool {
        let any = |wanted: &[String], has: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|one| has(one))
        };
        any(&when.subjects, &|subject| facts.subject == subject)
            && any(&when.terms, &|term| facts.terms.iter().any(|t| t == term))
            && (when.verdicts.is_empty() || when.verdicts.iter().any(|v| facts.verdicts.contains(v)))
            && when.amount_above.is_none_or(|limit| self.exceeds(facts, limit))
    }

    /// An amount in another currency cannot be compared, so it counts as more.
    fn exceeds(&self, facts: &Facts, limit: u64) -> bool {
        let is_foreign = !self.currency.is_empty()
            && facts.currency.as_ref().is_some_and(|own| !own.eq_ignore_ascii_case(&self.currency));
        facts.amount.is_some_and(|amount| is_foreign || amount > limit)
    }

    /// What a request needs, with groups and names resolved to the people of the team.
    ///
    /// `number` is the policy's own; the request keeps it.
    #[must_use]
    pub fn requirement(&self, number: i32, facts: &Facts, people: &[Person]) -> Requirement {
        let rules: Vec<&Rule> = self.matching(facts).collect();
        let is_fresh_needed = self.fresh_login_above.is_some_and(|limit| self.exceeds(facts, limit));
        let chase = self.chase(people);
        let stages = self.stages(&rules, people);
        if stages.is_empty() {
            return Requirement { policy: number, chase, ..Requirement::default() };
        }
        Requirement { policy: number, stages, is_fresh_needed, chase, after: None }
    }

    /// The stages of several rules; those of the same name are one.
    pub(super) fn stages(&self, rules: &[&Rule], people: &[Person]) -> Vec<AskedStage> {
        let mut stages: Vec<AskedStage> = Vec::new();
        for stage in rules.iter().flat_map(|rule| &rule.stages) {
            let seats = stage.need.iter().map(|need| self.seat(need, people));
            let place = stages.iter().position(|s| s.name == stage.name).unwrap_or_else(|| {
                stages.push(AskedStage { name: stage.name.clone(), seats: Vec::new() });
                stages.len() - 1
            });
            for seat in seats {
                // Two rules that need the same people need the greater number of them, not the sum.
                match stages[place].seats.iter_mut().find(|s| s.who == seat.who) {
                    Some(same) => same.needed = same.needed.max(seat.needed),
                    None => stages[place].seats.push(seat),
                }
            }
        }
        stages
    }

    /// The people whom an address or a full name means.
    pub(super) fn named<'p>(
        &self,
        text: &str,
        people: &'p [Person],
    ) -> impl Iterator<Item = &'p Person> + use<'p> {
        let text = text.trim().to_lowercase();
        people.iter().filter(move |person| {
            person.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(&text))
                || person.name.to_lowercase() == text
        })
    }

    /// Whom the policy lets stand in for a person who is away, if anybody of the team.
    #[must_use]
    pub fn stand_in<'p>(&self, away: &Person, people: &'p [Person]) -> Option<&'p Person> {
        let (_, instead) = self
            .stand_ins
            .iter()
            .find(|(text, _)| self.named(text, std::slice::from_ref(away)).next().is_some())?;
        self.named(instead, people).next()
    }

    /// The team's hours, and the zone of a person who lives by another clock than the team's.
    #[must_use]
    pub fn clock_of(&self, person: &Person) -> (Hours, Option<String>) {
        let hours = self.hours.clone().unwrap_or_default();
        let is_theirs = |text: &String| self.named(text, std::slice::from_ref(person)).next().is_some();
        let zone = hours.people.iter().find(|(text, _)| is_theirs(text)).map(|(_, zone)| zone.clone());
        (hours, zone)
    }

    pub(super) fn seat(&self, need: &Need, people: &[Person]) -> Seat {
        let those = |texts: &[String]| {
            people
                .iter()
                .filter(|p| {
                    texts.iter().any(|text| self.named(text, std::slice::from_ref(*p)).next().is_some())
                })
                .map(|p| p.id)
                .collect()
        };
        let (label, who) = if let Some(group) = &need.group {
            let members = self.groups.get(group).map(Vec::as_slice).unwrap_or_default();
            (group.clone(), Who::People(those(members)))
        } else if let Some(person) = &need.person {
            (person.clone(), Who::People(those(std::slice::from_ref(person))))
        } else {
            let role = need.role.unwrap_or(Role::Approver);
            (role.name().to_owned(), Who::Role(role))
        };
        Seat { label, who, needed: need.count, also: Vec::new() }
    }
}
