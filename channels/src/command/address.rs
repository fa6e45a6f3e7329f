//! What comes before the matter: our name, a greeting, good manners.

use super::table;
use super::words::Words;

const GREETINGS: &[&str] = &[
    "hey",
    "hi",
    "hello",
    "hallo",
    "bonjour",
    "salut",
    "hola",
    "ciao",
    "dear",
    "good morning",
    "good afternoon",
    "good evening",
    "guten morgen",
    "guten tag",
    "hi there",
    "hello there",
    "hey there",
    "morning",
    "moin",
    "servus",
];

const MANNERS: &[&str] = &[
    "please",
    "pls",
    "plz",
    "kindly",
    "ok",
    "okay",
    "so",
    "and",
    "then",
    "now",
    "well",
    "also",
    "great",
    "thanks",
    "thank you",
    "can you",
    "could you",
    "would you",
    "will you",
    "can we",
    "could we",
    "can i",
    "could i",
    "may i",
    "would you mind",
    "id like to",
    "id like you to",
    "i would like to",
    "i would like you to",
    "wed like to",
    "i want to",
    "i want you to",
    "we want to",
    "i need to",
    "i need you to",
    "we need to",
    "lets",
    "let us",
    "let me",
    "go ahead and",
    "quickly",
    "just",
    "bitte",
    "kannst du",
    "konnen sie",
    "kannst du bitte",
    "konnten sie",
    "ich mochte",
    "sil te plait",
    "sil vous plait",
    "peux tu",
    "pouvez vous",
    "je voudrais",
    "je veux",
    "por favor",
    "puedes",
    "puede",
    "quiero",
];

/// Words that are an answer and no command.
pub(super) const ANSWERS: &[&str] = &[
    "yes",
    "no",
    "ok",
    "okay",
    "yes please",
    "no thanks",
    "sure",
    "yep",
    "nope",
    "yeah",
    "approved",
    "rejected",
    "lgtm",
    "go ahead",
    "do it",
    "fine",
    "ja",
    "nein",
    "oui",
    "non",
    "si",
    "👍",
];

/// What was skipped.
pub(super) struct Address {
    /// How many words.
    pub(super) words: usize,
    /// It had a greeting or our name in it.
    pub(super) is_greeting: bool,
    /// It was at most our name: what follows is typed as a command.
    pub(super) is_plain: bool,
}

/// Skips the address at the beginning of a text.
pub(super) fn skip(words: &Words<'_>) -> Address {
    let mut address = Address { words: 0, is_greeting: false, is_plain: true };
    loop {
        let at = address.words;
        if at >= words.len() {
            return address;
        }
        if let Some(used) = our_name(words, at) {
            address.words += used;
            address.is_greeting = true;
        } else if let Some(used) = words.longest_at(at, GREETINGS) {
            address.words += used;
            address.is_greeting = true;
            address.is_plain = false;
        } else if is_helping(words, at) {
            address.words += if words.key(at + 2) == "to" { 3 } else { 2 };
            address.is_plain = false;
        } else if let Some(used) = words.longest_at(at, MANNERS) {
            address.words += used;
            address.is_plain = false;
        } else {
            return address;
        }
    }
}

/// `/deal`, `@dealdesk`, `<@U024BE7LH>`, and `deal` before a command.
fn our_name(words: &Words<'_>, at: usize) -> Option<usize> {
    let (raw, key) = (words.raw(at), words.key(at));
    let is_mention = raw.starts_with("<@") && raw.contains('>') && at == 0;
    let is_slash = raw.starts_with('/') && matches!(key, "deal" | "dealdesk" | "deals");
    let is_us = key == "dealdesk" || (key == "deal" && words.key(at + 1) == "desk" && words.len() > 2);
    if is_mention || is_slash {
        return Some(1);
    }
    if is_us {
        return Some(if key == "deal" { 2 } else { 1 });
    }
    let is_before_command =
        key == "deal" && raw == "deal" && at == 0 && table::COMMANDS.iter().any(|c| c.name == words.key(1))
            || key == "deal" && at == 0 && matches!(words.key(1), "list" | "search");
    is_before_command.then_some(1)
}

/// "help me find …" is about finding.
fn is_helping(words: &Words<'_>, at: usize) -> bool {
    words.phrase_at(at, "help me").is_some() && words.len() > at + 2 && {
        let next = if words.key(at + 2) == "to" { words.key(at + 3) } else { words.key(at + 2) };
        table::COMMANDS.iter().any(|c| c.kind != table::Kind::Help && c.spellings().any(|s| s == next))
            || next == "look"
    }
}
