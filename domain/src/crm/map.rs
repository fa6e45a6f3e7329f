//! Which of our fields and stages mean which of a CRM's: data of a connection, with a policy for each field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Object;
use super::conflict::Policy;
use crate::deal::Stage;
use crate::error::UserError;

/// One of our fields and where it stands in the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRule {
    /// Ours, e.g. `stage`.
    pub ours: String,
    /// The CRM's name of it, e.g. `dealstage`.
    pub theirs: String,
    /// Who wins when both changed it.
    pub policy: Policy,
    /// Why it is left out, e.g. because the CRM no longer has it. The other fields go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
}

/// A stage of the CRM and ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRule {
    /// The CRM's word.
    pub theirs: String,
    /// Ours.
    pub ours: Stage,
}

/// All that is translated between us and one CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Map {
    /// The fields of companies: `name`.
    pub company: Vec<FieldRule>,
    /// The fields of deals: `name`, `stage`.
    pub deal: Vec<FieldRule>,
    /// The stages. The first with the CRM's word says what it means here, the first with ours what is written there.
    pub stages: Vec<StageRule>,
    /// More fields of deals that are only kept and shown, e.g. `amount`.
    #[serde(default)]
    pub shown: Vec<String>,
}

const DEAL_FIELDS: [&str; 2] = ["name", "stage"];
const COMPANY_FIELDS: [&str; 1] = ["name"];

impl Map {
    /// What a provider's own pipeline means, as long as nobody says otherwise.
    pub fn of(provider: &str) -> Self {
        let rule = |ours: &str, theirs: &str, policy| FieldRule {
            ours: ours.to_owned(),
            theirs: theirs.to_owned(),
            policy,
            parked: None,
        };
        let is_hubspot = provider == "hubspot";
        let (name, stage) = if is_hubspot { ("dealname", "dealstage") } else { ("Name", "StageName") };
        let stages: &[(&str, Stage)] = if is_hubspot { HUBSPOT } else { SALESFORCE };
        Self {
            company: vec![rule("name", if is_hubspot { "name" } else { "Name" }, Policy::SystemOfRecordWins)],
            deal: vec![rule("name", name, Policy::LatestWins), rule("stage", stage, Policy::HumanWins)],
            stages: stages
                .iter()
                .map(|(theirs, ours)| StageRule { theirs: (*theirs).to_owned(), ours: *ours })
                .collect(),
            shown: vec![if is_hubspot { "amount" } else { "Amount" }.to_owned()],
        }
    }

    /// What a stage of the CRM means.
    pub fn stage_of(&self, theirs: &str) -> Option<Stage> {
        self.stages.iter().find(|rule| rule.theirs == theirs).map(|rule| rule.ours)
    }

    /// What a stage of ours is called there; none when it has no word for it.
    pub fn word_for(&self, stage: Stage) -> Option<&str> {
        self.stages.iter().find(|rule| rule.ours == stage).map(|rule| rule.theirs.as_str())
    }

    /// The fields of an object that are not parked.
    pub fn rules(&self, object: Object) -> impl Iterator<Item = &FieldRule> {
        let rules: &[FieldRule] = match object {
            Object::Company => &self.company,
            Object::Deal => &self.deal,
            Object::Contact | Object::Note => &[],
        };
        rules.iter().filter(|rule| rule.parked.is_none())
    }

    /// A deal as it has to stand in the CRM.
    pub fn deal(&self, name: &str, stage: Stage) -> BTreeMap<String, String> {
        let value = |rule: &FieldRule| match rule.ours.as_str() {
            "name" => Some(name.to_owned()),
            "stage" => self.word_for(stage).map(ToOwned::to_owned),
            _ => None,
        };
        self.rules(Object::Deal).filter_map(|rule| Some((rule.theirs.clone(), value(rule)?))).collect()
    }

    /// A partner as it has to stand in the CRM.
    pub fn company(&self, name: &str) -> BTreeMap<String, String> {
        self.rules(Object::Company).map(|rule| (rule.theirs.clone(), name.to_owned())).collect()
    }

    /// Leaves a field out that the CRM does not take any more. False when it is none of ours.
    pub fn park(&mut self, theirs: &str, why: &str) -> bool {
        let rules = self.deal.iter_mut().chain(&mut self.company);
        let mut found = false;
        for rule in rules.filter(|rule| rule.theirs == theirs) {
            rule.parked = Some(why.to_owned());
            found = true;
        }
        let before = self.shown.len();
        self.shown.retain(|name| name != theirs);
        found || self.shown.len() < before
    }

    /// Judges a map that somebody edited.
    pub fn check(&self) -> Result<(), UserError> {
        for (rules, known) in [(&self.deal, &DEAL_FIELDS[..]), (&self.company, &COMPANY_FIELDS[..])] {
            for rule in rules {
                if !known.contains(&rule.ours.as_str()) {
                    return Err(UserError::new(
                        format!("There is no field {} here.", rule.ours),
                        format!("Fields are {}.", known.join(", ")),
                    ));
                }
                if !is_field(&rule.theirs) {
                    return Err(UserError::new(
                        format!("{:?} cannot be the name of a field.", rule.theirs),
                        "Use its API name: letters, digits and underscores.",
                    ));
                }
                if rules.iter().filter(|other| other.theirs == rule.theirs || other.ours == rule.ours).count()
                    > 1
                {
                    return Err(UserError::new(
                        format!("{} stands twice in the map.", rule.ours),
                        "Each field has one counterpart.",
                    ));
                }
            }
        }
        match self.shown.iter().find(|name| !is_field(name)) {
            Some(name) => Err(UserError::new(
                format!("{name:?} cannot be the name of a field."),
                "Use its API name: letters, digits and underscores.",
            )),
            None if self.stages.is_empty() => {
                Err(UserError::new("No stage is mapped.", "Map at least one: theirs = ours."))
            }
            None => Ok(()),
        }
    }
}

fn is_field(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

const HUBSPOT: &[(&str, Stage)] = &[
    ("appointmentscheduled", Stage::Prospect),
    ("qualifiedtobuy", Stage::Qualified),
    ("presentationscheduled", Stage::Proposal),
    ("decisionmakerboughtin", Stage::Negotiation),
    ("contractsent", Stage::LegalReview),
    ("closedwon", Stage::Signed),
    ("closedwon", Stage::Live),
    ("closedwon", Stage::Renewal),
    ("closedlost", Stage::Lost),
    ("closedlost", Stage::Ended),
];

const SALESFORCE: &[(&str, Stage)] = &[
    ("Prospecting", Stage::Prospect),
    ("Qualification", Stage::Qualified),
    ("Needs Analysis", Stage::Qualified),
    ("Value Proposition", Stage::Proposal),
    ("Id. Decision Makers", Stage::Proposal),
    ("Perception Analysis", Stage::Proposal),
    ("Proposal/Price Quote", Stage::Proposal),
    ("Negotiation/Review", Stage::Negotiation),
    ("Negotiation/Review", Stage::LegalReview),
    ("Closed Won", Stage::Signed),
    ("Closed Won", Stage::Live),
    ("Closed Won", Stage::Renewal),
    ("Closed Lost", Stage::Lost),
    ("Closed Lost", Stage::Ended),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_shares_the_crms_word_is_not_taken_for_a_change() {
        let map = Map::of("hubspot");
        assert_eq!(map.deal("Acme", Stage::Live), map.deal("Acme", Stage::Signed));
        assert_eq!(map.stage_of("closedwon"), Some(Stage::Signed));
        assert!(!map.deal("Acme", Stage::OnHold).contains_key("dealstage"), "no word, nothing written");
    }

    #[test]
    fn a_removed_field_parks_that_field_only() {
        let mut map = Map::of("salesforce");
        assert!(map.park("StageName", "No such column"));
        assert!(!map.park("Elsewhere", "No such column"));
        assert_eq!(map.deal("Acme", Stage::Lost).keys().collect::<Vec<_>>(), ["Name"]);
        assert!(map.check().is_ok());
    }

    #[test]
    fn a_map_that_cannot_work_is_refused() {
        let mut map = Map::of("hubspot");
        map.deal[0].theirs = "name; DROP".to_owned();
        assert!(map.check().is_err());
        let mut map = Map::of("hubspot");
        map.deal[1].theirs = map.deal[0].theirs.clone();
        assert!(map.check().is_err());
        let mut map = Map::of("hubspot");
        map.deal[1].ours = "colour".to_owned();
        assert!(map.check().is_err());
    }
}
