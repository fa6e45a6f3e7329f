//! `dealdesk analyze`: contracts to terms with proof and verdicts, from the shell; nothing is stored.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agents::contract::extract::{Extractor, Options};
use agents::contract::open::open;
use agents::contract::pdf;
use agents::contract::playbook::{Playbook, Stance};
use anyhow::Context;
use clap::Args;
use domain::contract::{ContractText, Extraction, Finding, PageText};
use domain::wording;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands::line;
use crate::config::Config;

/// How long finding the terms of one contract may take.
const TIME: Duration = Duration::from_secs(30);

/// Find the terms of contracts and judge them under the built-in playbook.
#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// PDF, scan, DOCX, HTML, mail or text.
    #[arg(required_unless_present = "jsonl")]
    files: Vec<PathBuf>,
    /// One JSON object a file.
    #[arg(long)]
    json: bool,
    /// Read lines {"title","text"} from standard input in place of files.
    #[arg(long, conflicts_with = "files")]
    jsonl: bool,
    /// Also list candidates below the threshold.
    #[arg(long)]
    all: bool,
}

/// A contract to look at.
enum Item {
    File(PathBuf),
    Text { title: String, text: String },
}

#[derive(Deserialize)]
struct Line {
    title: String,
    text: String,
}

/// What was found in one contract.
struct Report {
    name: String,
    text: ContractText,
    notes: Vec<String>,
    rows: Vec<Extraction>,
    findings: Vec<Finding>,
    is_partial: bool,
    ms: u128,
}

impl Analyze {
    /// Prints what was found in each; files that could not be read are named, and the exit code says so.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let items = self.items()?;
        let total = items.len();
        let pages = Arc::new(config.reader()?);
        let engine = Arc::new(Extractor::new().context("cannot load the engine")?);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let all = self.all;
        let mut reports = stream::iter(items.into_iter().map(|item| {
            let (pages, engine) = (Arc::clone(&pages), Arc::clone(&engine));
            async move { look(&pages, engine, (item, all)).await }
        }))
        .buffered(cores);
        let is_watched = std::io::stderr().is_terminal() && total > 1;
        let (mut done, mut failed) = (0_usize, 0_usize);
        while let Some(looked) = reports.next().await {
            done += 1;
            match looked {
                Ok(report) if self.json || self.jsonl => line(&as_json(&report).to_string())?,
                Ok(report) => line(&as_text(&report))?,
                Err((name, why)) => {
                    failed += 1;
                    if self.json || self.jsonl {
                        line(&json!({ "file": name, "error": why }).to_string())?;
                    } else {
                        line(&format!("{name}: {why}"))?;
                    }
                }
            }
            if is_watched {
                eprint!("\r{done} of {total} contracts");
                let _ = std::io::stderr().flush();
            }
        }
        if is_watched {
            eprintln!();
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn items(&self) -> anyhow::Result<Vec<Item>> {
        if !self.jsonl {
            return Ok(self.files.iter().cloned().map(Item::File).collect());
        }
        let input = std::io::read_to_string(std::io::stdin())?;
        input
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(n, line)| {
                let Line { title, text } =
                    serde_json::from_str(line).with_context(|| format!("line {} is not usable", n + 1))?;
                Ok(Item::Text { title, text })
            })
            .collect()
    }
}

async fn look(
    pages: &pdf::Reader,
    engine: Arc<Extractor>,
    (item, all): (Item, bool),
) -> Result<Report, (String, String)> {
    let began = Instant::now();
    let (name, text, notes) = match item {
        Item::Text { title, text } => (title, ContractText::plain(text), Vec::new()),
        Item::File(path) => {
            let name = path.display().to_string();
            let bytes = tokio::fs::read(&path).await.map_err(|error| (name.clone(), error.to_string()))?;
            let opened = open(pages, bytes, None).await.map_err(|why| (name.clone(), why.to_string()))?;
            (name, opened.text, opened.notes)
        }
    };
    let named = name.clone();
    let worked = tokio::task::spawn_blocking(move || {
        let extracted = engine.extract(&text, &Options { all, deadline: Some(Instant::now() + TIME) });
        let findings = Playbook::built_in().judge(&extracted.rows, &Stance::default());
        let ms = began.elapsed().as_millis();
        Report { name, text, notes, rows: extracted.rows, findings, is_partial: extracted.partial, ms }
    });
    worked.await.map_err(|panic| (named, panic.to_string()))
}

/// The object that the shell prints; offsets in code points.
fn as_json(report: &Report) -> Value {
    let recognised = |page: &&domain::contract::PageSpan| matches!(page.text, PageText::Recognised { .. });
    json!({
        "file": report.name,
        "pages": report.text.pages.len(),
        "chars": report.text.text.chars().count(),
        "ocr_pages": report.text.pages.iter().filter(recognised).count(),
        "ms": report.ms,
        "partial": report.is_partial,
        "notes": report.notes,
        "terms": report.rows.iter().map(|row| term_json(report, row)).collect::<Vec<_>>(),
        "findings": report.findings.iter().filter(|finding| finding.severity > 0).collect::<Vec<_>>(),
    })
}

fn term_json(report: &Report, row: &Extraction) -> Value {
    let finding = report.findings.iter().find(|finding| finding.term == row.term);
    let quote = row.quote.as_ref();
    json!({
        "term": row.term,
        "state": row.state,
        "value": row.value.as_ref().map(wording::value_words),
        "normalized": row.value,
        "quote": quote.map(|quote| &quote.text),
        "page": quote.map(|quote| quote.page),
        "start": quote.map(|quote| report.text.code_point(quote.start)),
        "end": quote.map(|quote| report.text.code_point(quote.end)),
        "confidence": row.confidence,
        "reason": row.reason,
        "verdict": finding.map(|finding| finding.verdict),
    })
}

/// A table for people: what is stated, and the findings that matter.
fn as_text(report: &Report) -> String {
    let mut lines = vec![format!("{} ({} pages, {} ms)", report.name, report.text.pages.len(), report.ms)];
    lines.extend(report.notes.iter().map(|note| format!("  note: {note}")));
    for row in &report.rows {
        let Some(value) = &row.value else { continue };
        let page = row.quote.as_ref().map_or(1, |quote| quote.page);
        lines.push(format!(
            "  {:<34} {} (page {page}, {:.2})",
            row.term.to_string(),
            wording::value_words(value),
            row.confidence
        ));
    }
    for finding in report.findings.iter().filter(|finding| finding.severity > 0).take(10) {
        let verdict = wording::verdict_word(finding.verdict);
        lines.push(format!("  {verdict}: {}: {}", finding.term, finding.reason));
    }
    lines.join("\n")
}
