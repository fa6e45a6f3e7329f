//! `dealdesk redline`: the differences of two Word documents as tracked changes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use agents::contract::read::Bounds;
use agents::contract::redline::{self, Author};
use anyhow::Context;
use clap::Args;

/// How long two documents may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Mark in ORIGINAL what REVISED says differently, as tracked changes.
#[derive(Debug, Args)]
pub(crate) struct Redline {
    /// The document that is marked.
    original: PathBuf,
    /// The document it is compared with.
    revised: PathBuf,
    /// Where the marked document is written.
    #[arg(short, long)]
    output: PathBuf,
    /// In whose name the changes are made.
    #[arg(long, default_value = "Dealdesk")]
    author: String,
}

impl Redline {
    /// Writes the redline and says what it does not hold.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let (original, revised) = (read(&self.original)?, read(&self.revised)?);
        let started = Instant::now();
        let late = || started.elapsed() > LIMIT;
        let author = Author { name: self.author.clone(), when: domain::clock::Clock::system().now() };
        let redlined = match redline::compare(&original, &revised, &author, &Bounds::new(&late)) {
            Ok(redlined) => redlined,
            Err(fault) => anyhow::bail!("{}", fault.explain()),
        };
        std::fs::write(&self.output, &redlined.docx)
            .with_context(|| format!("cannot write {}", self.output.display()))?;
        super::line(&format!("{} changes in {}", redlined.changes, self.output.display()))?;
        for (what, count) in &redlined.not_compared {
            super::line(&what.sentence(*count))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The bytes of a file.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
