//! What an interaction is answered with at once: Discord waits three seconds, so nothing is looked up for it.

use domain::card::Verb;
use serde_json::{Value, json};

use super::form::comment_form;
use super::press::{self, CHOICES};
use crate::payload::text_at;

/// Only the person who did it sees the answer.
const EPHEMERAL: u64 = 64;

/// Whether Discord only asks if we are there; that is answered and not stored.
pub fn is_ping(payload: &Value) -> bool {
    kind(payload) == Some(1) && payload.get("event").is_none() && payload.get("name").is_none()
}

/// The answer to a ping.
pub fn pong() -> Value {
    json!({"type": 1})
}

/// The answer to an interaction; none when it wants none, as the events of Discord's webhooks.
pub fn at_once(payload: &Value) -> Option<Value> {
    match kind(payload)? {
        2 => Some(match payload.pointer("/data/type").and_then(Value::as_u64) {
            // The person sees that we think, until the worker says more.
            None | Some(1) => deferred(),
            Some(_) => told("Nothing hangs on this entry. Type /deal help to see what there is."),
        }),
        3 => Some(to_component(payload)),
        4 => Some(json!({"type": 8, "data": {"choices": []}})),
        // A form that was opened by a button changes that button's message.
        5 if payload.get("message").is_some_and(Value::is_object) => Some(json!({"type": 6})),
        5 => Some(deferred()),
        _ => None,
    }
}

/// An answer in words for that person alone.
pub fn told(text: &str) -> Value {
    json!({"type": 4, "data": {"content": text, "flags": EPHEMERAL, "allowed_mentions": {"parse": []}}})
}

fn deferred() -> Value {
    json!({"type": 5, "data": {"flags": EPHEMERAL}})
}

fn kind(payload: &Value) -> Option<u64> {
    payload.get("type").and_then(Value::as_u64)
}

fn to_component(payload: &Value) -> Value {
    let meaning = text_at(payload, "/data/custom_id").and_then(press::meaning);
    match meaning {
        Some(meaning) if meaning.verb == CHOICES => {
            chosen_on_card(payload).unwrap_or_else(|| json!({"type": 6}))
        }
        Some(meaning) if [Verb::Reject, Verb::SendBack].iter().any(|verb| meaning.verb == verb.name()) => {
            json!({"type": 9, "data": comment_form(&meaning.verb, &meaning.workspace, &meaning.value)})
        }
        _ => json!({"type": 6}),
    }
}

/// The card with what was chosen marked on it: a press on a button later brings the card along, and so the choice.
fn chosen_on_card(payload: &Value) -> Option<Value> {
    let id = text_at(payload, "/data/custom_id")?;
    let values: Vec<&str> =
        payload.pointer("/data/values")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let mut components = payload.pointer("/message/components")?.clone();
    for row in components.as_array_mut()? {
        for element in row.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten() {
            if element.get("custom_id").and_then(Value::as_str) != Some(id) {
                continue;
            }
            for option in element.get_mut("options").and_then(Value::as_array_mut).into_iter().flatten() {
                let is_chosen =
                    option.get("value").and_then(Value::as_str).is_some_and(|value| values.contains(&value));
                option["default"] = json!(is_chosen);
            }
        }
    }
    Some(json!({"type": 7, "data": {"components": components}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(payload: Value) -> Option<Value> {
        at_once(&payload)
    }

    #[test]
    fn each_kind_has_its_answer() {
        assert!(is_ping(&json!({"type": 1, "id": "1"})));
        assert!(!is_ping(&json!({"type": 1, "event": {"type": "APPLICATION_AUTHORIZED"}})));
        assert_eq!(answer(json!({"type": 2, "data": {"type": 1}})).unwrap()["type"], 5);
        assert_eq!(answer(json!({"type": 2, "data": {"type": 3}})).unwrap()["type"], 4);
        assert_eq!(answer(json!({"type": 3, "data": {"custom_id": "approve:1:0:x"}})).unwrap()["type"], 6);
        assert_eq!(answer(json!({"type": 3, "data": {"custom_id": "click"}})).unwrap()["type"], 6);
        assert_eq!(answer(json!({"type": 4})).unwrap(), json!({"type": 8, "data": {"choices": []}}));
        assert_eq!(answer(json!({"type": 5, "message": {}})).unwrap()["type"], 6);
        for strange in [json!({"type": 1}), json!({"type": 0}), json!({"type": "2"}), json!([]), json!({})] {
            assert_eq!(answer(strange.clone()), None, "{strange}");
        }
    }

    #[test]
    fn a_rejection_asks_why_at_once() {
        let form = answer(json!({"type": 3, "data": {"custom_id": "reject:4:1:abc"}})).unwrap();
        assert_eq!(form["type"], 9);
        assert_eq!(form["data"]["custom_id"], "reject:4:0:abc");
        assert_eq!(form["data"]["components"][0]["component"]["custom_id"], "comment");
    }

    #[test]
    fn what_is_chosen_is_marked_on_the_card() {
        let options = |a: bool, b: bool| json!([{"value": "a", "default": a}, {"value": "b", "default": b}]);
        let row = |id: &str, options: Value| json!({"components": [{"type": 3, "custom_id": id, "options": options}]});
        let card =
            json!([row("choices:4:0:", options(true, false)), row("choices:4:1:", options(true, false))]);
        let done = answer(json!({"type": 3, "data": {"custom_id": "choices:4:1:", "values": ["b"]},
            "message": {"components": card}}))
        .unwrap();
        assert_eq!(done["type"], 7);
        let expected =
            json!([row("choices:4:0:", options(true, false)), row("choices:4:1:", options(false, true))]);
        assert_eq!(done["data"]["components"], expected);
    }
}
