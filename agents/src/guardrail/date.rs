//! Dates and times written in digits; a date of birth is personal, any other date seldom is.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::context::is_near;
use super::finding::Reading;

const BIRTH: &str = "born|birth|dob|birthday|date of birth|geboren|nacimiento|naissance";
const MONTH: &str = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|\
    september|october|november|december)";

/// Widest form first: the leftmost alternative that fits wins.
static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let forms = [
        r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?".to_owned(),
        format!(r"(?:0?[1-9]|[12]\d|3[01])[- ./]{MONTH}\.?[- ./,]{{1,2}}(?:\d{{4}}|\d{{2}})"),
        r"(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:3[01]|[12]\d|0?[1-9])".to_owned(),
        r"(?:3[01]|[12]\d|0?[1-9])[-/.](?:1[0-2]|0?[1-9])[-/.](?:\d{4}|\d{2})".to_owned(),
        r"(?:1[0-2]|0?[1-9])[-/.](?:3[01]|[12]\d|0?[1-9])[-/.](?:\d{4}|\d{2})".to_owned(),
        format!(r"(?:0?[1-9]|[12]\d|3[01])-{MONTH}"),
        r"(?:0?[1-9]|1[0-2])[/-](?:19|20)\d{2}".to_owned(),
        r"(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9])".to_owned(),
    ];
    RegexBuilder::new(&format!(r"^(?:{})\b", forms.join("|")))
        .unicode(false)
        .case_insensitive(true)
        .build()
        .ok()
});

/// Reads a date that begins at the digit `start`.
pub(super) fn read_date(bytes: &[u8], start: usize, found: &mut Vec<Reading>) {
    let is_inside =
        start > 0 && b"-/.:,".contains(&bytes[start - 1]) && start > 1 && bytes[start - 2].is_ascii_digit();
    let window = &bytes[start..(start + 48).min(bytes.len())];
    // Every form has a separator behind one, two or four digits.
    let has_separator = [1, 2, 4].iter().any(|i| window.get(*i).is_some_and(|b| b"-/. ".contains(b)));
    if is_inside || !has_separator {
        return;
    }
    let Some(hit) = FORM.as_ref().and_then(|form| form.find(window)) else { return };
    let end = start + hit.end();
    let continues = matches!(bytes.get(end), Some(b'-' | b'/' | b'.'))
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    if continues {
        return;
    }
    let is_birth = is_near(bytes, start, end, BIRTH);
    let (score, reason) =
        if is_birth { (0.8, "the text speaks of a birth") } else { (0.35, "has the form of a date") };
    found.push(Reading::personal("DATE_TIME", start, end, score, reason));
}

/// Reads `May-2021`, `May 1st` and the like, which begin with a letter.
pub(super) fn read_month(bytes: &[u8], start: usize, found: &mut Vec<Reading>) {
    static MONTH_YEAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let form = format!(r"^{MONTH}(?:[-/ ]\d{{4}}| \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)\b");
        RegexBuilder::new(&form).unicode(false).case_insensitive(true).build().ok()
    });
    if !b"jfmasond".contains(&bytes[start].to_ascii_lowercase()) {
        return;
    }
    let window = &bytes[start..(start + 24).min(bytes.len())];
    let Some(hit) = MONTH_YEAR.as_ref().and_then(|form| form.find(window)) else { return };
    let end = start + hit.end();
    let (score, reason) = if is_near(bytes, start, end, BIRTH) {
        (0.8, "the text speaks of a birth")
    } else {
        (0.3, "has the form of a date")
    };
    found.push(Reading::personal("DATE_TIME", start, end, score, reason));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_whole_date() {
        for text in [
            "2024-06-05T09:15:30.500-07:00",
            "5-20-2021",
            "21.5.21",
            "5-MAY-2021",
            "05/2021",
            "05-May",
            "1978-04-13 12:20:39",
        ] {
            let mut found = Vec::new();
            read_date(text.as_bytes(), 0, &mut found);
            assert_eq!(found.first().map(|r| r.end), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn a_birth_is_personal() {
        let mut found = Vec::new();
        read_date(b"born 5/5/1937", 5, &mut found);
        assert!(found[0].score > 0.5);
    }
}
