//! `dealdesk eval discovery`: the search against graded answers, as an outsider would measure it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use agents::discovery::PAGE;
use anyhow::Context;
use clap::Args;
use ml::ranking::Score;
use serde::{Deserialize, Serialize};

use crate::app::{App, Owner};
use crate::commands::{json, line};
use crate::config::Config;

/// Graded answers: lines of `{"id","query","qrels":{company_id: grade}}`. No grade above 0 means that nothing answers
/// the question, and the right answer is "no match".
#[derive(Debug, Args)]
pub(crate) struct Discovery {
    /// The questions with their graded answers.
    #[arg(long)]
    queries: PathBuf,
    /// Print the figures as one JSON object.
    #[arg(long)]
    json: bool,
    /// Print every question with its own figures.
    #[arg(long)]
    show: bool,
}

#[derive(Debug, Deserialize)]
struct Graded {
    id: serde_json::Value,
    query: String,
    #[serde(default)]
    qrels: BTreeMap<String, f64>,
}

/// What was measured. Times are in milliseconds, of the search alone.
#[derive(Debug, Default, Serialize)]
struct Figures {
    answerable: usize,
    /// Relevant among the first ten, of the ten or fewer that there are.
    precision_at_10: f64,
    ndcg_at_10: f64,
    mrr_at_10: f64,
    /// Answerable questions that were answered with no match all the same.
    wrongly_abstained: usize,
    unanswerable: usize,
    abstained: usize,
    degraded: usize,
    p50_ms: f64,
    p95_ms: f64,
}

impl Discovery {
    /// Asks every question and prints the figures; the directory it was graded on must be loaded.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let text = std::fs::read_to_string(&self.queries)
            .with_context(|| format!("cannot read {}", self.queries.display()))?;
        let graded: Vec<Graded> = text
            .lines()
            .enumerate()
            .filter(|(_, row)| !row.trim().is_empty())
            .map(|(nth, row)| serde_json::from_str(row).with_context(|| format!("line {}", nth + 1)))
            .collect::<anyhow::Result<_>>()?;
        let app = App::open(config, Owner::Shared).await?;
        app.desk.directory.refresh().await?;
        let done = self.measure(&app, &graded).await;
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn measure(&self, app: &App, graded: &[Graded]) -> anyhow::Result<()> {
        let mut figures = Figures::default();
        let mut took = Vec::with_capacity(graded.len());
        for one in graded {
            let began = Instant::now();
            let answer = app.desk.directory.find(&one.query, PAGE).await?;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
            figures.degraded += usize::from(answer.degraded);
            if one.qrels.values().all(|grade| *grade <= 0.0) {
                figures.unanswerable += 1;
                figures.abstained += usize::from(answer.no_match);
                continue;
            }
            let grades =
                answer.hits.iter().map(|hit| one.qrels.get(&hit.company.id.0).copied().unwrap_or(0.0));
            let grades: Vec<f64> = grades.collect();
            let score = Score::of(&grades, &one.qrels);
            if self.show {
                line(&format!(
                    "{}  P@10 {:.2}  nDCG {:.2}  {}",
                    one.id, score.precision, score.ndcg, one.query
                ))?;
            }
            figures.answerable += 1;
            figures.wrongly_abstained += usize::from(answer.no_match);
            figures.precision_at_10 += score.precision;
            figures.ndcg_at_10 += score.ndcg;
            figures.mrr_at_10 += score.reciprocal;
        }
        let count = figures.answerable.max(1) as f64;
        for sum in [&mut figures.precision_at_10, &mut figures.ndcg_at_10, &mut figures.mrr_at_10] {
            *sum /= count;
        }
        took.sort_by(f64::total_cmp);
        let at =
            |percent: usize| took.get((took.len().saturating_sub(1)) * percent / 100).copied().unwrap_or(0.0);
        (figures.p50_ms, figures.p95_ms) = (at(50), at(95));
        self.print(&figures)
    }

    fn print(&self, figures: &Figures) -> anyhow::Result<()> {
        if self.json {
            return json(&mut std::io::stdout().lock(), figures);
        }
        line(&format!(
            "P@10 {:.3}  nDCG@10 {:.3}  MRR@10 {:.3}  over {} questions",
            figures.precision_at_10, figures.ndcg_at_10, figures.mrr_at_10, figures.answerable
        ))?;
        line(&format!(
            "{} of {} unanswerable ones answered with no match, {} answerable ones too",
            figures.abstained, figures.unanswerable, figures.wrongly_abstained
        ))?;
        line(&format!(
            "p50 {:.2} ms, p95 {:.2} ms; {} degraded",
            figures.p50_ms, figures.p95_ms, figures.degraded
        ))
    }
}
