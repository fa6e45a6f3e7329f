//! Whom a clause burdens: read from who shall, who may, and who "either party" is.

use std::sync::LazyLock;

use domain::contract::Side;
use regex::Regex;

/// Who we are in a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ours {
    /// Our name and what the contract calls us, e.g. `Distributor`; empty when unknown.
    pub names: Vec<String>,
}

static MUTUAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(either|neither|each|any|both|no)( of the)? part(y|ies)\b|\bmutual(ly)?\b|\bthe parties (shall|will|agree|may)|\bone party .{0,80}\bthe other\b",
    )
});
static DUTY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W{0,3}(hereby )?(shall|will|must|agrees?|may not|is (not )?(required|obliged)|undertakes|assigns?|indemnif|waives?|releases?|cannot)",
    )
});
static RIGHT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^\W{0,3}(may|is entitled|has the right|shall have the right|shall be entitled|reserves)\b")
});

#[expect(clippy::expect_used, reason = "the patterns are part of the program; the tests below use each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

/// Whom the words burden. Unknown unless they are mutual or name us.
pub(super) fn burdened(words: &str, ours: &Ours) -> Side {
    if MUTUAL.is_match(words) {
        return Side::Mutual;
    }
    let mut duties = 0_usize;
    let mut rights = 0_usize;
    for name in ours.names.iter().filter(|name| !name.trim().is_empty()) {
        for (at, found) in words.match_indices(name.as_str()) {
            let rest = &words[at + found.len()..];
            if RIGHT.is_match(rest) && !rest.trim_start().to_lowercase().starts_with("may not") {
                rights += 1;
            } else if DUTY.is_match(rest) {
                duties += 1;
            }
        }
    }
    match (duties, rights) {
        (0, 0) => Side::Unknown,
        (duties, rights) if duties >= rights => Side::Us,
        _ => Side::Them,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_burden_whom_they_name_and_rights_burden_the_other() {
        let ours = Ours { names: vec!["Distributor".to_owned(), "Acme GmbH".to_owned()] };
        for (words, side) in [
            ("Distributor shall indemnify Supplier against all claims.", Side::Us),
            ("Distributor may not sell competing products.", Side::Us),
            ("Distributor may terminate this Agreement at any time.", Side::Them),
            ("Acme GmbH agrees not to solicit employees.", Side::Us),
            ("Neither party may assign this Agreement.", Side::Mutual),
            ("The liability of Supplier is limited.", Side::Unknown),
        ] {
            assert_eq!(burdened(words, &ours), side, "{words}");
        }
        assert_eq!(burdened("Distributor shall pay.", &Ours::default()), Side::Unknown);
    }
}
