//! Words as questions and contracts share them: lower case, stems, what they stand for.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that say nothing of what a question is about.
const EMPTY: &str = "a an the of in on at by to for from with without and or not no nor is are was were be been being \
    do does did has have had having it its this that these those there here they them their we us our ours you your \
    i me my he she his her as if so than then too very what whats when where which who whom whose why how long much \
    many far often can could may might must shall should will would tell show say says said state states stated \
    mention mentions mentioned contain contains include includes provide provides clause clauses section contract \
    contracts agreement agreements document please about any some all each every other either both under into out up \
    down over again only own same such thing things get gets give gives given happen happens does kind sort need \
    anybody anyone somebody someone everybody else want wants anything something";

static EMPTY_STEMS: LazyLock<Vec<String>> = LazyLock::new(|| EMPTY.split_whitespace().map(stem).collect());

/// Groups of words that contracts and people use for the same, one a line.
static GROUPS: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for line in include_str!("synonyms.txt").lines().filter(|line| !line.starts_with('#')) {
        let stems: Vec<String> = line.split_whitespace().map(stem).collect();
        for one in &stems {
            let others = stems.iter().filter(|other| *other != one).cloned();
            groups.entry(one.clone()).or_default().extend(others);
        }
    }
    groups
});

/// The stems of a text's words, in order.
pub(super) fn stems(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '$' | '%' | '€' | '£'))
        .filter(|word| !word.is_empty())
        .map(stem)
}

/// Whether a stem says nothing of what a question is about.
pub(super) fn is_empty(stem: &str) -> bool {
    EMPTY_STEMS.iter().any(|empty| empty == stem)
}

/// Stems that stand for the same.
pub(super) fn synonyms(stem: &str) -> &'static [String] {
    GROUPS.get(stem).map_or(&[], Vec::as_slice)
}

/// Endings and what takes their place, the longest first; a stem keeps at least four letters.
const ENDINGS: [(&str, &str); 26] = [
    ("ization", "iz"),
    ("isation", "iz"),
    ("abilities", "abl"),
    ("ibilities", "ibl"),
    ("ability", "abl"),
    ("ibility", "ibl"),
    ("ications", "ic"),
    ("ication", "ic"),
    ("ments", ""),
    ("ement", ""),
    ("ment", ""),
    ("nesses", ""),
    ("ness", ""),
    ("ings", ""),
    ("ing", ""),
    ("ions", ""),
    ("ion", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("als", ""),
    ("al", ""),
    ("ers", "er"),
    ("ed", ""),
    ("es", ""),
    ("ly", ""),
    ("s", ""),
];

/// The part of a word that its forms share: `terminates`, `terminated` and `termination` have one stem.
pub(super) fn stem(word: &str) -> String {
    let lower: String =
        word.chars().filter(|c| !matches!(c, '\'' | '’')).flat_map(char::to_lowercase).collect();
    let mut stem = lower.strip_suffix("’s").unwrap_or(&lower).to_owned();
    if !stem.is_ascii() || stem.bytes().any(|byte| byte.is_ascii_digit()) {
        return stem;
    }
    if let Some((end, by)) = ENDINGS.iter().find(|(end, by)| {
        stem.ends_with(end)
            && stem.len() - end.len() + by.len() >= 4
            && !(*end == "s" && (stem.ends_with("ss") || stem.ends_with("us") || stem.ends_with("is")))
    }) {
        stem.truncate(stem.len() - end.len());
        stem.push_str(by);
    } else if stem.len() == 4 && stem.ends_with('s') && !stem.ends_with("ss") {
        stem.pop();
    }
    let letters = stem.as_bytes();
    let twin = letters.len() > 4
        && letters[letters.len() - 1] == letters[letters.len() - 2]
        && !matches!(letters[letters.len() - 1], b'l' | b's' | b'e');
    if twin || stem.len() > 4 && stem.ends_with('e') {
        stem.pop();
    }
    if stem.len() > 3 && stem.ends_with('y') {
        stem.pop();
        stem.push('i');
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["terminate", "terminates", "terminated", "terminating", "termination"][..],
            &["renew", "renews", "renewed", "renewal", "renewals"],
            &["assign", "assigned", "assignment", "assigns"],
            &["party", "parties"],
            &["liability", "liabilities"],
            &["notify", "notification", "notifies"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|one| *one == stems[0]) || forms[0] == "notify", "{stems:?}");
        }
        assert_ne!(stem("renew"), stem("rent"));
        assert_ne!(stem("insure"), stem("inside"));
    }

    #[test]
    fn a_word_stands_for_others_of_its_group() {
        assert!(synonyms(&stem("cancel")).contains(&stem("terminate")));
        assert!(synonyms("qwertz").is_empty());
    }
}
