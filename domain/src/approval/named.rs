//! Who would be asked, by name: what a policy makes of a case, for people to read.

use serde::Serialize;

use super::policy::{Condition, Facts, Policy, Rule};
use super::requirement::Requirement;
use crate::person::{Person, Role};

/// A stage and those who are asked in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedStage {
    /// What people call the stage.
    pub name: String,
    /// All of these are needed.
    pub needs: Vec<NamedSeat>,
}

/// So many of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedSeat {
    /// The group, the role or the person as the policy calls them.
    pub of: String,
    /// How many have to approve.
    pub count: usize,
    /// Whether there are as many who may.
    pub enough: bool,
    /// The names of those who may.
    pub people: Vec<String>,
}

impl Policy {
    /// Who has to approve a case, stage by stage.
    #[must_use]
    pub fn asked(&self, facts: &Facts, team: &[Person]) -> Vec<NamedStage> {
        self.requirement(0, facts, team).asked(team)
    }
}

impl Policy {
    /// Stages that this team cannot fill, one sentence each: their requests would wait for ever.
    #[must_use]
    pub fn unfillable(&self, team: &[Person]) -> Vec<String> {
        let mut found = Vec::new();
        for rule in &self.rules {
            let alone = Rule { when: Condition::default(), ..rule.clone() };
            let policy = Self { rules: vec![alone], ..self.clone() };
            for stage in policy.asked(&Facts::default(), team) {
                found.extend(stage.needs.iter().filter(|need| !need.enough).map(|need| {
                    format!(
                        "The stage {} of the rule {} needs {} of {}, and {} may decide.",
                        stage.name,
                        rule.name,
                        need.count,
                        need.of,
                        need.people.len()
                    )
                }));
            }
        }
        found
    }
}

impl Requirement {
    /// Who is asked, stage by stage.
    #[must_use]
    pub fn asked(&self, team: &[Person]) -> Vec<NamedStage> {
        let stages = self.stages.iter().map(|stage| {
            let needs = stage.seats.iter().map(|seat| {
                let may = |p: &&Person| p.role >= Role::Approver && seat.who.is(p.id, p.role);
                let people: Vec<String> = team.iter().filter(may).map(|p| p.name.clone()).collect();
                NamedSeat {
                    of: seat.label.clone(),
                    count: seat.needed,
                    enough: people.len() >= seat.needed,
                    people,
                }
            });
            NamedStage { name: stage.name.clone(), needs: needs.collect() }
        });
        stages.collect()
    }
}
