//! What another map would make of records that are kept: shown before the map is saved.

use std::collections::BTreeMap;

use super::Object;
use super::map::Map;
use crate::deal::Stage;

/// What a map makes of one field of a deal's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The map leaves the field out.
    LeftOut,
    /// The CRM's field was not read so far; it comes with the record's next change.
    Unread,
    /// A stage's word that means nothing here.
    NoStage(String),
    /// The value here.
    Value(String),
}

impl Reading {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::LeftOut => "left out".to_owned(),
            Self::Unread => "not read yet".to_owned(),
            Self::NoStage(word) => format!("no stage here means {word:?}"),
            Self::Value(value) => value.clone(),
        }
    }
}

/// What a map makes of our field (`name` or `stage`) of a kept deal.
pub fn reading(map: &Map, ours: &str, base: &BTreeMap<String, String>) -> Reading {
    let Some(rule) = map.rules(Object::Deal).find(|rule| rule.ours == ours) else {
        return Reading::LeftOut;
    };
    match base.get(&rule.theirs) {
        None => Reading::Unread,
        Some(word) if ours == "stage" => match map.stage_of(word) {
            Some(stage) => Reading::Value(stage.label().to_owned()),
            None => Reading::NoStage(word.clone()),
        },
        Some(value) => Reading::Value(value.clone()),
    }
}

/// Stages of ours that would be written with another word: the stage, the word so far, the word then.
pub fn rewritten<'a>(before: &'a Map, after: &'a Map) -> Vec<(Stage, Option<&'a str>, Option<&'a str>)> {
    Stage::ALL
        .into_iter()
        .map(|stage| (stage, before.word_for(stage), after.word_for(stage)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(stage: &str) -> BTreeMap<String, String> {
        [("dealname".to_owned(), "Acme".to_owned()), ("dealstage".to_owned(), stage.to_owned())].into()
    }

    #[test]
    fn another_word_for_a_stage_is_seen_in_what_is_read_and_written() {
        let before = Map::of("hubspot");
        let mut after = before.clone();
        after.stages[0].theirs = "lead".to_owned();
        assert_eq!(
            reading(&before, "stage", &base("appointmentscheduled")),
            Reading::Value("Prospect".to_owned())
        );
        assert_eq!(
            reading(&after, "stage", &base("appointmentscheduled")),
            Reading::NoStage("appointmentscheduled".to_owned())
        );
        assert_eq!(reading(&after, "name", &base("lead")), Reading::Value("Acme".to_owned()));
        let changed = rewritten(&before, &after);
        assert_eq!(changed, [(Stage::Prospect, Some("appointmentscheduled"), Some("lead"))]);
        assert_eq!(rewritten(&before, &before), []);
    }

    #[test]
    fn a_field_that_was_never_read_is_not_taken_for_empty() {
        let mut map = Map::of("hubspot");
        map.deal[0].theirs = "internal_name".to_owned();
        assert_eq!(reading(&map, "name", &base("x")), Reading::Unread);
        map.park("internal_name", "gone");
        assert_eq!(reading(&map, "name", &base("x")), Reading::LeftOut);
    }
}
