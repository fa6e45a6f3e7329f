//! The closed taxonomy of what companies do, and which of it a company row proves.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::company::Company;
use crate::words::{Word, fold, sentences, stem, words};

/// The version of the rules below; it goes into the index's stamp together with the data.
const RULES: &str = "4";
const DATA: &str = include_str!("../data/industries.toml");

/// One industry or capability.
#[derive(Debug, Clone, Deserialize)]
pub struct Industry {
    /// Key in filters, e.g. `payments`.
    pub id: String,
    /// Words on the chip, e.g. `Payments`.
    pub label: String,
    #[serde(default)]
    say: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    prove: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    hints: Vec<String>,
    #[serde(default)]
    within: Vec<String>,
}

impl Industry {
    /// What shows this industry where only words can be compared: the directory labels that imply it, and the
    /// phrases that prove it (those with a free ending left out).
    pub fn shown_by(&self) -> Vec<String> {
        let labels = self.labels.iter().filter_map(|label| label.split_once(':'));
        let labels = labels.map(|(_, label)| label.replace(['_', '&', ','], " "));
        let phrases = self.say.iter().chain(&self.prove).filter(|phrase| !phrase.ends_with('*')).cloned();
        labels.chain(phrases).collect()
    }
}

/// Place of an industry in the taxonomy's list.
pub type Nth = u16;

/// How surely a company is of an industry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trait {
    /// The industry.
    pub industry: Nth,
    /// 0 to 1: 1 when it is what the description leads with, near 0 for a passing mention.
    pub strength: f32,
}

/// A phrase found in a text, as word positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The industry it stands for.
    pub industry: Nth,
    /// First word.
    pub from: usize,
    /// One past the last word.
    pub to: usize,
}

/// A set of phrases looked up word by word.
#[derive(Debug, Default)]
struct Phrases {
    by_first: HashMap<String, Vec<(Vec<String>, Nth)>>,
    /// Single words with any ending, by their first four letters.
    endings: HashMap<String, Vec<(String, Nth)>>,
}

impl Phrases {
    fn add(&mut self, phrase: &str, industry: Nth) {
        let mut parts: Vec<String> = words(phrase).into_iter().map(|word| word.stem).collect();
        if phrase.ends_with('*') {
            let last = fold(phrase.trim_end_matches('*').rsplit(' ').next().unwrap_or_default());
            if parts.len() == 1 {
                let key: String = last.chars().take(4).collect();
                self.endings.entry(key).or_default().push((last, industry));
                return;
            }
            parts.pop();
            parts.push(format!("{last}*"));
        }
        if parts.is_empty() {
            return;
        }
        let first = parts.remove(0);
        self.by_first.entry(first).or_default().push((parts, industry));
    }

    fn at<'a>(&'a self, text: &'a [Word], from: usize) -> impl Iterator<Item = Found> + 'a {
        let word = &text[from];
        let whole =
            self.by_first.get(&word.stem).into_iter().flatten().filter_map(move |(rest, industry)| {
                let fits = rest.iter().enumerate().all(|(nth, want)| {
                    text.get(from + 1 + nth).is_some_and(|have| match want.strip_suffix('*') {
                        Some(start) => have.stem.starts_with(start),
                        None => have.stem == *want,
                    })
                });
                fits.then_some(Found { industry: *industry, from, to: from + 1 + rest.len() })
            });
        let ended = word.stem.get(..4).and_then(|key| self.endings.get(key)).into_iter().flatten();
        whole.chain(ended.filter_map(move |(start, industry)| {
            word.stem.starts_with(start.as_str()).then_some(Found { industry: *industry, from, to: from + 1 })
        }))
    }
}

/// The taxonomy, ready to read questions and companies.
#[derive(Debug)]
pub struct Taxonomy {
    /// All industries; an [`Nth`] is a place in this list.
    pub industries: Vec<Industry>,
    by_id: HashMap<String, Nth>,
    /// Broader industries of each, and itself.
    up: Vec<Vec<Nth>>,
    asked: Phrases,
    proved: Phrases,
    labels: HashMap<String, Vec<(Nth, f32)>>,
    /// Whether labels of the listed companies' scheme can agree with an industry at all.
    labelled: Vec<bool>,
}

#[derive(Deserialize)]
struct File {
    industry: Vec<Industry>,
}

/// The taxonomy that is built into the program.
///
/// # Panics
/// Never in a program that passed its tests: the data is embedded and a test reads it.
pub fn taxonomy() -> &'static Taxonomy {
    static TAXONOMY: OnceLock<Taxonomy> = OnceLock::new();
    TAXONOMY.get_or_init(|| {
        let file: File = toml::from_str(DATA).expect("the embedded taxonomy is valid TOML");
        Taxonomy::new(file.industry)
    })
}

/// Changes whenever the taxonomy's data or rules change, so that what was derived from them is rebuilt.
pub fn version() -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(format!("{RULES}\n{DATA}"));
    hex::encode(&digest[..8])
}

impl Taxonomy {
    fn new(industries: Vec<Industry>) -> Self {
        let by_id: HashMap<String, Nth> =
            (0..).zip(&industries).map(|(nth, one)| (one.id.clone(), nth)).collect();
        let mut made = Self {
            up: vec![],
            by_id,
            asked: Phrases::default(),
            proved: Phrases::default(),
            labels: HashMap::new(),
            labelled: vec![],
            industries: vec![],
        };
        for (nth, one) in (0..).zip(&industries) {
            for phrase in &one.say {
                made.asked.add(phrase, nth);
                made.proved.add(phrase, nth);
            }
            one.only.iter().for_each(|phrase| made.asked.add(phrase, nth));
            made.asked.add(&one.label, nth);
            one.prove.iter().for_each(|phrase| made.proved.add(phrase, nth));
            made.add_labels(one, nth);
            let mut up = vec![nth];
            up.extend(one.within.iter().filter_map(|id| made.by_id.get(id)));
            made.up.push(up);
            made.labelled.push(one.labels.iter().chain(&one.hints).any(|label| label.starts_with("i:")));
        }
        made.industries = industries;
        made
    }

    fn add_labels(&mut self, one: &Industry, nth: Nth) {
        for label in &one.labels {
            let weight = match &label[..2] {
                "c:" => 1.0,
                "i:" => 0.9,
                "g:" => 0.8,
                _ => 0.5,
            };
            self.labels.entry(label.to_lowercase()).or_default().push((nth, weight));
        }
        for hint in &one.hints {
            self.labels.entry(hint.to_lowercase()).or_default().push((nth, HINT));
        }
    }

    /// The industry with this id.
    pub fn by_id(&self, id: &str) -> Option<Nth> {
        self.by_id.get(id).copied()
    }

    /// All industries, in the order of their places.
    pub fn all(&self) -> &[Industry] {
        &self.industries
    }

    /// The industry at this place.
    pub fn get(&self, nth: Nth) -> &Industry {
        &self.industries[usize::from(nth)]
    }

    /// True when the first is the second or a part of it.
    pub fn is_within(&self, inner: Nth, outer: Nth) -> bool {
        self.up[usize::from(inner)].contains(&outer)
    }

    /// The longest phrase for an industry that a question uses at this word; ties give all industries.
    pub fn asked_at(&self, text: &[Word], from: usize) -> Vec<Found> {
        let mut best: Vec<Found> = Vec::new();
        for found in self.asked.at(text, from) {
            match best.first() {
                Some(held) if held.to > found.to => {}
                Some(held) if held.to == found.to => best.push(found),
                _ => best = vec![found],
            }
        }
        best.dedup_by_key(|found| found.industry);
        best
    }

    /// Every single word that questions use for industries, for spelling correction.
    pub fn asked_words(&self) -> impl Iterator<Item = &str> {
        self.asked.by_first.iter().flat_map(|(first, rest)| {
            std::iter::once(first.as_str())
                .chain(rest.iter().flat_map(|(words, _)| words.iter().map(String::as_str)))
        })
    }

    /// Every proof phrase in a text, in order.
    pub fn proofs(&self, text: &[Word]) -> Vec<Found> {
        (0..text.len()).flat_map(|from| self.proved.at(text, from)).collect()
    }

    /// What the company's labels say: industry and how much the label is worth.
    pub fn labelled(&self, company: &Company) -> Vec<(Nth, f32, &'static str, String)> {
        let mut found = Vec::new();
        for (field, prefix, value) in label_fields(company) {
            let key = format!("{prefix}:{}", value.to_lowercase());
            for (nth, weight) in self.labels.get(&key).into_iter().flatten() {
                found.push((*nth, *weight, field, value.to_owned()));
            }
        }
        found
    }

    /// What a company does, as far as its row proves it. See [`crate::taxonomy::sentence_weights`] for
    /// how a description is weighed.
    pub fn classify(&self, company: &Company) -> Vec<Trait> {
        let count = self.industries.len();
        let mut text = vec![Tally::default(); count];
        let described = company.description.as_deref().filter(|text| text.len() > 60);
        if let Some(description) = described {
            self.weigh_description(&company.name, description, &mut text);
        }
        let mut named = vec![false; count];
        let name = words(&company.name);
        self.proofs(&name).iter().for_each(|found| named[usize::from(found.industry)] = true);
        let mut label = vec![0.0_f32; count];
        for (nth, weight, ..) in self.labelled(company) {
            let held = &mut label[usize::from(nth)];
            *held = held.max(weight);
        }
        let strange = self.strangers(company, &label);
        let mut strength: Vec<f32> = (0..count)
            .map(|at| match described {
                Some(_) => {
                    let stands = if strange[at] { CONTRADICTED } else { 1.0 };
                    stands * text_strength(self.focused(&text, at), named[at], label[at])
                }
                None => bare_strength(named[at], label[at]),
            })
            .collect();
        for at in 0..count {
            let inner = strength[at];
            for &outer in &self.up[at][1..] {
                let held = &mut strength[usize::from(outer)];
                *held = held.max(0.92 * inner);
            }
        }
        (0..)
            .zip(strength)
            .filter(|(_, s)| *s > 0.08)
            .map(|(industry, strength)| Trait { industry, strength })
            .collect()
    }

    /// Industries that a company's own label speaks against: it has one of the listed companies' scheme, the
    /// scheme knows labels for the industry or what it is part of, and the company's is none of them.
    fn strangers(&self, company: &Company, label: &[f32]) -> Vec<bool> {
        let has = company.industry.is_some();
        let speaks =
            |at: usize| self.labelled[at] && self.up[at].iter().all(|up| label[usize::from(*up)] == 0.0);
        (0..label.len()).map(|at| has && speaks(at)).collect()
    }

    /// A tally damped when other, unrelated industries lead the description.
    fn focused(&self, text: &[Tally], at: usize) -> f32 {
        let own = &text[at];
        if own.sum <= 0.0 {
            return 0.0;
        }
        let rival = (0..text.len())
            .filter(|other| !self.related(at, *other))
            .map(|other| text[other].sum)
            .fold(0.0_f32, f32::max);
        let ratio = if rival > 0.0 { (1.25 * own.sum / rival).min(1.0) } else { 1.0 };
        (1.0 - own.miss) * (0.5 + 0.5 * ratio)
    }

    fn related(&self, a: usize, b: usize) -> bool {
        let nth = |at: usize| Nth::try_from(at).unwrap_or(Nth::MAX);
        self.up[a].contains(&nth(b)) || self.up[b].contains(&nth(a))
    }

    fn weigh_description(&self, name: &str, description: &str, tallies: &mut [Tally]) {
        let name: Vec<String> = words(name).into_iter().map(|word| word.stem).collect();
        for (nth, range) in sentences(description).into_iter().enumerate().take(24) {
            let text = words(&description[range.clone()]);
            let weights = sentence_weights(&text, &name, nth);
            let mut seen: Vec<(Nth, usize)> = Vec::new();
            for found in self.proofs(&text) {
                // An overlapping phrase of the same industry already counted.
                if seen.iter().any(|(industry, to)| *industry == found.industry && *to > found.from) {
                    continue;
                }
                seen.push((found.industry, found.to));
                let phrase = if found.to - found.from > 1 { 1.0 } else { 0.85 };
                tallies[usize::from(found.industry)].add(weights[found.from] * phrase);
            }
        }
    }
}

/// Worth of a label that merely agrees.
const HINT: f32 = 0.3;
/// What is left of a description's proof when the company's own label says it is something else.
const CONTRADICTED: f32 = 0.75;

#[derive(Clone, Default)]
struct Tally {
    sum: f32,
    /// Chance that every mention so far was a passing one.
    miss: f32,
    started: bool,
}

impl Tally {
    fn add(&mut self, weight: f32) {
        if !self.started {
            self.started = true;
            self.miss = 1.0;
        }
        self.sum += weight;
        self.miss *= 1.0 - 0.8 * weight;
    }
}

fn text_strength(text: f32, named: bool, label: f32) -> f32 {
    let name = if named { 1.0 } else { 0.0 };
    if text > 0.05 {
        return (0.80 * text + 0.16 * label + 0.06 * name).min(1.0);
    }
    (0.45 * label).max(0.4 * name)
}

fn bare_strength(named: bool, label: f32) -> f32 {
    match (named, label > HINT) {
        (true, true) => 0.72,
        (true, false) => 0.52,
        // A category that somebody chose for a company is its main trade.
        (false, true) => 0.65 * label,
        (false, false) => 0.0,
    }
}

fn label_fields(company: &Company) -> impl Iterator<Item = (&'static str, char, &str)> {
    let single = [
        ("industry", 'i', company.industry.as_deref()),
        ("industry_group", 'g', company.industry_group.as_deref()),
        ("sector", 's', company.sector.as_deref()),
        ("category", 'c', company.category.as_deref()),
    ];
    let tags = company.tags.iter().map(|tag| ("tags", 't', tag.as_str()));
    single.into_iter().filter_map(|(field, prefix, value)| Some((field, prefix, value?))).chain(tags)
}

/// Words after which a phrase names customers or uses, not the company's own trade.
const AUDIENCE: &[&str] = &["for", "serving", "serve", "customer", "client"];
/// Words after which a phrase names what money goes into.
const MONEY: &[&str] = &["invest", "investing"];
/// Word pairs after which a sentence speaks of parents and former names.
const ASIDE: &[(&str, &str)] =
    &[("subsidiary", "of"), ("formerly", "known"), ("formerly", "called"), ("previously", "known")];

/// How much a phrase that starts at each word of a sentence says about the company's own trade, 0 to 1.
/// The first sentence leads ("X provides …"), later ones fade; words far into a long list count less;
/// words after "for", "serving", "customers" are audiences; parents and former names do not count; the
/// company's own name at the start of a sentence does not count as text.
pub fn sentence_weights(text: &[Word], name: &[String], nth: usize) -> Vec<f32> {
    let base = [1.0, 0.6, 0.45, 0.35, 0.3, 0.25].get(nth).copied().unwrap_or(0.18);
    let own = text.iter().zip(name).take_while(|(word, part)| word.stem == **part).count();
    let (mut audience_until, mut money, mut aside) = (0, false, false);
    let mut weights = Vec::with_capacity(text.len());
    for (at, word) in text.iter().enumerate() {
        let next = text.get(at + 1).map_or("", |word| word.stem.as_str());
        aside |= ASIDE.contains(&(word.stem.as_str(), next));
        money |= MONEY.contains(&word.stem.as_str());
        let mut weight = if at < own || aside { 0.0 } else { base };
        let depth = at.saturating_sub(own + 14).min(45);
        weight *= 1.0 - 0.012 * f32::from(u16::try_from(depth).unwrap_or(45));
        if at < audience_until {
            weight *= 0.35;
        }
        if money {
            weight *= 0.4;
        }
        weights.push(weight);
        if AUDIENCE.contains(&word.stem.as_str()) {
            audience_until = at + 8;
        }
    }
    weights
}

/// A phrase's words as the taxonomy compares them.
pub fn stems(phrase: &str) -> Vec<String> {
    words(phrase).into_iter().map(|word| stem(&word.folded)).collect()
}

#[cfg(test)]
mod tests;
