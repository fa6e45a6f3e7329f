//! Dates as contracts write them: "May 1, 2020", "1st day of May, 2020", "5/1/20", "May __, 2020".

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::{Captures, Regex};

/// A date in a text. Blanks that were never filled in are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// Year, four digits.
    pub year: Option<i32>,
    /// Month, 1 to 12.
    pub month: Option<u32>,
    /// Day of the month.
    pub day: Option<u32>,
}

impl Found {
    /// The day, when it is whole and exists.
    #[must_use]
    pub fn date(&self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year?, self.month?, self.day?)
    }
}

const MONTHS: &str = "january|february|march|april|may|june|july|august|september|october|november|december|\
    jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec";

const ORDINALS: [&str; 31] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
];

static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let blank = r"(?:_[_\s]*|\[[^\]]{0,12}\]|\*+)";
    let ordinals = ORDINALS.join("|");
    let month_first = format!(
        r"\b(?P<m1>{MONTHS})\b\.?\s{{0,20}}(?:(?P<d1>\d{{1,2}})\s{{0,3}}(?:s\s?t|n\s?d|r\s?d|t\s?h)?|{blank})?\s{{0,6}}[,.]?\s{{0,20}}(?P<y1>(?:19|20)\d\s?\d|(?:19|20)\d?{blank})"
    );
    let day_first = format!(
        r"\b(?:(?P<d2>\d{{1,2}})\s{{0,3}}(?:s\s?t|n\s?d|r\s?d|t\s?h)?|(?P<o2>{ordinals})|{blank})(?:\s{{0,3}}\(\d{{1,2}}(?:st|nd|rd|th)?\))?[\s,-]{{0,20}}(?:day\s{{1,20}}(?:of\s{{1,20}})?|of\s{{1,20}})?(?:(?P<m2>{MONTHS})\b\.?|{blank})(?:\s{{1,4}}(?:day\s{{1,4}})?of)?[\s,-]{{0,20}}(?P<y2>(?:19|20)\d\s?\d|(?:19|20)\d?{blank})"
    );
    let numbers = r"\b(?P<n1>\d{1,2})(?:[/-](?P<n2>\d{1,2})[/-](?P<n3>(?:19|20)\d\d|\d\d)|\.(?P<e2>\d{1,2})\.(?P<e3>(?:19|20)\d\d))\b|\b(?P<i1>(?:19|20)\d\d)-(?P<i2>\d\d)-(?P<i3>\d\d)\b";
    let blanks = r"\bday\s{1,20}of[,_\s]{1,60}(?P<y3>(?:19|20)\d\d)\b";
    super::pattern(&format!(r"(?i)(?:{month_first}|{day_first}|{numbers}|{blanks})"))
});

/// All dates of a text, in order.
pub fn find(text: &str) -> impl Iterator<Item = Found> + '_ {
    DATE.iter().flat_map(move |pattern| pattern.captures_iter(text)).filter_map(|found| read(&found))
}

fn read(found: &Captures<'_>) -> Option<Found> {
    let whole = found.get(0)?;
    let part = |name: &str| found.name(name).map(|part| part.as_str());
    let number = |name: &str| part(name)?.parse::<u32>().ok();
    let (mut year, month, day);
    if let (Some(first), Some(second)) = (number("n1"), number("n2").or(number("e2"))) {
        year = number("n3").or(number("e3"));
        // Day first where it cannot be a month, and with dots, as where dots are usual the day comes first.
        let dotted = found.name("e2").is_some() && second <= 12;
        let day_first = first > 12 || dotted;
        (month, day) = if day_first { (Some(second), Some(first)) } else { (Some(first), Some(second)) };
        if month? > 12 || month? == 0 || day? == 0 || day? > 31 {
            return None;
        }
    } else if let Some(iso) = number("i1") {
        (year, month, day) = (Some(iso), number("i2"), number("i3"));
    } else {
        let digits = part("y1")
            .or(part("y2"))
            .or(part("y3"))
            .map(|y| y.chars().filter(char::is_ascii_digit).collect::<String>());
        year = digits.filter(|d| d.len() == 4).and_then(|d| d.parse().ok());
        month = part("m1").or(part("m2")).and_then(month_number);
        day = number("d1")
            .or(number("d2"))
            .or(part("o2").and_then(ordinal))
            .filter(|day| (1..=31).contains(day));
    }
    if let Some(short) = year.filter(|year| *year < 100) {
        year = Some(if short < 50 { 2000 + short } else { 1900 + short });
    }
    let year = year.and_then(|year| i32::try_from(year).ok());
    Some(Found {
        start: whole.start(),
        end: whole.start() + whole.as_str().trim_end().len(),
        year,
        month,
        day,
    })
}

fn month_number(name: &str) -> Option<u32> {
    let short = name.get(..3)?.to_ascii_lowercase();
    MONTHS
        .split('|')
        .take(12)
        .position(|month| month.starts_with(&short))
        .and_then(|at| u32::try_from(at + 1).ok())
}

fn ordinal(name: &str) -> Option<u32> {
    let name = name.to_ascii_lowercase();
    ORDINALS.iter().position(|word| *word == name).and_then(|at| u32::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let table = [
            ("as of October 1, 2019 by", "2019-10-01"),
            ("this 1st day of May, 2020", "2020-05-01"),
            ("this 31 day of July 2019", "2019-07-31"),
            ("on 20 March day of 1998", "1998-03-20"),
            ("dated 06 October 2000.", "2000-10-06"),
            ("the 14t h day of February 2020", "2020-02-14"),
            ("the twenty-first day of June, 1999", "1999-06-21"),
            ("on 3/15/99", "1999-03-15"),
            ("on 25.12.2004", "2004-12-25"),
            ("on 1.4.2011", "2011-04-01"),
            ("from 2016-01-06", "2016-01-06"),
            ("Sept. 3rd, 2011", "2011-09-03"),
            ("31st day of\n  March 2001", "2001-03-31"),
            ("July 11 , 2006", "2006-07-11"),
            ("this 1s t day of June, 2004", "2004-06-01"),
        ];
        for (text, expected) in table {
            let found = find(text).next().and_then(|found| found.date()).map(|date| date.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn blanks_stay_blank() {
        let found = find("as of September ___, 2019").next().expect("a date");
        assert_eq!((found.year, found.month, found.day), (Some(2019), Some(9), None));
        let found = find("this ___ day of ______, 2005").next().expect("a date");
        assert_eq!((found.year, found.month, found.day), (Some(2005), None, None));
        let found = find("as of this day of , 2012 by").next().expect("a date");
        assert_eq!((found.year, found.month, found.day), (Some(2012), None, None));
        let found = find("in July 2013").next().expect("a date");
        assert_eq!(found.date(), None);
    }

    #[test]
    fn what_is_no_date_is_none() {
        assert_eq!(find("Section 10.2.1 may 20 times").count(), 0);
        assert_eq!(find("31/31/2020").count(), 0);
    }
}
