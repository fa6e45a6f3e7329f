//! Discovery: a question in plain words to companies that fit, with evidence for each part, or an honest no.

pub mod amounts;
pub mod chips;
mod directory;
pub mod evidence;
pub mod plausible;
pub mod query;
pub mod rank;
pub mod sizes;
pub mod vocabulary;

use domain::company::Company;
use domain::search::{Answer, Filters};
use domain::taxonomy::taxonomy;
use domain::words::{stem, words};
use storage::directory::{Candidate, Index, IndexError, Unknowns};

use crate::evaluator::hits::check;
pub(crate) use directory::act;
pub use directory::{Directory, PAGE};
use evidence::Phrase;
use rank::{Ranked, rank};

/// How many candidates are judged when only industries are asked, besides two for each wanted hit: the index
/// already orders those well.
const CANDIDATES_PLAIN: usize = 40;
/// How many candidates are judged when words outside the taxonomy are asked.
const CANDIDATES: usize = 120;
/// A best hit below this fit is no match.
const FIT_MIN: u8 = 30;
/// A word in more companies than this is the directory's own, not a misspelling.
const KNOWN_FROM: u64 = 12;

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Answers a question in plain words with at most `limit` companies. Blocking: no IO besides the index.
///
/// # Errors
/// When the index cannot be read.
pub fn find(index: &Index, query: &str, limit: usize) -> Result<Answer, Error> {
    let known = |word: &str| index.frequency(word).is_ok_and(|count| count >= KNOWN_FROM);
    let understood = query::understand(query, &known);
    find_filters(index, query, &understood.filters, limit)
}

/// Answers a question that is already typed, e.g. after a chip was removed.
///
/// # Errors
/// When the index cannot be read.
pub fn find_filters(index: &Index, query: &str, filters: &Filters, limit: usize) -> Result<Answer, Error> {
    let (ranked, considered) = search(index, filters, limit)?;
    let hits = ranked.into_iter().map(|one| one.hit).collect();
    let checked = check(filters, hits);
    for dropped in &checked.dropped {
        tracing::warn!(company = %dropped.company, part = dropped.part, "the evaluator dropped a hit");
    }
    let mut hits = plausible::keep(index, filters, checked.kept)?;
    hits.truncate(limit);
    let no_match = filters.is_empty() || hits.first().is_none_or(|hit| hit.fit < FIT_MIN);
    if no_match {
        hits.clear();
    }
    let relax = if no_match { relax(index, filters)? } else { None };
    let confidence = if no_match { 0.0 } else { checked.confidence };
    let chips = chips::chips(filters);
    let query = query.to_owned();
    let filters = filters.clone();
    Ok(Answer { query, filters, chips, hits, no_match, relax, degraded: false, considered, confidence })
}

/// Companies of which every fact is known come first; when they do not fill the page, others follow.
fn search(index: &Index, filters: &Filters, limit: usize) -> Result<(Vec<Ranked>, u64), Error> {
    let phrases = phrases_of(index, &filters.capability)?;
    let said = phrases_of(index, &filters.said)?;
    let candidates = if phrases.is_empty() { CANDIDATES_PLAIN + 2 * limit } else { CANDIDATES };
    let judged = |found| rank(filters, &phrases, &said, found);
    if filters.is_empty() {
        return Ok((vec![], 0));
    }
    let known = index.candidates(filters, Unknowns::Refused, candidates)?;
    let mut ranked = judged(known);
    let mut considered = index.count(filters, Unknowns::Refused)?;
    if ranked.len() < limit && asks_facts(filters) {
        let all = index.candidates(filters, Unknowns::Allowed, candidates)?;
        let strict: Vec<_> = ranked.iter().map(|one| one.hit.company.id.clone()).collect();
        let more = judged(all);
        ranked
            .extend(more.into_iter().filter(|one| one.unknown > 0 && !strict.contains(&one.hit.company.id)));
        considered = index.count(filters, Unknowns::Allowed)?;
    }
    // Room for what the evaluator may drop.
    ranked.truncate(limit + 10);
    Ok((ranked, considered))
}

/// True when a fact is asked that the directory may not know.
fn asks_facts(filters: &Filters) -> bool {
    !filters.sizes.is_empty()
        || !filters.states.is_empty()
        || !filters.cities.is_empty()
        || filters.status.is_some()
        || chips::founded(filters).is_some()
        || chips::funding(filters).is_some()
}

fn phrases_of(index: &Index, asked: &[String]) -> Result<Vec<Phrase>, Error> {
    let total = index.stamp().companies.max(1);
    let mut phrases = Vec::new();
    for said in asked {
        let parts = words(said);
        let mut weighed = Vec::new();
        for part in &parts {
            let frequency = index.frequency(&part.folded)?;
            let rarity = ((total + 1) as f64 / (frequency + 1) as f64).ln().max(0.1);
            weighed.push((stem(&part.folded), rarity));
        }
        let sum: f64 = weighed.iter().map(|(_, weight)| weight).sum();
        weighed.iter_mut().for_each(|(_, weight)| *weight /= sum);
        let whole = taxonomy().asked_at(&parts, 0);
        let industries =
            whole.iter().filter(|found| found.to == parts.len()).map(|found| found.industry).collect();
        phrases.push(Phrase { said: said.clone(), words: weighed, industries });
    }
    Ok(phrases)
}

/// The one part of a question whose removal gives the most companies.
fn relax(index: &Index, filters: &Filters) -> Result<Option<String>, Error> {
    let mut best: Option<(usize, String)> = None;
    for chip in chips::chips(filters) {
        let rest = filters.without(&chip);
        // What is left must still say what the company does.
        if rest.industries.is_empty() && rest.capability.is_empty() {
            continue;
        }
        let found = search(index, &rest, 10)?.0.into_iter().filter(|one| one.hit.fit >= FIT_MIN).count();
        if found > 0 && best.as_ref().is_none_or(|(held, _)| found > *held) {
            best = Some((found, chip.label));
        }
    }
    Ok(best.map(|(_, label)| label))
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
        Phrase { said: said.clone(), words, industries: Vec::new() }
    });
    let ranked = rank(filters, &parts.collect::<Vec<_>>(), &[], candidates.collect());
    let checked = check(filters, ranked.into_iter().map(|one| one.hit).collect());
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
