//! `dealdesk guardrail`: show and replace the team's rules for what the guardrail finds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use domain::screening::Rules;
use serde_json::json;
use storage::audit::{self, Act};
use storage::screening::{self, Kept};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;

/// What to do about the guardrail's rules. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum GuardrailCommand {
    /// Print the rules that hold.
    Show,
    /// Make a TOML file the rules from now on.
    Set {
        /// The file.
        file: PathBuf,
        /// What changed and why.
        #[arg(long, default_value = "")]
        note: String,
    },
}

impl GuardrailCommand {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = match self {
            Self::Show => show(&app).await,
            Self::Set { file, note } => set(&app, &file, &note).await,
        };
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn show(app: &App) -> anyhow::Result<()> {
    let kept = screening::newest(&mut app.db.tenant(HOME_TENANT).begin().await?).await?;
    if kept.number == 0 {
        return line("# No rules of your own: what no rule goes below holds (docs/security.md).");
    }
    line(&format!("# Version {}\n{}", kept.number, kept.rules.to_toml()))
}

async fn set(app: &App, file: &std::path::Path, note: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let rules = match Rules::from_toml(&text) {
        Ok(rules) => rules,
        Err(error) => bail!("{error}"),
    };
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let number = screening::newest(&mut tx).await?.number + 1;
    let (kept, at) = (Kept { number, rules }, app.clock.now());
    screening::save(&mut tx, &kept, note, None, at).await?;
    let detail = json!({ "number": number, "rules": kept.rules.rules.len(), "note": note });
    let act = Act { at, actor: "shell", action: "guardrail.changed", subject: "guardrail:rules", detail };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    line(&format!("Version {number} of the guardrail's rules holds from now on."))
}
