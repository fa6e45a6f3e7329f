//! Names of parties: what is the name, what is its suffix, and when two names are the same.

/// Endings that say what kind of company it is; they do not tell companies apart.
const SUFFIXES: [&str; 40] = [
    "inc",
    "incorporated",
    "llc",
    "lc",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "lp",
    "llp",
    "plc",
    "gmbh",
    "ag",
    "sa",
    "nv",
    "bv",
    "ab",
    "as",
    "oy",
    "spa",
    "srl",
    "sas",
    "sarl",
    "kk",
    "pte",
    "pty",
    "pvt",
    "kg",
    "se",
    "na",
    "trust",
    "partnership",
    "oao",
    "ooo",
    "aps",
    "sl",
    "the",
    "and",
];

/// The name in a form that compares: lower case, without signs and without suffixes.
#[must_use]
pub fn key(name: &str) -> String {
    let joined = name.replace(['.', '\'', '’'], "").to_lowercase();
    let words: Vec<&str> =
        joined.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let kept: Vec<&str> = words.iter().copied().filter(|word| !SUFFIXES.contains(word)).collect();
    if kept.is_empty() { words.join(" ") } else { kept.join(" ") }
}

/// Whether a word is an ending like "Inc." or "GmbH".
#[must_use]
pub fn is_suffix(word: &str) -> bool {
    let word = word.replace('.', "").to_lowercase();
    let words = ["as", "se", "na", "the", "and", "sl", "lc"];
    SUFFIXES.contains(&word.as_str()) && !words.contains(&word.as_str())
}

/// Whether two names are the same party.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    let (left, right) = (key(left), key(right));
    !left.is_empty() && left.replace(' ', "") == right.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_and_signs_do_not_matter() {
        assert!(same("Xencor, Inc.", "XENCOR INC"));
        assert!(same("VerticalNet,Inc", "VerticalNet, Inc."));
        assert!(same("IREYA B.V", "IREYA BV"));
        assert!(!same("Clarus IV-A, L.P.", "Clarus IV-B, L.P."));
        assert!(!same("", ""));
        assert!(is_suffix("Inc.") && is_suffix("L.L.C.") && is_suffix("Co.") && !is_suffix("as"));
    }
}
