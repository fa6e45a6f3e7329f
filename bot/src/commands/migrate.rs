//! `dealdesk migrate`: brings the schema up to date.

use std::process::ExitCode;

use crate::app::{App, Owner};
use crate::commands::line;
use crate::config::Config;

/// Opening the database is what migrates it.
pub(crate) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Owner::Shared).await?;
    line("The schema is up to date.")?;
    app.close().await?;
    Ok(ExitCode::SUCCESS)
}
