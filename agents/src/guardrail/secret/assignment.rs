//! Values that a name calls a secret: `api_token = "…"`, `"password": "…"`, `<secret>…</secret>`.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::finding::Reading;
use super::placeholder::holds;
use super::value::{is_plain_id, judge};

/// Name, whether any value counts (passwords are words too).
const NAMES: &[(&str, bool)] = &[
    ("password", true),
    ("passwd", true),
    ("passphrase", true),
    ("pwd", true),
    ("passwort", true),
    ("contrasena", true),
    ("mot de passe", true),
    ("_pass", true),
    ("softlayer", false),
    ("secrete", false),
    ("token", false),
    ("secret", false),
    ("apikey", false),
    ("api_key", false),
    ("api-key", false),
    ("api key", false),
    ("access_key", false),
    ("access-key", false),
    ("accesskey", false),
    ("access key", false),
    ("private_key", false),
    ("privatekey", false),
    ("private key", false),
    ("credential", false),
    ("auth", false),
    ("key", false),
    ("creds", false),
    ("access_id", false),
    ("login", false),
    ("sourcegraph", false),
    ("sonar", false),
    ("clientid", false),
    ("client_id", false),
    ("contribsys", false),
    ("meraki", false),
    ("facebook", false),
];

/// Names whose values are meant to be seen; found in the name or directly before the value.
const HARMLESS: [&[u8]; 24] = [
    b"authenticity_token",
    b"csrf",
    b"public",
    b"pubkey_",
    b"author",
    b"keyword",
    b"keyboard",
    b"secret_name",
    b"secretname",
    b"token_url",
    b"tokenfile",
    b"key_id",
    b"keyid",
    b"credentialid",
    b"credential_id",
    b"access_id:",
    b"accessib",
    b"key_length",
    b"keypair",
    b"sequence",
    b"keying",
    b"monkey",
    b"turkey",
    b"report_access",
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(aho_corasick::MatchKind::LeftmostFirst)
        .build(NAMES.iter().map(|n| n.0))
        .ok()
});

/// Reads every value behind a telling name.
pub(in super::super) fn read_assignments(bytes: &[u8], found: &mut Vec<Reading>) {
    let Some(finder) = FINDER.as_ref() else { return };
    for hit in finder.find_iter(bytes) {
        let (name, takes_any) = NAMES[hit.pattern().as_usize()];
        if name == "key" && goes_on(&bytes[hit.end()..]) {
            continue;
        }
        let behind =
            value_behind(bytes, hit.end()).filter(|place| !is_harmless(bytes, hit.start(), place.start));
        let Some(place) = behind.or_else(|| value_compared(bytes, hit.start())) else { continue };
        let value = &bytes[place.start..place.end];
        if bytes.get(hit.start()..place.start).is_some_and(|name| is_plain_id(name, value)) {
            continue;
        }
        if let Some((score, reason)) = judge(value, takes_any, name, place.is_quoted) {
            let entity = if takes_any { "PASSWORD" } else { "GENERIC_SECRET" };
            found.push(Reading::secret(entity, place.start, place.end, score, reason));
        }
    }
}

/// `Keyframe`, `keyring`: the word is another one.
fn goes_on(rest: &[u8]) -> bool {
    let word = rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
    word > 0 && !(word == 1 && rest[0] == b's')
}

struct Place {
    start: usize,
    end: usize,
    is_quoted: bool,
}

/// Steps over the rest of the name, its closing quote, a type, an operator and an opening quote.
fn value_behind(bytes: &[u8], name_end: usize) -> Option<Place> {
    let count = |from: usize, most: usize, test: fn(u8) -> bool| {
        bytes[from.min(bytes.len())..].iter().take(most).take_while(|b| test(**b)).count()
    };
    let mut at = name_end + count(name_end, 40, |b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    let blanks = |at: usize| at + count(at, 24, |b| b"\"'` \t]\\)".contains(&b));
    at = blanks(at);
    // An array length: `char secret[25] = `.
    let index = count(at, 8, |b| b.is_ascii_digit() || b == b'[');
    if index > 0 && bytes.get(at + index) == Some(&b']') {
        at = blanks(at + index);
    }
    // A type between name and operator: `token string = `.
    let word = count(at, 12, |b| b.is_ascii_alphabetic() || b == b'[' || b == b']');
    if word > 2 && bytes.get(at + word).is_some_and(|b| matches!(b, b' ' | b'=')) {
        let behind = blanks(at + word);
        if bytes.get(behind).is_some_and(|b| matches!(b, b'=' | b':')) {
            at = behind;
        }
    }
    let operator = count(at, 5, |b| b"=:>?|.,+!".contains(&b));
    let typed = &bytes[at..at + operator];
    let is_operator = typed.iter().any(|b| b"=:>,|".contains(b)) || value_is_quoted_next(bytes, at);
    if !is_operator {
        return None;
    }
    at += operator;
    let opening = count(at, 40, |b| b"\"'` \t\r\n\\([{<@".contains(&b));
    let is_quoted = bytes[at..at + opening].iter().any(|b| b"\"'`".contains(b));
    at += opening;
    let newline_too_far = bytes[at - opening..at].contains(&b'\n') && !typed.contains(&b'>');
    if newline_too_far {
        return None;
    }
    let quote = bytes[at - opening..at].iter().rev().find(|b| b"\"'`".contains(b));
    let quoted =
        quote.and_then(|q| bytes[at..].iter().take(300).take_while(|b| **b != b'\n').position(|b| b == q));
    if let Some(length) = quoted
        && length >= 4
        && !bytes[at..at + length].iter().any(|b| *b <= b' ' || *b == b'\\')
    {
        return Some(Place { start: at, end: at + length, is_quoted });
    }
    let length = count(at, 4_096, |b| b > b' ' && b < 0x7F && !b"\"'`<>,;\\()".contains(&b));
    (length >= 4).then_some(Place { start: at, end: at + length, is_quoted })
}

/// The quoted value in `"value" == password`.
fn value_compared(bytes: &[u8], name_start: usize) -> Option<Place> {
    let back = |at: usize, test: fn(u8) -> bool| {
        at - bytes[..at].iter().rev().take(48).take_while(|b| test(**b)).count()
    };
    let name = back(name_start, |b| b.is_ascii_alphanumeric() || b"_-.$".contains(&b));
    let operator_end = back(name, |b| b == b' ');
    let operator = back(operator_end, |b| b"=!".contains(&b));
    let end = back(operator, |b| b == b' ');
    let quote = *bytes[..end].last()?;
    if operator_end - operator < 2 || !b"\"'`".contains(&quote) {
        return None;
    }
    let end = end - 1;
    let start =
        end - bytes[..end].iter().rev().take(300).take_while(|b| **b != b'\n').position(|b| *b == quote)?;
    (end - start >= 4).then_some(Place { start, end, is_quoted: true })
}

/// `--token VALUE` and `token VALUE` count only when the value is in quotes.
fn value_is_quoted_next(bytes: &[u8], at: usize) -> bool {
    at > 0 && b"\"'`".contains(&bytes[at - 1])
}

fn is_harmless(bytes: &[u8], name_start: usize, value_start: usize) -> bool {
    let from = name_start
        - bytes[..name_start]
            .iter()
            .rev()
            .take(24)
            .take_while(|b| b.is_ascii_alphanumeric() || b"_-. ".contains(b))
            .count();
    let name = bytes[from..value_start].to_ascii_lowercase();
    holds(&name, &HARMLESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        read_assignments(text.as_bytes(), &mut found);
        found.iter().filter(|r| r.score >= 0.5).map(|r| &text[r.start..r.end]).collect()
    }

    #[test]
    fn spellings_of_an_assignment() {
        for text in [
            "acme_token = \"8v5hsy52clk72cuxu8s04pa9h9llhh\"",
            "acmeToken := `8v5hsy52clk72cuxu8s04pa9h9llhh`",
            "var acmeToken string = '8v5hsy52clk72cuxu8s04pa9h9llhh'",
            "{\"acme_token\": \"8v5hsy52clk72cuxu8s04pa9h9llhh\"}",
            "<acmeToken>\n    8v5hsy52clk72cuxu8s04pa9h9llhh\n</acmeToken>",
            "System.setProperty(\"ACME_TOKEN\", \"8v5hsy52clk72cuxu8s04pa9h9llhh\")",
            "ACME_TOKEN=8v5hsy52clk72cuxu8s04pa9h9llhh\\nOTHER=1",
            "\"acmeToken\" => \"8v5hsy52clk72cuxu8s04pa9h9llhh\"",
        ] {
            assert_eq!(values(text), ["8v5hsy52clk72cuxu8s04pa9h9llhh"], "{text}");
        }
        assert_eq!(values("password: hunter2!x"), ["hunter2!x"]);
    }

    #[test]
    fn prose_and_code_are_left() {
        for text in [
            "The key: to success is work",
            "MaxKeyframeDistance, \"2987123a-ba93-4704-b489-ec1e5f25292c\"",
            "Password: the employee shall",
            "secret = os.environ['SECRET']",
            "token = get_token()",
            "public_key = \"8v5hsy52clk72cuxu8s04pa9h9llhh\"",
            "API_VERSION=rc0.13.0_20230412_0712-SNAPSHOT",
            "secret: xxxxxxxxxxxxxxxxxxxxx",
        ] {
            assert!(values(text).is_empty(), "{text}: {:?}", values(text));
        }
    }
}
