//! Keys, tokens and addresses whose issuer is known from their beginning.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::super::checksum::entropy;
use super::super::finding::Reading;
use super::issuers::{ISSUERS, Issuer};
use super::placeholder::is_placeholder;

struct Issuers {
    prefixes: AhoCorasick,
    /// Rows that share a prefix start are all tried, longest prefix first.
    rows: Vec<(Regex, &'static Issuer)>,
}

static ISSUED: LazyLock<Option<Issuers>> = LazyLock::new(Issuers::new);

impl Issuers {
    fn new() -> Option<Self> {
        let prefixes =
            AhoCorasick::builder().match_kind(MatchKind::Standard).build(ISSUERS.iter().map(|i| i.0)).ok()?;
        let mut rows = Vec::with_capacity(ISSUERS.len());
        for issuer in ISSUERS {
            let pattern = format!("^(?:{})", issuer.1);
            let form = RegexBuilder::new(&pattern).unicode(false).size_limit(32 << 20).build().ok()?;
            rows.push((form, issuer));
        }
        Some(Self { prefixes, rows })
    }
}

/// Reads every key whose beginning is known.
pub(in super::super) fn read_issued(bytes: &[u8], found: &mut Vec<Reading>) {
    let Some(issuers) = ISSUED.as_ref() else { return };
    for hit in issuers.prefixes.find_overlapping_iter(bytes) {
        let (form, Issuer(prefix, _, name, least)) = &issuers.rows[hit.pattern().as_usize()];
        if !may_begin(bytes, hit.start(), prefix) {
            continue;
        }
        let window = &bytes[hit.end()..(hit.end() + 17_000).min(bytes.len())];
        let Some(tail) = form.find(window) else { continue };
        let mut end = hit.end() + tail.end();
        // These two forms take in one character behind the key, to see that it ends.
        match (*name, *prefix) {
            ("GCP_API_KEY", _) => end = end.min(hit.end() + 35),
            (_, "|") => end = end.min(hit.end() + 27),
            _ => {}
        }
        let start = widen(bytes, hit.start(), name);
        let value = &bytes[start..end];
        let is_odd = match *name {
            "SLACK_TOKEN" => {
                value.iter().filter(|b| b.is_ascii_digit()).count() < 4
                    || !value[5..].iter().any(u8::is_ascii_alphabetic)
            }
            "AZURE_CLIENT_SECRET" => !is_azure(bytes, start, hit.start(), end),
            "TELEGRAM_TOKEN" => {
                !(8..=10).contains(&(hit.start() - start)) || !value[..8].iter().all(u8::is_ascii_digit)
            }
            "FACEBOOK_TOKEN" if *prefix == "|" => hit.start() - start < 15,
            _ => false,
        };
        if is_odd {
            continue;
        }
        if entropy(&bytes[hit.end()..end]) >= *least && !is_stand_in(&bytes[hit.end()..end], name) {
            found.push(Reading::secret(
                name,
                start,
                end,
                0.95,
                "begins and is built as its issuer makes them",
            ));
        }
    }
}

fn is_stand_in(value: &[u8], name: &str) -> bool {
    !matches!(name, "PRIVATE_KEY" | "AGE_KEY" | "JSON_WEB_TOKEN" | "AWS_BEDROCK_KEY" | "TWITTER_TOKEN")
        && is_placeholder(value)
}

/// A prefix that begins with a letter or digit must not continue a word.
fn may_begin(bytes: &[u8], start: usize, prefix: &str) -> bool {
    let is_wordy = prefix.as_bytes()[0].is_ascii_alphanumeric();
    let Some(before) = start.checked_sub(1).map(|i| bytes[i]) else { return true };
    // A backslash escape (`\nghp_…`) ends in a letter.
    let is_escape = matches!(before, b'n' | b't' | b'r') && start >= 2 && bytes[start - 2] == b'\\';
    !is_wordy
        || prefix == "Q~"
        || is_escape
        || !(before.is_ascii_alphanumeric() || matches!(before, b'-' | b'_' | b'.'))
}

/// Three characters and a digit stand before the sign of these, and nothing is joined to either end.
fn is_azure(bytes: &[u8], start: usize, sign: usize, end: usize) -> bool {
    let joins = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'.' | b'-');
    sign - start == 4
        && bytes[start..sign].iter().all(|b| joins(b) && *b != b'-')
        && bytes[sign - 1].is_ascii_digit()
        && !(start > 0 && joins(&bytes[start - 1]))
        && !bytes.get(end).is_some_and(joins)
}

/// Some keys have their sign in the middle; their beginning is taken in.
fn widen(bytes: &[u8], start: usize, name: &str) -> usize {
    if name == "FACEBOOK_TOKEN" {
        return start
            - bytes[start.saturating_sub(16)..start].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    }
    let reach = match name {
        "AZURE_CLIENT_SECRET" => return start.saturating_sub(4),
        "HASHICORP_TOKEN" | "TELEGRAM_TOKEN" => 14,
        _ => return start,
    };
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'-');
    start - bytes[start.saturating_sub(reach)..start].iter().rev().take_while(|b| is_part(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        read_issued(text.as_bytes(), &mut found);
        found.iter().map(|r| r.entity).collect()
    }

    #[test]
    fn every_row_compiles() {
        assert!(ISSUED.is_some());
        assert!(ISSUERS.iter().all(|row| !row.0.is_empty()));
    }

    #[test]
    fn keys_and_stand_ins() {
        // Put together here, so that no scanner of this repository takes them for keys.
        let github = format!("token gh{}_{}", "p", "q0mejdevxYuu3zwv0bvslKeiduxLrlrf2fao");
        assert_eq!(names(&github), ["GITHUB_TOKEN"]);
        let azure = format!("secret:'dO29{}F5-VwnW.lZdd11xFF_t5NAXCaGwDl9NbT1'", "Q~");
        assert_eq!(names(&azure), ["AZURE_CLIENT_SECRET"]);
        assert!(names(&azure.replace("dO29", "x,4~dO29")).is_empty());
        let stripe = format!("sk_{}_{}", "live", "z849lemprnj9tkiadnq1");
        assert_eq!(names(&stripe), ["STRIPE_KEY"]);
        assert!(names("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").is_empty());
        assert!(names("the SKILL and the APPLE, AKC and ACCADEMIA").is_empty());
    }
}
