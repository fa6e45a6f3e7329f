//! Measures answers to questions about contracts.
//!
//! `cargo run --release -p agents --example ask_eval -- DATA [--quick] [--misses TERM]`, where DATA holds `cuad_dev.jsonl.zst`,
//! `cuad_category_descriptions.csv`, `contractnli_dev.json` and `acord/`.
//!
//! Contracts are read by a model that did not see them (two parts, each read by the other's). A question about a term
//! is answered right when one of the quotes shares words with a labelled passage, and when nothing is quoted where no
//! passage is labelled.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use agents::contract::ask::{Answer, Book, Bounds, rank::Index};
use agents::contract::evaluate::cross;
use agents::contract::evaluate::data::{self, Labelled};
use agents::contract::extract::{Extractor, Options, training::train};
use agents::contract::terms;
use anyhow::{Context, Result};
use domain::contract::{ContractText, Extraction};
use serde_json::Value;

const OWN: &str = include_str!("ask_questions.tsv");

#[expect(clippy::print_stdout, reason = "a command line tool")]
fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().collect();
    let data = Path::new(given.get(1).context("which folder of data?")?);
    let misses = given.iter().position(|one| one == "--misses").and_then(|at| given.get(at + 1));
    println!("{}", acord(&data.join("acord"))?);
    println!("{}", nli(data)?);
    if given.iter().any(|one| one == "--quick") {
        return Ok(());
    }
    println!("{}", cuad(data, misses.map(String::as_str))?);
    Ok(())
}

/// How questions of one kind fared.
#[derive(Debug, Clone, Copy, Default)]
struct Fared {
    right: u32,
    right_first: u32,
    wrong: u32,
    silent: u32,
    silent_rightly: u32,
    false_answers: u32,
}

impl Fared {
    fn count(&mut self, answer: &Answer, golds: &[(usize, usize)]) {
        let meets = |(start, end): (usize, usize)| golds.iter().any(|gold| gold.0 < end && start < gold.1);
        let hits: Vec<bool> = answer.quotes.iter().map(|quote| meets((quote.start, quote.end))).collect();
        let slot = match (golds.is_empty(), hits.is_empty()) {
            (true, true) => &mut self.silent_rightly,
            (true, false) => &mut self.false_answers,
            (false, true) => &mut self.silent,
            (false, false) if hits.contains(&true) => &mut self.right,
            (false, false) => &mut self.wrong,
        };
        *slot += 1;
        self.right_first += u32::from(!golds.is_empty() && hits.first() == Some(&true));
    }

    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.right_first += other.right_first;
        self.wrong += other.wrong;
        self.silent += other.silent;
        self.silent_rightly += other.silent_rightly;
        self.false_answers += other.false_answers;
    }

    fn line(&self) -> String {
        let share = |part: u32, of: u32| f64::from(part) * 100.0 / f64::from(of.max(1));
        let there = self.right + self.wrong + self.silent;
        let absent = self.silent_rightly + self.false_answers;
        format!(
            "said {there:6}: right {:5.1} % (first quote {:5.1} %), wrong {:4.1} %, silent {:4.1} % | not said {absent:6}: \
             silent {:5.1} %, false answers {:4.1} % | shown answers right {:5.1} %",
            share(self.right, there),
            share(self.right_first, there),
            share(self.wrong, there),
            share(self.silent, there),
            share(self.silent_rightly, absent),
            share(self.false_answers, absent),
            share(self.right, self.right + self.wrong + self.false_answers),
        )
    }
}

/// Questions by term: our own and CUAD's descriptions of its categories.
fn questions(data: &Path) -> Result<Vec<(usize, &'static str, String)>> {
    let mut all = Vec::new();
    for line in OWN.lines() {
        let (key, question) = line.split_once('\t').context("a question without its term")?;
        let term = terms::all().iter().position(|term| term.key.0 == key).context("an unknown term")?;
        all.push((term, "own", question.to_owned()));
    }
    let descriptions = std::fs::read_to_string(data.join("cuad_category_descriptions.csv"))?;
    for record in records(&descriptions) {
        let (Some(name), Some(what)) = (record.first(), record.get(1)) else { continue };
        let name = name.trim_start_matches("Category:").trim();
        let Some(term) = terms::all().iter().position(|term| term.name.eq_ignore_ascii_case(name)) else {
            continue;
        };
        all.push((term, "cuad", what.trim_start_matches("Description:").trim().to_owned()));
    }
    Ok(all)
}

/// Fields of a file of comma-separated values.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                all.push(std::mem::take(&mut record));
            }
            '\r' => {}
            other => field.push(other),
        }
    }
    all
}

fn cuad(data: &Path, misses: Option<&str>) -> Result<String> {
    let contracts = data::unpack(&std::fs::read(data.join("cuad_dev.jsonl.zst"))?)?;
    let questions = questions(data)?;
    let rows = read_apart(&contracts);
    let mut by_set: BTreeMap<&str, Fared> = BTreeMap::new();
    let mut by_term = vec![Fared::default(); terms::all().len()];
    let mut shown = String::new();
    for (contract, rows) in contracts.iter().zip(&rows) {
        let text = ContractText::plain(contract.text.clone());
        let book = Book::of(&text);
        for (term, set, question) in &questions {
            let golds: Vec<(usize, usize)> =
                contract.labels[*term].golds.iter().flat_map(|gold| gold.spans.iter().copied()).collect();
            let answer = book.answer(rows, question);
            let mut one = Fared::default();
            one.count(&answer, &golds);
            if misses == Some(terms::all()[*term].key.0.as_str())
                && one.right + one.silent_rightly == 0
                && shown.len() < 20_000
            {
                let quote = answer.quotes.first().map_or("", |quote| quote.text.as_str());
                shown += &format!("{} [{}] {question}\n  {quote}\n", contract.title, golds.len());
            }
            by_set.entry(set).or_default().add(&one);
            by_term[*term].add(&one);
        }
    }
    let mut out = format!("{shown}CUAD, {} contracts, {} questions each\n", contracts.len(), questions.len());
    for (set, fared) in by_set {
        out += &format!("{set:40} {}\n", fared.line());
    }
    for (term, fared) in terms::all().iter().zip(by_term).filter(|(term, _)| term.labelled) {
        out += &format!("{:40} {}\n", term.key.0, fared.line());
    }
    Ok(out)
}

/// What a model that did not see a contract reads in it.
fn read_apart(contracts: &[Labelled]) -> Vec<Vec<Extraction>> {
    let readings = cross::read_all(contracts);
    let mut rows = vec![Vec::new(); contracts.len()];
    for part in 0..2 {
        let held = |at: usize| (at * 7919 % 10_007) % 2 == part;
        let cases: Vec<_> =
            (0..contracts.len()).filter(|at| !held(*at)).map(|at| (&contracts[at], &readings[at])).collect();
        let extractor = Extractor::with(train(&cases));
        for at in (0..contracts.len()).filter(|at| held(*at)) {
            let text = ContractText::plain(contracts[at].text.clone());
            rows[at] = extractor.extract(&text, &Options::default()).rows;
        }
    }
    rows
}

/// Bounds that are tried.
const SAID: [f32; 9] = [0.40, 0.45, 0.50, 0.53, 0.56, 0.59, 0.62, 0.66, 0.70];
const EXPLAINED: [f32; 5] = [0.0, 0.5, 0.65, 0.8, 1.0];
/// The largest share of false answers that a choice of bounds may have.
const FALSE_MAX: f64 = 0.08;

fn tried() -> Vec<Bounds> {
    let with = |explained| move |said| Bounds { said, explained, ..Bounds::default() };
    EXPLAINED.into_iter().flat_map(|explained| SAID.into_iter().map(with(explained))).collect()
}

/// The bounds with most right answers among those with few enough false ones.
fn chosen(fared: &[Fared]) -> usize {
    let falsely = |one: &Fared| {
        f64::from(one.false_answers) / f64::from(one.false_answers + one.silent_rightly).max(1.0)
    };
    let fit = (0..fared.len()).filter(|at| falsely(&fared[*at]) <= FALSE_MAX);
    fit.max_by_key(|at| fared[*at].right).unwrap_or(fared.len() - 1)
}

/// ContractNLI: each hypothesis as a question; its evidence is the answer, and there is none where it is not mentioned.
/// Bounds are chosen on all hypotheses but one and measured on that one.
fn nli(data: &Path) -> Result<String> {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(data.join("contractnli_dev.json"))?)?;
    let labels = file["labels"].as_object().context("labels")?;
    let extractor = Extractor::new()?;
    let tried = tried();
    let mut fared = vec![vec![Fared::default(); tried.len()]; labels.len()];
    let mut as_set = Fared::default();
    let mut ranked = [0u32; 3];
    for document in file["documents"].as_array().context("documents")? {
        let whole = document["text"].as_str().context("a text")?;
        let bytes: Vec<usize> = whole.char_indices().map(|(at, _)| at).chain([whole.len()]).collect();
        let place = |at: &Value| at.as_u64().and_then(|at| bytes.get(at as usize)).copied().unwrap_or(0);
        let spans: Vec<(usize, usize)> = document["spans"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|span| (place(&span[0]), place(&span[1])))
            .collect();
        let text = ContractText::plain(whole.to_owned());
        let rows = extractor.extract(&text, &Options::default()).rows;
        let mut book = Book::of(&text);
        let index = Index::of(spans.iter().map(|(start, end)| ("", &whole[*start..*end])));
        for ((key, label), fared) in labels.iter().zip(&mut fared) {
            let question = label["hypothesis"].as_str().unwrap_or_default();
            let note = &document["annotation_sets"][0]["annotations"][key];
            let gold: Vec<usize> = note["spans"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .map(|at| at as usize)
                .collect();
            let golds: Vec<(usize, usize)> = gold.iter().map(|at| spans[*at]).collect();
            book = book.with(Bounds::default());
            as_set.count(&book.answer(&rows, question), &golds);
            for (fared, bounds) in fared.iter_mut().zip(&tried) {
                book = book.with(*bounds);
                fared.count(&book.answer(&rows, question), &golds);
            }
            if !gold.is_empty() {
                let hits = index.search(question, true);
                let at = hits.iter().position(|(at, _)| gold.contains(at));
                ranked[0] += 1;
                ranked[1] += u32::from(at == Some(0));
                ranked[2] += u32::from(at.is_some_and(|at| at < 3));
            }
        }
    }
    let ranked = format!(
        "evidence ranked first {}/{}, among three {}/{}\n",
        ranked[1], ranked[0], ranked[2], ranked[0]
    );
    Ok(calibrated(&tried, &fared, &as_set) + &ranked)
}

/// How each choice of bounds fared, over all hypotheses and over those that it was not chosen on.
fn calibrated(tried: &[Bounds], fared: &[Vec<Fared>], as_set: &Fared) -> String {
    let mut out = format!("ContractNLI, hypotheses as questions\n{:24} {}\n", "as set", as_set.line());
    let sum = |but: Option<usize>| {
        let mut sums = vec![Fared::default(); tried.len()];
        for (_, one) in fared.iter().enumerate().filter(|(at, _)| Some(*at) != but) {
            sums.iter_mut().zip(one).for_each(|(sum, one)| sum.add(one));
        }
        sums
    };
    let all = sum(None);
    for (bounds, fared) in tried.iter().zip(&all) {
        out += &format!("said {:.2} explained {:.2}  {}\n", bounds.said, bounds.explained, fared.line());
    }
    let best = tried[chosen(&all)];
    out += &format!("chosen on all: said {:.2} explained {:.2}\n", best.said, best.explained);
    let mut held_out = Fared::default();
    for (at, of) in fared.iter().enumerate() {
        held_out.add(&of[chosen(&sum(Some(at)))]);
    }
    out += &format!("{:24} {}\n", "each hypothesis held out", held_out.line());
    out
}

/// ACORD: clauses ranked for a query, against grades of 0 to 4 (5 stars are a grade of 4).
fn acord(folder: &Path) -> Result<String> {
    let corpus = std::fs::read_to_string(folder.join("corpus.jsonl"))?;
    let clauses: Vec<Value> = corpus.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ids: Vec<String> = clauses.iter().map(|clause| word(&clause["_id"])).collect();
    let texts: Vec<String> = clauses.iter().map(|clause| word(&clause["text"])).collect();
    let index = Index::of(texts.iter().map(|text| ("", text.as_str())));
    let mut out = String::from("ACORD\n");
    for part in ["train", "valid"] {
        let lines = std::fs::read_to_string(folder.join("qrels").join(format!("{part}.tsv")))?;
        let mut grades: HashMap<String, HashMap<String, f64>> = HashMap::new();
        for line in lines.lines().skip(1) {
            let fields: Vec<&str> = line.rsplitn(3, '\t').collect();
            let [grade, clause, query] = fields.as_slice() else { continue };
            let query = query
                .strip_prefix('"')
                .and_then(|q| q.strip_suffix('"'))
                .unwrap_or(query)
                .replace("\"\"", "\"");
            grades.entry(query).or_default().insert((*clause).to_owned(), grade.parse()?);
        }
        for with_synonyms in [false, true] {
            let mut sums = [0.0f64; 4];
            for (query, graded) in &grades {
                let grade = |at: usize| graded.get(&ids[at]).copied().unwrap_or(0.0);
                // As the benchmark does: among the clauses that were graded for the query.
                let ranked: Vec<f64> = index
                    .search(query, with_synonyms)
                    .into_iter()
                    .filter(|(at, _)| graded.contains_key(&ids[*at]))
                    .map(|(at, _)| grade(at))
                    .collect();
                let mut best: Vec<f64> = graded.values().copied().collect();
                best.sort_by(|a, b| b.total_cmp(a));
                sums[0] += gain(&ranked, 5) / gain(&best, 5).max(f64::EPSILON);
                sums[1] += gain(&ranked, 10) / gain(&best, 10).max(f64::EPSILON);
                sums[2] += ranked.iter().take(5).filter(|grade| **grade >= 2.0).count() as f64 / 5.0;
                sums[3] += ranked.iter().take(5).filter(|grade| **grade >= 3.0).count() as f64 / 5.0;
            }
            let [a, b, c, d] = sums.map(|sum| sum / grades.len() as f64);
            out += &format!(
                "{part}, {} queries, synonyms {with_synonyms}: nDCG@5 {a:.3}, nDCG@10 {b:.3}, precision@5 of grade 2 and more \
                 {c:.3}, of grade 3 and more {d:.3}\n",
                grades.len()
            );
        }
    }
    Ok(out)
}

fn gain(grades: &[f64], most: usize) -> f64 {
    grades
        .iter()
        .take(most)
        .enumerate()
        .map(|(at, grade)| (grade.exp2() - 1.0) / (at as f64 + 2.0).log2())
        .sum()
}
