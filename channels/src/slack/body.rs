//! Reading request bodies leniently: form fields, JSON paths, blanks taken as absent.

use crate::payload::{first_text, is_true};
use serde_json::Value;

/// The fields of a form body, in order, decoded; bytes that are not UTF-8 become replacement characters.
pub fn form_fields(body: &[u8]) -> impl Iterator<Item = (String, String)> {
    body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = match pair.iter().position(|b| *b == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        (unescape(name), unescape(value))
    })
}

/// The first field of that name; blank counts as absent. Decodes no other field's value.
pub fn form_field(body: &[u8], name: &str) -> Option<String> {
    body.split(|b| *b == b'&')
        .find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .map(unescape)
        .filter(|value| !value.is_empty())
}

fn unescape(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high * 16 + low);
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            (byte, _) => out.push(*byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The payload of an interaction: JSON in the form field `payload`, or bare as Socket Mode brings it.
pub fn interaction(body: &[u8]) -> Option<Value> {
    if body.first() == Some(&b'{') {
        return serde_json::from_slice(body).ok();
    }
    serde_json::from_str(&form_field(body, "payload")?).ok()
}

/// The workspace of an event: the one we are installed in, not the one where the author sits.
///
/// An organisation-wide installation has one token for all its teams, so its workspace is the organisation.
pub fn event_workspace(event: &Value) -> Option<&str> {
    if is_true(event, "/authorizations/0/is_enterprise_install") {
        let organisation = first_text(event, &["/authorizations/0/enterprise_id", "/enterprise_id"]);
        if organisation.is_some() {
            return organisation;
        }
    }
    first_text(event, &["/authorizations/0/team_id", "/team_id", "/event/team", "/enterprise_id"])
}

/// The workspace of an interaction, by the same rule.
pub fn interaction_workspace(payload: &Value) -> Option<&str> {
    if is_true(payload, "/is_enterprise_install") {
        let organisation = first_text(payload, &["/enterprise/id", "/team/enterprise_id"]);
        if organisation.is_some() {
            return organisation;
        }
    }
    first_text(
        payload,
        &["/view/app_installed_team_id", "/team/id", "/view/team_id", "/user/team_id", "/enterprise/id"],
    )
}

/// The workspace of a command, by the same rule.
pub fn command_workspace(body: &[u8]) -> Option<String> {
    let organisation = || form_field(body, "enterprise_id");
    let is_organisation = form_field(body, "is_enterprise_install").is_some_and(|word| word == "true");
    if is_organisation && let Some(id) = organisation() {
        return Some(id);
    }
    form_field(body, "team_id").or_else(organisation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_bodies_are_read_leniently() {
        let body = b"a=1&b=x+y%2Fz&c&=d&e=%zz%4&f=%ff&g=%E2%9C%93";
        let fields: Vec<_> = form_fields(body).collect();
        let expected =
            [("a", "1"), ("b", "x y/z"), ("c", ""), ("", "d"), ("e", "%zz%4"), ("f", "\u{fffd}"), ("g", "✓")];
        assert_eq!(fields, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(form_field(body, "b").as_deref(), Some("x y/z"));
        assert_eq!(form_field(body, "c"), None);
        assert_eq!(form_field(b"team_id_old=1&team_id=2", "team_id").as_deref(), Some("2"));
    }

    #[test]
    fn an_organisation_wide_installation_is_named_by_the_organisation() {
        let body = b"team_id=T1&enterprise_id=E1&is_enterprise_install=true";
        assert_eq!(command_workspace(body).as_deref(), Some("E1"));
        assert_eq!(
            command_workspace(b"team_id=T1&enterprise_id=E1&is_enterprise_install=false").as_deref(),
            Some("T1")
        );
        assert_eq!(command_workspace(b"team_id=&enterprise_id=E1").as_deref(), Some("E1"));
        assert_eq!(command_workspace(b"text=x"), None);
    }
}
