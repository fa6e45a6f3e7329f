//! The form that asks for a comment.

use domain::card::Verb;
use serde_json::{Value, json};

use super::press::custom_id;

/// Name of the field with the comment.
pub(super) const COMMENT: &str = "comment";

/// A form with one required comment, as the data of a response. What comes back is `Content::Form` with the same verb
/// and value and the field [`COMMENT`].
pub(super) fn reject_form(workspace: &str, value: &str) -> Value {
    json!({
        "custom_id": custom_id(Verb::Reject.name(), workspace, 0, value),
        "title": "Reject",
        "components": [{
            "type": 18,
            "label": "Why do you reject it?",
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
