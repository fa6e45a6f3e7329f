//! `dealdesk sync`: how the following of a CRM stands, again from the beginning, a check now, a try on real records.

use std::process::ExitCode;

use clap::Subcommand;
use domain::crm::{Object, PROVIDERS, label};
use domain::ids::DealId;
use integrations::crm::Wanted;
use storage::crm::{self as records, cursors};
use storage::{connections, effects};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::{connect, line};
use crate::config::Config;
use crate::crm;

/// How many records a try shows.
const SHOWN: usize = 20;

/// What to do about the following of CRMs. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Show how far each CRM was followed, how late that is, and what went wrong.
    Status,
    /// Read everything again, from the beginning; what is known is kept.
    Backfill {
        /// `hubspot` or `salesforce`.
        provider: String,
    },
    /// Check everything now: repairs what was missed, and ends the following of what is gone there.
    Reconcile {
        /// `hubspot` or `salesforce`.
        provider: String,
        /// Believe it though more than 2 % are gone at once.
        #[arg(long)]
        confirm: bool,
    },
    /// Show what the field map and the stage map make of real records; nothing is changed.
    DryRun {
        /// `hubspot` or `salesforce`.
        provider: String,
    },
    /// Keep fields of a deal as they are here, whatever the CRM says; without fields the CRM counts again.
    Pin {
        /// The deal.
        deal: DealId,
        /// `stage`, `name`.
        fields: Vec<String>,
    },
}

impl SyncCommand {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = self.act(&app).await;
        app.close().await?;
        done
    }

    async fn act(self, app: &App) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status => status(app).await,
            Self::Backfill { provider } => {
                let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
                if cursors::standing(&mut tx, &provider).await?.is_empty() {
                    return unknown(&provider);
                }
                cursors::restart(&mut tx, &provider).await?;
                tx.commit().await?;
                line("Everything is read again by the running server; see dealdesk sync status")?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Reconcile { provider, confirm } => reconcile(app, &provider, confirm).await,
            Self::DryRun { provider } => dry_run(app, &provider).await,
            Self::Pin { deal, fields } => {
                if let Some(odd) = fields.iter().find(|field| !matches!(field.as_str(), "stage" | "name")) {
                    line(&format!("There is no field {odd}. Fields are stage and name."))?;
                    return Ok(ExitCode::FAILURE);
                }
                let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
                if records::pin(&mut tx, deal, &fields).await? == 0 {
                    line("That deal is in no connected CRM.")?;
                    return Ok(ExitCode::FAILURE);
                }
                tx.commit().await?;
                let said =
                    if fields.is_empty() { "The CRM counts again." } else { "It stays as it is here." };
                line(said)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn unknown(provider: &str) -> anyhow::Result<ExitCode> {
    line(&format!("There is no connection to {provider}. See dealdesk connect {provider} --help"))?;
    Ok(ExitCode::FAILURE)
}

async fn status(app: &App) -> anyhow::Result<ExitCode> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let all = connections::list(&mut tx).await?;
    let mut is_any = false;
    for status in all.iter().filter(|status| PROVIDERS.contains(&status.provider.as_str())) {
        is_any = true;
        line(&connect::words(status))?;
        for standing in cursors::standing(&mut tx, &status.provider).await? {
            let cursor = &standing.cursor;
            let reached = cursor.walked_at.map_or_else(
                || "never to the end".to_owned(),
                |at| format!("to the end {} s ago", (app.clock.now() - at).num_seconds().max(0)),
            );
            let under_way = cursor.walk.as_ref().map_or_else(String::new, |walk| {
                format!(", now at {} records of a {:?}", walk.rows, walk.kind).to_lowercase()
            });
            line(&format!("  {:8} {} records read, {reached}{under_way}", standing.object, standing.rows))?;
            if standing.held_gone > 0 {
                line(&format!(
                    "           {} seem deleted, too many to believe: dealdesk sync reconcile {} --confirm",
                    standing.held_gone, status.provider
                ))?;
            }
        }
        let asked = effects::newest(&mut tx, &status.provider, 200).await?;
        let waiting = asked.iter().filter(|effect| effect.state == "queued").count();
        let failed: Vec<_> = asked.iter().filter(|effect| effect.state == "failed").collect();
        line(&format!("  writes   {waiting} waiting, {} failed", failed.len()))?;
        for effect in failed.iter().take(5) {
            line(&format!(
                "           {} {}: {}",
                effect.action,
                effect.subject,
                effect.error.as_deref().unwrap_or("")
            ))?;
        }
    }
    if !is_any {
        line("No CRM is connected. See dealdesk connect hubspot --help")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn reconcile(app: &App, provider: &str, confirm: bool) -> anyhow::Result<ExitCode> {
    let Some(provider) = PROVIDERS.into_iter().find(|name| *name == provider) else {
        return unknown(provider);
    };
    let key = (HOME_TENANT, provider);
    let mut sync = crm::sync(&app.crm, key, (&app.ids, &app.desk.points), false).await?;
    let mut code = ExitCode::SUCCESS;
    for object in Object::ALL {
        let found = sync.reconcile(object, confirm).await?;
        line(&format!(
            "{:8} {} known, {} taken over, {} changed, {} gone{}",
            object.name(),
            found.known,
            found.tally.new,
            found.tally.changed,
            found.gone,
            if found.is_held { ": too many at once; --confirm if that is right" } else { "" }
        ))?;
        if found.is_held {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

async fn dry_run(app: &App, provider: &str) -> anyhow::Result<ExitCode> {
    let Some(provider) = PROVIDERS.into_iter().find(|name| *name == provider) else {
        return unknown(provider);
    };
    let (crm, map) = app.crm.open((HOME_TENANT, provider), false).await?;
    let fields = map.rules(Object::Deal).map(|rule| rule.theirs.clone()).collect();
    let page = crm.list(&Wanted { object: Object::Deal, fields }, None).await?;
    line(&format!(
        "The first {} deals of {}, as they would stand here:",
        page.records.len().min(SHOWN),
        label(provider)
    ))?;
    for record in page.records.iter().take(SHOWN) {
        let of = |ours: &str| {
            let rule = map.rules(Object::Deal).find(|rule| rule.ours == ours);
            rule.and_then(|rule| record.fields.get(&rule.theirs)).map_or("", String::as_str)
        };
        let stage = of("stage");
        let ours = map.stage_of(stage).map_or("no stage here means that", |stage| stage.label());
        line(&format!("  {:20} {:40} {stage} → {ours}", record.id, of("name")))?;
    }
    Ok(ExitCode::SUCCESS)
}
