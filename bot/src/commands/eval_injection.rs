//! `dealdesk eval injection`: how many attempts to give orders to a model are noticed, and how many harmless texts are accused.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use agents::guardrail::suspicion;
use anyhow::Context;
use clap::Args;
use serde::Deserialize;

/// Measure how attempts to mislead a model are noticed.
#[derive(Debug, Args)]
pub(crate) struct Injection {
    /// Lines `{"text", "label": 0 | 1}`: 1 is an attempt.
    #[arg(long, required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Print every attempt that was missed and every harmless text that was accused.
    #[arg(long)]
    show: bool,
}

#[derive(Deserialize)]
struct Labelled {
    text: String,
    #[serde(default)]
    label: u8,
}

#[derive(Default)]
struct Tally {
    attempts: usize,
    noticed: usize,
    harmless: usize,
    accused: usize,
}

impl Injection {
    /// Prints both by file and together, and the time a text took.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let mut by_file: BTreeMap<String, Tally> = BTreeMap::new();
        let (mut took, mut bytes) = (Vec::new(), 0);
        // The first call compiles the patterns.
        suspicion("warm up");
        for file in &self.data {
            let lines =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let tally = by_file.entry(name).or_default();
            for (number, line) in lines.lines().enumerate() {
                let case: Labelled = serde_json::from_str(line)
                    .with_context(|| format!("{}:{}", file.display(), number + 1))?;
                let begun = Instant::now();
                let found = suspicion(&case.text);
                took.push(begun.elapsed().as_secs_f64() * 1000.0);
                bytes += case.text.len();
                let is_wrong = tally.add(case.label == 1, found.is_some());
                if self.show && is_wrong {
                    let brief: String = case.text.chars().take(160).collect();
                    writeln!(
                        out,
                        "{} {brief:?} {found:?}",
                        if case.label == 1 { "MISSED" } else { "ACCUSED" }
                    )?;
                }
            }
        }
        let mut all = Tally::default();
        for (name, tally) in &by_file {
            writeln!(out, "{name:28} {}", tally.line())?;
            all.attempts += tally.attempts;
            all.noticed += tally.noticed;
            all.harmless += tally.harmless;
            all.accused += tally.accused;
        }
        writeln!(out, "{:28} {}", "all", all.line())?;
        took.sort_by(f64::total_cmp);
        let at =
            |percent: usize| took.get((took.len().saturating_sub(1)) * percent / 100).copied().unwrap_or(0.0);
        writeln!(
            out,
            "time of a text: p50 {:.3} ms, p99 {:.3} ms, {} bytes on average",
            at(50),
            at(99),
            bytes / took.len().max(1)
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Tally {
    /// Counts a text; gives whether it was judged wrongly.
    fn add(&mut self, is_attempt: bool, is_found: bool) -> bool {
        let (all, found) = if is_attempt {
            (&mut self.attempts, &mut self.noticed)
        } else {
            (&mut self.harmless, &mut self.accused)
        };
        *all += 1;
        *found += usize::from(is_found);
        is_attempt != is_found
    }

    fn line(&self) -> String {
        format!(
            "attempts noticed {} of {}, harmless texts accused {} of {}",
            self.noticed, self.attempts, self.accused, self.harmless
        )
    }
}
