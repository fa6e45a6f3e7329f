//! `dealdesk load`: measures a running server.

use std::process::ExitCode;

use crate::app::{App, Owner};
use crate::commands::line;
use crate::config::Config;
use crate::server::load::{self, Options};

/// Sends the load and prints what came of it; ends with failure if anything was lost or doubled.
pub(crate) async fn run(config: Config, options: &Options) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Owner::Shared).await?;
    let report = load::run(options, &app.config, &app.db).await;
    app.close().await?;
    let report = report?;
    line(&if options.json { serde_json::to_string(&report)? } else { report.to_string() })?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
