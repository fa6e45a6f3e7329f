//! `dealdesk find`: one question, or a file of them.

use std::io::{BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use domain::person::Role;
use domain::search::{Answer, Evidence, Filters};
use serde::{Deserialize, Serialize};

use crate::app::{App, Owner};
use crate::commands::{json, line};
use crate::config::Config;

/// Looks for partners.
#[derive(Debug, Args)]
pub(crate) struct Find {
    /// The question in plain words.
    #[arg(required_unless_present = "jsonl")]
    query: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    /// Read `{"id","query"}` lines from standard input.
    #[arg(long, conflicts_with = "query")]
    jsonl: bool,
    /// How many companies at most.
    #[arg(long, default_value_t = 10)]
    limit: usize,
}

#[derive(Deserialize)]
struct Asked {
    id: serde_json::Value,
    query: String,
}

/// An answer on one line.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a serde_json::Value,
    filters: &'a Filters,
    hits: Vec<ToldHit<'a>>,
    no_match: bool,
    degraded: bool,
    relax: Option<&'a str>,
    ms: f64,
}

#[derive(Serialize)]
struct ToldHit<'a> {
    company_id: &'a str,
    name: &'a str,
    country: Option<&'a str>,
    score: u8,
    evidence: &'a [Evidence],
}

impl Find {
    /// Answers; the index is made first if it is missing.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        app.furnish().await?;
        app.desk.directory.refresh().await?;
        let done = if self.jsonl { self.many(&app).await } else { self.one(&app).await };
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn one(&self, app: &App) -> anyhow::Result<()> {
        let query = self.query.as_deref().unwrap_or_default();
        let (answer, ms) = self.ask(app, query).await?;
        if self.json {
            return json(&mut std::io::stdout().lock(), &told(&serde_json::Value::Null, &answer, ms));
        }
        let card = if answer.no_match {
            domain::wording::nothing_found(&answer, None, None)
        } else {
            domain::wording::found(&answer, domain::ids::PlanId(app.ids.next()), Role::Viewer)
        };
        line(&card.to_plain())
    }

    async fn many(&self, app: &App) -> anyhow::Result<()> {
        let input = std::io::read_to_string(std::io::stdin())?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        for text in input.lines().filter(|text| !text.trim().is_empty()) {
            let asked: Asked = serde_json::from_str(text)?;
            let (answer, ms) = self.ask(app, &asked.query).await?;
            json(&mut out, &told(&asked.id, &answer, ms))?;
        }
        Ok(out.flush()?)
    }

    async fn ask(&self, app: &App, query: &str) -> anyhow::Result<(Answer, f64)> {
        let began = Instant::now();
        let answer = app.desk.directory.find(query, self.limit).await?;
        Ok((answer, began.elapsed().as_secs_f64() * 1000.0))
    }
}

fn told<'a>(id: &'a serde_json::Value, answer: &'a Answer, ms: f64) -> Told<'a> {
    let hits = answer.hits.iter().map(|hit| ToldHit {
        company_id: &hit.company.id.0,
        name: &hit.company.name,
        country: hit.company.country.as_deref(),
        score: hit.fit,
        evidence: &hit.evidence,
    });
    Told {
        id,
        filters: &answer.filters,
        hits: hits.collect(),
        no_match: answer.no_match,
        degraded: answer.degraded,
        relax: answer.relax.as_deref(),
        ms: (ms * 1000.0).round() / 1000.0,
    }
}
