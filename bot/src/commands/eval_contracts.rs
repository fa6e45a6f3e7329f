//! `dealdesk eval contracts`: how good the extraction of contract terms is on labelled contracts.

use std::path::PathBuf;
use std::process::ExitCode;

use agents::contract::evaluate::{cross, data, measure, table};
use agents::contract::extract::Extractor;
use anyhow::Context;
use clap::Args;

use super::line;

/// Measure the extraction of contract terms.
#[derive(Debug, Args)]
pub(crate) struct Contracts {
    /// Labelled contracts, one JSON object a line: {"title", "text", "labels": {name: {"spans", "answer"}}}; may be
    /// packed by zstd.
    data: PathBuf,
    /// Judge every contract by a model trained on the other parts, of this many, in place of the one that ships:
    /// the only honest figure on the contracts that the shipped one was made from. Takes minutes.
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=20))]
    folds: Option<u16>,
}

impl Contracts {
    /// Prints the table of figures by term, micro and macro, the bands of confidence and the floors.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let bytes =
            std::fs::read(&self.data).with_context(|| format!("cannot read {}", self.data.display()))?;
        let contracts = data::unpack(&bytes)?;
        anyhow::ensure!(!contracts.is_empty(), "{} holds no contracts", self.data.display());
        if let Some(folds) = self.folds {
            let readings = cross::read_all(&contracts);
            let pools = cross::pools(&contracts, &readings, usize::from(folds), |_, _| {});
            line(table::table(&contracts, &pools).trim_end())?;
        }
        let measured = measure::measure(&Extractor::new().context("cannot load the engine")?, &contracts);
        if self.folds.is_none() {
            line(measured.table.trim_end())?;
        }
        for (term, [stated, review, absent]) in &measured.unlabelled {
            line(&format!("rules only {term:30} stated {stated}, for a person {review}, absent {absent}"))?;
        }
        let (quotes, held) = measured.quotes;
        line(&format!("quotes word for word in the text: {held} of {quotes}"))?;
        line(&format!(
            "contracts with something for a person: {} of {}",
            measured.reviewed,
            contracts.len()
        ))?;
        let seconds = measured.took.as_secs_f64();
        let rate = contracts.len() as f64 / seconds.max(1e-9);
        line(&format!(
            "time: {seconds:.1} s for {} contracts on one core, {rate:.0} a second",
            contracts.len()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
