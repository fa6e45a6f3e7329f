//! JSON lines in: from a file or from standard input, in one go.

use std::path::PathBuf;

use clap::Args;

/// Reads standard input.
#[derive(Debug, Args)]
pub(crate) struct JsonLines {
    /// One JSON object a line, in and out.
    #[arg(long, required = true)]
    jsonl: bool,
    /// Read this file in place of standard input.
    #[arg(long)]
    file: Option<PathBuf>,
}

impl JsonLines {
    /// The whole text.
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        Ok(match &self.file {
            Some(file) => std::fs::read_to_string(file)?,
            None => std::io::read_to_string(std::io::stdin())?,
        })
    }
}
