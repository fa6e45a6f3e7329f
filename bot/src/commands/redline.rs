//! `dealdesk redline`: the differences of two Word documents, or what a playbook would change in one, as tracked
//! changes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use agents::contract::extract::{Extractor, Options};
use agents::contract::playbook::{Playbook, Stance};
use agents::contract::read::{self, Bounds, Kind};
use agents::contract::redline::{self, Author, Fault, Redlined};
use agents::evaluator::terms;
use anyhow::Context;
use clap::Args;

/// How long two documents may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Mark in ORIGINAL what REVISED says differently, or what the playbook does not like, as tracked changes.
#[derive(Debug, Args)]
pub(crate) struct Redline {
    /// The document that is marked.
    original: PathBuf,
    /// The document it is compared with.
    #[arg(required_unless_present = "playbook", conflicts_with = "playbook")]
    revised: Option<PathBuf>,
    /// Replace each yellow or red clause by the words that the built-in playbook offers, the reason as a comment.
    #[arg(long)]
    playbook: bool,
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
        let original = read_file(&self.original)?;
        let started = Instant::now();
        let late = || started.elapsed() > LIMIT;
        let author = Author { name: self.author.clone(), when: domain::clock::Clock::system().now() };
        let bounds = Bounds::new(&late);
        let (redlined, told) = match &self.revised {
            Some(revised) => {
                (redline::compare(&original, &read_file(revised)?, &author, &bounds), Vec::new())
            }
            None => offers(&original, &author, &bounds)?,
        };
        let redlined = redlined.map_err(|fault| anyhow::anyhow!("{}", fault.explain()))?;
        std::fs::write(&self.output, &redlined.docx)
            .with_context(|| format!("cannot write {}", self.output.display()))?;
        super::line(&format!("{} changes in {}", redlined.changes, self.output.display()))?;
        for (what, count) in &redlined.not_compared {
            super::line(&what.sentence(*count))?;
        }
        told.iter().try_for_each(|told| super::line(told))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The redline of what the playbook offers, and what it left out.
fn offers(
    docx: &[u8],
    author: &Author,
    bounds: &Bounds<'_>,
) -> anyhow::Result<(Result<Redlined, Fault>, Vec<String>)> {
    let read = read::read(docx, bounds).map_err(|fault| anyhow::anyhow!("{}", fault.explain()))?;
    anyhow::ensure!(read.kind == Kind::Docx, "only a Word document (.docx) can be marked");
    let engine = Extractor::new().context("cannot load the engine")?;
    let found = engine.extract(&read.text, &Options::default());
    let rows = terms::check(&read.text, found.rows, author.when.date_naive());
    let playbook = Playbook::built_in();
    let findings = playbook.judge(&rows, &Stance::default());
    let offered = match redline::offer(docx, (playbook, &findings), (&author.name, author.when), bounds) {
        Ok(offered) => offered,
        Err(fault) => return Ok((Err(fault), Vec::new())),
    };
    let mut told: Vec<String> = offered.replaced.iter().map(|term| format!("replaced: {term}")).collect();
    told.extend(offered.left.iter().map(|(term, left)| format!("not replaced: {term}: {}", left.words())));
    Ok((Ok(offered.redlined), told))
}

/// The bytes of a file.
fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
