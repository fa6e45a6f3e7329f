//! `dealdesk eval`: measures quality on labelled data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use agents::discovery::PAGE;
use anyhow::Context;
use clap::Subcommand;

use crate::app::{App, Owner};
use crate::commands::line;
use crate::config::Config;
use crate::judge::Judged;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Eval {
    /// Precision of the partner search on judged questions; the directory they were judged on must be loaded.
    Find {
        /// The judged questions, as described in `tests/judged/README.md`.
        #[arg(long, default_value = "tests/judged/find.jsonl")]
        judged: PathBuf,
        /// Print every question whose first page is not all relevant.
        #[arg(long)]
        show: bool,
        /// Ask Postgres alone, as when the search index is missing.
        #[arg(long)]
        without_index: bool,
    },
    /// The partner search on graded answers: P@10, nDCG@10, MRR@10, abstention, latency.
    Discovery(super::eval_discovery::Discovery),
    /// Contract terms on labelled contracts: accuracy, coverage, recall, calibration, CUAD's curve, quotes, speed.
    Contracts(super::eval_contracts::Contracts),
    /// Attempts to give orders to a model: noticed, and harmless texts accused of it.
    Injection(super::eval_injection::Injection),
    /// Personal data and secrets in labelled texts: recall and precision by kind, characters masked, secrets, speed.
    Pii(super::eval_pii::Pii),
}

impl Eval {
    /// Prints precision at ten by family, answers to impossible questions, and times.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let (judged, show, without_index) = match self {
            Self::Find { judged, show, without_index } => (judged, show, without_index),
            Self::Discovery(discovery) => return discovery.run(config).await,
            Self::Contracts(contracts) => return contracts.run(),
            Self::Injection(injection) => return injection.run(),
            Self::Pii(pii) => return pii.run(),
        };
        let text =
            std::fs::read_to_string(&judged).with_context(|| format!("cannot read {}", judged.display()))?;
        let app = App::open(config, Owner::Shared).await?;
        if !without_index {
            app.desk.directory.refresh().await?;
        }
        let done = find(&app, &text, show).await;
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

#[derive(Default)]
struct Tally {
    families: BTreeMap<String, Vec<f64>>,
    took_ms: Vec<f64>,
    honest: usize,
    impossible: usize,
    /// Hits that break a hard condition of the question.
    broken: usize,
}

async fn find(app: &App, text: &str, show: bool) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    for row in text.lines().filter(|row| !row.trim().is_empty()) {
        let judged: Judged = serde_json::from_str(row)?;
        let began = Instant::now();
        let answer = app.desk.directory.find(&judged.query, PAGE).await?;
        tally.took_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        if judged.is_impossible() {
            tally.impossible += 1;
            tally.honest += usize::from(answer.no_match);
            if show && !answer.no_match {
                line(&format!(
                    "{}  found {} where nothing fits: {}",
                    judged.id,
                    answer.hits.len(),
                    judged.query
                ))?;
            }
            continue;
        }
        let mut good = 0_u32;
        for hit in &answer.hits {
            good += u32::from(judged.is_answered_by(&hit.company)?);
            tally.broken += usize::from(judged.is_broken_by(&hit.company)?);
        }
        let possible = if judged.relevant == 0 { PAGE } else { judged.relevant.min(PAGE) };
        let precision = (f64::from(good) / possible as f64).min(1.0);
        if show && precision < 1.0 {
            line(&format!("{}  {precision:.1}  {}", judged.id, judged.query))?;
            for hit in &answer.hits {
                let mark = if judged.is_answered_by(&hit.company)? { '+' } else { '-' };
                line(&format!("      {mark} {:3} {}", hit.fit, hit.company.name))?;
            }
        }
        tally.families.entry(judged.family).or_default().push(precision);
    }
    tally.print()
}

impl Tally {
    fn print(mut self) -> anyhow::Result<()> {
        for (family, values) in &self.families {
            line(&format!("{family:30} P@10 {:.3}  ({} questions)", mean(values), values.len()))?;
        }
        let all: Vec<f64> = self.families.values().flatten().copied().collect();
        line(&format!("{:30} P@10 {:.3}  ({} questions)", "all that have an answer", mean(&all), all.len()))?;
        line(&format!("{:30} {} of {} answered with no match", "impossible", self.honest, self.impossible))?;
        line(&format!("{:30} {} hits", "break a hard condition", self.broken))?;
        self.took_ms.sort_by(f64::total_cmp);
        let at = |percent: usize| self.took_ms[(self.took_ms.len() - 1) * percent / 100];
        line(&format!("{:30} p50 {:.2} ms, p95 {:.2} ms, worst {:.2} ms", "time", at(50), at(95), at(100)))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
