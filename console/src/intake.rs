//! What people do on pages, handed to the inbox: the only way from here to any change of state.

use domain::ids::InboundId;
use domain::inbound::WebBody;
use domain::person::{Channel, Person};
use sha2::{Digest, Sha256};
use storage::inbox::Raw;

use crate::Console;
use crate::error::Failure;

/// The route under which the web channel decodes our messages.
const ROUTE: &str = "web";
/// The same act of the same person within so many seconds is one: a double click, a form sent twice.
const DOUBLE_S: i64 = 3;
/// The most that may be typed at once, characters.
const TEXT_MAX: usize = 8_000;

/// Stores what the signed-in person did; safe when this returns. The plan it causes has the same number.
pub(crate) async fn hand_in(
    console: &Console,
    person: &Person,
    body: &WebBody,
) -> Result<InboundId, Failure> {
    let id = InboundId(console.ids.next());
    let is_urgent = !matches!(body, WebBody::Message { .. });
    let body = serde_json::to_vec(body).map_err(|_| Failure::Unusable("That cannot be stored.".into()))?;
    let window = console.clock.now().timestamp() / DOUBLE_S;
    let natural_key = format!("web/{window}/{}", hex::encode(Sha256::digest(&body)));
    let raw = Raw {
        id,
        tenant: Some(person.tenant),
        channel: Channel::Web,
        route: ROUTE,
        workspace: Some(person.tenant.to_string()),
        event_key: Some(format!("web/{id}")),
        natural_key: Some(natural_key),
        is_urgent,
        body,
    };
    console.intake.store(raw).await?;
    // The same person's other tabs show it at once.
    let _ = console.shown.send(person.id.to_string());
    Ok(id)
}

/// What was typed, as it is handed in: with line ends of one kind, not empty, not endless.
pub(crate) fn typed(text: &str) -> Result<String, Failure> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Failure::Unusable("There is nothing in it. Type something first.".into())),
        n if n > TEXT_MAX => Err(Failure::Unusable(format!(
            "That is {n} characters long; at most {TEXT_MAX} fit into one message."
        ))),
        _ => Ok(text.to_owned()),
    }
}

/// Fields of a form that was sent, in order; the same name may come several times.
pub(crate) type Fields = Vec<(String, String)>;

/// The first value of a field.
pub(crate) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// A button's `verb:value`, and everything ticked beside it.
pub(crate) fn pressed(fields: &Fields) -> Result<(String, String, Vec<String>), Failure> {
    let (verb, value) = field(fields, "press")
        .and_then(|press| press.split_once(':'))
        .ok_or_else(|| Failure::Unusable("No button was pressed.".into()))?;
    let chosen = fields.iter().filter(|(n, _)| n == "chosen").map(|(_, value)| value.clone()).collect();
    Ok((verb.to_owned(), value.to_owned(), chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_press_brings_its_ticks() {
        let sent = fields(&[("chosen", "a"), ("chosen", "b"), ("press", "say:find x: y")]);
        let (verb, value, chosen) = pressed(&sent).unwrap();
        assert_eq!(
            (verb.as_str(), value.as_str(), chosen),
            ("say", "find x: y", vec!["a".into(), "b".into()])
        );
        assert!(pressed(&fields(&[("chosen", "a")])).is_err());
    }

    #[test]
    fn typed_words_are_cleaned_and_bounded() {
        assert_eq!(typed("  a\r\nb\r ").unwrap(), "a\nb");
        assert!(typed(" \n ").is_err());
        assert!(typed(&"x".repeat(TEXT_MAX + 1)).is_err());
    }
}
