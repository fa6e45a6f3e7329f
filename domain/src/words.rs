//! Text made comparable: folded, cut into words with their places, plurals taken off.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Lower case, no accents, no plural.
    pub stem: String,
    /// Lower case, no accents.
    pub folded: String,
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte in the text.
    pub end: usize,
}

/// Lower case without accents: `Zürich` becomes `zurich`.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => out.push_str("ss"),
            'ø' | 'Ø' => out.push('o'),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ł' | 'Ł' => out.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
            'ı' => out.push('i'),
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

/// A word without its plural ending: `batteries` and `battery` are the same. Other endings stay, since
/// `mining` and `mine`, `banking` and `bank` name different things.
pub fn stem(word: &str) -> String {
    let n = word.len();
    // Securities are no plural of security.
    if !word.is_ascii() || n < 4 || !word.ends_with('s') || word == "securities" {
        return word.to_owned();
    }
    if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        return word.to_owned();
    }
    if let Some(root) = word.strip_suffix("ies").filter(|root| root.len() > 2) {
        return format!("{root}y");
    }
    if ["xes", "ches", "shes", "sses", "zes"].iter().any(|end| word.ends_with(end)) {
        return word[..n - 2].to_owned();
    }
    word[..n - 1].to_owned()
}

/// The words of a text, in order. An ampersand is the word `and`; other signs separate.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::with_capacity(text.len() / 6);
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() || is_combining_mark(c) {
            start = start.or(Some(at));
            continue;
        }
        if let Some(from) = start.take() {
            found.push(word(text, from, at));
        }
        if c == '&' {
            let and = "and".to_owned();
            found.push(Word { stem: and.clone(), folded: and, start: at, end: at + 1 });
        }
    }
    if let Some(from) = start {
        found.push(word(text, from, text.len()));
    }
    found
}

fn word(text: &str, start: usize, end: usize) -> Word {
    let folded = fold(&text[start..end]);
    Word { stem: stem(&folded), folded, start, end }
}

/// Words before a full stop that do not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "inc", "co", "ltd", "corp", "llc", "plc", "sa", "ag", "nv", "no", "st", "mr", "mrs", "dr", "vs", "bhd",
    "pt", "pte", "pvt", "tbk", "jr", "intl", "dept", "est", "approx", "kk", "ab", "as", "spa", "ltda", "cos",
    "bros", "mt", "prof",
];

/// Words that open a sentence, even after an abbreviation.
const OPENERS: &[&str] =
    &["The", "It", "Its", "In", "They", "This", "Further", "Additionally", "Our", "We", "As", "Through"];

/// The sentences of a text as byte ranges. Full stops of `Inc.`, `Co., Ltd.` and initials do not end one.
pub fn sentences(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, sign) in text.match_indices(['.', '!', '?', '\n']) {
        let rest = &text[at + sign.len()..];
        if at < start || !ends_here(&text[start..at], sign, rest) {
            continue;
        }
        push(text, start, at + sign.len(), &mut found);
        start = at + sign.len();
    }
    push(text, start, text.len(), &mut found);
    found
}

fn ends_here(before: &str, sign: &str, rest: &str) -> bool {
    if sign == "\n" {
        return true;
    }
    let next = rest.trim_start();
    if next.len() == rest.len() && !rest.is_empty() {
        return false;
    }
    let opener = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if !next.starts_with(|c: char| c.is_uppercase() || c.is_numeric() || c == '"') && !next.is_empty() {
        return false;
    }
    let last = before.rsplit(|c: char| c.is_whitespace() || c == ',' || c == '(').next().unwrap_or_default();
    let short =
        last.contains('.') || last.chars().count() == 1 || ABBREVIATIONS.contains(&fold(last).as_str());
    sign != "." || !short || OPENERS.contains(&opener)
}

fn push(text: &str, start: usize, end: usize, found: &mut Vec<std::ops::Range<usize>>) {
    let part = &text[start..end];
    let lead = part.len() - part.trim_start().len();
    let kept = part.trim().len();
    if kept > 0 {
        found.push(start + lead..start + lead + kept);
    }
}

/// How many single-letter edits (add, drop, change, swap of neighbours) turn one word into the other;
/// `None` when more than `most`.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    Some(rows[a.len()][b.len()]).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_accents_compare_equal() {
        for (a, b) in [
            ("batteries", "battery"),
            ("Zürich", "zurich"),
            ("boxes", "box"),
            ("Gasversorger", "gasversorger"),
        ] {
            assert_eq!(stem(&fold(a)), stem(&fold(b)));
        }
        assert_eq!(stem("gas"), "gas");
        assert_eq!(stem("business"), "business");
        assert_ne!(stem("mining"), stem("mine"));
    }

    #[test]
    fn sentences_survive_company_forms() {
        let text = "Foo Co., Ltd. makes pumps in the U.S. and Asia. It sells 3.5 mm jacks. The parent is Bar Inc. The end.";
        let cut: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(
            cut,
            [
                "Foo Co., Ltd. makes pumps in the U.S. and Asia.",
                "It sells 3.5 mm jacks.",
                "The parent is Bar Inc.",
                "The end."
            ]
        );
    }

    #[test]
    fn words_keep_their_places() {
        let text = "Öl & Gas-Firmen";
        let found = words(text);
        let stems: Vec<&str> = found.iter().map(|word| word.stem.as_str()).collect();
        assert_eq!(stems, ["ol", "and", "gas", "firmen"]);
        assert_eq!(&text[found[2].start..found[2].end], "Gas");
    }

    #[test]
    fn distance_counts_swaps_once() {
        assert_eq!(distance("paymnet", "payment", 2), Some(1));
        assert_eq!(distance("germny", "germany", 1), Some(1));
        assert_eq!(distance("bank", "insurance", 2), None);
    }
}
