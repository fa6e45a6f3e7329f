//! Lists whose entries Slack asks us for while somebody types.

use serde_json::{Value, json};

use super::body::{interaction, interaction_workspace};
use super::limits::{LABEL_MAX, OPTION_VALUE_MAX};
use crate::fitting::shorten;
use crate::payload::text_at;

/// Name of the list of companies.
pub const COMPANY: &str = "company";

/// Entries that a list may have.
pub const ENTRIES_MAX: i64 = 50;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The workspace.
    pub workspace: String,
    /// What was typed so far.
    pub typed: String,
}

/// What Slack asks for, when a body asks for companies.
pub fn wanted(body: &[u8]) -> Option<Wanted> {
    const WORD: &[u8] = b"block_suggestion";
    // Most bodies ask for nothing: look before parsing.
    if !body.windows(WORD.len()).any(|part| part == WORD) {
        return None;
    }
    let payload = interaction(body)?;
    if text_at(&payload, "/type") != Some("block_suggestion")
        || text_at(&payload, "/action_id") != Some(COMPANY)
    {
        return None;
    }
    Some(Wanted {
        workspace: interaction_workspace(&payload)?.to_owned(),
        typed: text_at(&payload, "/value").unwrap_or_default().to_owned(),
    })
}

/// The list, of values and labels. A value that is too long to come back is left out.
pub fn answer(entries: &[(String, String)]) -> String {
    let fitting = entries.iter().filter(|(value, _)| value.chars().count() <= OPTION_VALUE_MAX);
    let option = |(value, label): &(String, String)| json!({"text": {"type": "plain_text", "text": shorten(label, LABEL_MAX)}, "value": value});
    json!({"options": fitting.map(option).collect::<Vec<Value>>()}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_for_companies_is_one() {
        let body = br#"{"type":"block_suggestion","action_id":"company","value":"ady","team":{"id":"T1"}}"#;
        assert_eq!(wanted(body), Some(Wanted { workspace: "T1".into(), typed: "ady".into() }));
        for other in [
            &br#"{"type":"block_suggestion","action_id":"other","value":"ady","team":{"id":"T1"}}"#[..],
            br#"{"type":"block_actions","text":"block_suggestion"}"#,
            br#"{"type":"block_suggestion","action_id":"company"}"#,
            b"block_suggestion",
        ] {
            assert_eq!(wanted(other), None);
        }
    }

    #[test]
    fn a_list_keeps_to_slacks_limits() {
        let entries =
            [("a".to_owned(), "x".repeat(100)), ("b".repeat(200), "too long to come back".to_owned())];
        let list: Value = serde_json::from_str(&answer(&entries)).unwrap();
        assert_eq!(list["options"].as_array().unwrap().len(), 1);
        assert_eq!(list["options"][0]["text"]["text"].as_str().unwrap().chars().count(), 75);
        assert_eq!(answer(&[]), r#"{"options":[]}"#);
    }
}
