//! The form that asks for a comment.

use domain::card::Verb;
use serde_json::{Value, json};

use super::press::custom_id;

/// Name of the field with the comment.
pub(super) const COMMENT: &str = "comment";

/// A form with one required comment, as the data of a response. What comes back is `Content::Form` with the same verb
/// and value and the field [`COMMENT`].
pub(super) fn comment_form(verb: &str, workspace: &str, value: &str) -> Value {
    let (title, label) = if verb == Verb::SendBack.name() {
        ("Send back for changes", "What is to change?")
    } else {
        ("Reject", "Why do you reject it?")
    };
    json!({
        "custom_id": custom_id(verb, workspace, 0, value),
        "title": title,
        "components": [{
            "type": 18,
            "label": label,
            "description": "The requester reads this.",
            "component": {
                "type": 4,
                "custom_id": COMMENT,
                "style": 2,
                "min_length": 1,
                "max_length": 2000,
                "required": true,
            },
        }],
    })
}
