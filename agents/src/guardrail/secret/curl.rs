//! Passwords inside addresses and command lines: `scheme://user:password@host`, `curl -u user:password`, `Authorization:`.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};

use super::super::checksum::entropy;
use super::super::finding::Reading;
use super::placeholder::is_placeholder;

struct Forms {
    anchors: AhoCorasick,
    userinfo: Regex,
    user: Regex,
    authorization: Regex,
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    let build = |pattern: &str| RegexBuilder::new(pattern).unicode(false).case_insensitive(true).build().ok();
    Some(Forms {
        anchors: AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(["://", "curl ", "authorization"])
            .ok()?,
        userinfo: build(r#"^://[^\s/?#@:'"<>]*:([^\s/?#@'"<>]{3,})@[\w\[.-]"#)?,
        user: build(
            r#"(?:\s-u|\s--user|\s--proxy-user)[\s=]*(?:([^\s'":]+:(?:'[^'\n]+'|"[^"\n]+"))|"([^"\n]{3,})"|'([^'\n]{3,})'|([^\s'"]{3,}))"#,
        )?,
        authorization: build(
            r#"^authorization["']?\s*[:=,]\s*["']?(?:[a-z][\w-]{2,19}\s+)?["']?([\w.~+/=:@-]{8,})"#,
        )?,
    })
});

/// Reads credentials in addresses, curl calls and headers.
pub(in super::super) fn read_curl(bytes: &[u8], found: &mut Vec<Reading>) {
    let Some(forms) = FORMS.as_ref() else { return };
    for anchor in forms.anchors.find_iter(bytes) {
        let window = &bytes[anchor.start()..(anchor.start() + 1_500).min(bytes.len())];
        match anchor.pattern().as_usize() {
            0 => push(forms.userinfo.captures(window), anchor.start(), Kind::Address, found),
            1 => push(forms.user.captures(window), anchor.start(), Kind::User, found),
            _ => push(forms.authorization.captures(window), anchor.start(), Kind::Header, found),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Address,
    User,
    Header,
}

fn push(captures: Option<regex::bytes::Captures<'_>>, offset: usize, kind: Kind, found: &mut Vec<Reading>) {
    let Some(value) = captures.and_then(|c| c.iter().skip(1).flatten().next()) else { return };
    let text = value.as_bytes();
    if is_variable(text)
        || is_placeholder(text) && kind != Kind::Address
        || text.starts_with(b"eyJ") && kind == Kind::Header && text.len() < 40
    {
        return;
    }
    let (start, end) = (offset + value.start(), offset + value.end());
    match kind {
        Kind::Address => {
            found.push(Reading::secret("BASIC_AUTH", start, end, 0.85, "password inside an address"));
        }
        Kind::User => {
            let Some(colon) = text.iter().position(|b| *b == b':') else { return };
            let (user, password) = (&text[..colon], &text[colon + 1..]);
            let is_test = password == user || password == b"password" || password.len() < 3 && user.len() < 8;
            if !is_test {
                found.push(Reading::secret("BASIC_AUTH", start, end, 0.85, "credentials of a curl call"));
            }
        }
        Kind::Header => {
            if entropy(text) > 2.7 && text.iter().any(u8::is_ascii_digit) || text.ends_with(b"=") {
                found.push(Reading::secret(
                    "AUTHORIZATION",
                    start,
                    end,
                    0.85,
                    "value of an Authorization header",
                ));
            }
        }
    }
}

/// `$PASSWORD`, `${user}`, `{{ secret }}`, `<token>`, `[PASSWORD]`, `%s`.
fn is_variable(text: &[u8]) -> bool {
    let password = text.iter().position(|b| *b == b':').map_or(text, |colon| &text[colon + 1..]);
    let has_opening = |t: &[u8]| matches!(t, [b'$' | b'<' | b'[' | b'%', ..]) || t.starts_with(b"{{");
    has_opening(password) || text.starts_with(b"$")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        read_curl(text.as_bytes(), &mut found);
        found.iter().map(|r| &text[r.start..r.end]).collect()
    }

    #[test]
    fn credentials_are_read() {
        assert_eq!(values("postgres://app:s3cr3t@db:5432/x"), ["s3cr3t"]);
        assert_eq!(values("curl -u 'me:Pa55word!' https://x.org"), ["me:Pa55word!"]);
        for scheme in ["Bearer", "Api-Token", "GenieKey"] {
            let header = format!("Authorization: {scheme} 7SWahsC6oovfBsJFLG1");
            assert_eq!(values(&header), ["7SWahsC6oovfBsJFLG1"], "{scheme}");
        }
    }

    #[test]
    fn variables_are_left() {
        for text in [
            "curl -u \"$USER:$PASS\"",
            "https://example.org:8080/a@b",
            "curl -u user:[PASSWORD]",
            "postgres://app:${PW}@db/x",
            "Authorization: the undersigned certify on 12 May",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }
}
