//! Filters as an index query, and candidates as companies.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use domain::company::Company;
use domain::search::Filters;
use domain::taxonomy::Trait;
use tantivy::collector::{Count, DocSetCollector, TopDocs};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, PhraseQuery, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use super::index::{DESCRIBED, Index, IndexError, UNKNOWN, UNKNOWN_NUMBER, analyze, tier_term, unpack};

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

/// A company's place in one built index; of no use in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot(pub u64);

impl Spot {
    fn of(address: DocAddress) -> Self {
        Self(u64::from(address.segment_ord) << 32 | u64::from(address.doc_id))
    }

    fn address(self) -> DocAddress {
        DocAddress::new((self.0 >> 32) as u32, (self.0 & u64::from(u32::MAX)) as u32)
    }
}

/// Worth of a known fact beside the tenths of an industry's strength: a company of which only a label and the
/// fact are known must stay a candidate beside any number of described ones of which the fact is not.
const KNOWN: f32 = 4.5;

/// Worth of the person's own words for an industry.
const OWN_WORDS: f32 = 2.0;
/// Worth of the very words of a phrase beside the tenths of an industry's strength.
const VERY_WORDS: f32 = 4.0;

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
        clauses.extend(self.known(filters));
        let query = BooleanQuery::new(clauses);
        let top = searcher.search(&query, &TopDocs::with_limit(limit.max(1)).order_by_score())?;
        top.into_iter().map(|(score, address)| self.read(&searcher, score, address)).collect()
    }

    /// The places of all described companies that meet every hard filter.
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn described(&self, filters: &Filters, unknowns: Unknowns) -> Result<HashSet<Spot>, IndexError> {
        let mut clauses = self.hard(filters, unknowns);
        clauses.push((Occur::Must, term(self.fields.described, DESCRIBED)));
        let found = self.reader.searcher().search(&BooleanQuery::new(clauses), &DocSetCollector)?;
        Ok(found.into_iter().map(Spot::of).collect())
    }

    /// The companies at some places, with the scores given.
    ///
    /// # Errors
    /// When the engine cannot read its files, or a place is of another index.
    pub fn at(&self, spots: &[Spot]) -> Result<Vec<Candidate>, IndexError> {
        let searcher = self.reader.searcher();
        let inside = |spot: &&Spot| {
            let address = spot.address();
            (address.segment_ord as usize) < searcher.segment_readers().len()
                && address.doc_id < searcher.segment_reader(address.segment_ord).max_doc()
        };
        spots.iter().filter(inside).map(|spot| self.read(&searcher, 0.0, spot.address())).collect()
    }

    /// The described company of exactly this name, or else of a name that begins with it.
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn named(&self, name: &str) -> Result<Option<Candidate>, IndexError> {
        let terms = analyze(name);
        if terms.is_empty() {
            return Ok(None);
        }
        let all = terms.iter().map(|text| (Occur::Must, term(self.fields.name, text)));
        let searcher = self.reader.searcher();
        let top =
            searcher.search(&BooleanQuery::new(all.collect()), &TopDocs::with_limit(200).order_by_score())?;
        let mut best: Option<(bool, usize, Candidate)> = None;
        for (score, address) in top {
            let found = self.read(&searcher, score, address)?;
            let held = analyze(&found.company.name);
            if !held.starts_with(&terms) {
                continue;
            }
            let rank = (found.company.description.is_none(), held.len());
            if best.as_ref().is_none_or(|(bare, length, _)| rank < (*bare, *length)) {
                best = Some((rank.0, rank.1, found));
            }
        }
        Ok(best.map(|(.., found)| found))
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

    /// How often each asked fact holds among the companies of which it is known: the fields it is read from,
    /// and the share, 0 to 1 (0 when it is known of none).
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn shares(&self, filters: &Filters) -> Result<Vec<(&'static [&'static str], f64)>, IndexError> {
        let (fields, searcher) = (&self.fields, self.reader.searcher());
        let count = |field: Field, value: &str| searcher.doc_freq(&Term::from_field_text(field, value));
        let all = searcher.num_docs();
        let mut shares: Vec<(&'static [&'static str], f64)> = Vec::new();
        let mut add = |fields: &'static [&'static str], holds: u64, unknown: u64| {
            shares.push((fields, holds as f64 / all.saturating_sub(unknown).max(1) as f64));
        };
        let sum = |field: Field, values: Vec<&str>| -> Result<u64, IndexError> {
            values.into_iter().try_fold(0, |sum, value| Ok(sum + count(field, value)?))
        };
        if !filters.sizes.is_empty() {
            let holds = sum(fields.size, filters.sizes.iter().map(|size| size.label()).collect())?;
            add(&["market_cap"], holds, count(fields.size, UNKNOWN)?);
        }
        if !filters.states.is_empty() || !filters.cities.is_empty() {
            let states = sum(fields.state, filters.states.iter().map(String::as_str).collect())?;
            let cities = filters.cities.iter().map(|place| place.split_once('-').map_or(&place[..], |p| p.1));
            let cities = sum(fields.city, cities.collect())?;
            let field = if filters.cities.is_empty() { fields.state } else { fields.city };
            add(&["state", "city"], states + cities, count(field, UNKNOWN)?);
        }
        if let Some(status) = &filters.status {
            let holds = sum(fields.status, accepted_status(status).to_vec())?;
            add(&["status"], holds, count(fields.status, UNKNOWN)?);
        }
        let missing = |field: Field| searcher.doc_freq(&Term::from_field_i64(field, UNKNOWN_NUMBER));
        let within = |field: Field, min: Option<i64>, max: Option<i64>| {
            Ok::<u64, IndexError>(searcher.search(&range(field, min, max, Unknowns::Refused), &Count)? as u64)
        };
        let (min, max) = (filters.founded_min.map(i64::from), filters.founded_max.map(i64::from));
        if min.is_some() || max.is_some() {
            add(&["founded_year"], within(fields.founded, min, max)?, missing(fields.founded)?);
        }
        let whole = |usd: Option<f64>| usd.map(|usd| usd as i64);
        let (min, max) = (whole(filters.funding_min_usd), whole(filters.funding_max_usd));
        if min.is_some() || max.is_some() {
            add(&["funding_total_usd"], within(fields.funding, min, max)?, missing(fields.funding)?);
        }
        Ok(shares)
    }

    /// How many companies are of an industry at all well (strength 0.4 or more).
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn members(&self, industry: &str) -> Result<u64, IndexError> {
        let searcher = self.reader.searcher();
        (4..10).try_fold(0, |sum, tier| {
            let term = Term::from_field_text(self.fields.industry, &tier_term(industry, tier));
            Ok(sum + searcher.doc_freq(&term)?)
        })
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
        if filters.cities_in_states {
            let bare =
                |place: &String| place.split_once('-').map_or(place.clone(), |(_, city)| city.to_owned());
            let unknown = || unknown(unknowns).map(str::to_owned);
            let states = filters.states.iter().cloned().chain(unknown());
            let cities = filters.cities.iter().map(bare).chain(unknown());
            let inside = both(
                any(states.map(|state| term(fields.state, &state))),
                any(cities.map(|city| term(fields.city, &city))),
            );
            return both(any(filters.countries.iter().map(|code| term(fields.country, code))), inside);
        }
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
            // A company that says the very words is a candidate whatever its industry.
            let alone = filters.capability.iter().filter(|phrase| !filters.serves.contains(phrase));
            let said = alone.chain(&filters.said).flat_map(|phrase| self.very_words(phrase));
            let said = said.map(|query| Box::new(ConstScoreQuery::new(query, VERY_WORDS)) as Box<dyn Query>);
            clauses.push((Occur::Must, any(tiers.chain(said))));
        }
        if !filters.capability.is_empty() {
            let occur = if filters.industries.is_empty() { Occur::Must } else { Occur::Should };
            let words = filters.capability.iter().flat_map(|phrase| self.text(phrase));
            clauses.push((occur, any(words)));
        }
        if !filters.industries.is_empty() && !filters.said.is_empty() {
            let words = any(filters.said.iter().flat_map(|phrase| self.text(phrase)));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(words, 0.08))));
            let very = any(filters.said.iter().flat_map(|phrase| self.very_words(phrase)));
            clauses.push((Occur::Should, Box::new(ConstScoreQuery::new(very, OWN_WORDS))));
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

    /// What a company gains for each asked fact that the directory knows of it: as much in tenths of industry
    /// strength as the fact is worth in the fit.
    fn known(&self, filters: &Filters) -> Vec<Clause> {
        let fields = &self.fields;
        let mut facts: Vec<Box<dyn Query>> = Vec::new();
        facts.extend(filters.sizes.iter().map(|size| term(fields.size, size.label())));
        facts.extend(filters.states.iter().map(|state| term(fields.state, state)));
        let cities = filters.cities.iter().filter_map(|place| place.split_once('-'));
        facts.extend(cities.map(|(_, city)| term(fields.city, city)));
        let statuses = filters.status.iter().flat_map(|status| accepted_status(status));
        facts.extend(statuses.map(|status| term(fields.status, status)));
        if filters.founded_min.is_some() || filters.founded_max.is_some() {
            facts.push(range(fields.founded, None, None, Unknowns::Refused));
        }
        if filters.funding_min_usd.is_some() || filters.funding_max_usd.is_some() {
            facts.push(range(fields.funding, None, None, Unknowns::Refused));
        }
        if filters.startup {
            // Only collections of start-ups know their status, their rounds or their year.
            facts.push(range(fields.funding, None, None, Unknowns::Refused));
            facts.push(any(["operating", "acquired", "closed", "ipo"]
                .iter()
                .map(|status| term(fields.status, status))));
        }
        let worth = |fact| Box::new(ConstScoreQuery::new(fact, KNOWN)) as Box<dyn Query>;
        facts.into_iter().map(|fact| (Occur::Should, worth(fact))).collect()
    }

    /// The words of a phrase side by side in any text field; a single word only in the name or the lead.
    fn very_words(&self, phrase: &str) -> Vec<Box<dyn Query>> {
        let fields = &self.fields;
        let terms = analyze(phrase);
        let all = [fields.name, fields.lead, fields.body];
        match &terms[..] {
            [] => vec![],
            [one] => all[..2].iter().map(|field| term(*field, one)).collect(),
            _ => {
                let whole = |field: &Field| {
                    let terms = terms.iter().map(|text| Term::from_field_text(*field, text)).collect();
                    Box::new(PhraseQuery::new(terms)) as Box<dyn Query>
                };
                all.iter().map(whole).collect()
            }
        }
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
