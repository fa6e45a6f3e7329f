//! Discovery: a question in plain words to companies that fit, with evidence for each part, or an honest no.

pub mod amounts;
pub mod chips;
mod directory;
mod everyday;
pub mod evidence;
mod likeness;
pub mod meaning;
mod plain;
pub mod plausible;
pub mod query;
pub mod rank;
mod reworded;
pub mod sizes;
pub mod spelling;
pub mod vocabulary;

use std::collections::HashSet;

use domain::company::{Company, CompanyId};
use domain::search::{Answer, Filters, Hit};
use domain::taxonomy::{Nth, taxonomy};
use domain::words::{Word, stem, words};
use storage::directory::{Candidate, Index, IndexError, Unknowns};

use crate::evaluator::hits::check;
pub(crate) use directory::act;
pub use directory::{Directory, PAGE};
use evidence::Phrase;
use meaning::Meaning;
use rank::{Asked, Sense};
use spelling::Lexicon;
use vocabulary::is_noise;

/// How many candidates are judged when only industries are asked, besides two for each wanted hit: the index
/// already orders those well.
const CANDIDATES_PLAIN: usize = 40;
/// How many candidates are judged when words outside the taxonomy are asked.
const CANDIDATES: usize = 110;
/// How many are judged to see whether a question without one of its parts has answers.
const CANDIDATES_RELAXED: usize = 25;
/// How many descriptions that are most like the question are judged besides.
const CANDIDATES_ALIKE: usize = 60;
/// Words of fewer companies than this are somebody's private words for the industry.
const USED_FROM: u64 = 5;
/// Words in less than this share of an industry's companies name a part of it.
const PART_MOST: f64 = 0.5;
/// A best hit below this fit is no match.
const FIT_MIN: u8 = 30;
/// The same with the index: on the judged questions that have an answer the best hit fits 55 or better.
const FIT_MIN_BEST: u8 = 50;

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What a search reads: the index, and the meaning of its descriptions when there is a model for it.
#[derive(Debug, Clone, Copy)]
pub struct Shelves<'a> {
    /// Words and facts.
    pub index: &'a Index,
    /// Vectors; without them the words alone are compared.
    pub meaning: Option<&'a Meaning>,
}

/// Answers a question in plain words with at most `limit` companies. Blocking: no IO besides the index.
///
/// # Errors
/// When the index cannot be read.
pub fn find(shelves: Shelves<'_>, query: &str, limit: usize) -> Result<Answer, Error> {
    let index = shelves.index;
    let frequency = |word: &str| index.frequency(word).unwrap_or(0);
    let nearest = |word: &str| index.nearest(word).ok().flatten();
    let understood = query::understand(query, &Lexicon { frequency: &frequency, nearest: &nearest });
    let filters = likeness::settled(index, understood.filters)?;
    find_filters(shelves, query, &filters, limit)
}

/// Answers a question that is already typed, e.g. after a chip was removed.
///
/// # Errors
/// When the index cannot be read.
pub fn find_filters(
    shelves: Shelves<'_>,
    query: &str,
    filters: &Filters,
    limit: usize,
) -> Result<Answer, Error> {
    let (hits, considered) = search(shelves, filters, limit, CANDIDATES)?;
    let checked = check(filters, hits);
    for dropped in &checked.dropped {
        tracing::warn!(company = %dropped.company, part = dropped.part, "the evaluator dropped a hit");
    }
    let mut hits = checked.kept;
    hits.truncate(limit);
    let no_match = hits.iter().all(|hit| hit.fit < FIT_MIN_BEST) || !plausible::is_shown(&hits);
    if no_match {
        hits.clear();
    }
    let relax = if no_match { relax(shelves, filters)? } else { None };
    let confidence = if no_match { 0.0 } else { checked.confidence };
    let chips = chips::chips(filters);
    let query = query.to_owned();
    let filters = filters.clone();
    Ok(Answer { query, filters, chips, hits, no_match, relax, degraded: false, considered, confidence })
}

/// The best of at most so many candidates, and how many companies were considered. A company of which a fact is not known may be among
/// them; see [`Asked::rank`] for what that costs it.
fn search(
    shelves: Shelves<'_>,
    filters: &Filters,
    limit: usize,
    most: usize,
) -> Result<(Vec<Hit>, u64), Error> {
    let index = shelves.index;
    if !filters.asks() {
        return Ok((vec![], 0));
    }
    let phrases = phrases_of(index, &filters.capability)?;
    let said = phrases_of(index, &filters.said)?;
    let narrow = narrowness(index, &said)?;
    let example = if filters.like.is_some() { sense(shelves, filters)? } else { None };
    let asked = Asked::new(filters, &phrases, &said, &narrow).with_sense(example.as_ref());
    let rare = plausible::rare_fields(index, filters)?;
    let candidates = if phrases.is_empty() { most.min(CANDIDATES_PLAIN + 2 * limit) } else { most };
    // Room for what the evaluator may drop.
    let best = |found: Vec<Candidate>| plausible::keep(filters, &rare, asked.rank(found, limit + 10));
    let mut known = index.candidates(filters, Unknowns::Refused, candidates)?;
    if let Some(example) = &example {
        known = union(known, alike(shelves, filters, example)?);
    }
    let mut hits = best(known.clone());
    if hits.len() < limit && filters.may_be_unknown() {
        // Something rare is not assumed of anybody, so those of which it is known then stay in front.
        let more = index.candidates(filters, Unknowns::Allowed, candidates)?;
        if rare.is_empty() {
            hits = best(union(known, more));
        } else {
            append(&mut hits, best(more));
        }
    }
    // Words come first: where they find a full page, meaning made it worse on judged questions.
    if hits.len() < limit
        && filters.like.is_none()
        && let Some(sense) = sense(shelves, filters)?
    {
        let found = alike(shelves, filters, &sense)?;
        let asked = Asked::new(filters, &phrases, &said, &narrow).with_sense(Some(&sense));
        append(&mut hits, plausible::keep(filters, &rare, asked.rank(found, limit + 10)));
    }
    Ok((hits, index.count(filters, Unknowns::Allowed)?))
}

/// What a question is about, in the person's own words, or in those of the company that others should be like.
fn sense<'a>(shelves: Shelves<'a>, filters: &Filters) -> Result<Option<Sense<'a>>, Error> {
    let Some(meaning) = shelves.meaning else { return Ok(None) };
    if let Some(name) = &filters.like
        && let Some(example) = shelves.index.named(name)?
    {
        let question = example.company.description.as_deref().and_then(|text| meaning.sense_of(text));
        return Ok(question.map(|question| Sense { meaning, question }));
    }
    let said: Vec<&str> = filters.capability.iter().chain(&filters.said).map(String::as_str).collect();
    Ok(meaning.sense(&said.join(" ")).map(|question| Sense { meaning, question }))
}

/// Companies whose descriptions are most like the question, of those that meet its hard filters.
fn alike(shelves: Shelves<'_>, filters: &Filters, sense: &Sense<'_>) -> Result<Vec<Candidate>, Error> {
    Ok(sense.meaning.candidates(shelves.index, filters, &sense.question, CANDIDATES_ALIKE)?)
}

/// Those that are not there yet, behind the others.
fn append(hits: &mut Vec<Hit>, more: Vec<Hit>) {
    let held: HashSet<CompanyId> = hits.iter().map(|hit| hit.company.id.clone()).collect();
    hits.extend(more.into_iter().filter(|hit| !held.contains(&hit.company.id)));
}

/// Both, nobody twice.
fn union(mut known: Vec<Candidate>, more: Vec<Candidate>) -> Vec<Candidate> {
    let held: HashSet<CompanyId> = known.iter().map(|one| one.company.id.clone()).collect();
    known.extend(more.into_iter().filter(|one| !held.contains(&one.company.id)));
    known
}

fn phrases_of(index: &Index, asked: &[String]) -> Result<Vec<Phrase>, Error> {
    let total = index.stamp().companies.max(1);
    let mut phrases = Vec::new();
    for said in asked {
        let parts = words(said);
        let plain = |part: &&Word| !is_noise(&part.folded) && !is_noise(&part.stem);
        let telling: Vec<&Word> = parts.iter().filter(plain).collect();
        let telling = if telling.is_empty() { parts.iter().collect() } else { telling };
        let mut weighed = Vec::new();
        let mut rarest = u64::MAX;
        for part in &telling {
            let frequency = index.frequency(&part.folded)?;
            rarest = rarest.min(frequency);
            let rarity = ((total + 1) as f64 / (frequency + 1) as f64).ln().max(0.1);
            weighed.push((stem(&part.folded), rarity));
        }
        let sum: f64 = weighed.iter().map(|(_, weight)| weight).sum();
        weighed.iter_mut().for_each(|(_, weight)| *weight /= sum);
        let whole = taxonomy().asked_at(&parts, 0);
        let industries =
            whole.iter().filter(|found| found.to == parts.len()).map(|found| found.industry).collect();
        phrases.push(Phrase { said: said.clone(), words: weighed, rarest, industries });
    }
    Ok(phrases)
}

/// How much narrower than their industry the person's own words are, 0 to 1: "hearing aids" are a small part
/// of medical devices, "payment processors" are all of payments. A single word is as often another name of the
/// industry as a part of it, so it counts half; a form of the industry's name ("insurers") not at all.
fn narrowness(index: &Index, own: &[Phrase]) -> Result<Vec<f64>, Error> {
    let mut all = Vec::with_capacity(own.len());
    for phrase in own {
        let mut members = 0;
        for nth in &phrase.industries {
            members += index.members(&taxonomy().get(*nth).id)?;
        }
        let share = phrase.rarest as f64 / members.max(1) as f64;
        let trust = match phrase.words.len() {
            _ if phrase.rarest < USED_FROM => 0.0,
            1 if phrase.industries.iter().any(|nth| is_form_of(&phrase.words[0].0, *nth)) => 0.0,
            1 => 0.5,
            _ => 1.0,
        };
        all.push(trust * (1.0 - share / PART_MOST).clamp(0.0, 1.0));
    }
    Ok(all)
}

/// True when a word begins like a word of the industry's label.
fn is_form_of(word: &str, industry: Nth) -> bool {
    let begins = |label: &Word| label.stem.chars().zip(word.chars()).take_while(|(a, b)| a == b).count() >= 4;
    words(&taxonomy().get(industry).label).iter().any(begins)
}

/// The one part of a question whose removal gives the most companies.
fn relax(shelves: Shelves<'_>, filters: &Filters) -> Result<Option<String>, Error> {
    let mut best: Option<(usize, String)> = None;
    for chip in chips::chips(filters) {
        let rest = filters.without(&chip);
        // What is left must still say what the company does.
        if rest.industries.is_empty() && rest.capability.is_empty() {
            continue;
        }
        let hits = search(shelves, &rest, 10, CANDIDATES_RELAXED)?.0;
        let found = hits.iter().filter(|hit| hit.fit >= FIT_MIN).count();
        // What would again be no match helps nobody.
        if found > 0 && plausible::is_shown(&hits) && best.as_ref().is_none_or(|(held, _)| found > *held) {
            best = Some((found, chip.label));
        }
    }
    Ok(best.map(|(_, label)| label))
}

/// Reads a question where nobody can say which words the directory uses.
fn understand_without_index(query: &str) -> Filters {
    query::understand(query, &Lexicon { frequency: &|_| 0, nearest: &|_| None }).filters
}

/// An answer from rows that Postgres found without the index: judged by the same rules, marked degraded.
pub fn degraded(query: &str, filters: &Filters, rows: Vec<Company>, limit: usize) -> Answer {
    let considered = rows.len() as u64;
    let candidates = rows.into_iter().map(|company| {
        let traits = taxonomy().classify(&company);
        Candidate { company, traits, score: 1.0 }
    });
    let parts = filters.capability.iter().map(|said| {
        let all = words(said);
        let share = 1.0 / all.len().max(1) as f64;
        let words = all.iter().map(|word| (stem(&word.folded), share)).collect();
        Phrase { said: said.clone(), words, rarest: 0, industries: Vec::new() }
    });
    let parts: Vec<Phrase> = parts.collect();
    let ranked = Asked::new(filters, &parts, &[], &[]).rank(candidates.collect(), limit + 10);
    let checked = check(filters, ranked);
    let mut hits = checked.kept;
    hits.truncate(limit);
    let no_match = hits.first().is_none_or(|hit| hit.fit < FIT_MIN);
    if no_match {
        hits.clear();
    }
    Answer {
        query: query.to_owned(),
        filters: filters.clone(),
        chips: chips::chips(filters),
        hits,
        no_match,
        relax: None,
        degraded: true,
        considered,
        confidence: if no_match { 0.0 } else { checked.confidence },
    }
}

#[cfg(test)]
mod tests;
