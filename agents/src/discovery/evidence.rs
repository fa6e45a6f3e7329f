//! Where a company row proves each part of a question: the field, or the sentence verbatim.

use std::ops::Range;

use domain::company::Company;
use domain::places::places;
use domain::search::{Evidence, Filters, Verdict};
use domain::taxonomy::{Nth, sentence_weights, taxonomy};
use domain::words::{fold, sentences, stem, words};

use super::chips;

/// Words of a capability outside the taxonomy, with how telling each is (rarer is more).
#[derive(Debug, Clone)]
pub struct Phrase {
    /// As the person wrote it.
    pub said: String,
    /// Comparable words and their weights, which add up to 1.
    pub words: Vec<(String, f64)>,
    /// How many companies use its rarest word.
    pub rarest: u64,
    /// Industries it names, when the taxonomy knows it.
    pub industries: Vec<Nth>,
}

impl Phrase {
    /// The same words without what the taxonomy knows of them.
    pub fn plain(&self) -> Self {
        Self { industries: Vec::new(), ..self.clone() }
    }
}

/// A fact that was asked for, on a company's row.
pub enum Fact {
    /// It holds; the field and its value.
    Holds(&'static str, String),
    /// The directory does not know.
    Unknown(&'static str),
    /// It does not hold.
    Broken,
}

/// Proof that a company is of an industry: field, quote, and whether the description gave it.
pub fn industry_proof(company: &Company, industry: Nth) -> Option<(&'static str, String)> {
    if let Some(sentence) = best_sentence(company, industry) {
        return Some(("description", sentence));
    }
    let proves = |nth: Nth| taxonomy().is_within(nth, industry);
    let labelled = taxonomy().labelled(company);
    let mut implied: Vec<_> =
        labelled.iter().filter(|(nth, weight, ..)| proves(*nth) && *weight > 0.4).collect();
    implied.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named = taxonomy().proofs(&words(&company.name)).iter().any(|found| proves(found.industry));
    match implied.first() {
        Some((_, weight, field, value)) if *weight > 0.6 || !named => Some((*field, value.clone())),
        _ if named => Some(("name", company.name.clone())),
        _ => None,
    }
}

fn best_sentence(company: &Company, industry: Nth) -> Option<String> {
    let description = company.description.as_deref()?;
    let name: Vec<String> = words(&company.name).into_iter().map(|word| word.stem).collect();
    let mut best: Option<(f32, &str)> = None;
    for (nth, range) in sentences(description).into_iter().enumerate().take(24) {
        let sentence = &description[range];
        let text = words(sentence);
        let weights = sentence_weights(&text, &name, nth);
        let proofs = taxonomy().proofs(&text);
        let found = proofs.iter().filter(|found| taxonomy().is_within(found.industry, industry));
        let weight = found.map(|found| weights[found.from]).fold(0.0_f32, f32::max);
        if weight > 0.05 && best.is_none_or(|(held, _)| weight > held) {
            best = Some((weight, sentence));
        }
    }
    best.map(|(_, sentence)| sentence.to_owned())
}

/// A company's text, folded once, so that many phrases can be looked up in it without further copies.
#[derive(Debug)]
pub struct Text {
    name: String,
    /// Each sentence's place in the description, and its words.
    sentences: Vec<(Range<usize>, String)>,
}

impl Text {
    /// Reads the name and as many sentences of the description.
    pub fn new(company: &Company, most: usize) -> Self {
        let description = company.description.as_deref().unwrap_or_default();
        let cut = sentences(description).into_iter().take(most);
        let sentences = cut.map(|range| (range.clone(), fold(&description[range]))).collect();
        Self { name: fold(&company.name), sentences }
    }
}

impl Text {
    /// The sentences that were read, folded.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.sentences.iter().map(|(_, folded)| folded.as_str())
    }
}

/// What the first sentences count, and those behind: what a company leads with is what it does.
const FADE: [f64; 4] = [1.0, 0.9, 0.82, 0.76];
const FADE_LATER: f64 = 0.7;
/// Where the lead of a description ends, and what a sentence behind it counts of its share: a long description of a
/// conglomerate mentions everything.
const LEAD_BYTES: usize = 400;
const LATE: f64 = 0.7;

/// How much of a phrase a company shows, 0 to 1, and where.
pub fn phrase_proof(
    company: &Company,
    text: &Text,
    phrase: &Phrase,
) -> (f64, Option<(&'static str, String)>) {
    let mut best: (f64, &'static str, &str) = (0.0, "", "");
    let description = company.description.as_deref().unwrap_or_default();
    for (nth, (range, sentence)) in text.sentences.iter().enumerate() {
        let fade = FADE.get(nth).copied().unwrap_or(FADE_LATER);
        let fade = if range.start >= LEAD_BYTES { LATE * fade } else { fade };
        let covered = fade * covered(phrase, sentence);
        if covered > best.0 {
            best = (covered, "description", &description[range.clone()]);
        }
    }
    let labels = [
        ("name", 0.95, Some(&company.name)),
        ("industry", 0.8, company.industry.as_ref()),
        ("industry_group", 0.8, company.industry_group.as_ref()),
        ("category", 0.8, company.category.as_ref()),
    ];
    for (field, worth, label) in labels {
        let Some(label) = label else { continue };
        let shown = if field == "name" { covered(phrase, &text.name) } else { covered(phrase, &fold(label)) };
        if worth * shown > best.0 {
            best = (worth * shown, field, label.as_str());
        }
    }
    let (covered, field, quote) = best;
    (covered, (covered > 0.0).then(|| (field, quote.to_owned())))
}

/// How much of a phrase's own words the name, a label or the first two sentences use, 0 to 1.
pub fn words_proof(company: &Company, text: &Text, phrase: &Phrase) -> f64 {
    let labels = [company.category.as_ref(), company.industry.as_ref()].into_iter().flatten();
    let label = labels.map(|label| covered_words(phrase, &fold(label))).fold(0.0, f64::max);
    let lead = text.sentences.iter().take(2).map(|(_, sentence)| covered_words(phrase, sentence));
    lead.fold(label.max(0.8 * covered_words(phrase, &text.name)), f64::max)
}

fn covered(phrase: &Phrase, text: &str) -> f64 {
    let named = || {
        taxonomy()
            .proofs(&words(text))
            .iter()
            .any(|found| phrase.industries.iter().any(|asked| taxonomy().is_within(found.industry, *asked)))
    };
    if !phrase.industries.is_empty() && named() { 1.0 } else { covered_words(phrase, text) }
}

/// The weight of the phrase's words that a folded text uses; less when they are far apart, where they
/// rarely belong together.
fn covered_words(phrase: &Phrase, text: &str) -> f64 {
    let mut last: Vec<Option<usize>> = vec![None; phrase.words.len()];
    let mut best = 0.0_f64;
    let tokens = text.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty());
    for (at, have) in tokens.enumerate() {
        let mut hit = false;
        for (held, (want, _)) in last.iter_mut().zip(&phrase.words) {
            if same_word(have, want) {
                *held = Some(at);
                hit = true;
            }
        }
        if hit {
            let found = || last.iter().zip(&phrase.words).filter_map(|(at, word)| Some(((*at)?, word.1)));
            let share: f64 = found().map(|(_, weight)| weight).sum();
            let first = found().map(|(at, _)| at).min().unwrap_or(at);
            let apart = at - first > phrase.words.len() + 6;
            best = best.max(if apart { 0.8 * share } else { share });
        }
    }
    best
}

/// Endings that turn a short word into another form of itself.
const ENDINGS: &[&str] = &["s", "es", "ed", "er", "ers", "ing", "ings", "ion", "ions"];

/// What is left of a word for who does something, or for the doing: `miner` and `mining`.
fn actor(word: &str) -> Option<&str> {
    let root = word.strip_suffix("ing").or_else(|| word.strip_suffix("er"))?;
    (root.len() >= 3).then_some(root)
}

/// Equal but for an English ending: `manufacture` and `manufacturing`, `farm` and `farming`.
fn same_word(have: &str, want: &str) -> bool {
    if have == want {
        return true;
    }
    if want.len() < 4 {
        return have.strip_suffix('s') == Some(want);
    }
    // Most words differ at once.
    if have.len() < 4 || have.as_bytes()[..3] != want.as_bytes()[..3] {
        return false;
    }
    if have.strip_prefix(want).or_else(|| want.strip_prefix(have)).is_some_and(|rest| ENDINGS.contains(&rest))
    {
        return true;
    }
    let have = stem(have);
    if have == want || actor(&have).is_some_and(|root| actor(want) == Some(root)) {
        return true;
    }
    let common = have.chars().zip(want.chars()).take_while(|(a, b)| a == b).count();
    let (longest, shortest) = (have.len().max(want.len()), have.len().min(want.len()));
    common >= 5 && common + 1 >= shortest && longest - common <= 3
}

/// Every fact that was asked for, with its words.
pub fn facts(filters: &Filters, company: &Company) -> Vec<(String, Fact)> {
    let mut facts = Vec::new();
    if !filters.countries.is_empty() {
        facts.push((chips::country_part(filters, company.country.as_deref()), country(filters, company)));
    }
    if !filters.countries_not.is_empty() {
        facts.push((chips::countries_not(filters), country_not(filters, company)));
    }
    if !filters.states.is_empty() || !filters.cities.is_empty() {
        facts.push((chips::place_part(filters, company.country.as_deref()), place(filters, company)));
    }
    if !filters.sizes.is_empty() {
        let labels: Vec<&str> = filters.sizes.iter().map(|size| size.label()).collect();
        let known = company.size.map(|size| (filters.sizes.contains(&size), size.label().to_owned()));
        facts.push((labels.join(" or "), fact("market_cap", known)));
    }
    if let Some(label) = chips::founded(filters) {
        let known = company.founded_year.map(|year| {
            let fits = filters.founded_min.is_none_or(|min| year >= min)
                && filters.founded_max.is_none_or(|max| year <= max);
            (fits, year.to_string())
        });
        facts.push((label, fact("founded_year", known)));
    }
    if let Some(label) = chips::funding(filters) {
        let known = company.funding_total_usd.map(|usd| {
            let fits = filters.funding_min_usd.is_none_or(|min| usd >= min)
                && filters.funding_max_usd.is_none_or(|max| usd <= max);
            (fits, chips::money(usd))
        });
        facts.push((label, fact("funding_total_usd", known)));
    }
    if let Some(status) = &filters.status {
        let known = company.status.as_deref().map(|held| {
            let fits = held.eq_ignore_ascii_case(status)
                || status == "operating" && held.eq_ignore_ascii_case("ipo");
            (fits, held.to_owned())
        });
        facts.push((format!("status: {status}"), fact("status", known)));
    }
    facts
}

fn fact(field: &'static str, known: Option<(bool, String)>) -> Fact {
    match known {
        Some((true, value)) => Fact::Holds(field, value),
        Some((false, _)) => Fact::Broken,
        None => Fact::Unknown(field),
    }
}

fn country(filters: &Filters, company: &Company) -> Fact {
    let Some(code) = &company.country else {
        let seat = company.description.as_deref().and_then(|text| places().seat(text));
        return match seat {
            Some((code, sentence)) if filters.countries.iter().any(|held| held == code) => {
                Fact::Holds("description", sentence.to_owned())
            }
            Some(_) => Fact::Broken,
            None => Fact::Unknown("country"),
        };
    };
    match filters.countries.contains(code) {
        true => Fact::Holds("country", format!("{code} ({})", places().country(code))),
        false => Fact::Broken,
    }
}

fn country_not(filters: &Filters, company: &Company) -> Fact {
    let named = |code: &str| filters.countries_not.iter().any(|held| held == code);
    if let Some(code) = &company.country {
        return match named(code) {
            true => Fact::Broken,
            false => Fact::Holds("country", format!("{code} ({})", places().country(code))),
        };
    }
    match company.description.as_deref().and_then(|text| places().seat(text)) {
        Some((code, _)) if named(code) => Fact::Broken,
        Some((_, sentence)) => Fact::Holds("description", sentence.to_owned()),
        None => Fact::Unknown("country"),
    }
}

fn place(filters: &Filters, company: &Company) -> Fact {
    let country = company.country.as_deref().unwrap_or_default();
    let of = |place: &&String| place.split('-').next().is_some_and(|code| code.is_empty() || code == country);
    let states: Vec<&String> = filters.states.iter().filter(of).collect();
    let cities: Vec<&String> = filters.cities.iter().filter(of).collect();
    if states.is_empty() && cities.is_empty() {
        // Another country that was asked for as a whole.
        return Fact::Holds("country", country.to_owned());
    }
    let in_state = |state: &String| states.iter().any(|held| **held == format!("{country}-{state}"));
    if filters.cities_in_states && company.state.as_ref().is_some_and(|state| !in_state(state)) {
        return Fact::Broken;
    }
    if let Some(state) = company.state.as_ref().filter(|_| !filters.cities_in_states)
        && states.iter().any(|held| **held == format!("{country}-{state}"))
    {
        return Fact::Holds("state", state.clone());
    }
    if let Some(city) = &company.city
        && cities.iter().any(|held| held.split_once('-').is_some_and(|(_, asked)| asked == fold(city)))
    {
        return Fact::Holds("city", city.clone());
    }
    let by_state = !states.is_empty() && !filters.cities_in_states;
    let known = (by_state && company.state.is_some()) || (!cities.is_empty() && company.city.is_some());
    if known { Fact::Broken } else { Fact::Unknown(if cities.is_empty() { "state" } else { "city" }) }
}

/// One entry of evidence.
pub fn entry(part: &str, verdict: Verdict, field: &str, quote: String) -> Evidence {
    Evidence { part: part.to_owned(), verdict, field: field.to_owned(), quote }
}
