//! Candidates become hits: evidence for each part, a fit by stated rules, the best first, nobody twice.

use std::collections::{HashMap, HashSet};

use domain::company::Company;
use domain::search::{Evidence, Filters, Hit, Verdict};
use domain::taxonomy::{Nth, taxonomy};
use domain::words::words;
use ml::embeddings::Vector;
use ml::fit::{Signals, fit};
use storage::directory::Candidate;

use super::chips;
use super::evidence::{Fact, Phrase, Text, entry, facts, industry_proof, phrase_proof, words_proof};
use super::meaning::Meaning;

/// Below this a company does not do what was asked.
pub const DOES_MIN: f64 = 0.2;
/// From here on the row shows it well, not just by a label or in passing.
const DOES_WELL: f64 = 0.5;
/// What a company loses of which an asked fact is not known, beside that fact's share of the fit: as much as a
/// third of its trade, so that it stands behind those that do the thing comparably well.
const UNKNOWN: f64 = 0.2;
/// Worth of a description that uses the person's own words for the industry.
const OWN_WORDS: f64 = 0.15;
/// Least share of the words that were left over which a hit must show when no industry was named.
const WORDS_MIN: f64 = 0.6;

/// Share that words have to show to count without the trade, and what they are worth then.
const WORDS_ALL: f64 = 0.7;
const WORDS_ALONE: f64 = 0.9;
/// What a trade is worth without the words that were asked besides.
const TRADE_ALONE: f64 = 0.35;
/// What a trade is worth for an audience that the row does not name.
const SERVES_ALONE: f64 = 0.7;
/// Below this trade the person's own words for the industry are looked for, and what they are worth then.
const SAID_BELOW: f64 = 0.5;
const SAID_ALONE: f64 = 0.6;
/// What is left of a trade when words that name a part of it are not shown.
const NARROW_MIN: f64 = 0.35;
/// Share of the best phrase among several.
const BEST_PHRASE: f64 = 0.6;
/// Share of the order that comes from the engine's own score, which knows how rare the words are.
const ENGINE: f64 = 0.03;
/// What a company loses whose contact data is somebody else's.
const DOUBTFUL: f64 = 0.25;
/// What a company that venture capital backs gains when start-ups are asked.
const YOUNG: f64 = 0.5;
/// Sentences of a description that are read for words outside the taxonomy, and for the person's own words.
const SENTENCES: usize = 24;
/// Sentences that are compared by meaning, and what each counts.
/// What a sentence that means the same is worth beside one that says the very words.
const ALIKE_SHOWS: f64 = 0.8;
const SENTENCES_ALIKE: usize = 4;
const FADE: [f32; SENTENCES_ALIKE] = [1.0, 0.95, 0.9, 0.85];
/// Least likeness of a company that shows too few of the words, and what its meaning is worth then.
const MEANT_MIN: f64 = 0.7;
const MEANT: f64 = 0.7;
/// Likeness of texts that have nothing in common, and of texts that say the same.
const ALIKE_NONE: f64 = 0.2;
const ALIKE_FULL: f64 = 0.65;
/// Share of the order that comes from meaning.
const MEANING: f64 = 0.25;
const SENTENCES_OWN: usize = 2;

/// What is asked, ready to judge companies by.
#[derive(Debug)]
pub struct Asked<'a> {
    filters: &'a Filters,
    /// The capability words outside the taxonomy.
    phrases: &'a [Phrase],
    /// The person's own words for the industries.
    own: &'a [Phrase],
    /// How much narrower than the industry each of those is, 0 to 1.
    narrow: &'a [f64],
    industries: Vec<Nth>,
    sense: Option<&'a Sense<'a>>,
}

/// What the question is about, and what tells the same of sentences.
#[derive(Debug)]
pub struct Sense<'a> {
    /// Reads sentences.
    pub meaning: &'a Meaning,
    /// The question's own vector.
    pub question: Vector,
}

/// A company judged, its evidence not yet written down.
struct Judged {
    company: Company,
    industry: Option<Nth>,
    evidence: Vec<Evidence>,
    signals: Signals,
    order: (u8, f64),
}

impl<'a> Asked<'a> {
    /// A question; `phrases` are the capability words outside the taxonomy, `own` the person's own words
    /// for the industries and `narrow` how much narrower than the industry each of those is.
    pub fn new(filters: &'a Filters, phrases: &'a [Phrase], own: &'a [Phrase], narrow: &'a [f64]) -> Self {
        let industries = filters.industries.iter().filter_map(|id| taxonomy().by_id(id)).collect();
        Self { filters, phrases, own, narrow, industries, sense: None }
    }

    /// The same, with what the question is about.
    pub fn with_sense(mut self, sense: Option<&'a Sense<'a>>) -> Self {
        self.sense = sense;
        self
    }

    /// Where the very words are not shown, the sentence that means the same shows them, when there is one.
    fn show_meaning(&self, company: &Company, evidence: &mut [Evidence]) {
        let open = |entry: &&mut Evidence| entry.verdict == Verdict::Unknown && entry.field == "description";
        let Some(Sense { meaning, question }) = self.sense else { return };
        let description = company.description.as_deref().unwrap_or_default();
        let read = domain::words::sentences(description).into_iter().take(SENTENCES_ALIKE).zip(FADE);
        let like = read.filter_map(|(range, fade)| {
            let sentence = &description[range];
            Some((fade * meaning.sense(sentence)?.likeness(&question.0), sentence))
        });
        let Some((best, sentence)) = like.max_by(|a, b| a.0.total_cmp(&b.0)) else { return };
        if scaled(best) < MEANT_MIN {
            return;
        }
        for entry in evidence.iter_mut().filter(open) {
            entry.verdict = Verdict::Satisfied;
            sentence.clone_into(&mut entry.quote);
        }
    }

    /// How much the sentences that a company leads with are like the question, 0 to 1.
    fn alike(&self, text: &Text) -> f64 {
        let Some(Sense { meaning, question }) = self.sense else { return 0.0 };
        let read = text.sentences().take(SENTENCES_ALIKE).zip(FADE);
        let found =
            read.filter_map(|(sentence, fade)| Some(fade * meaning.sense(sentence)?.likeness(&question.0)));
        scaled(found.fold(0.0_f32, f32::max))
    }

    /// Judges candidates and gives the best, best first, nobody twice.
    ///
    /// Companies whose trade it is come first, those that mention it in passing last, whatever else is known of
    /// them. Among each the order is the fit, less something when an asked fact is not known: so a fact decides
    /// between companies that do the thing comparably well, and never lifts a passing mention.
    pub fn rank(&self, candidates: Vec<Candidate>, most: usize) -> Vec<Hit> {
        let shared = shared_domains(&candidates);
        let best_score = candidates.iter().map(|one| one.score).fold(1.0_f32, f32::max);
        let judged = candidates.into_iter().filter_map(|candidate| {
            let doubtful = candidate.company.domain.as_ref().is_some_and(|domain| shared.contains(domain));
            let engine = f64::from(candidate.score / best_score);
            self.judge(candidate, ENGINE * engine - if doubtful { DOUBTFUL } else { 0.0 })
        });
        let mut judged: Vec<Judged> = judged.collect();
        judged.sort_by(|a, b| a.order.0.cmp(&b.order.0).then(b.order.1.total_cmp(&a.order.1)));
        // The evidence is costly to find, so only those that will be shown are asked for it.
        without_doubles(judged, most).into_iter().filter_map(|one| self.shown(one)).collect()
    }

    fn judge(&self, candidate: Candidate, extra: f64) -> Option<Judged> {
        let Candidate { company, traits, .. } = candidate;
        let filters = self.filters;
        let held = traits.iter().filter(|held| self.industries.contains(&held.industry));
        let best = held.max_by(|a, b| a.strength.total_cmp(&b.strength));
        let trade = best.map_or(0.0, |held| f64::from(held.strength));
        let mut signals = Signals { does: None, facts: vec![], known: known(&company) };
        let mut evidence = Vec::new();
        let narrowed = self.narrow.iter().any(|share| *share > 0.0);
        let few = if self.sense.is_some() { SENTENCES_ALIKE } else { SENTENCES_OWN };
        let read = if self.phrases.is_empty() && !narrowed { few } else { SENTENCES };
        let text = Text::new(&company, read);
        let (share, alone) = self.show_words(&company, &text, &mut evidence);
        let alike = self.alike(&text);
        let (own, narrow) = self.own_words(&company, &text, alike);
        let shown = if trade < SAID_BELOW { self.said_shown(&company, &text) } else { 0.0 };
        let does = self.does((trade * narrow).max(SAID_ALONE * shown), share, (alone, alike))?;
        let example = filters.like.as_ref().is_some_and(|name| core(name) == core_name(&company));
        if does < DOES_MIN || example || excluded(filters, &company) {
            return None;
        }
        if !filters.industries.is_empty() || !self.phrases.is_empty() {
            signals.does = Some((does, format!("does it: {}", said(filters))));
        }
        for (part, fact) in facts(filters, &company) {
            let (verdict, field, quote) = match fact {
                Fact::Broken => return None,
                Fact::Holds(field, value) => (Verdict::Satisfied, field, value),
                Fact::Unknown(field) => (Verdict::Unknown, field, String::new()),
            };
            signals.facts.push((part.clone(), verdict == Verdict::Satisfied));
            evidence.push(entry(&part, verdict, field, quote));
        }
        let young = filters.startup && (company.funding_rounds.is_some() || company.category.is_some());
        let unknown = signals.facts.iter().any(|(_, holds)| !holds);
        let extra =
            extra + MEANING * alike + if young { YOUNG } else { 0.0 } - if unknown { UNKNOWN } else { 0.0 };
        let order = fit(&signals).0 / 100.0 + OWN_WORDS * own + extra;
        let order = (u8::from(does < DOES_WELL) + u8::from(filters.startup && !young), order);
        let industry = best.filter(|held| held.strength > 0.1).map(|held| held.industry);
        Some(Judged { company, industry, evidence, signals, order })
    }

    /// How well a company does what is asked: its trade, its words, or both. Words shown in full count even
    /// without the trade, since the words then say what it does: "online dating apps".
    fn does(&self, trade: f64, share: f64, (alone, alike): (f64, f64)) -> Option<f64> {
        let meant = if alike >= MEANT_MIN { MEANT * alike } else { 0.0 };
        match (self.industries.is_empty(), self.phrases.is_empty()) {
            (true, true) => Some(1.0),
            (false, true) => Some(trade.max(meant)),
            (true, false) => (share >= WORDS_MIN || meant > 0.0).then_some(share.max(meant)),
            (false, false) => {
                let served = self.phrases.iter().all(|phrase| self.filters.serves.contains(&phrase.said));
                if served {
                    return Some(meant.max(trade * (SERVES_ALONE + (1.0 - SERVES_ALONE) * share)));
                }
                let both = meant.max(trade * (TRADE_ALONE + (1.0 - TRADE_ALONE) * share));
                Some(if alone >= WORDS_ALL { both.max(WORDS_ALONE * alone) } else { both })
            }
        }
    }

    /// How well a company uses the person's own words for the industry, 0 to 1, and what is left of its
    /// trade when those words name only a part of the industry.
    fn own_words(&self, company: &Company, text: &Text, alike: f64) -> (f64, f64) {
        let (mut own, mut left) = (0.0_f64, 0.0_f64);
        for (phrase, narrow) in self.own.iter().zip(self.narrow.iter().chain(std::iter::repeat(&0.0))) {
            own = own.max(words_proof(company, text, phrase));
            let shown = if *narrow > 0.0 { phrase_proof(company, text, &phrase.plain()).0 } else { 1.0 };
            let shown = shown.max(ALIKE_SHOWS * alike);
            left = left.max(1.0 - narrow * (1.0 - NARROW_MIN) * (1.0 - shown));
        }
        (own, if self.own.is_empty() { 1.0 } else { left })
    }

    /// How much of the person's own words for an industry a company shows that is not known to be of it, 0 to 1; 0
    /// when it shows only a part of them.
    fn said_shown(&self, company: &Company, text: &Text) -> f64 {
        let shown = self.own.iter().map(|phrase| phrase_proof(company, text, &phrase.plain()).0);
        shown.filter(|shown| *shown >= WORDS_ALL).fold(0.0, f64::max)
    }

    /// How much of the words outside the taxonomy a company shows, 0 to 1, with an entry for each phrase, and
    /// how much of those that say what it does and not for whom. The best phrase counts most: people list
    /// alternatives more often than conditions.
    fn show_words(&self, company: &Company, text: &Text, evidence: &mut Vec<Evidence>) -> (f64, f64) {
        let (mut best, mut sum, mut alone) = (0.0_f64, 0.0, 0.0_f64);
        for phrase in self.phrases {
            let (covered, proof) = phrase_proof(company, text, phrase);
            best = best.max(covered);
            if !self.filters.serves.contains(&phrase.said) {
                alone = alone.max(covered);
            }
            sum += covered / self.phrases.len() as f64;
            evidence.push(match proof.filter(|_| covered >= WORDS_MIN) {
                Some((field, quote)) => entry(&phrase.said, Verdict::Satisfied, field, quote),
                None => entry(&phrase.said, Verdict::Unknown, "description", String::new()),
            });
        }
        let share = BEST_PHRASE * best + (1.0 - BEST_PHRASE) * sum;
        (share, share.min(alone))
    }

    /// A hit with the proof of its trade and of the person's own words for it; `None` when the row does not
    /// show the trade after all.
    fn shown(&self, judged: Judged) -> Option<Hit> {
        let Judged { company, industry, mut evidence, signals, .. } = judged;
        let own =
            self.own.iter().zip(self.narrow).filter(|(_, narrow)| **narrow > 0.0).map(|(phrase, _)| phrase);
        let own = own.map(|phrase| {
            let (covered, proof) = phrase_proof(&company, &Text::new(&company, SENTENCES), &phrase.plain());
            match proof.filter(|_| covered >= WORDS_MIN) {
                Some((field, quote)) => entry(&phrase.said, Verdict::Satisfied, field, quote),
                None => entry(&phrase.said, Verdict::Unknown, "description", String::new()),
            }
        });
        evidence.splice(0..0, own.collect::<Vec<Evidence>>());
        self.show_meaning(&company, &mut evidence);
        if let Some(industry) = industry {
            let (field, quote) = industry_proof(&company, industry)?;
            evidence.insert(0, entry(&taxonomy().get(industry).label, Verdict::Satisfied, field, quote));
        } else if let Some(asked) = self.industries.first() {
            let label = &taxonomy().get(*asked).label;
            evidence.insert(0, entry(label, Verdict::Unknown, "description", String::new()));
            self.show_meaning(&company, &mut evidence[..1]);
        }
        let (points, reasons) = fit(&signals);
        Some(Hit { company, fit: points.round().clamp(0.0, 100.0) as u8, reasons, evidence })
    }
}

/// Likeness of two texts as a share, 0 to 1, of what texts that say the same have.
fn scaled(likeness: f32) -> f64 {
    ((f64::from(likeness) - ALIKE_NONE) / (ALIKE_FULL - ALIKE_NONE)).clamp(0.0, 1.0)
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
    core(&company.name)
}

/// A name without company forms and numbers.
fn core(name: &str) -> String {
    let parts = words(name);
    let kept = parts
        .iter()
        .map(|word| word.stem.as_str())
        .filter(|word| !FORMS.contains(word) && !word.chars().all(|c| c.is_ascii_digit()));
    kept.collect::<Vec<&str>>().join(" ")
}

/// Companies listed twice under several exchanges stay once, where they rank best.
fn without_doubles(judged: Vec<Judged>, most: usize) -> Vec<Judged> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut kept: Vec<Judged> = Vec::with_capacity(most);
    for one in judged {
        let company = &one.company;
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
        if kept.len() == most {
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests;
