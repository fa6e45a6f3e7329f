//! Forms: for a comment, a new deal, another question; and how we know them again when they come back.

use domain::card::Verb;
use domain::company::Size;
use domain::inbound::Place;
use domain::search::{Answer, Chip};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

use super::options;
use crate::command;
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

    /// The words that ask what is to change in a request.
    pub fn send_back() -> Self {
        Self {
            title: "Send back for changes".to_owned(),
            label: "What is to change?".to_owned(),
            hint: Some("The requester reads this and asks again once it is changed.".to_owned()),
            submit: "Send back".to_owned(),
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

/// What a search was asked for, put into the fields of the form that changes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// What the companies do.
    pub what: String,
    /// Where they are.
    pub place: String,
    /// How big they are.
    pub size: Option<Size>,
    /// Anything else.
    pub words: String,
}

impl Question {
    /// The parts of an understood question.
    pub fn of(answer: &Answer) -> Self {
        let labels = |kinds: &[&str], not: bool| {
            let wanted = |chip: &&Chip| kinds.contains(&chip.kind.as_str()) != not;
            let all: Vec<&str> = answer.chips.iter().filter(wanted).map(|chip| chip.label.as_str()).collect();
            all.join(", ")
        };
        let place = labels(&["country", "state", "city"], false).replace("in ", "");
        Self {
            what: labels(&["industry"], false),
            place,
            size: answer.filters.sizes.first().copied(),
            words: labels(&["industry", "country", "state", "city", "size"], true),
        }
    }
}

/// A form that changes the question of a search. What comes back is `Content::Form` with the verb `refine` and the
/// fields `what`, `place`, `size` and `words`.
pub fn refine_form(search: &str, asked: &Question, place: &Place) -> Value {
    let option =
        |size: Size| json!({"text": {"type": "plain_text", "text": size.label()}, "value": size.label()});
    let mut size = json!({"type": "static_select", "action_id": "size",
        "placeholder": {"type": "plain_text", "text": "Any size"}, "options": Size::ALL.map(option)});
    if let Some(chosen) = asked.size {
        size["initial_option"] = option(chosen);
    }
    let blocks = json!([
        line("what", "What they do", &asked.what, "payments, logistics, machine learning …"),
        line("place", "Where", &asked.place, "Germany, France, Boston …"),
        input("size", "Size", &size, true),
        line("words", "Anything else", &asked.words, "founded after 2015, not acquired …"),
    ]);
    modal((Verb::Refine, search), place, ("Refine the search", "Search"), &blocks)
}

/// A form that proposes a deal. What comes back is `Content::Form` with the verb `propose_deal` and the field
/// `company`.
pub fn deal_form(place: &Place) -> Value {
    let select = json!({"type": "external_select", "action_id": options::COMPANY, "min_query_length": 2,
        "placeholder": {"type": "plain_text", "text": "Type the beginning of a name"}});
    let hint = "An approver decides on it before anything is created.";
    let mut company = input(options::COMPANY, "Company", &select, false);
    company["hint"] = json!({"type": "plain_text", "text": hint});
    modal((Verb::ProposeDeal, ""), place, ("New deal", "Propose"), &json!([company]))
}

fn modal((verb, value): (Verb, &str), place: &Place, (title, submit): (&str, &str), blocks: &Value) -> Value {
    let purpose = Purpose {
        verb: verb.name().to_owned(),
        value: value.to_owned(),
        room: Some(place.room.clone()),
        thread: place.thread.clone(),
    };
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    json!({"type": "modal", "callback_id": CALLBACK, "title": plain(title), "submit": plain(submit),
        "close": plain("Cancel"), "private_metadata": json!(purpose).to_string(), "blocks": blocks})
}

fn input(name: &str, label: &str, element: &Value, is_optional: bool) -> Value {
    json!({"type": "input", "block_id": name, "optional": is_optional,
        "label": {"type": "plain_text", "text": label}, "element": element})
}

/// One line to type, with what is known already.
fn line(name: &str, label: &str, known: &str, example: &str) -> Value {
    let mut element = json!({"type": "plain_text_input", "action_id": name, "max_length": 200,
        "placeholder": {"type": "plain_text", "text": example}});
    if !known.is_empty() {
        element["initial_value"] = json!(short(known, 200));
    }
    input(name, label, &element, true)
}

/// What answers a form that cannot be taken as it was sent: the words stand at the field, the form stays open, and
/// nothing is stored. None for what can be taken, and for what is none of our forms.
pub fn refusal(body: &[u8]) -> Option<String> {
    let payload = super::body::interaction(body)?;
    if text_at(&payload, "/type") != Some("view_submission") {
        return None;
    }
    let Purpose { verb, value, .. } = purpose(&payload)?;
    let fields = super::interactions::fields(&payload);
    let error = command::form(&verb, &value, &fields).err()?;
    let first = match Verb::from_name(&verb)? {
        Verb::Reject | Verb::SendBack | Verb::Approve => COMMENT,
        Verb::Refine => "what",
        Verb::ProposeDeal => options::COMPANY,
        _ => return None,
    };
    // Slack refuses an error at a field that the form does not have.
    let has_it = payload
        .pointer("/view/blocks")
        .and_then(Value::as_array)
        .is_none_or(|blocks| blocks.iter().any(|block| text_at(block, "/block_id") == Some(first)));
    has_it.then(|| json!({"response_action": "errors", "errors": {first: error.to_string()}}).to_string())
}

fn short(text: &str, max: usize) -> String {
    crate::fitting::shorten(text, max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(form: &Value, values: &Value) -> Vec<u8> {
        let mut view = form.clone();
        view["state"] = json!({"values": values});
        json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1"}, "view": view})
            .to_string()
            .into_bytes()
    }

    fn place() -> Place {
        Place { room: "C1".into(), thread: Some("1.5".into()), is_private: false }
    }

    #[test]
    fn a_form_that_says_nothing_is_refused_at_its_field() {
        let reject =
            comment_form(Verb::Reject, "0190d3f2-0000-7000-8000-000000000001", &place(), &Wording::reject());
        let blank = sent(&reject, &json!({COMMENT: {COMMENT: {"type": "plain_text_input", "value": "  "}}}));
        let answer: Value = serde_json::from_str(&refusal(&blank).unwrap()).unwrap();
        assert_eq!(answer["response_action"], "errors");
        assert!(answer["errors"][COMMENT].as_str().unwrap().contains("reason"), "{answer}");
        let good =
            sent(&reject, &json!({COMMENT: {COMMENT: {"type": "plain_text_input", "value": "Too early."}}}));
        assert_eq!(refusal(&good), None);

        let refine = refine_form("0190d3f2-0000-7000-8000-000000000001", &Question::default(), &place());
        assert!(refusal(&sent(&refine, &json!({}))).unwrap().contains("\"what\""));
        let size =
            json!({"size": {"size": {"type": "static_select", "selected_option": {"value": "Mid Cap"}}}});
        assert_eq!(refusal(&sent(&refine, &size)), None);
        assert!(refusal(&sent(&deal_form(&place()), &json!({}))).unwrap().contains("Choose a company"));
        for foreign in
            [&b"{}"[..], b"payload=%7B%7D", br#"{"type":"view_submission","view":{"callback_id":"x"}}"#]
        {
            assert_eq!(refusal(foreign), None);
        }
    }

    #[test]
    fn a_question_is_put_into_its_fields() {
        let chip =
            |kind: &str, label: &str| Chip { kind: kind.into(), label: label.into(), value: String::new() };
        let answer = Answer {
            query: "payment companies in Germany, mid cap, founded after 2015".into(),
            filters: domain::search::Filters { sizes: vec![Size::Mid], ..Default::default() },
            chips: vec![
                chip("industry", "Payments"),
                chip("country", "in Germany"),
                chip("size", "mid cap"),
                chip("founded", "founded after 2015"),
            ],
            hits: vec![],
            no_match: false,
            relax: None,
            degraded: false,
            considered: 0,
            confidence: 0.0,
        };
        let asked = Question::of(&answer);
        let expected = Question {
            what: "Payments".into(),
            place: "Germany".into(),
            size: Some(Size::Mid),
            words: "founded after 2015".into(),
        };
        assert_eq!(asked, expected);
        let form = refine_form("s", &asked, &place());
        assert_eq!(form["blocks"][1]["element"]["initial_value"], "Germany");
        assert_eq!(form["blocks"][2]["element"]["initial_option"]["value"], "Mid Cap");
    }
}
