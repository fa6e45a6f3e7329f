//! `dealdesk connect peopledatalabs|apollo`: a key, and what may be spent with it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use integrations::enrichment::providers::Provider;
use secrecy::SecretString;
use serde_json::json;
use storage::connections::{self, New, Secrets};

use crate::app::{App, HOME_TENANT};
use crate::commands::line;

/// Connect a provider of facts about companies. The key is tried with the first company that is asked for.
#[derive(Debug, Args)]
pub(crate) struct Facts {
    /// File with the key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What may be spent in thirty days, US dollars.
    #[arg(long, default_value_t = 50)]
    budget_usd: u32,
    /// What a match costs under your contract, millionths of a US dollar; else the list price.
    #[arg(long)]
    cost_micros: Option<u32>,
    /// Where the provider is; for tests.
    #[arg(long, hide = true)]
    base_url: Option<String>,
}

impl Facts {
    /// Keeps the key.
    pub(crate) async fn run(self, app: &App, provider: Provider) -> anyhow::Result<ExitCode> {
        let key = std::fs::read_to_string(&self.key)
            .with_context(|| format!("cannot read {}", self.key.display()))?;
        let secrets = Secrets::from([("api_key".to_owned(), SecretString::from(key.trim()))]);
        let settings = json!({
            "base_url": self.base_url.as_deref().unwrap_or(provider.url()),
            "budget_micros": i64::from(self.budget_usd) * 1_000_000,
            "cost_micros": self.cost_micros.map_or_else(|| provider.cost_micros(), i64::from),
        });
        let new =
            New { provider: provider.name(), account: "", settings: &settings, secrets: &secrets, by: None };
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        connections::connect(&mut tx, &app.seal, &new, app.clock.now()).await?;
        tx.commit().await?;
        line(&format!(
            "✓ {} is connected; at most {} USD are spent in 30 days. Try: dealdesk companies enrich adyen.com",
            provider.name(),
            self.budget_usd
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
