//! `dealdesk connect`: connections to vendors, made, shown and ended at the command line.

use std::process::ExitCode;

use clap::Subcommand;
use integrations::enrichment::providers::Provider;
use storage::connections::{self, Status};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::connect_crm::CrmAccount;
use crate::commands::connect_docusign::Docusign;
use crate::commands::connect_enrichment::Facts;
use crate::commands::line;
use crate::config::Config;

/// What to do about connections. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum Connect {
    /// Show all connections and how they fare.
    List,
    Docusign(Docusign),
    Peopledatalabs(Facts),
    Apollo(Facts),
    /// Follow a HubSpot account, both ways.
    Hubspot(CrmAccount),
    /// Follow a Salesforce organisation, both ways.
    Salesforce(CrmAccount),
    /// End a connection and forget its secrets.
    Remove {
        /// Which vendor, e.g. `hubspot`.
        provider: String,
    },
}

impl Connect {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = self.act(&app).await;
        app.close().await?;
        done
    }

    async fn act(self, app: &App) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => list(app).await,
            Self::Docusign(docusign) => docusign.run(app).await,
            Self::Peopledatalabs(facts) => facts.run(app, Provider::PeopleDataLabs).await,
            Self::Apollo(facts) => facts.run(app, Provider::Apollo).await,
            Self::Hubspot(account) => account.connect(app, "hubspot").await,
            Self::Salesforce(account) => account.connect(app, "salesforce").await,
            Self::Remove { provider } => {
                let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
                match connections::disconnect(&mut tx, &provider, None, app.clock.now()).await {
                    Err(storage::Error::Missing(_)) => {
                        line(&format!("There is no connection to {provider}. See dealdesk connect list"))?;
                        Ok(ExitCode::FAILURE)
                    }
                    other => {
                        other?;
                        tx.commit().await?;
                        line(&format!("The connection to {provider} is gone, with its secrets."))?;
                        Ok(ExitCode::SUCCESS)
                    }
                }
            }
        }
    }
}

async fn list(app: &App) -> anyhow::Result<ExitCode> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let all = connections::list(&mut tx).await?;
    if all.is_empty() {
        line("No vendor is connected.")?;
    }
    for status in &all {
        line(&words(status))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One line about a connection.
pub(crate) fn words(status: &Status) -> String {
    let Status { provider, account, state, last_ok_at, last_error, failures, .. } = status;
    let well = last_ok_at.map_or_else(
        || "not used yet".to_owned(),
        |at| format!("last went well {}", at.format("%Y-%m-%d %H:%M UTC")),
    );
    let mut said = format!("{provider:12} {} ({account}), {well}", state.name());
    if let (true, Some(error)) = (*failures > 0, last_error) {
        said.push_str(&format!(", {failures} failures since: {error}"));
    }
    said
}
