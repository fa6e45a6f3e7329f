//! Builds a search index from a JSONL directory, asks it questions, and measures.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Instant;

use agents::discovery::meaning::{Meaning, Model};
use agents::discovery::{Shelves, find};
use anyhow::{Context, bail};
use domain::company::Company;
use domain::search::Hit;
use ml::ranking::Score;
use storage::directory::Index;

const CONTENT: &str = "example";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--build", file, folder] => build(Path::new(file), Path::new(folder)),
        ["--query", query, folder] => ask(Path::new(folder), query),
        ["--jsonl", folder] => batch(Path::new(folder)),
        ["--eval", file, folder] => eval(Path::new(folder), Path::new(file)),
        _ => bail!(
            "usage: find --build FILE.jsonl DIR | --query TEXT DIR | --jsonl DIR < LINES | --eval GRADED.jsonl DIR"
        ),
    }
}

fn build(file: &Path, folder: &Path) -> anyhow::Result<()> {
    let lines =
        BufReader::new(std::fs::File::open(file).with_context(|| file.display().to_string())?).lines();
    let started = Instant::now();
    let companies =
        lines.map_while(Result::ok).filter_map(|line| serde_json::from_str::<Company>(&line).ok());
    let index = Index::build(folder, CONTENT, companies)?;
    let took = started.elapsed().as_secs_f64();
    let mut out = std::io::stdout();
    writeln!(out, "{} companies in {took:.2} s, {} MB", index.stamp().companies, size(folder)? / 1_000_000)?;
    Ok(())
}

/// The vectors beside the index, when `DEALDESK_EMBEDDING_MODEL` names a model's folder.
fn meaning(index: &Index, folder: &Path) -> anyhow::Result<Option<Meaning>> {
    let Some(model) = std::env::var_os("DEALDESK_EMBEDDING_MODEL") else { return Ok(None) };
    Ok(Some(Meaning::open(index, folder, Model::read(Path::new(&model))?)?))
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn ask(folder: &Path, query: &str) -> anyhow::Result<()> {
    let index = Index::open(folder, CONTENT)?;
    let meaning = meaning(&index, folder)?;
    let started = Instant::now();
    let answer = find(Shelves { index: &index, meaning: meaning.as_ref() }, query, 10)?;
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let mut out = std::io::stdout();
    let chips: Vec<&str> = answer.chips.iter().map(|chip| chip.label.as_str()).collect();
    writeln!(
        out,
        "{chips:?}  {} considered, confidence {:.2}, {ms:.1} ms",
        answer.considered, answer.confidence
    )?;
    if answer.no_match {
        writeln!(out, "no match; relax: {:?}", answer.relax)?;
    }
    for hit in &answer.hits {
        let row = &hit.company;
        let size = row.size.map_or("size unknown", domain::company::Size::label);
        writeln!(
            out,
            "{:3}  {} [{}] {size} ({})",
            hit.fit,
            row.name,
            row.country.as_deref().unwrap_or("?"),
            row.id
        )?;
        for entry in &hit.evidence {
            let quote: String = entry.quote.chars().take(170).collect();
            writeln!(out, "       {} {:?} {}: {quote}", entry.part, entry.verdict, entry.field)?;
        }
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Line {
    id: serde_json::Value,
    query: String,
}

fn batch(folder: &Path) -> anyhow::Result<()> {
    let index = Index::open(folder, CONTENT)?;
    let meaning = meaning(&index, folder)?;
    let shelves = Shelves { index: &index, meaning: meaning.as_ref() };
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for line in std::io::stdin().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let started = Instant::now();
        let answer = find(shelves, &line.query, 10)?;
        let ms = started.elapsed().as_secs_f64() * 1e3;
        let hits: Vec<serde_json::Value> = answer
            .hits
            .iter()
            .map(|hit| {
                serde_json::json!({"company_id": hit.company.id, "name": hit.company.name, "score": hit.fit, "evidence": hit.evidence})
            })
            .collect();
        let said = serde_json::json!({
            "id": line.id, "filters": answer.filters, "hits": hits, "no_match": answer.no_match, "ms": ms,
            "relax": answer.relax,
        });
        writeln!(out, "{said}")?;
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Graded {
    query: String,
    qrels: BTreeMap<String, f64>,
}

/// The figures of `dealdesk eval discovery`, over an index without a database.
fn eval(folder: &Path, file: &Path) -> anyhow::Result<()> {
    let index = Index::open(folder, CONTENT)?;
    let meaning = meaning(&index, folder)?;
    let shelves = Shelves { index: &index, meaning: meaning.as_ref() };
    let (mut sum, mut count) = ([0.0_f64; 3], 0_u32);
    let (mut unanswerable, mut abstained, mut took) = (0, 0, Vec::new());
    for line in std::fs::read_to_string(file)?.lines() {
        let graded: Graded = serde_json::from_str(line)?;
        let started = Instant::now();
        let answer = find(shelves, &graded.query, 10)?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
        if graded.qrels.is_empty() {
            unanswerable += 1;
            abstained += u32::from(answer.no_match);
            continue;
        }
        let grade = |hit: &Hit| graded.qrels.get(&hit.company.id.0).copied().unwrap_or(0.0);
        let score = Score::of(&answer.hits.iter().map(grade).collect::<Vec<f64>>(), &graded.qrels);
        count += 1;
        sum.iter_mut()
            .zip([score.precision, score.ndcg, score.reciprocal])
            .for_each(|(sum, one)| *sum += one);
    }
    took.sort_by(f64::total_cmp);
    let [precision, ndcg, reciprocal] = sum.map(|sum| sum / f64::from(count.max(1)));
    let at = |percent: usize| took.get(took.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0.0);
    let mut out = std::io::stdout();
    writeln!(out, "P@10 {precision:.3}  nDCG@10 {ndcg:.3}  MRR@10 {reciprocal:.3}  over {count} questions")?;
    writeln!(out, "{abstained} of {unanswerable} unanswerable ones answered with no match")?;
    writeln!(out, "p50 {:.2} ms, p95 {:.2} ms", at(50), at(95))?;
    Ok(())
}
