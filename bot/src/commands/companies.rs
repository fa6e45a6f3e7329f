//! `dealdesk companies import FILE`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use storage::directory::import::{ImportOptions, ImportReport, import_file};

use crate::app::{App, Owner};
use crate::commands::line;
use crate::config::Config;

/// Imports companies.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// JSON lines or CSV, plain, .gz or .zst.
    file: PathBuf,
    /// Their column for one of our fields, e.g. `--map employees=size`; may be repeated.
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Fields to leave unknown whatever the file says, with commas, e.g. `--mask sector,industry_group,industry`.
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    mask: Vec<String>,
    /// Name of the collection, for rows that name none.
    #[arg(long, default_value = "import")]
    source: String,
}

impl Import {
    /// Imports the file; ends with failure if no row was good.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let map = self.map.iter().map(|pair| match pair.split_once('=') {
            Some((theirs, ours)) => Ok((theirs.trim().to_owned(), ours.trim().to_owned())),
            None => bail!("--map takes COLUMN=FIELD, not `{pair}`"),
        });
        let map = map.collect::<anyhow::Result<Vec<_>>>()?;
        let app = App::open(config, Owner::Shared).await?;
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let options = ImportOptions {
            map,
            mask: self.mask,
            source: self.source,
            ..ImportOptions::new(&name, app.clock.now())
        };
        let report = take_in(&app, &self.file, &options).await?;
        finish(app, &report).await
    }
}

/// Imports a file and shows how far it is.
pub(crate) async fn take_in(app: &App, file: &Path, options: &ImportOptions) -> anyhow::Result<ImportReport> {
    let size = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    let bar = ProgressBar::new(size.len()).with_style(ProgressStyle::with_template(
        "{bar:40} {percent:>3} %  {msg}  {elapsed} (about {eta} left)",
    )?);
    let report = import_file(app.db.directory(), file, options, |progress| {
        bar.set_position(progress.bytes_read);
        bar.set_message(format!("{} companies", progress.rows_done));
    })
    .await?;
    bar.finish_and_clear();
    Ok(report)
}

/// Says what an import did and lets the search know; ends with failure if no row was good.
pub(crate) async fn finish(app: App, report: &ImportReport) -> anyhow::Result<ExitCode> {
    for bad in &report.bad {
        eprintln!("line {}: {}", bad.line, bad.reason);
    }
    let unshown = report.bad_total - report.bad.len() as u64;
    if unshown > 0 {
        eprintln!("… and {unshown} more bad rows");
    }
    line(&format!(
        "{} rows read in {:.1} s: {} new, {} changed, {} as before, {} bad",
        report.read, report.seconds, report.inserted, report.updated, report.unchanged, report.bad_total
    ))?;
    app.desk.directory.refresh().await?;
    app.close().await?;
    let is_useless = report.read > 0 && report.bad_total == report.read;
    Ok(if is_useless { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
