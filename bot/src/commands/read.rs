//! `dealdesk read`: the text of a PDF, a scan or a picture as the contract agent gets it, and what it was told of it.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::commands::line;
use crate::config::Config;

/// Reads a file, or the file behind a link.
#[derive(Debug, Args)]
pub(crate) struct Read {
    /// A file, or a link that begins with https://.
    file: String,
    /// The password that opens it.
    #[arg(long, env = "DEALDESK_FILE_PASSWORD", hide_env_values = true)]
    password: Option<String>,
}

impl Read {
    /// Prints the text, and notes on it to standard error.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let bytes = if self.file.starts_with("https://") || self.file.starts_with("http://") {
            match config.fetcher()?.fetch(&self.file).await {
                Ok(bytes) => bytes,
                Err(fault) => return refused(&fault.explain()),
            }
        } else {
            std::fs::read(&self.file).with_context(|| format!("cannot read {}", self.file))?
        };
        match config.reader()?.read(&bytes, self.password.as_deref()).await {
            Ok(reading) => {
                line(&reading.text.text)?;
                for note in reading.notes {
                    eprintln!("{}", note.sentence());
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(fault) => refused(&fault.explain()),
        }
    }
}

/// Says why there is no text.
fn refused(why: &domain::error::UserError) -> anyhow::Result<ExitCode> {
    eprintln!("{why}");
    Ok(ExitCode::FAILURE)
}
