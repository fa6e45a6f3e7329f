//! Trains the tagger of names and addresses, or measures it by cross-validation.
//!
//! `cargo run --release -p agents --example train_names -- FILE.jsonl… [--prose CONTRACTS.jsonl.zst] [--folds 3 | --out FILE] [--show]`
//!
//! A line is `{"text", "spans": [{"entity", "start", "end"}], "template_id"?}`; one without spans names nobody. All lines of a
//! template are in one part. Of the labelled contracts, sentences of obligations that name no party are taken: they name nobody.

use std::collections::BTreeMap;

use agents::contract::evaluate::data;
use agents::guardrail::DEFAULT_THRESHOLD;
use agents::guardrail::names::training::{Case, found, train};
use anyhow::{Context, Result};

/// Hard enough to halve the file; the weights are unpacked once a start.
const PACKING: i32 = 19;
/// Sentences taken of one contract.
const SENTENCES_MAX: usize = 2;
/// Place of the parties among the labelled terms.
const PARTIES: usize = 1;
const MONTHS: [&str; 11] = ["Jan", "Feb", "Mar", "Apr", "June", "July", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SEED: u64 = 20_261_123;

#[derive(Default)]
struct Tally {
    gold: usize,
    masked: usize,
    right: usize,
    by_entity: BTreeMap<String, (usize, usize)>,
    /// Findings by score in steps of 0.05, and those of them that are at least half personal.
    by_score: BTreeMap<usize, (usize, usize)>,
}

#[expect(clippy::print_stdout, reason = "a command line tool")]
fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| given.iter().position(|one| one == name).and_then(|at| given.get(at + 1));
    let mut cases: Vec<(u64, Case)> = Vec::new();
    for (number, file) in (0..).zip(given.iter().filter(|one| one.ends_with(".jsonl"))) {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
        for (line, row) in (0..).zip(text.lines()) {
            let case: Case = serde_json::from_str(row).with_context(|| format!("{file}:{}", line + 1))?;
            let part = case.template_id.and_then(|id| u64::try_from(id).ok()).unwrap_or(line);
            cases.push((((part * 7 + number) * 2_654_435_761) >> 7, case));
        }
    }
    if let Some(file) = option("--prose") {
        let contracts = data::unpack(&std::fs::read(file).with_context(|| format!("reading {file}"))?)?;
        cases.extend(
            contracts.iter().enumerate().flat_map(|(number, contract)| prose(contract, number as u64)),
        );
    }
    if let Some(folds) = option("--folds") {
        let folds: u64 = folds.parse()?;
        let mut tally = Tally::default();
        for fold in 0..folds {
            let (seen, unseen): (Vec<_>, Vec<_>) = cases.iter().partition(|(part, _)| part % folds != fold);
            let tagger = train(&seen.iter().map(|(_, case)| case).collect::<Vec<_>>(), SEED);
            for (_, case) in unseen {
                tally.add(case, &tagger, given.iter().any(|one| one == "--show"));
            }
        }
        println!("{}", tally.table());
        return Ok(());
    }
    let out = option("--out").context("where to write the weights, or --folds?")?;
    let tagger = train(&cases.iter().map(|(_, case)| case).collect::<Vec<_>>(), SEED);
    let packed = zstd::encode_all(tagger.to_bytes().as_slice(), PACKING)?;
    println!("{} texts, {} bytes", cases.len(), packed.len());
    std::fs::write(out, packed).with_context(|| format!("writing {out}"))
}

/// Sentences that say what must or may be done and hold no capital but that of a defined term.
fn prose(contract: &data::Labelled, part: u64) -> Vec<(u64, Case)> {
    let labelled = contract.labels.get(PARTIES).into_iter().flat_map(|label| &label.golds);
    let words = labelled.flat_map(|gold| gold.text.split_whitespace());
    let parties: Vec<&str> = words.filter(|word| word.len() > 3).collect();
    let duties = ["shall", "may", "will", "must", "agrees"];
    let is_wanted = |sentence: &&str| {
        let mut words = sentence.split_whitespace();
        (60..400).contains(&sentence.len())
            && words.clone().any(|word| duties.contains(&word))
            && !words.any(|word| parties.contains(&word) || is_dated(word))
    };
    let sentences = contract.text.split_inclusive(". ").filter(is_wanted).take(SENTENCES_MAX);
    sentences
        .map(|text| (part, Case { text: text.to_owned(), spans: Vec::new(), template_id: None }))
        .collect()
}

fn is_dated(word: &str) -> bool {
    let is_year = word.len() >= 4 && (word.starts_with("19") || word.starts_with("20"));
    is_year || word.contains('/') || MONTHS.iter().any(|month| word.starts_with(month))
}

impl Tally {
    #[expect(clippy::print_stdout, reason = "a command line tool")]
    fn add(&mut self, case: &Case, tagger: &ml::tagger::Tagger, is_shown: bool) {
        let mut masked = vec![false; case.text.chars().count()];
        let findings = found(tagger, &case.text);
        for finding in findings.iter().filter(|finding| finding.score >= DEFAULT_THRESHOLD) {
            masked[finding.start..finding.end].fill(true);
        }
        let mut gold = vec![false; masked.len()];
        for span in &case.spans {
            gold[span.start..span.end].fill(true);
            let entity = self.by_entity.entry(span.entity.clone()).or_default();
            entity.0 += span.end - span.start;
            entity.1 += masked[span.start..span.end].iter().filter(|is| **is).count();
        }
        for finding in &findings {
            let hit = gold[finding.start..finding.end].iter().filter(|is| **is).count();
            let band = self.by_score.entry((finding.score * 20.0) as usize).or_default();
            band.0 += 1;
            band.1 += usize::from(hit * 2 >= finding.end - finding.start);
        }
        let both = gold.iter().zip(&masked).filter(|(a, b)| **a && **b).count();
        self.gold += gold.iter().filter(|is| **is).count();
        self.masked += masked.iter().filter(|is| **is).count();
        self.right += both;
        if is_shown && gold.iter().zip(&masked).filter(|(a, b)| a != b).count() > 3 {
            let brief: Vec<_> = findings.iter().map(|f| (f.entity, f.start, f.end, f.score)).collect();
            println!("{:?}\n   {brief:?}", case.text);
        }
    }

    fn table(&self) -> String {
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let rows = self
            .by_entity
            .iter()
            .map(|(entity, (all, hit))| format!("{entity:20} {:.3}\n", share(*hit, *all)));
        let total = format!(
            "characters of anything personal: recall {:.3}, precision {:.3}",
            share(self.right, self.gold),
            share(self.right, self.masked)
        );
        let bands = self.by_score.iter().map(|(band, (all, hit))| {
            format!(
                "findings of score {:.2} and more {all:5}, right {:.3}\n",
                *band as f32 / 20.0,
                share(*hit, *all)
            )
        });
        rows.chain(bands).chain([total]).collect()
    }
}
