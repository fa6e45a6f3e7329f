//! Money and shares: "US$1,000,000", "2.5 million dollars", "fifteen percent (15%)".

use std::sync::LazyLock;

use domain::contract::Money;
use regex::Regex;

use super::number;

static MONEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?i)(?P<s>US\$|U\.S\.\$|C\$|A\$|CAD\s?\$?|AUD\s?\$?|USD\s?\$?|EUR|GBP|RMB|JPY|CHF|\$|€|£|¥)\s{0,3}(?P<n>\d[\d,]*(?:\.\d+)?)(?:\s?(?P<m>thousand|million|billion|m\b|k\b))?|\b(?P<n2>\d[\d,]*(?:\.\d+)?)\s?(?P<m2>thousand|million|billion)?\s(?:\([^)]{1,20}\)\s)?(?:(?P<w>U\.?S\.? dollars|dollars|euros?|pounds sterling|pounds|yen|RMB|USD|EUR))\b",
    )
});

static PERCENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = format!(r"{w}(?:[\s-]+{w}){{0,3}}", w = number::WORDS);
    super::pattern(&format!(
        r"(?i)(?P<n>\d+(?:\.\d+)?)\s?(?:%|percent\b|per\s?cent\b)|\b(?P<w>{words})\s(?:percent|per\s?cent)\b"
    ))
});

/// All amounts of money in a text, with the byte offsets of their first letter and after their last.
pub fn find(text: &str) -> impl Iterator<Item = (usize, usize, Money)> + '_ {
    MONEY.iter().flat_map(move |pattern| pattern.captures_iter(text)).filter_map(|found| {
        let whole = found.get(0)?;
        let number = number::read(found.name("n").or(found.name("n2"))?.as_str().trim_end_matches(','))?;
        let times =
            match found.name("m").or(found.name("m2")).map(|m| m.as_str().to_ascii_lowercase()).as_deref() {
                Some("thousand" | "k") => 1e3,
                Some("million" | "m") => 1e6,
                Some("billion") => 1e9,
                _ => 1.0,
            };
        let sign = found.name("s").or(found.name("w"))?.as_str().to_uppercase();
        let cents = (number * times * 100.0).round();
        // Larger sums than a float holds exactly are no contract's.
        let cents = (cents < 9e15).then_some(cents as i64)?;
        Some((whole.start(), whole.end(), Money { cents, currency: currency(&sign).to_owned() }))
    })
}

fn currency(sign: &str) -> &'static str {
    match sign.trim_end_matches('$').trim() {
        "C" | "CAD" => "CAD",
        "A" | "AUD" => "AUD",
        "€" | "EUR" | "EURO" | "EUROS" => "EUR",
        "£" | "GBP" | "POUNDS" | "POUNDS STERLING" => "GBP",
        "¥" | "JPY" | "YEN" => "JPY",
        "RMB" => "CNY",
        "CHF" => "CHF",
        _ => "USD",
    }
}

/// All shares in percent, with the byte offsets of their first letter and after their last.
pub fn percents(text: &str) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
    PERCENT.iter().flat_map(move |pattern| pattern.captures_iter(text)).filter_map(|found| {
        let whole = found.get(0)?;
        let share = number::read(found.name("n").or(found.name("w"))?.as_str())?;
        (share <= 1000.0).then_some((whole.start(), whole.end(), share))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_in_every_form() {
        for (text, cents, currency) in [
            ("US$1,000,000 per claim", 100_000_000, "USD"),
            ("$2.5 million", 250_000_000, "USD"),
            ("EUR 50,000", 5_000_000, "EUR"),
            ("€ 1.250", 125, "EUR"),
            ("10,000 U.S. dollars", 1_000_000, "USD"),
            ("£99.95", 9_995, "GBP"),
            ("500 dollars", 50_000, "USD"),
        ] {
            let found = find(text).next().map(|(_, _, money)| (money.cents, money.currency));
            assert_eq!(found, Some((cents, currency.to_owned())), "{text}");
        }
        assert_eq!(find("clause 500 applies").count(), 0);
    }

    #[test]
    fn shares() {
        let read = |text| percents(text).map(|(_, _, share)| share).collect::<Vec<_>>();
        assert_eq!(read("15% of Net Sales"), [15.0]);
        assert_eq!(read("seven and one-half"), [] as [f64; 0]);
        assert_eq!(read("fifty percent (50%)"), [50.0, 50.0]);
        assert_eq!(read("2.5 per cent"), [2.5]);
    }
}
