//! `dealdesk audit verify`: checks every tenant's chain.

use std::process::ExitCode;

use storage::{audit, workspaces};

use crate::app::{App, Owner};
use crate::commands::line;
use crate::config::Config;

/// Ends with failure if any chain is broken.
pub(crate) async fn verify(config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Owner::Shared).await?;
    let anchors = app.config.home.join("audit-anchors.jsonl");
    let mut is_whole = true;
    for (tenant, name) in workspaces::tenants(&app.db).await? {
        let checked = audit::verify(&app.db, tenant, &anchors).await?;
        match checked.fault {
            None => line(&format!("{name} ({tenant}): {} entries, the chain holds", checked.entries))?,
            Some(fault) => {
                is_whole = false;
                line(&format!("{name} ({tenant}): BROKEN, {fault}"))?;
            }
        }
    }
    app.close().await?;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
