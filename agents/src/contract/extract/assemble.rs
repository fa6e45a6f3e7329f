//! From judged candidates to answers: one best guess a term with its value, and whatever else may be one.

use std::sync::LazyLock;

use domain::contract::{CalendarUnit, Party, Value};
use regex::Regex;

use super::{
    candidate::{Candidate, Group, LABELLED},
    parties,
    passage::{Kind, OWN_NUMBERS},
    reading::Reading,
    values::{self, Known},
};
use crate::contract::{
    normalise::{date, party, pattern},
    terms::{self, Normaliser, TermSpec},
};

/// A place with what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// What it says; `None` when it does not say it in a form that we read.
    pub value: Option<Value>,
    /// Probability that the place is the term.
    pub share: f32,
    /// What else is seen of the place; see [`Signs`].
    pub signs: Signs,
}

/// What is seen of a place besides its probability: log-odds of both looks; of the parties, how sure the least sure
/// of those taken and the best of those left out are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signs {
    /// Log-odds of the first look.
    pub first: f32,
    /// Log-odds of the second look.
    pub second: f32,
    /// The least sure party taken; 1 for other terms.
    pub least: f32,
    /// The surest name left out; 0 for other terms.
    pub left: f32,
}

impl Signs {
    fn of(one: &Candidate) -> Self {
        let first = one.numbers.get(if one.passage.is_some() { OWN_NUMBERS } else { 0 });
        Self { first: first.copied().unwrap_or(0.0), second: one.odds, least: 1.0, left: 0.0 }
    }
}

/// Guesses of each labelled term, the best first; they do not overlap.
#[must_use]
pub fn guesses(text: &str, reading: &Reading, pool: &[Candidate]) -> Vec<Vec<Guess>> {
    let mut known = Known::default();
    let mut all: Vec<Vec<Guess>> = vec![Vec::new(); LABELLED];
    for term in [2, 3, 0, 1].into_iter().chain(4..LABELLED) {
        all[term] = if term == 1 {
            party_guesses(text, reading, pool)
        } else {
            term_guesses(text, reading, (pool, term), &known)
        };
        let day = match all[term].first() {
            Some(Guess { value: Some(Value::Date(day)), share, .. }) if *share > 0.25 => Some(*day),
            _ => None,
        };
        match term {
            2 => known = Known { start: day, signed: day },
            3 => known.start = day.or(known.start),
            _ => {}
        }
    }
    all
}

/// Candidates that do not overlap a better one of their term; the best first.
#[must_use]
pub fn distinct(pool: &[Candidate], term: usize) -> Vec<&Candidate> {
    let mut own: Vec<&Candidate> = pool.iter().filter(|one| one.term == term).collect();
    own.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.odds.total_cmp(&a.odds)));
    let mut kept: Vec<&Candidate> = Vec::new();
    for one in own {
        if kept.iter().all(|other| one.end <= other.start || other.end <= one.start) {
            kept.push(one);
        }
    }
    kept
}

fn term_guesses(
    text: &str,
    reading: &Reading,
    (pool, term): (&[Candidate], usize),
    known: &Known,
) -> Vec<Guess> {
    let spec = &terms::all()[term];
    let own = distinct(pool, term);
    let guess = |one: &&Candidate| {
        let quote = &text[one.start..one.end];
        let day = one.passage.and_then(|at| match &reading.passages[at].kind {
            Kind::Date(found) => Some(of_date(found)),
            _ => None,
        });
        Guess {
            start: one.start,
            end: one.end,
            value: day
                .or_else(|| values::of(spec, quote, known))
                .map(|value| defined(text, spec, quote, value, known)),
            share: one.share,
            signs: Signs::of(one),
        }
    };
    own.iter().map(guess).collect()
}

/// What a clause says that leaves the end to a definition: "shall expire on the Expiration Date".
fn defined(text: &str, spec: &TermSpec, quote: &str, value: Value, known: &Known) -> Value {
    let open = match &value {
        Value::Clause => true,
        Value::Duration(length) => length.unit == CalendarUnit::Perpetual,
        _ => false,
    };
    if spec.normaliser != Normaliser::TermEnd || !open {
        return value;
    }
    let closed =
        DEFINITION.iter().flat_map(|pattern| pattern.captures_iter(text)).take(40).find_map(|found| {
            let name = found.get(1)?.as_str();
            let said = found.get(0)?.as_str();
            if !quote.contains(name) || quote.contains(said) {
                return None;
            }
            values::of(spec, said, known).filter(|value| match value {
                Value::Date(_) => true,
                Value::Duration(length) => length.unit != CalendarUnit::Perpetual,
                _ => false,
            })
        });
    closed.unwrap_or(value)
}

static DEFINITION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"["“]?((?:Expiration|Termination|Expiry|End) Date|(?:Initial |Contract |Service |Services )?(?:Term|Period))["”]?\s*(?::|(?:shall\s+)?means?\b|shall be\b|is\b)[^.;"“]{3,260}"#,
    )
});

fn of_date(found: &date::Found) -> Value {
    found.date().map_or_else(|| Value::Text(values::partial(found)), Value::Date)
}

/// A party counts as one from here.
const PARTY_SHARE: f32 = 0.5;
/// From here it counts when no other but one does.
const SECOND_SHARE: f32 = 0.05;
/// Parties that stand further apart are not quoted as one passage.
const PASSAGE_BYTES: usize = 5000;

/// All parties in one passage with the whole list as value, then what calls them parties, then names left over.
fn party_guesses(text: &str, reading: &Reading, pool: &[Candidate]) -> Vec<Guess> {
    let own = distinct(pool, 1);
    let named = apart(text, reading, pool);
    let mut chosen: Vec<&Candidate> = named.iter().copied().filter(|one| one.share >= PARTY_SHARE).collect();
    // A contract has two sides: the next best names join a single one.
    let next = named.iter().copied().filter(|one| one.share < PARTY_SHARE && one.share >= SECOND_SHARE);
    chosen.extend(next.take(2_usize.saturating_sub(chosen.len())).collect::<Vec<_>>());
    let certain: f32 =
        named
            .iter()
            .map(|one| {
                if chosen.iter().any(|kept| std::ptr::eq(*kept, *one)) { one.share } else { 1.0 - one.share }
            })
            .product();
    let least = chosen.iter().map(|one| one.share).fold(1.0, f32::min);
    let left = named.iter().filter(|one| !chosen.iter().any(|kept| std::ptr::eq(*kept, **one)));
    let left = left.map(|one| one.share).fold(0.0, f32::max);
    let signs = chosen.first().map(|one| Signs { least, left, ..Signs::of(one) }).unwrap_or_default();
    chosen.sort_by_key(|one| one.start);
    let list: Vec<Party> = chosen.iter().filter_map(|one| party(text, reading, one)).collect();
    let mut all = Vec::new();
    let range =
        chosen.first().zip(chosen.iter().map(|one| one.end).max()).map(|(first, end)| (first.start, end));
    let joined = range.filter(|range| range.1 - range.0 <= PASSAGE_BYTES);
    if let Some((start, end)) = joined {
        all.push(Guess { start, end, value: Some(Value::Parties(list)), share: certain, signs });
    } else if let Some(first) = chosen.iter().max_by(|a, b| a.share.total_cmp(&b.share)) {
        // Names far apart: the surest place is the proof, the value is still the whole list.
        all.push(Guess {
            start: first.start,
            end: first.end,
            value: Some(Value::Parties(list)),
            share: certain,
            signs,
        });
    }
    for one in own {
        if all.iter().all(|other: &Guess| one.end <= other.start || other.end <= one.start) {
            // Beside the names, "each a Party" is a further place of the term; alone it names nobody.
            let together = (one.group == Group::Together && !all.is_empty()).then_some(Value::Clause);
            let value = party(text, reading, one).map(|party| Value::Parties(vec![party])).or(together);
            all.push(Guess {
                start: one.start,
                end: one.end,
                value,
                share: one.share,
                signs: Signs::of(one),
            });
        }
    }
    all
}

/// Names that stand apart from better ones, the best first. Passages may overlap: the brackets behind a second name may
/// speak of the first one too.
fn apart<'a>(text: &str, reading: &Reading, pool: &'a [Candidate]) -> Vec<&'a Candidate> {
    let mut own: Vec<&Candidate> = pool.iter().filter(|one| one.group == Group::Party).collect();
    own.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.odds.total_cmp(&a.odds)));
    let mut kept: Vec<(&Candidate, (usize, usize), String)> = Vec::new();
    for one in own {
        let Some(name) = name_of(reading, one) else { continue };
        let key = party::key(&text[name.0..name.1]);
        let alike = |other: &str| within(&key, other) || within(other, &key);
        if kept.iter().all(|(_, other, known)| (name.1 <= other.0 || other.1 <= name.0) && !alike(known)) {
            kept.push((one, name, key));
        }
    }
    kept.into_iter().map(|(one, ..)| one).collect()
}

/// Whether a name is another with an address or a line of the page before or behind it.
fn within(short: &str, long: &str) -> bool {
    short.contains(' ')
        && long.len() > short.len()
        && (long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' '))
            || long.strip_suffix(short).is_some_and(|rest| rest.ends_with(' ')))
}

fn name_of(reading: &Reading, one: &Candidate) -> Option<(usize, usize)> {
    match reading.passages.get(one.passage?)?.kind {
        Kind::Party { name, .. } => Some(name),
        _ => None,
    }
}

fn party(text: &str, reading: &Reading, one: &Candidate) -> Option<Party> {
    let Kind::Party { name, alias } = reading.passages.get(one.passage?)?.kind else { return None };
    let clean =
        |(start, end): (usize, usize)| text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    let role = parties::role(text, alias).map(clean).unwrap_or_default();
    Some(Party { name: clean(name), role: role.trim_start_matches("the ").to_owned() })
}
