//! Where a company row proves each part of a question: the field, or the sentence verbatim.

use domain::company::Company;
use domain::places::places;
use domain::search::{Evidence, Filters, Verdict};
use domain::taxonomy::{Nth, sentence_weights, taxonomy};
use domain::words::{Word, fold, sentences, words};

use super::chips;

/// Words of a capability outside the taxonomy, with how telling each is (rarer is more).
#[derive(Debug, Clone)]
pub struct Phrase {
    /// As the person wrote it.
    pub said: String,
    /// Comparable words and their weights, which add up to 1.
    pub words: Vec<(String, f64)>,
    /// Industries it names, when the taxonomy knows it.
    pub industries: Vec<Nth>,
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

/// How much of a phrase a company shows, 0 to 1, and where.
pub fn phrase_proof(company: &Company, phrase: &Phrase) -> (f64, Option<(&'static str, String)>) {
    let mut best = (0.0, None);
    let mut take = |covered: f64, field: &'static str, quote: &str| {
        if covered > best.0 {
            best = (covered, Some((field, quote.to_owned())));
        }
    };
    let description = company.description.as_deref().unwrap_or_default();
    for (nth, range) in sentences(description).into_iter().enumerate() {
        let fade = if nth == 0 { 1.0 } else { 0.9 };
        let sentence = &description[range];
        take(fade * covered(phrase, &words(sentence)), "description", sentence);
    }
    take(0.95 * covered(phrase, &words(&company.name)), "name", &company.name);
    let labels = [
        ("industry", &company.industry),
        ("industry_group", &company.industry_group),
        ("category", &company.category),
    ];
    for (field, label) in labels {
        if let Some(label) = label {
            take(0.8 * covered(phrase, &words(label)), field, label);
        }
    }
    best
}

/// How much of a phrase's own words the name or the first two sentences use, 0 to 1.
pub fn words_proof(company: &Company, phrase: &Phrase) -> f64 {
    let plain = Phrase { industries: vec![], ..phrase.clone() };
    let description = company.description.as_deref().unwrap_or_default();
    let lead =
        sentences(description).into_iter().take(2).map(|range| covered(&plain, &words(&description[range])));
    lead.fold(0.8 * covered(&plain, &words(&company.name)), f64::max)
}

fn covered(phrase: &Phrase, text: &[Word]) -> f64 {
    let named = || {
        taxonomy()
            .proofs(text)
            .iter()
            .any(|found| phrase.industries.iter().any(|asked| taxonomy().is_within(found.industry, *asked)))
    };
    if !phrase.industries.is_empty() && named() {
        return 1.0;
    }
    let places: Vec<(Option<usize>, f64)> = phrase
        .words
        .iter()
        .map(|(want, weight)| (text.iter().position(|have| same_word(&have.stem, want)), *weight))
        .collect();
    let share: f64 = places.iter().filter(|(at, _)| at.is_some()).map(|(_, weight)| weight).sum();
    let (first, last) = (places.iter().filter_map(|p| p.0).min(), places.iter().filter_map(|p| p.0).max());
    let apart = first.zip(last).map_or(0, |(first, last)| last - first);
    // Words far apart in a sentence rarely belong together.
    if apart > phrase.words.len() + 6 { 0.8 * share } else { share }
}

/// Equal but for an English ending: `manufacture` and `manufacturing`.
fn same_word(have: &str, want: &str) -> bool {
    if have == want {
        return true;
    }
    let common = have.chars().zip(want.chars()).take_while(|(a, b)| a == b).count();
    let (longest, shortest) = (have.len().max(want.len()), have.len().min(want.len()));
    common >= 5 && common + 1 >= shortest && longest - common <= 4
}

/// Every fact that was asked for, with its words.
pub fn facts(filters: &Filters, company: &Company) -> Vec<(String, Fact)> {
    let mut facts = Vec::new();
    if !filters.countries.is_empty() {
        facts.push(("country".to_owned(), country(filters, company)));
    }
    if !filters.states.is_empty() || !filters.cities.is_empty() {
        facts.push(("place".to_owned(), place(filters, company)));
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

fn place(filters: &Filters, company: &Company) -> Fact {
    let country = company.country.as_deref().unwrap_or_default();
    let of = |place: &&String| place.split('-').next().is_some_and(|code| code.is_empty() || code == country);
    let states: Vec<&String> = filters.states.iter().filter(of).collect();
    let cities: Vec<&String> = filters.cities.iter().filter(of).collect();
    if states.is_empty() && cities.is_empty() {
        // Another country that was asked for as a whole.
        return Fact::Holds("country", country.to_owned());
    }
    if let Some(state) = &company.state
        && states.iter().any(|held| **held == format!("{country}-{state}"))
    {
        return Fact::Holds("state", state.clone());
    }
    if let Some(city) = &company.city
        && cities.iter().any(|held| held.split_once('-').is_some_and(|(_, asked)| asked == fold(city)))
    {
        return Fact::Holds("city", city.clone());
    }
    let known =
        (!states.is_empty() && company.state.is_some()) || (!cities.is_empty() && company.city.is_some());
    if known { Fact::Broken } else { Fact::Unknown(if cities.is_empty() { "state" } else { "city" }) }
}

/// One entry of evidence.
pub fn entry(part: &str, verdict: Verdict, field: &str, quote: String) -> Evidence {
    Evidence { part: part.to_owned(), verdict, field: field.to_owned(), quote }
}
