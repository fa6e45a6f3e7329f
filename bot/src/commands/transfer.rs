//! `dealdesk export` and `dealdesk import`: everything of the team as files, and into another installation.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use storage::audit;
use storage::transfer::{Failure, Manifest, export, import};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;

/// Whoever may read the data folder may do this.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The folder to write, which is empty or does not exist yet.
    #[arg(long, value_name = "DIR")]
    all: PathBuf,
}

/// The other end.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The folder that `export` wrote.
    #[arg(long, value_name = "DIR")]
    all: PathBuf,
}

impl Export {
    /// Writes the folder.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let objects = app.config.objects()?;
        let written = export::write(&app.db, &objects, (HOME_TENANT, &self.all), app.clock.now()).await;
        app.close().await?;
        match told(written)? {
            None => Ok(ExitCode::FAILURE),
            Some(manifest) => {
                line(&format!("{} is written: {}", self.all.display(), counts(&manifest)))?;
                for sha256 in &manifest.lost {
                    line(&format!("The original {sha256} is not there any more and is left out."))?;
                }
                line("Secrets stay here. Keep the folder as safe as the contracts in it.")?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Import {
    /// Checks the folder, then brings it in.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let Some(manifest) = told(import::check(&self.all))? else { return Ok(ExitCode::FAILURE) };
        let app = App::open(config, Owner::Shared).await?;
        app.furnish().await?;
        let objects = app.config.objects()?;
        let brought = import::bring(&app.db, &objects, (&manifest, &self.all)).await;
        let code = match told(brought)? {
            None => ExitCode::FAILURE,
            Some(()) => {
                line(&format!("{} is here: {}", manifest.name, counts(&manifest)))?;
                let anchors = app.config.home.join("audit-anchors.jsonl");
                let checked = audit::verify(&app.db, manifest.tenant, &anchors).await?;
                if let Some(fault) = checked.fault {
                    line(&format!("The audit chain is BROKEN, as it was exported: {fault}"))?;
                    ExitCode::FAILURE
                } else {
                    line(&format!("The audit chain holds, {} entries.", checked.entries))?;
                    line("Connections came without their secrets: connect again; see dealdesk connect list")?;
                    line("Sign in with a new link: dealdesk people link NAME")?;
                    ExitCode::SUCCESS
                }
            }
        };
        app.close().await?;
        Ok(code)
    }
}

/// What somebody can do something about is said in a line; anything else goes to the log with its causes.
fn told<T>(done: Result<T, Failure>) -> anyhow::Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error @ (Failure::Objects(_) | Failure::Storage(_))) => Err(error.into()),
        Err(error) => {
            line(&format!("Nothing was changed: {error}."))?;
            Ok(None)
        }
    }
}

fn counts(manifest: &Manifest) -> String {
    let of = |name: &str| manifest.files.get(name).map_or(0, |facts| facts.rows);
    format!(
        "{} people, {} deals, {} notes, {} documents with {} originals, {} audit entries; {} rows in {} files",
        of("people"),
        of("deals"),
        of("notes"),
        of("documents"),
        manifest.originals.len(),
        of("audit_entries"),
        manifest.files.values().map(|facts| facts.rows).sum::<u64>(),
        manifest.files.len()
    )
}
