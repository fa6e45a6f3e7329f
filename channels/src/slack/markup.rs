//! Slack's markup for text: what users send is unwrapped into plain words, what we send is escaped.

use serde_json::Value;

use crate::payload::text_at;

/// Escapes the three characters that Slack reads as markup, so that no text of ours or of others can mention,
/// link or break out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// Unwraps a message's text: links, mentions and entities become plain words; mentions of `us` go away.
///
/// A person's mention becomes `@` and the id, not the name: names are neither unique nor stable.
pub fn plain(text: &str, us: Option<&str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, tagged) = rest.split_at(open);
        unescape_into(&mut out, before);
        let Some(close) = tagged.find('>') else {
            rest = tagged;
            break;
        };
        unescape_into(&mut out, &unwrapped(&tagged[1..close], us));
        rest = &tagged[close + 1..];
    }
    unescape_into(&mut out, rest);
    squeeze(&out)
}

/// The words of one `<…>` tag.
fn unwrapped(tag: &str, us: Option<&str>) -> String {
    let (target, label) = match tag.split_once('|') {
        Some((target, label)) if !label.is_empty() => (target, Some(label)),
        Some((target, _)) => (target, None),
        None => (tag, None),
    };
    let mut chars = target.chars();
    match chars.next() {
        Some('@') if us == Some(chars.as_str()) => String::new(),
        Some('@') => target.to_owned(),
        Some('#') => format!("#{}", label.unwrap_or(chars.as_str())),
        Some('!') => match label {
            Some(label) => label.to_owned(),
            None => format!("@{}", chars.as_str()),
        },
        _ => match (target.strip_prefix("mailto:").or_else(|| target.strip_prefix("tel:")), label) {
            (Some(address), _) => address.to_owned(),
            // Slack writes `example.com` as `<http://example.com|example.com>`: the words typed are the label.
            (None, Some(label)) if !label.contains("://") => label.to_owned(),
            (None, _) => target.to_owned(),
        },
    }
}

fn unescape_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        match known.iter().find(|(entity, _)| rest.starts_with(entity)) {
            Some((entity, c)) => {
                out.push(*c);
                rest = &rest[entity.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

/// Trims, and closes the gap that a removed mention leaves within a line.
fn squeeze(text: &str) -> String {
    let lines = text.lines().map(|line| {
        line.split([' ', '\t', '\u{a0}']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Our user id in an event's workspace, e.g. `UBOT`, from the authorisations that come with the event.
pub fn our_user(event: &Value) -> Option<&str> {
    let all = event.get("authorizations").and_then(Value::as_array);
    let is_bot = |a: &&Value| a.get("is_bot").and_then(Value::as_bool) == Some(true);
    all.and_then(|all| all.iter().find(is_bot).or(all.first()))
        .and_then(|a| text_at(a, "/user_id"))
        .or_else(|| text_at(event, "/authed_users/0"))
}

/// Whether an event's text mentions a user.
pub fn mentions(event: &Value, user: &str) -> bool {
    text_at(event, "/event/text").is_some_and(|text| {
        text.split("<@").skip(1).any(|after| {
            after.strip_prefix(user).is_some_and(|end| end.starts_with('>') || end.starts_with('|'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_unwrapped() {
        for (sent, read) in [
            ("<@UBOT> find R&amp;D &lt;labs&gt;", "find R&D <labs>"),
            ("hey <@UBOT|dealdesk>, find it", "hey , find it"),
            ("make <@U0LEE|lee> approver", "make @U0LEE approver"),
            ("in <#C012|deals> or <#C013> or <#C014|>", "in #deals or #C013 or #C014"),
            (
                "<http://example.com|example.com> and <https://a.example/x?y=1&amp;z=2>",
                "example.com and https://a.example/x?y=1&z=2",
            ),
            ("<https://evil.example|https://good.example>", "https://evil.example"),
            ("<mailto:ann@corp.example|ann@corp.example> <tel:+4912|12>", "ann@corp.example +4912"),
            ("<!here> <!subteam^S1|@sales> <!date^1^{date}|today>", "@here @sales today"),
            ("a < b", "a < b"),
            ("unclosed <@UBOT", "unclosed <@UBOT"),
            ("&amp;lt; &nope; &", "&lt; &nope; &"),
            ("<>", ""),
            ("two\nlines  here ", "two\nlines here"),
            ("", ""),
        ] {
            assert_eq!(plain(sent, Some("UBOT")), read, "{sent:?}");
        }
    }

    #[test]
    fn escaping_and_unwrapping_are_inverse() {
        for text in ["a & b", "<@U1> &amp; <!channel>", "1 < 2 > 0", "&lt;"] {
            assert_eq!(plain(&escape(text), None), text);
        }
    }

    #[test]
    fn only_a_whole_id_is_a_mention() {
        let says = |text: &str| serde_json::json!({ "event": { "text": text } });
        assert!(mentions(&says("x <@U1> y"), "U1"));
        assert!(mentions(&says("<@U1|bot>"), "U1"));
        assert!(!mentions(&says("<@U12>"), "U1"));
        assert!(!mentions(&says("@U1"), "U1"));
    }
}
