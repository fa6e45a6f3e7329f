//! Candidates become hits: evidence for each part, a fit by stated rules, the best first, nobody twice.

use std::collections::{HashMap, HashSet};

use domain::company::Company;
use domain::search::{Filters, Hit, Verdict};
use domain::taxonomy::{Nth, taxonomy};
use domain::words::words;
use ml::fit::{Signals, fit};
use storage::directory::Candidate;

use super::chips;
use super::evidence::{Fact, Phrase, entry, facts, industry_proof, phrase_proof, words_proof};

/// Below this a company does not do what was asked.
pub const DOES_MIN: f64 = 0.2;
/// From here on the row shows it well, not just by a label or in passing.
const DOES_WELL: f64 = 0.4;
/// Worth of a description that uses the person's own words for the industry.
const OWN_WORDS: f64 = 0.15;
/// Least share of the words that were left over which a hit must show when no industry was named.
const WORDS_MIN: f64 = 0.6;

/// A hit with what orders it.
#[derive(Debug)]
pub struct Ranked {
    /// The hit.
    pub hit: Hit,
    /// Facts that are not known.
    pub unknown: usize,
    /// How well it does what is asked, 0 to 1.
    pub does: f64,
    order: (u8, f64),
}

/// Judges candidates and orders them. `phrases` are the capability words outside the taxonomy.
/// `own` are the person's own words for the industries.
pub fn rank(
    filters: &Filters,
    phrases: &[Phrase],
    own: &[Phrase],
    candidates: Vec<Candidate>,
) -> Vec<Ranked> {
    let industries: Vec<Nth> = filters.industries.iter().filter_map(|id| taxonomy().by_id(id)).collect();
    let shared = shared_domains(&candidates);
    let best_score = candidates.iter().map(|one| one.score).fold(1.0_f32, f32::max);
    let mut ranked: Vec<Ranked> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let doubtful = candidate.company.domain.as_ref().is_some_and(|domain| shared.contains(domain));
            let extra = f64::from(candidate.score / best_score) * 0.03 - if doubtful { 0.25 } else { 0.0 };
            let extra = extra
                + OWN_WORDS
                    * own.iter().map(|phrase| words_proof(&candidate.company, phrase)).fold(0.0, f64::max);
            judge(filters, phrases, &industries, candidate, extra)
        })
        .collect();
    ranked.sort_by(|a, b| a.order.0.cmp(&b.order.0).then(b.order.1.total_cmp(&a.order.1)));
    without_doubles(ranked)
}

fn judge(
    filters: &Filters,
    phrases: &[Phrase],
    industries: &[Nth],
    candidate: Candidate,
    extra: f64,
) -> Option<Ranked> {
    let Candidate { company, traits, .. } = candidate;
    let mut evidence = Vec::new();
    let mut signals = Signals { does: None, facts: vec![], known: known(&company) };
    let mut does = 1.0;
    if !industries.is_empty() {
        let held = traits.iter().filter(|held| industries.contains(&held.industry));
        let best = held.max_by(|a, b| a.strength.total_cmp(&b.strength))?;
        does = f64::from(best.strength);
        let label = &taxonomy().get(best.industry).label;
        let (field, quote) = industry_proof(&company, best.industry)?;
        evidence.push(entry(label, Verdict::Satisfied, field, quote));
        signals.does = Some((does, format!("does it: {label}")));
    }
    let mut share = 0.0;
    for phrase in phrases {
        let (covered, proof) = phrase_proof(&company, phrase);
        share += covered / phrases.len() as f64;
        evidence.push(match proof.filter(|_| covered >= WORDS_MIN) {
            Some((field, quote)) => entry(&phrase.said, Verdict::Satisfied, field, quote),
            None => entry(&phrase.said, Verdict::Unknown, "description", String::new()),
        });
    }
    if !phrases.is_empty() {
        if industries.is_empty() && share < WORDS_MIN {
            return None;
        }
        does = if industries.is_empty() { share } else { does * (0.45 + 0.55 * share) };
        signals.does = Some((does, format!("does it: {}", said(filters))));
    }
    if does < DOES_MIN || excluded(filters, &company) {
        return None;
    }
    let mut unknown = 0;
    for (part, fact) in facts(filters, &company) {
        match fact {
            Fact::Broken => return None,
            Fact::Holds(field, value) => {
                signals.facts.push((part.clone(), true));
                evidence.push(entry(&part, Verdict::Satisfied, field, value));
            }
            Fact::Unknown(field) => {
                unknown += 1;
                signals.facts.push((part.clone(), false));
                evidence.push(entry(&part, Verdict::Unknown, field, String::new()));
            }
        }
    }
    let (points, reasons) = fit(&signals);
    let group = u8::from(unknown > 0) + 2 * u8::from(does < DOES_WELL);
    let young = filters.startup && (company.funding_rounds.is_some() || company.category.is_some());
    let order = does + 0.05 * signals.known + extra + if young { 0.5 } else { 0.0 };
    let hit = Hit { company, fit: points.round().clamp(0.0, 100.0) as u8, reasons, evidence };
    Some(Ranked { hit, unknown, does, order: (group, order) })
}

fn said(filters: &Filters) -> String {
    let labels = filters.industries.iter().map(|id| chips::industry(id));
    labels.chain(filters.capability.iter().cloned()).collect::<Vec<String>>().join(", ")
}

/// How well the directory knows a company, 0 to 1.
fn known(company: &Company) -> f64 {
    let described = company.description.as_ref().is_some_and(|text| text.len() > 60);
    let parts = [
        (described, 0.4),
        (company.domain.is_some(), 0.2),
        (company.size.is_some() || company.funding_total_usd.is_some(), 0.2),
        (company.city.is_some(), 0.1),
        (company.industry.is_some() || company.category.is_some(), 0.1),
    ];
    let alive = !company.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("closed"));
    let sum: f64 = parts.iter().filter(|(has, _)| *has).map(|(_, worth)| worth).sum();
    if alive { sum } else { 0.3 * sum }
}

/// True when the first sentence of the description or the name uses an excluded word.
fn excluded(filters: &Filters, company: &Company) -> bool {
    if filters.capability_not.is_empty() {
        return false;
    }
    let description = company.description.as_deref().unwrap_or_default();
    let lead = domain::words::sentences(description).first().cloned().unwrap_or(0..0);
    let text = words(&format!("{} {}", company.name, &description[lead]));
    filters.capability_not.iter().any(|word| {
        let word = domain::words::stem(word);
        text.iter().any(|have| have.stem == word)
    })
}

/// Domains that several differently named companies carry: their contact data is somebody else's.
fn shared_domains(candidates: &[Candidate]) -> HashSet<String> {
    let mut names: HashMap<&str, HashSet<String>> = HashMap::new();
    for Candidate { company, .. } in candidates {
        if let Some(domain) = &company.domain {
            let first = words(&company.name).first().map(|word| word.stem.clone()).unwrap_or_default();
            names.entry(domain).or_default().insert(first);
        }
    }
    names.into_iter().filter(|(_, names)| names.len() >= 3).map(|(domain, _)| domain.to_owned()).collect()
}

/// Company forms and listing marks that make no difference between two names.
const FORMS: &[&str] = &[
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "plc",
    "ag",
    "sa",
    "se",
    "nv",
    "bv",
    "ab",
    "as",
    "asa",
    "oyj",
    "oy",
    "gmbh",
    "kgaa",
    "spa",
    "srl",
    "tbk",
    "pt",
    "bhd",
    "berhad",
    "holding",
    "group",
    "the",
    "adr",
    "ads",
    "public",
    "kk",
    "pte",
    "pvt",
    "private",
    "a",
    "b",
    "s",
    "p",
    "n",
    "na",
    "sab",
    "de",
    "cv",
    "class",
    "ord",
    "shs",
    "on",
    "reg",
    "yc",
    "dl",
    "eo",
    "sponsored",
    "unsp",
    "new",
    "and",
    "sp",
    "spon",
    "inh",
];

fn core_name(company: &Company) -> String {
    let parts = words(&company.name);
    let kept = parts
        .iter()
        .map(|word| word.stem.as_str())
        .filter(|word| !FORMS.contains(word) && !word.chars().all(|c| c.is_ascii_digit()));
    kept.collect::<Vec<&str>>().join(" ")
}

/// Companies listed twice under several exchanges stay once, where they rank best.
fn without_doubles(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut kept: Vec<Ranked> = Vec::with_capacity(ranked.len());
    for one in ranked {
        let company = &one.hit.company;
        let name = core_name(company);
        let first = name.split(' ').next().unwrap_or_default().to_owned();
        let site = company.domain.as_ref().map(|domain| format!("{domain} {first}"));
        let lead = company
            .description
            .as_ref()
            .filter(|text| text.len() > 120)
            .map(|text| text.chars().take(120).collect());
        let keys: Vec<String> =
            std::iter::once(name).chain(site).chain(lead).filter(|key| !key.is_empty()).collect();
        if keys.iter().any(|key| seen.contains(key)) {
            continue;
        }
        seen.extend(keys);
        kept.push(one);
    }
    kept
}
