//! The form that asks for a comment, and how we know it again when it comes back.

use domain::card::Verb;
use domain::inbound::Place;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slack_morphism::prelude::*;

use crate::payload::text_at;

/// The form's callback id.
pub const CALLBACK: &str = "dealdesk_comment";
/// Name of the field with the comment.
pub const COMMENT: &str = "comment";

/// What a form is for: travels in the form and comes back with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Purpose {
    pub(super) verb: String,
    #[serde(default)]
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) thread: Option<String>,
}

/// Reads back what a sent form is for; none if the form is not ours.
pub(super) fn purpose(payload: &Value) -> Option<Purpose> {
    if text_at(payload, "/view/callback_id") != Some(CALLBACK) {
        return None;
    }
    serde_json::from_str(text_at(payload, "/view/private_metadata")?).ok()
}

/// The words of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// At most 24 characters are shown.
    pub title: String,
    /// What the field is for.
    pub label: String,
    /// Small print under the field.
    pub hint: Option<String>,
    /// On the button; at most 24 characters are shown.
    pub submit: String,
}

impl Wording {
    /// The words that ask why a request is rejected.
    pub fn reject() -> Self {
        Self {
            title: "Reject".to_owned(),
            label: "Why do you reject it?".to_owned(),
            hint: Some("The requester reads this.".to_owned()),
            submit: "Reject".to_owned(),
        }
    }
}

/// A form with one required comment. What comes back is `Content::Form` with `verb`, `value` and the field
/// [`COMMENT`], as said in `place`.
pub fn comment_form(verb: Verb, value: &str, place: &Place, words: &Wording) -> Value {
    let purpose = Purpose {
        verb: verb.name().to_owned(),
        value: value.to_owned(),
        room: Some(place.room.clone()),
        thread: place.thread.clone(),
    };
    let field = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId(COMMENT.to_owned()))
        .with_multiline(true)
        .with_max_length(2000);
    let mut input = SlackInputBlock::new(short(&words.label, 2000).into(), field.into())
        .with_block_id(SlackBlockId(COMMENT.to_owned()))
        .with_optional(false);
    if let Some(hint) = &words.hint {
        input = input.with_hint(short(hint, 2000).into());
    }
    let view = SlackModalView::new(short(&words.title, 24).into(), vec![input.into()])
        .with_submit(short(&words.submit, 24).into())
        .with_close("Cancel".into())
        .with_callback_id(SlackCallbackId(CALLBACK.to_owned()))
        .with_private_metadata(serde_json::to_string(&purpose).unwrap_or_default());
    serde_json::to_value(SlackView::Modal(view)).unwrap_or_default()
}

fn short(text: &str, max: usize) -> String {
    crate::fitting::shorten(text, max)
}
