//! Reads a case from plain words: "a 200k revenue share with exclusivity".

use super::policy::{Facts, Policy};

/// So many first letters make two words the same: `exclusive` and `exclusivity`.
const STEM: usize = 7;
/// Shorter words are only the same when they are equal, and so many letters have to be.
const SHORTEST: usize = 4;

const CURRENCIES: [(&str, &str); 6] =
    [("€", "EUR"), ("eur", "EUR"), ("$", "USD"), ("usd", "USD"), ("£", "GBP"), ("gbp", "GBP")];

impl Policy {
    /// What a question says of a case: the greatest amount, and those terms that the policy has rules on.
    #[must_use]
    pub fn facts_in(&self, question: &str) -> Facts {
        let lower = question.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let is_said = |term: &str| {
            // A term of three words is said by two of them that stand together: "revenue share".
            let parts: Vec<&str> = term.split('_').collect();
            let hits = parts.iter().filter(|part| words.iter().any(|word| is_same(word, part))).count();
            hits >= parts.len().min(2)
        };
        let mut terms: Vec<String> = Vec::new();
        for term in self.rules.iter().flat_map(|rule| &rule.when.terms) {
            if is_said(term) && !terms.contains(term) {
                terms.push(term.clone());
            }
        }
        let is_of_deals = words.iter().any(|word| is_same(word, "deals")) && terms.is_empty();
        let subject = if is_of_deals { "create_deals" } else { "accept_contract" };
        let currency = CURRENCIES.iter().find(|(sign, _)| lower.contains(sign));
        Facts {
            subject: subject.to_owned(),
            amount: lower.split_whitespace().filter_map(amount).max(),
            currency: currency.map(|(_, code)| (*code).to_owned()),
            terms,
            verdicts: Vec::new(),
        }
    }
}

/// Whether two words are forms of one: they differ in their ends alone, as `share` and `sharing` do.
fn is_same(word: &str, part: &str) -> bool {
    let common = word.chars().zip(part.chars()).take_while(|(a, b)| a == b).count();
    let shorter = word.chars().count().min(part.chars().count());
    word == part || (shorter >= SHORTEST && common >= STEM.min(SHORTEST.max(shorter - 1)))
}

/// `200k`, `€1.5m`, `250,000`: an amount in whole units.
fn amount(word: &str) -> Option<u64> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits_end = word.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(word.len());
    let (digits, unit) = word.split_at(digits_end);
    let thousands: u64 = match unit {
        "k" => 1_000,
        "m" | "mio" | "mn" | "million" => 1_000_000,
        "bn" => 1_000_000_000,
        "" | "eur" | "usd" | "gbp" => 1,
        _ => return None,
    };
    // A point or comma before exactly three digits parts thousands; before others it parts the fraction.
    let is_grouped = digits.rsplit([',', '.']).next().is_some_and(|last| last.len() == 3);
    let (whole, rest) = match digits.rfind([',', '.']).filter(|_| !is_grouped) {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, ""),
    };
    let whole: u64 = whole.replace([',', '.'], "").parse().ok()?;
    let tenth: u64 = rest.get(..1).map_or(Some(0), |first| first.parse().ok())?;
    whole.checked_mul(thousands)?.checked_add(tenth * thousands / 10)
}
