//! What our buttons and forms carry: their meaning in the hundred characters of a custom id.

use sha2::{Digest, Sha256};

/// Characters of a custom id.
pub(super) const CUSTOM_ID_MAX: usize = 100;
/// The word of a list to choose from.
pub(super) const CHOICES: &str = "choices";

/// A custom id read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) verb: String,
    /// The server that the card belongs to: a press in direct messages names none.
    pub(super) workspace: String,
    /// What it is about, or a mark that stands for a longer text; see [`stands_for`].
    pub(super) value: String,
}

/// The custom id of the `n`th thing on a card. What is too long for it is replaced by a mark.
pub(super) fn custom_id(verb: &str, workspace: &str, n: usize, value: &str) -> String {
    let id = |value: &str| format!("{verb}:{workspace}:{n}:{value}");
    let whole = id(value);
    if whole.chars().count() <= CUSTOM_ID_MAX && !value.starts_with('#') { whole } else { id(&mark(value)) }
}

/// Reads a custom id; none if it is not one of ours.
pub(super) fn meaning(custom_id: &str) -> Option<Meaning> {
    let mut parts = custom_id.splitn(4, ':');
    let (verb, workspace, n, value) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_ours = !verb.is_empty()
        && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        && workspace.bytes().all(|b| b.is_ascii_digit())
        && n.bytes().all(|b| b.is_ascii_digit());
    let owned = str::to_owned;
    is_ours.then(|| Meaning { verb: owned(verb), workspace: owned(workspace), value: owned(value) })
}

fn mark(value: &str) -> String {
    format!("#{}", &hex::encode(Sha256::digest(value))[..32])
}

/// Whether a press's value is a mark that stands for a text on the card.
pub fn is_mark(value: &str) -> bool {
    value.len() == 33 && value.starts_with('#') && value[1..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a mark stands for that text.
pub fn stands_for(given: &str, value: &str) -> bool {
    mark(value) == given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_come_back_and_long_ones_as_marks() {
        let id = custom_id("say", "290926798626357999", 2, "move Acme: to negotiation");
        let read = meaning(&id).unwrap();
        assert_eq!((read.verb.as_str(), read.workspace.as_str()), ("say", "290926798626357999"));
        assert_eq!(read.value, "move Acme: to negotiation");
        for long in ["ä".repeat(90), "#1 of all".to_owned()] {
            let id = custom_id("say", "290926798626357999", 10, &long);
            assert!(id.chars().count() <= CUSTOM_ID_MAX, "{id}");
            let value = meaning(&id).unwrap().value;
            assert!(is_mark(&value) && stands_for(&value, &long) && !stands_for(&value, "other"));
        }
        for strange in ["", "click_one", "a:b:c:d", "A:1:1:x", "say:1:x:y", ":1:1:x"] {
            assert_eq!(meaning(strange), None, "{strange}");
        }
    }
}
