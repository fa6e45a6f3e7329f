//! Filters as an index query, and candidates as companies.

use std::collections::BTreeMap;
use std::ops::Bound;

use domain::company::Company;
use domain::search::Filters;
use domain::taxonomy::Trait;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, PhraseQuery, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use super::index::{Index, IndexError, UNKNOWN, UNKNOWN_NUMBER, analyze, tier_term, unpack};

/// Whether companies of which a filtered field is not known may be candidates. The country must always be
/// known, from its field or from the seat that the description states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknowns {
    /// Every filter is met by a known value.
    Refused,
    /// Unknown size, state, city, year, funding or status may pass.
    Allowed,
}

/// A company that may answer a question.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The company.
    pub company: Company,
    /// What it does, as classified when the index was built.
    pub traits: Vec<Trait>,
    /// The engine's score: industry strength in tenths, then words.
    pub score: f32,
}

type Clause = (Occur, Box<dyn Query>);

impl Index {
    /// The best candidates for a question, best first.
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn candidates(
        &self,
        filters: &Filters,
        unknowns: Unknowns,
        limit: usize,
    ) -> Result<Vec<Candidate>, IndexError> {
        let searcher = self.reader.searcher();
        let mut clauses = self.hard(filters, unknowns);
        clauses.extend(self.soft(filters));
        let query = BooleanQuery::new(clauses);
        let top = searcher.search(&query, &TopDocs::with_limit(limit.max(1)).order_by_score())?;
        top.into_iter().map(|(score, address)| self.read(&searcher, score, address)).collect()
    }

    /// How many companies meet every hard filter and have a trace of what is asked.
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn count(&self, filters: &Filters, unknowns: Unknowns) -> Result<u64, IndexError> {
        let mut clauses = self.hard(filters, unknowns);
        clauses.extend(self.soft(filters).into_iter().filter(|(occur, _)| *occur == Occur::Must));
        clauses.push((Occur::Must, Box::new(AllQuery)));
        Ok(self.reader.searcher().search(&BooleanQuery::new(clauses), &Count)? as u64)
    }

    fn read(&self, searcher: &Searcher, score: f32, address: DocAddress) -> Result<Candidate, IndexError> {
        let doc: TantivyDocument = searcher.doc(address)?;
        let bytes =
            |field: Field| doc.get_first(field).and_then(|value| value.as_bytes()).unwrap_or_default();
        let company = serde_json::from_slice(bytes(self.fields.company))?;
        Ok(Candidate { company, traits: unpack(bytes(self.fields.traits)), score })
    }

    fn hard(&self, filters: &Filters, unknowns: Unknowns) -> Vec<Clause> {
        let fields = &self.fields;
        let mut clauses: Vec<Clause> = Vec::new();
        let mut must = |query: Box<dyn Query>| {
            clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(query, 0.0))));
        };
        if !filters.countries.is_empty() || !filters.states.is_empty() || !filters.cities.is_empty() {
            must(self.location(filters, unknowns));
        }
        if !filters.sizes.is_empty() {
            let labels = filters.sizes.iter().map(|size| size.label());
            must(any(labels.chain(unknown(unknowns)).map(|label| term(fields.size, label))));
        }
        if let Some(status) = &filters.status {
            let accepted = accepted_status(status).iter().copied();
            must(any(accepted.chain(unknown(unknowns)).map(|value| term(fields.status, value))));
        }
        if filters.founded_min.is_some() || filters.founded_max.is_some() {
            let (min, max) = (filters.founded_min.map(i64::from), filters.founded_max.map(i64::from));
            must(range(fields.founded, min, max, unknowns));
        }
        if filters.funding_min_usd.is_some() || filters.funding_max_usd.is_some() {
            let whole = |usd: Option<f64>| usd.map(|usd| usd as i64);
            must(range(
                fields.funding,
                whole(filters.funding_min_usd),
                whole(filters.funding_max_usd),
                unknowns,
            ));
        }
        let excluded = filters.countries_not.iter();
        clauses.extend(excluded.clone().map(|code| (Occur::MustNot, term(fields.country, code))));
        clauses.extend(excluded.map(|code| (Occur::MustNot, term(fields.seat, code))));
        for id in &filters.industries_not {
            clauses.extend((3..10).map(|tier| (Occur::MustNot, term(fields.industry, &tier_term(id, tier)))));
        }
        clauses
    }

    /// A company in a country of which states or cities are named must be in one of those.
    fn location(&self, filters: &Filters, unknowns: Unknowns) -> Box<dyn Query> {
        let fields = &self.fields;
        let mut narrowed: BTreeMap<&str, Vec<Box<dyn Query>>> = BTreeMap::new();
        for state in &filters.states {
            let country = state.split('-').next().unwrap_or_default();
            let held = narrowed.entry(country).or_default();
            held.push(term(fields.state, state));
            held.extend(unknown(unknowns).map(|value| term(fields.state, value)));
        }
        for place in &filters.cities {
            let (country, city) = place.split_once('-').unwrap_or(("", place));
            let held = narrowed.entry(country).or_default();
            held.push(term(fields.city, city));
            if !country.is_empty() {
                held.extend(unknown(unknowns).map(|value| term(fields.city, value)));
            }
        }
        let mut options: Vec<Box<dyn Query>> = Vec::new();
        for code in filters.countries.iter().filter(|code| !narrowed.contains_key(&code[..])) {
            options.push(term(fields.country, code));
            options.push(term(fields.seat, code));
        }
        for (country, inside) in narrowed {
            let inside = any(inside.into_iter());
            options.push(if country.is_empty() {
                inside
            } else {
                both(term(fields.country, country), inside)
            });
        }
        any(options.into_iter())
    }

    fn soft(&self, filters: &Filters) -> Vec<Clause> {
        let fields = &self.fields;
        let mut clauses: Vec<Clause> = Vec::new();
        if !filters.industries.is_empty() {
            let tiers = filters.industries.iter().flat_map(|id| {
                (0..10_u8).map(move |tier| {
                    let held = term(fields.industry, &tier_term(id, tier));
                    Box::new(ConstScoreQuery::new(held, f32::from(tier) + 1.0)) as Box<dyn Query>
                })
            });
            clauses.push((Occur::Must, any(tiers)));
        }
        if !filters.capability.is_empty() {
            let occur = if filters.industries.is_empty() { Occur::Must } else { Occur::Should };
            let words = filters.capability.iter().flat_map(|phrase| self.text(phrase));
            clauses.push((occur, any(words)));
        }
        if !filters.industries.is_empty() && !filters.said.is_empty() {
            let words = any(filters.said.iter().flat_map(|phrase| self.text(phrase)));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(words, 0.08))));
        }
        let quality = (1..=3_u8).map(|level| {
            let held = term(fields.quality, &level.to_string());
            Box::new(ConstScoreQuery::new(held, 0.3 * f32::from(level))) as Box<dyn Query>
        });
        clauses.push((Occur::Should, any(quality)));
        if clauses.iter().all(|(occur, _)| *occur != Occur::Must) {
            clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0))));
        }
        clauses
    }

    /// The words of a phrase in every text field, and the phrase itself, by BM25.
    fn text(&self, phrase: &str) -> Vec<Box<dyn Query>> {
        let fields = &self.fields;
        let terms = analyze(phrase);
        let mut found: Vec<Box<dyn Query>> = Vec::new();
        for (field, boost) in
            [(fields.name, 1.2), (fields.lead, 1.6), (fields.body, 0.7), (fields.labels, 0.6)]
        {
            for text in &terms {
                let term = Term::from_field_text(field, text);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                found.push(Box::new(BoostQuery::new(Box::new(query), boost)));
            }
            if terms.len() > 1 {
                let whole = terms.iter().map(|text| Term::from_field_text(field, text)).collect();
                found.push(Box::new(BoostQuery::new(Box::new(PhraseQuery::new(whole)), boost * 2.0)));
            }
        }
        found
    }
}

/// The stored statuses that satisfy an asked one.
fn accepted_status(asked: &str) -> &'static [&'static str] {
    match asked {
        "operating" => &["operating", "ipo"],
        "acquired" => &["acquired"],
        "closed" => &["closed"],
        "ipo" => &["ipo"],
        _ => &[],
    }
}

fn unknown(unknowns: Unknowns) -> impl Iterator<Item = &'static str> {
    (unknowns == Unknowns::Allowed).then_some(UNKNOWN).into_iter()
}

fn term(field: Field, value: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic))
}

fn any(queries: impl Iterator<Item = Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(BooleanQuery::new(queries.map(|query| (Occur::Should, query)).collect()))
}

fn both(a: Box<dyn Query>, b: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(BooleanQuery::new(vec![(Occur::Must, a), (Occur::Must, b)]))
}

fn range(field: Field, min: Option<i64>, max: Option<i64>, unknowns: Unknowns) -> Box<dyn Query> {
    let at = |value: i64| Bound::Included(Term::from_field_i64(field, value));
    let lower = at(min.unwrap_or(0).max(0));
    let known: Box<dyn Query> = Box::new(RangeQuery::new(lower, max.map_or(Bound::Unbounded, at)));
    let missing = (unknowns == Unknowns::Allowed).then(|| {
        let term = Term::from_field_i64(field, UNKNOWN_NUMBER);
        Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>
    });
    any(std::iter::once(known).chain(missing))
}
