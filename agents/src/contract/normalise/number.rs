//! Numbers in figures and in words.

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The alternatives of a pattern that matches a number written in words, without figures.
pub const WORDS: &str = "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|\
    sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|half)";

/// Reads "12", "5,000", "2.5", "ninety", "twenty-four", "one hundred and eighty"; `None` for anything else.
#[must_use]
pub fn read(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return text.replace(',', "").parse().ok();
    }
    let (mut total, mut group, mut seen) = (0.0, 0.0, false);
    for word in text.split(|c: char| c.is_whitespace() || c == '-').filter(|word| !word.is_empty()) {
        let word = word.to_ascii_lowercase();
        if let Some(unit) = UNITS.iter().position(|name| *name == word) {
            group += unit as f64;
        } else if let Some(ten) = TENS.iter().position(|name| *name == word) {
            group += (ten as f64 + 2.0) * 10.0;
        } else {
            match word.as_str() {
                "hundred" => group = if group == 0.0 { 100.0 } else { group * 100.0 },
                "thousand" => (total, group) = (total + group.max(1.0) * 1e3, 0.0),
                "million" => (total, group) = (total + group.max(1.0) * 1e6, 0.0),
                "half" => group += 0.5,
                "and" | "a" => continue,
                _ => return None,
            }
        }
        seen = true;
    }
    seen.then_some(total + group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_words() {
        for (text, expected) in [
            ("12", 12.0),
            ("5,000", 5000.0),
            ("2.5", 2.5),
            ("ninety", 90.0),
            ("twenty-four", 24.0),
            ("one hundred and eighty", 180.0),
            ("Three Million", 3e6),
            ("two thousand five hundred", 2500.0),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        assert_eq!(read("many"), None);
        assert_eq!(read(""), None);
    }
}
