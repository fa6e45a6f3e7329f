//! What the guardrail does about what it finds: a team's rules as data, and what no rule goes below.

use serde::{Deserialize, Serialize};

use crate::error::UserError;
use crate::person::Channel;

/// What is done about a finding, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Nothing.
    Allow,
    /// It is written down with the request.
    Note,
    /// It is taken out of the text.
    Redact,
    /// A person looks before anything is done.
    Review,
    /// Nothing is done, and what was stored of it is blanked.
    Block,
}

impl Measure {
    /// The word used in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Note => "note",
            Self::Redact => "redact",
            Self::Review => "review",
            Self::Block => "block",
        }
    }
}

/// Which way a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From a person to us.
    In,
    /// From us to people.
    Out,
    /// To a language model.
    Model,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::In, Self::Out, Self::Model];

    /// The word used in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Model => "model",
        }
    }

    /// What can be done on this way: nothing that is said is held back for a look, and nothing that came in is half done.
    #[must_use]
    pub fn measures(self) -> &'static [Measure] {
        match self {
            Self::In => &[Measure::Allow, Measure::Note, Measure::Review, Measure::Block],
            Self::Out => &[Measure::Allow, Measure::Note, Measure::Redact],
            Self::Model => &[Measure::Redact, Measure::Block],
        }
    }
}

/// What was found, by the harm it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// It opens a door: a key, token or password.
    Secret,
    /// It moves money: a card, a bank account, a wallet.
    Payment,
    /// It stands for a person before the state or a doctor.
    Identity,
    /// It reaches or places a person or a machine: address, number, link.
    Contact,
    /// It gives orders to a language model.
    Orders,
}

impl Matter {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Secret, Self::Payment, Self::Identity, Self::Contact, Self::Orders];

    /// The word used in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Payment => "payment",
            Self::Identity => "identity",
            Self::Contact => "contact",
            Self::Orders => "orders",
        }
    }
}

/// One rule. The first that fits a finding holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which way the text goes.
    pub way: Way,
    /// What was found; empty: anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<Matter>,
    /// Where the request came from; empty: anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// From which certainty on, 0 to 1.
    #[serde(default = "usual_score")]
    pub from_score: f32,
    /// What is done.
    pub then: Measure,
}

fn usual_score() -> f32 {
    SURE
}

/// From this certainty on a finding is acted on unless a rule says otherwise.
pub const SURE: f32 = 0.8;
/// Rules that a team may have.
const RULES_MAX: usize = 60;

/// A finding as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// What it is.
    pub matter: Matter,
    /// How certain, 0 to 1.
    pub score: f32,
}

/// A team's rules, the first that fits holds; without any, what no rule goes below.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// In order.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
}

impl Rules {
    /// Reads rules from TOML.
    ///
    /// # Errors
    /// What is wrong and where, for the person who wrote them.
    pub fn from_toml(text: &str) -> Result<Self, UserError> {
        let rules: Self = toml::from_str(text).map_err(|fault| {
            UserError::new(
                format!("The rules cannot be read: {}", fault.to_string().trim()),
                "Each rule begins with [[rule]] and has way and then; see docs/security.md.",
            )
        })?;
        match rules.faults().into_iter().next() {
            Some(fault) => Err(UserError::new(fault, "Change that rule and try again; nothing was stored.")),
            None => Ok(rules),
        }
    }

    /// The rules as TOML, for people to change.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// What is wrong with the rules, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.rules.len() > RULES_MAX {
            faults.push(format!("There are {} rules; at most {RULES_MAX} are kept.", self.rules.len()));
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let number = at + 1;
            if !rule.way.measures().contains(&rule.then) {
                let may: Vec<&str> = rule.way.measures().iter().map(|measure| measure.name()).collect();
                faults.push(format!(
                    "Rule {number}: what goes {} can be {}, not {}.",
                    rule.way.name(),
                    may.join(", "),
                    rule.then.name()
                ));
            }
            if !(0.0..=1.0).contains(&rule.from_score) {
                faults.push(format!("Rule {number}: from_score goes from 0 to 1."));
            }
            for matter in &rule.what {
                let least = floor(rule.way, Seen { matter: *matter, score: 1.0 });
                if rule.from_score >= SURE && least > rule.then {
                    faults.push(format!(
                        "Rule {number}: {} that goes {} is always at least {}; a rule can only be stricter.",
                        matter.name(),
                        rule.way.name(),
                        least.name()
                    ));
                }
            }
        }
        faults
    }

    /// What is done about a finding: the first rule that fits, but never less than the floor.
    #[must_use]
    pub fn measure(&self, way: Way, channel: Option<Channel>, seen: Seen) -> Measure {
        let fits = |rule: &&Rule| {
            rule.way == way
                && (rule.what.is_empty() || rule.what.contains(&seen.matter))
                && (rule.channels.is_empty()
                    || channel.is_some_and(|channel| rule.channels.contains(&channel)))
                && seen.score >= rule.from_score
        };
        let ruled = self.rules.iter().find(fits).map_or(Measure::Note, |rule| rule.then);
        ruled.max(floor(way, seen))
    }
}

/// What is done whatever the rules say: a secret is never worked on, and what opens accounts or stands for a person
/// reaches nobody.
#[must_use]
pub fn floor(way: Way, seen: Seen) -> Measure {
    let is_sure = seen.score >= SURE;
    match (way, seen.matter) {
        (Way::In, Matter::Secret) if is_sure => Measure::Block,
        (Way::Out, Matter::Secret | Matter::Payment | Matter::Identity) if is_sure => Measure::Redact,
        (Way::Model, _) => Measure::Redact,
        _ => Measure::Allow,
    }
}

/// How much a security event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To look up later.
    Notice,
    /// Admins are told.
    Warning,
}

impl Severity {
    /// The word used in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(matter: Matter, score: f32) -> Seen {
        Seen { matter, score }
    }

    #[test]
    fn without_rules_the_floor_holds() {
        let none = Rules::default();
        let table = [
            (Way::In, Matter::Secret, 0.9, Measure::Block),
            (Way::In, Matter::Secret, 0.6, Measure::Note),
            (Way::In, Matter::Payment, 0.9, Measure::Note),
            (Way::In, Matter::Orders, 0.9, Measure::Note),
            (Way::Out, Matter::Payment, 0.9, Measure::Redact),
            (Way::Out, Matter::Contact, 0.9, Measure::Note),
            (Way::Model, Matter::Contact, 0.5, Measure::Redact),
        ];
        for (way, matter, score, wanted) in table {
            assert_eq!(
                none.measure(way, Some(Channel::Slack), seen(matter, score)),
                wanted,
                "{way:?} {matter:?}"
            );
        }
    }

    #[test]
    fn the_first_rule_that_fits_holds_by_way_channel_and_score() {
        let rules = Rules::from_toml(
            "[[rule]]\nway = \"in\"\nwhat = [\"payment\"]\nchannels = [\"email\"]\nthen = \"block\"\n\
             [[rule]]\nway = \"in\"\nwhat = [\"payment\", \"identity\"]\nfrom_score = 0.6\nthen = \"review\"\n",
        )
        .expect("rules");
        let measure = |channel, matter, score| rules.measure(Way::In, Some(channel), seen(matter, score));
        assert_eq!(measure(Channel::Email, Matter::Payment, 0.9), Measure::Block);
        assert_eq!(measure(Channel::Email, Matter::Payment, 0.7), Measure::Review);
        assert_eq!(measure(Channel::Slack, Matter::Payment, 0.9), Measure::Review);
        assert_eq!(measure(Channel::Slack, Matter::Payment, 0.5), Measure::Note);
        assert_eq!(measure(Channel::Slack, Matter::Contact, 0.9), Measure::Note);
        assert_eq!(Rules::from_toml(&rules.to_toml()).as_ref(), Ok(&rules));
    }

    #[test]
    fn no_rule_goes_below_the_floor() {
        for way in Way::ALL {
            for then in [Measure::Allow, Measure::Note, Measure::Redact, Measure::Review, Measure::Block] {
                let rule = Rule { way, what: vec![], channels: vec![], from_score: 0.0, then };
                let rules = Rules { rules: vec![rule] };
                for matter in Matter::ALL {
                    for score in [0.0, 0.5, 0.79, 0.8, 1.0] {
                        let one = seen(matter, score);
                        assert!(rules.measure(way, None, one) >= floor(way, one));
                    }
                }
            }
        }
    }

    #[test]
    fn faults_are_told_in_words() {
        let faults = |text: &str| Rules::from_toml(text).map_err(|error| error.text).unwrap_err();
        assert!(
            faults("[[rule]]\nway = \"out\"\nthen = \"review\"")
                .contains("can be allow, note, redact, not review")
        );
        assert!(
            faults("[[rule]]\nway = \"in\"\nwhat = [\"secret\"]\nthen = \"allow\"")
                .contains("only be stricter")
        );
        assert!(faults("[[rule]]\nway = \"in\"\nfrom_score = 2.0\nthen = \"note\"").contains("from 0 to 1"));
        assert!(faults("[[rule]]\nway = \"up\"\nthen = \"note\"").contains("cannot be read"));
        assert!(faults("[[rule]]\nway = \"in\"\nthen = \"note\"\nnever = 1").contains("cannot be read"));
    }
}
