//! What people do on pages, handed to the inbox: the only way from here to any change of state.

use domain::ids::InboundId;
use domain::inbound::WebBody;
use storage::submission::Submission;

use crate::error::Failure;
use crate::session::SignedIn;

/// The route under which the web channel decodes our messages.
const ROUTE: &str = "web";
/// The most that may be typed at once, characters.
const TEXT_MAX: usize = 8_000;
/// The longest number of a page, characters.
const ONCE_MAX: usize = 64;

/// Stores what the signed-in person did; safe when this returns. The plan it causes has the same number.
///
/// A double click, and a form sent again because no answer came, carry the number of the same page and
/// say the same: they are one act, and have the number of the first.
pub(crate) async fn hand_in(
    signed_in: &SignedIn,
    fields: &Fields,
    body: &WebBody,
) -> Result<InboundId, Failure> {
    let SignedIn { console, person, .. } = signed_in;
    let submission = Submission::new(person, ROUTE, body)?;
    let mut id = InboundId(console.ids.next());
    if let Some(once) = once(fields) {
        let key = format!("web:{once}:{}", hex::encode(submission.hash()));
        // With what is said in the key, it cannot stand for anything else.
        id = submission.number(&console.db, &key, id).await?.unwrap_or(id);
    }
    console.intake.store(submission.into_raw(id)).await?;
    // The same person's other tabs show it at once.
    let _ = console.shown.send(person.id.to_string());
    Ok(id)
}

/// The number of the page that a form stood on; none when what was sent cannot be one.
fn once(fields: &Fields) -> Option<&str> {
    let is_plain = |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    field(fields, "once").filter(|text| (1..=ONCE_MAX).contains(&text.len())).filter(is_plain)
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
    fn the_number_of_a_page_is_short_and_plain() {
        for (sent, expected) in [
            ("0190f3c2-7a10-7c3e-9d2a-0123456789ab.4", true),
            ("", false),
            ("a b", false),
            ("a\0", false),
            (&"a".repeat(ONCE_MAX + 1), false),
        ] {
            assert_eq!(once(&fields(&[("once", sent)])).is_some(), expected, "{sent}");
        }
        assert_eq!(once(&fields(&[("text", "hi")])), None);
    }

    #[test]
    fn typed_words_are_cleaned_and_bounded() {
        assert_eq!(typed("  a\r\nb\r ").unwrap(), "a\nb");
        assert!(typed(" \n ").is_err());
        assert!(typed(&"x".repeat(TEXT_MAX + 1)).is_err());
    }
}
