//! From a quote to what it says, by the normaliser that the term's file names.

use std::sync::LazyLock;

use chrono::{Months, NaiveDate};
use domain::contract::{CalendarUnit, Duration, Value};
use regex::Regex;

use crate::contract::{
    normalise::{date, duration, head, jurisdiction, money, pattern, tail},
    terms::{Normaliser, TermSpec},
};

/// What the rest of the contract says that a value depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// The day on which the contract takes effect, or its date.
    pub start: Option<NaiveDate>,
    /// The date of the contract.
    pub signed: Option<NaiveDate>,
}

/// What a quote says of a term; `None` when it does not say it in a form that we read.
#[must_use]
pub fn of(term: &TermSpec, quote: &str, known: &Known) -> Option<Value> {
    if matches!(term.normaliser, Normaliser::Presence) {
        return Some(Value::Clause);
    }
    // Line ends and wide spaces stand in the middle of phrases.
    let quote = &quote.split_whitespace().collect::<Vec<_>>().join(" ");
    match term.normaliser {
        Normaliser::Title => Some(Value::Text(quote.clone())),
        Normaliser::Date => day(quote, known),
        Normaliser::TermEnd => term_end(quote, known),
        Normaliser::Renewal => renewal(quote).map(Value::Duration),
        Normaliser::Notice => notice(quote).map(Value::Duration),
        Normaliser::Law => jurisdiction::law(quote).map(Value::Jurisdiction),
        Normaliser::Forum => Some(jurisdiction::forum(quote).map_or(Value::Clause, Value::Jurisdiction)),
        Normaliser::Payment => payment(quote).map(Value::Duration),
        Normaliser::Duration if !term.labelled => first_length(quote).map(Value::Duration),
        Normaliser::Percent if !term.labelled => {
            Some(money::percents(quote).next().map_or(Value::Clause, |(_, _, share)| Value::Percent(share)))
        }
        _ => Some(Value::Clause),
    }
}

/// Values inside a clause that playbooks ask for, by name: amount, share, duration, base, territory, multiple.
#[must_use]
pub fn fields(term: &TermSpec, quote: &str) -> Vec<(&'static str, Value)> {
    let mut fields = Vec::new();
    let lower = quote.to_ascii_lowercase();
    let length = || duration::find(quote).next().map(|found| Value::Duration(found.duration));
    match term.normaliser {
        Normaliser::PercentBase | Normaliser::Percent => {
            fields.extend(money::percents(quote).next().map(|(_, _, share)| ("rate", Value::Percent(share))));
            let base = [
                "net sales",
                "net revenue",
                "gross revenue",
                "gross sales",
                "net profit",
                "gross profit",
                "gross receipts",
            ];
            fields.extend(
                base.iter()
                    .find(|base| lower.contains(**base))
                    .map(|base| ("base", Value::Text((*base).to_owned()))),
            );
        }
        Normaliser::Cap | Normaliser::Money | Normaliser::Amount => {
            fields.extend(money::find(quote).next().map(|(_, _, money)| ("amount", Value::Money(money))));
            if term.normaliser == Normaliser::Cap && lower.contains("paid") {
                fields.extend(length().map(|length| ("fees_of", length)));
            }
        }
        Normaliser::NoticeWho => {
            fields.extend(notice(quote).map(|length| ("notice", Value::Duration(length))));
            let mutual = ["either party", "each party", "both parties", "any party"]
                .iter()
                .any(|words| lower.contains(words));
            fields.push(("who", Value::Text(if mutual { "either" } else { "one" }.to_owned())));
        }
        Normaliser::Renewal => {
            let auto =
                lower.contains("automatic") || lower.contains("shall be renewed") || lower.contains("tacit");
            fields.push(("auto", Value::Text(if auto { "yes" } else { "no" }.to_owned())));
        }
        Normaliser::Duration | Normaliser::Hours | Normaliser::Frequency => {
            fields.extend(length().map(|length| ("duration", length)));
        }
        _ => {}
    }
    let territory = ["worldwide", "world-wide", "throughout the world", "territory", "united states"];
    if matches!(term.number, 12 | 26) {
        fields.extend(
            territory
                .iter()
                .find(|words| lower.contains(**words))
                .map(|words| ("territory", Value::Text((*words).to_owned()))),
        );
    }
    fields
}

/// A date with its blanks, e.g. `2019-09-??`.
#[must_use]
pub fn partial(found: &date::Found) -> String {
    let part = |number: Option<u32>| number.map_or_else(|| "??".to_owned(), |number| format!("{number:02}"));
    let year = found.year.map_or_else(|| "????".to_owned(), |year| year.to_string());
    format!("{year}-{}-{}", part(found.month), part(found.day))
}

fn day(quote: &str, known: &Known) -> Option<Value> {
    if let Some(found) =
        date::find(quote).find(|found| found.date().is_some()).or_else(|| date::find(quote).next())
    {
        return Some(found.date().map_or_else(|| Value::Text(partial(&found)), Value::Date));
    }
    let lower = quote.to_ascii_lowercase();
    let first_page = [
        "first above",
        "first written",
        "date hereof",
        "first set forth",
        "of this agreement",
        "above written",
        "set forth above",
    ];
    if first_page.iter().any(|words| lower.contains(words)) {
        return known.signed.map(Value::Date);
    }
    let signature = ["signature", "signed", "execution", "signing", "executed"];
    signature.iter().any(|words| lower.contains(words)).then(|| Value::Text("date of signature".to_owned()))
}

static ANNIVERSARY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|fifteenth|twentieth|\d{1,2}\s?(?:st|nd|rd|th))\s+(?:\([\w\s]{1,8}\)\s+)?(?:year\s+)?(?:annual\s+)?anniversary",
    )
});
static UNTIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:until|through|thru|expires?|expiring|ending|terminates?|ends?|to|concluding|ended|till|including|on|means|expiration date|end date|termination date)\b[^.;]{0,40}$",
    )
});

fn term_end(quote: &str, known: &Known) -> Option<Value> {
    let ends = date::find(quote).filter(|found| found.date().is_some());
    let before = |at: usize| &quote[..at];
    let until = |at: usize| UNTIL.as_ref().is_some_and(|until| until.is_match(before(at)));
    let starts = |at: usize| {
        let lower = before(at).to_ascii_lowercase();
        let near = tail(&lower, 28);
        let words =
            ["commenc", "begin", "start", "from ", "effective as of", "dated", "effective on", "effect on"];
        words.iter().any(|words| near.contains(words))
    };
    // "December 1, 2019 through March 30, 2020" begins with the first of them.
    let leads = |at: usize| {
        let after = head(&quote[at..], 16).trim_start_matches([' ', ',']).to_ascii_lowercase();
        ["through", "thru", "to ", "until", "till", "and end"].iter().any(|words| after.starts_with(words))
    };
    let mut ends = ends
        .filter(|found| until(found.start) && !starts(found.start) && !leads(found.end) || quote.len() < 40);
    if let Some(end) = ends.next() {
        return end.date().map(Value::Date);
    }
    let length = initial_length(quote).or_else(|| {
        let name = ANNIVERSARY.as_ref()?.captures(quote)?.get(1)?.as_str().to_ascii_lowercase();
        let names =
            ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let count =
            names.iter().position(|other| *other == name).map(|at| at as f64 + 1.0).or(digits.parse().ok());
        let count = count.or((name == "fifteenth").then_some(15.0)).or((name == "twentieth").then_some(20.0));
        Some(Duration { count: count?, unit: CalendarUnit::Years })
    });
    if let Some(length) = length {
        let start = date::find(quote)
            .filter(|found| starts(found.start))
            .find_map(|found| found.date())
            .or(known.start);
        return Some(
            start.and_then(|start| after(start, &length)).map_or(Value::Duration(length), Value::Date),
        );
    }
    // What ends with an event or at somebody's will has no end that is known; a length left blank is not read.
    let lower = quote.to_ascii_lowercase();
    let elsewhere = ["set forth in", "specified in", "stated in", "described in"];
    let elsewhere = elsewhere.iter().any(|words| lower.contains(&format!("term {words}")))
        || lower.contains("expiry of the") && lower.contains("period");
    let blank = elsewhere
        || quote.contains("***")
        || quote.contains("* * *")
        || quote.contains("__")
        || quote.contains("[");
    let open = [
        "perpetual",
        "indefinite",
        "in perpetuity",
        "until",
        "unless terminated",
        "unless and until",
        "so long as",
        "as long as",
        "shall terminate",
        "will terminate",
        "not be terminable",
        "shall continue in",
    ];
    let ends = ["until", "expir", "terminat", " end"].iter().any(|words| lower.contains(words));
    match open.iter().any(|words| lower.contains(words)) {
        true if !blank => Some(Value::Duration(Duration { count: 0.0, unit: CalendarUnit::Perpetual })),
        _ => ends.then_some(Value::Clause),
    }
}

/// The first length of time that is neither a notice nor a renewal.
fn initial_length(quote: &str) -> Option<Duration> {
    duration::find(quote)
        .find(|found| {
            let after = head(&quote[found.end..], 40).to_ascii_lowercase();
            let before = tail(&quote[..found.start], 60).to_ascii_lowercase();
            let notice = ["prior", "notice", "before", "’ written", "' written", "advance"]
                .iter()
                .any(|words| after.contains(words));
            let renewal = [
                "successive",
                "additional",
                "renew",
                "extension",
                " within ",
                "at least ",
                " each ",
                " every ",
            ]
            .iter()
            .any(|words| before.contains(words));
            let long = matches!(found.duration.unit, CalendarUnit::Months | CalendarUnit::Years)
                || found.duration.count >= 60.0;
            let anniversary = quote[found.start..found.end].to_ascii_lowercase().contains("anniversary");
            !notice && !renewal && long && !anniversary && !before.ends_with("of the ")
        })
        .map(|found| found.duration)
}

/// The day a length of time after a day.
#[must_use]
pub fn after(start: NaiveDate, length: &Duration) -> Option<NaiveDate> {
    let whole = |count: f64| (count.fract() == 0.0 && (0.0..5000.0).contains(&count)).then_some(count as u32);
    match length.unit {
        CalendarUnit::Years => start.checked_add_months(Months::new(whole(length.count * 12.0)?)),
        CalendarUnit::Months => start.checked_add_months(Months::new(whole(length.count)?)),
        CalendarUnit::Weeks => {
            start.checked_add_days(chrono::Days::new(u64::from(whole(length.count * 7.0)?)))
        }
        CalendarUnit::Days => start.checked_add_days(chrono::Days::new(u64::from(whole(length.count)?))),
        _ => None,
    }
}

fn renewal(quote: &str) -> Option<Duration> {
    let lower = quote.to_ascii_lowercase();
    for (words, unit) in [
        ("year-to-year", CalendarUnit::Years),
        ("year to year", CalendarUnit::Years),
        ("month-to-month", CalendarUnit::Months),
        ("month to month", CalendarUnit::Months),
        ("monthly periods", CalendarUnit::Months),
        ("yearly basis", CalendarUnit::Years),
        ("annual basis", CalendarUnit::Years),
    ] {
        if lower.contains(words) {
            return Some(Duration { count: 1.0, unit });
        }
    }
    let cues = [
        "renew",
        "extend",
        "extension",
        "successive",
        "additional",
        "thereafter",
        "consecutive",
        "prolong",
        "successor",
    ];
    let cue = cues.iter().filter_map(|cue| lower.find(cue)).min()?;
    let fits = |found: &duration::Found| {
        let after = head(&quote[found.end..], 24).to_ascii_lowercase();
        let before = tail(&quote[..found.start], 24).to_ascii_lowercase();
        let long = matches!(found.duration.unit, CalendarUnit::Months | CalendarUnit::Years)
            || found.duration.count >= 28.0;
        let initial = ["initial", "within", "less than", "at least", "later than", "notice"];
        long && !is_notice(&after) && !initial.iter().any(|words| before.contains(words))
    };
    let found: Vec<duration::Found> = duration::find(quote).filter(fits).collect();
    let behind = found.iter().find(|found| found.end > cue).map(|found| found.duration);
    behind.or_else(|| {
        (lower[cue..].contains("annually")).then_some(Duration { count: 1.0, unit: CalendarUnit::Years })
    })
}

/// Whether the words behind a length make it the length of a notice: "days' prior written notice".
fn is_notice(after: &str) -> bool {
    let after = after.trim_start_matches([')', '\'', '’', ' ', ',']);
    [
        "prior",
        "notice",
        "before",
        "advance",
        "in advance",
        "written",
        "preceding",
        "of the end",
        "from the end",
    ]
    .iter()
    .any(|words| after.starts_with(words))
}

fn notice(quote: &str) -> Option<Duration> {
    let score = |found: &duration::Found| {
        let after = head(&quote[found.end..], 30).to_ascii_lowercase();
        let before = tail(&quote[..found.start], 30).to_ascii_lowercase();
        let least = ["least", "less than", "later than", "minimum of", "fewer than", "more than", "upon"];
        let own = least.iter().any(|words| before.trim_end_matches([' ', 'a']).ends_with(words));
        let renewed = ["successive", "additional", "each", "renew", "every", "further", "for a", "period of"];
        let term = ["term", "period", "renewal", "thereafter"];
        let after_sign = after.trim_start_matches([')', '\'', '’', ' ', '-']);
        i32::from(is_notice(&after)) * 3 + i32::from(own) * 2
            - i32::from(renewed.iter().any(|words| before.trim_end().ends_with(words))) * 3
            - i32::from(term.iter().any(|words| after_sign.starts_with(words))) * 3
    };
    let mut best: Option<(i32, Duration)> = None;
    for found in duration::find(quote) {
        let own = score(&found);
        if own >= 2 && best.is_none_or(|(other, _)| own > other) {
            best = Some((own, found.duration));
        }
    }
    best.map(|(_, length)| length)
}

fn payment(quote: &str) -> Option<Duration> {
    static NET: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r"(?i)\bnet[\s-]+(?:\w+\s\()?(\d{1,3})\)?\b"));
    let net = NET.as_ref().and_then(|net| net.captures(quote)?.get(1)?.as_str().parse().ok());
    net.map(|count| Duration { count, unit: CalendarUnit::Days }).or_else(|| first_length(quote))
}

fn first_length(quote: &str) -> Option<Duration> {
    duration::find(quote).next().map(|found| found.duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::terms;

    fn read(key: &str, quote: &str) -> Option<Value> {
        let start = NaiveDate::from_ymd_opt(2018, 1, 15);
        of(terms::by_key(key).expect("a term"), quote, &Known { start, signed: start })
    }

    fn date(text: &str) -> Option<Value> {
        Some(Value::Date(text.parse().expect("a date")))
    }

    fn length(count: f64, unit: CalendarUnit) -> Option<Value> {
        Some(Value::Duration(Duration { count, unit }))
    }

    #[test]
    fn ends_of_terms() {
        let read = |quote| read("expiration_date", quote);
        assert_eq!(read("This agreement is for a term of ten (10) years."), date("2028-01-15"));
        assert_eq!(
            read("shall commence on March 15, 2018 and will expire on March 14, 2020 unless terminated"),
            date("2020-03-14")
        );
        assert_eq!(
            read("shall continue until the fifth (5th) anniversary of the Effective Date"),
            date("2023-01-15")
        );
        assert_eq!(
            read("shall continue indefinitely unless sooner terminated"),
            length(0.0, CalendarUnit::Perpetual)
        );
        assert_eq!(
            read("until January 18, 2022, and thereafter shall continue automatically"),
            date("2022-01-18")
        );
        // No end that is known counts as none, as the labels have it.
        assert_eq!(read("until the Offering closes"), length(0.0, CalendarUnit::Perpetual));
        assert_eq!(read("shall continue for * years until [***]"), Some(Value::Clause));
        assert_eq!(
            read("means the time from February 21, 2011 through December 31, 2012."),
            date("2012-12-31")
        );
        assert_eq!(read("shall extend until the four (4) year anniversary of it"), date("2022-01-15"));
        assert_eq!(read("a product"), None);
    }

    #[test]
    fn renewals_and_their_notice() {
        let quote = "for an initial term of three (3) years and shall automatically renew for successive one (1) year terms unless either party gives ninety (90) days prior written notice";
        assert_eq!(read("renewal_term", quote), length(1.0, CalendarUnit::Years));
        assert_eq!(read("notice_period_to_terminate_renewal", quote), length(90.0, CalendarUnit::Days));
        assert_eq!(
            read(
                "notice_period_to_terminate_renewal",
                "shall renew automatically each year thereafter, unless either party serves written notice at least 90 days prior to the end"
            ),
            length(90.0, CalendarUnit::Days)
        );
        assert_eq!(
            read(
                "renewal_term",
                "may renew for an additional\nthree (3) year period by prior written notice"
            ),
            length(3.0, CalendarUnit::Years)
        );
        assert_eq!(
            read("renewal_term", "thereafter on a month-to-month basis"),
            length(1.0, CalendarUnit::Months)
        );
    }

    #[test]
    fn days_that_refer_to_the_first_page() {
        assert_eq!(read("effective_date", "effective upon the date first written above"), date("2018-01-15"));
        assert_eq!(read("effective_date", "effective on 1 January 1998"), date("1998-01-01"));
        assert_eq!(
            read("effective_date", "as of September __, 2018"),
            Some(Value::Text("2018-09-??".into()))
        );
    }

    #[test]
    fn what_a_clause_holds() {
        let cap = terms::by_key("cap_on_liability").expect("a term");
        let fields =
            fields(cap, "shall not exceed $1,000,000 or the fees paid in the twelve (12) months before");
        assert_eq!(fields.len(), 2);
        assert_eq!(read("payment_terms", "Invoices are payable net 45."), length(45.0, CalendarUnit::Days));
    }
}
