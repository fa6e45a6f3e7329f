//! Everyday ways to say numbers and conditions, rewritten into the ones that the reading of a question knows.

use std::sync::OnceLock;

use regex::{Captures, Regex};

/// Numbers that people spell out before "million" and its like.
const NUMBERS: &[(&str, u32)] = &[
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("twelve", 12),
    ("fifteen", 15),
    ("twenty", 20),
    ("twenty five", 25),
    ("twenty-five", 25),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("seventy five", 75),
    ("seventy-five", 75),
    ("eighty", 80),
    ("ninety", 90),
    ("a hundred", 100),
    ("one hundred", 100),
    ("hundred", 100),
    ("two hundred", 200),
    ("three hundred", 300),
    ("five hundred", 500),
    ("a couple of", 2),
    ("a couple", 2),
];

/// Other ways to say "not", each in front of what is excluded.
const NOT: &str = r"(?i)\b(?:but )?(?:(?:that |which |who )?(?:do|does|are|is|did)(?:n['’]t| not)|neither|not (?:counting|including)|leaving (?:out|aside)|(?:with )?none(?: of them)?|anything but|everything but|everywhere but|anywhere but|barring|save for|aside from|with the exception of|disregarding|omitting|hors|hormis|außer|ausser)\b";

struct Patterns {
    numbers: Regex,
    not: Regex,
    startup: Regex,
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let mut said: Vec<&str> = NUMBERS.iter().map(|(said, _)| *said).collect();
        // The longest first, else "two" would be read out of "two hundred".
        said.sort_by_key(|said| std::cmp::Reverse(said.len()));
        let said = said.join("|");
        let numbers = format!(r"(?i)\b({said})\s+(thousand|million|billion|mn|bn|(?:and|to)\s+(?:\d+|{said})\s+(?:million|billion))\b");
        Patterns {
            numbers: Regex::new(&numbers).expect("a fixed pattern"),
            not: Regex::new(NOT).expect("a fixed pattern"),
            startup: Regex::new(r"(?i)\b(start|scale)[- ](ups?)\b").expect("a fixed pattern"),
        }
    })
}

/// The question in plainer words: "fifty million" in digits, "not counting" and its like as "not", "start-ups" in one.
pub(super) fn plainly(text: &str) -> String {
    let Patterns { numbers, not, startup } = patterns();
    let spelt = |found: &Captures<'_>| {
        let said = found[1].to_lowercase();
        let value = NUMBERS.iter().find(|(words, _)| *words == said).map_or(1, |(_, value)| *value);
        format!("{value} {}", &found[2])
    };
    let first = numbers.replace_all(text, spelt);
    // Of "ten and fifty million" the first pass took the first number only.
    let digits = numbers.replace_all(&first, spelt);
    let joined = startup.replace_all(&digits, "$1$2");
    not.replace_all(&joined, "not").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_exclusions_and_startups_are_said_plainly() {
        for (said, plain) in [
            ("over fifty million dollars", "over 50 million dollars"),
            ("Two hundred million raised", "200 million raised"),
            ("Asia but none from China", "Asia not from China"),
            ("Africa, not counting South Africa", "Africa, not South Africa"),
            ("DACH, anything but Germany", "DACH, not Germany"),
            ("web start-ups and scale ups", "web startups and scaleups"),
            ("REITs that don't own hotels", "REITs not own hotels"),
            ("raised between ten and fifty million", "raised between 10 and 50 million"),
            ("Asia, neither China nor Japan", "Asia, not China nor Japan"),
            ("banks in Spain", "banks in Spain"),
            ("nonesuch counting houses", "nonesuch counting houses"),
        ] {
            assert_eq!(plainly(said), plain);
        }
    }
}
