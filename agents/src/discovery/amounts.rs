//! Years, money and market values in a question.

use std::ops::Range;
use std::sync::OnceLock;

use domain::company::Size;
use regex::Regex;

/// Any sum at all, US dollars.
pub const SOME_USD: f64 = 1.0;

/// The numbers of a question, and which bytes of it they took.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Amounts {
    /// Earliest and latest year of foundation, inclusive.
    pub founded: (Option<i32>, Option<i32>),
    /// Least and most raised, US dollars.
    pub funding: (Option<f64>, Option<f64>),
    /// Size buckets that a market value asks for.
    pub sizes: Vec<Size>,
    taken: Vec<Range<usize>>,
}

impl Amounts {
    /// True when the byte belongs to a number that was understood.
    pub fn covers(&self, byte: usize) -> bool {
        self.taken.iter().any(|range| range.contains(&byte))
    }
}

struct Patterns {
    years: Vec<(Regex, Meaning)>,
    money: Regex,
    span: Regex,
    heads: Regex,
    some: Regex,
}

#[derive(Clone, Copy)]
enum Meaning {
    Between,
    After,
    Since,
    Before,
    Until,
    In,
    Decade,
}

const FOUNDED: &str = r"(?i)\b(?:(?:that|which|were|was|and|been|companies|firms)\s+)*(?:(?:founded|established|started|incorporated|launched|created|formed|set up|born|gegr[üu]ndet|fond[ée]e?s?|fundadas?)\s+)?";
const YEAR: &str = r"((?:18|19|20)\d\d)";

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let year = |body: &str, tail: &str| {
            Regex::new(&format!(r"{FOUNDED}{body}{YEAR}{tail}\b")).expect("a fixed pattern")
        };
        let amount = r"(?:us)?[$€£]?\s*(\d+(?:[.,]\d+)*|\ban?\b)\s*(k|thousand|m|mm|mn|mio|mil|million|millions|b|bn|billion)?\b\s*(?:us\s*)?(?:dollars|usd|euros?|eur)?";
        let compare = r"(more than|greater than|over|above|at least|min(?:imum)?(?: of)?|from|exceeding|beyond|>=?|mehr als|less than|fewer than|under|below|up to|at most|max(?:imum)?(?: of)?|no more than|not more than|<=?)";
        Patterns {
            years: vec![
                (year(r"(?:between|from)\s+(?:19|20)\d\d\s*(?:and|to|-|–)\s*", ""), Meaning::Between),
                (year(r"(?:in the\s+|during the\s+)?", "s"), Meaning::Decade),
                (year(r"(?:in|from|on)\s+or\s+after\s+", ""), Meaning::Since),
                (year(r"(?:in|on)\s+or\s+before\s+", ""), Meaning::Until),
                (year(r"(?:after|later than|nach|apr[èe]s|despu[ée]s de|post[- ]|newer than|younger than)\s*", ""), Meaning::After),
                (year(r"(?:since|from|no earlier than|not before|starting|seit|depuis|desde)\s+", ""), Meaning::Since),
                (year("(?:in\\s+)?", r"\s+(?:or later|or after|or newer|onwards?|and later|and after)"), Meaning::Since),
                (year(r"(?:before|earlier than|prior to|vor|avant|antes de|pre[- ]|older than)\s*", ""), Meaning::Before),
                (year(r"(?:until|by|up to|no later than|not after)\s+", ""), Meaning::Until),
                (year("(?:in\\s+)?", r"\s+(?:or earlier|or before|or older)"), Meaning::Until),
                (year(r"in\s+", ""), Meaning::In),
                (year("", ""), Meaning::In),
            ],
            money: Regex::new(&format!(r"(?i)(?:{compare}\s*)?{amount}\s*(\+|or more|plus|or less|and up|and above)?"))
                .expect("a fixed pattern"),
            heads: Regex::new(&format!(r"(?i)(?:with\s+)?(?:{compare}\s+)?\d[\d,.]*\s*\+?\s*(?:people|employees|staff|workers|heads|headcount|ftes?)\b")).expect("a fixed pattern"),
            some: Regex::new(r"(?i)\b(?:(?:with|having|have|has|got|that|already)\s+)+(?:some\s+|any\s+|outside\s+|venture\s+)*(?:raised\s+)?(?:funding|money|capital|backing|investment)(?:\s+(?:raised|behind them|in the bank))?(?:\s*[,.;?!)]|\s*$|(?:\s+(?:in|from|and)\b))")
                .expect("a fixed pattern"),
            span: Regex::new(&format!(r"(?i)(?:between\s+)?{amount}\s*(?:and|to|-|–)\s*{amount}")).expect("a fixed pattern"),
        }
    })
}

/// Reads the years and the money of a question.
pub fn read_amounts(text: &str) -> Amounts {
    let mut amounts = Amounts::default();
    read_years(text, &mut amounts);
    read_money(text, &mut amounts);
    // The directory knows no head counts, so they ask for nothing; left as words they would.
    amounts.taken.extend(patterns().heads.find_iter(text).map(|found| found.range()));
    amounts
}

fn read_years(text: &str, amounts: &mut Amounts) {
    for (pattern, meaning) in &patterns().years {
        let Some(found) = pattern.captures(text) else { continue };
        let (Some(whole), Some(Ok(year))) = (found.get(0), found.get(1).map(|m| m.as_str().parse::<i32>()))
        else {
            continue;
        };
        amounts.founded = match meaning {
            Meaning::Between => {
                let first = first_year(whole.as_str()).unwrap_or(year);
                (Some(first.min(year)), Some(first.max(year)))
            }
            Meaning::After => (Some(year + 1), None),
            Meaning::Since => (Some(year), None),
            Meaning::Before => (None, Some(year - 1)),
            Meaning::Until => (None, Some(year)),
            Meaning::In => (Some(year), Some(year)),
            Meaning::Decade => (Some(year), Some(year + 9)),
        };
        amounts.taken.push(whole.range());
        return;
    }
}

fn first_year(text: &str) -> Option<i32> {
    let digits: String =
        text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What the money of a question is about.
#[derive(PartialEq)]
enum About {
    Funding,
    MarketValue,
}

fn about(text: &str) -> Option<About> {
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["market cap", "market value", "valued", "capitali", "worth"]) {
        return Some(About::MarketValue);
    }
    // What firms sell or whom they serve is counted in millions too.
    let counted = [
        "customers",
        "users",
        "people",
        "employees",
        "staff",
        "revenue",
        "sales",
        "turnover",
        "tons",
        "litres",
        "units",
    ];
    (!says(&counted)).then_some(About::Funding)
}

fn read_money(text: &str, amounts: &mut Amounts) {
    let Some(about) = about(text) else { return };
    let free = |range: Range<usize>| {
        !amounts.taken.iter().any(|held| held.start < range.end && range.start < held.end)
    };
    let mut bounds = (None, None);
    let mut taken = None;
    if let Some(found) =
        patterns().span.captures_iter(text).find(|found| found.get(0).is_some_and(|m| free(m.range())))
    {
        let unit = found.get(4).map(|unit| unit.as_str());
        let own = found.get(2).map(|unit| unit.as_str()).or(unit);
        bounds = (usd(found.get(1).map(|m| m.as_str()), own), usd(found.get(3).map(|m| m.as_str()), unit));
        taken = found.get(0).map(|whole| whole.range()).filter(|_| unit.is_some());
    }
    if taken.is_none() {
        bounds = (None, None);
        for found in patterns().money.captures_iter(text) {
            let Some(whole) = found.get(0).filter(|whole| free(whole.range())) else { continue };
            let unit = found.get(3).map(|unit| unit.as_str());
            let is_word = found.get(2).is_some_and(|number| number.as_str().starts_with(['a', 'A']));
            let short = unit.is_none_or(|unit| unit.len() < 3);
            if is_word && short {
                continue;
            }
            if unit.is_none() && !whole.as_str().contains(['$', '€', '£', ',']) {
                continue;
            }
            let value = usd(found.get(2).map(|m| m.as_str()), unit);
            let said = format!(
                "{} {}",
                found.get(1).map_or("", |m| m.as_str()),
                found.get(4).map_or("", |m| m.as_str())
            );
            let less =
                ["less", "fewer", "under", "below", "up to", "at most", "max", "<", "no more", "not more"];
            bounds = if less.iter().any(|word| said.to_lowercase().contains(word)) {
                (None, value)
            } else {
                (value, None)
            };
            taken = Some(whole.range());
            break;
        }
    }
    let Some(taken) = taken else {
        // "With some funding" asks for a sum that is known, whatever it is.
        if let Some(found) = patterns().some.find(text).filter(|_| about == About::Funding) {
            amounts.funding = (Some(SOME_USD), None);
            amounts.taken.push(found.range());
        }
        return;
    };
    amounts.taken.push(taken);
    match about {
        About::Funding => amounts.funding = bounds,
        About::MarketValue => amounts.sizes = buckets(bounds),
    }
}

fn usd(number: Option<&str>, unit: Option<&str>) -> Option<f64> {
    let number = match number? {
        "a" | "an" | "A" | "An" => "1",
        other => other,
    };
    // "1,5 million" is a decimal comma, "1,500,000" is not.
    let grouped = number.split([',', '.']).skip(1).all(|part| part.len() == 3) && unit.is_none();
    let clean = if grouped { number.replace([',', '.'], "") } else { number.replace(',', ".") };
    let value: f64 = clean.parse().ok()?;
    let scale = match unit.map(str::to_lowercase).as_deref() {
        Some("k" | "thousand") => 1e3,
        Some("b" | "bn" | "billion") => 1e9,
        Some(_) => 1e6,
        None => 1.0,
    };
    Some(value * scale)
}

/// The buckets that lie within a market value's bounds, by their lower and upper ends.
fn buckets((min, max): (Option<f64>, Option<f64>)) -> Vec<Size> {
    let ends = [(0.0, 5e7), (5e7, 3e8), (3e8, 2e9), (2e9, 1e10), (1e10, 2e11), (2e11, f64::INFINITY)];
    let inside =
        |(low, high): (f64, f64)| min.is_none_or(|min| low >= min) && max.is_none_or(|max| high <= max);
    Size::ALL.into_iter().zip(ends).filter(|(_, ends)| inside(*ends)).map(|(size, _)| size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_read() {
        for (text, founded) in [
            ("founded after 2005", (Some(2006), None)),
            ("established since 2005", (Some(2005), None)),
            ("started before 2000 in Spain", (None, Some(1999))),
            ("founded in 2010", (Some(2010), Some(2010))),
            ("founded between 2005 and 2010", (Some(2005), Some(2010))),
            ("founded from 2010 to 2005", (Some(2005), Some(2010))),
            ("set up in the 1990s", (Some(1990), Some(1999))),
            ("2008 or later", (Some(2008), None)),
            ("gegründet nach 2011", (Some(2012), None)),
            ("no year here", (None, None)),
        ] {
            assert_eq!(read_amounts(text).founded, founded, "{text}");
        }
    }

    #[test]
    fn money_is_read_only_when_it_is_about_money() {
        for (text, funding) in [
            ("raised more than $50M", (Some(5e7), None)),
            ("that raised over 50 million dollars", (Some(5e7), None)),
            ("funding under $2.5m", (None, Some(2.5e6))),
            ("with at least 1bn in funding", (Some(1e9), None)),
            ("raised between $10m and $50m", (Some(1e7), Some(5e7))),
            ("raised 10-50 million", (Some(1e7), Some(5e7))),
            ("$20M+ raised", (Some(2e7), None)),
            ("raised more than $5,000,000", (Some(5e6), None)),
            ("3d printing companies", (None, None)),
            ("founded after 2005 and raised over $5M", (Some(5e6), None)),
            ("edtech startups in Georgia, with some money raised", (Some(SOME_USD), None)),
            ("startups with funding", (Some(SOME_USD), None)),
            ("software for money transfer", (None, None)),
            ("banks with capital markets desks", (None, None)),
        ] {
            assert_eq!(read_amounts(text).funding, funding, "{text}");
        }
        assert_eq!(read_amounts("market cap above $10 billion").sizes, [Size::Large, Size::Mega]);
    }
}
