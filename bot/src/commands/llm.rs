//! `dealdesk llm`: what language models cost, whom a team lets be asked, and what it may spend.

use std::collections::BTreeMap;
use std::process::ExitCode;

use agents::llm::usd;
use anyhow::{Context, ensure};
use chrono::{Duration, NaiveDate};
use clap::Subcommand;
use domain::ids::TenantId;
use integrations::llm::Vendor;
use storage::llm_spending::{self, Rules};
use storage::{audit, llm_calls};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;

/// Language models.
#[derive(Debug, Subcommand)]
pub(crate) enum LlmCommand {
    /// What was asked and spent in the last days, by day and purpose, and what is left of the month.
    Status {
        /// How many days back.
        #[arg(long, default_value_t = 7)]
        days: u16,
        /// Whose; this installation's own team by default.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Say which providers may be asked: `anthropic`, `openai:eu`, `*:local`; `nobody`, or `default` for the settings'.
    Allow {
        /// The providers.
        #[arg(required = true)]
        providers: Vec<String>,
        /// Whose; this installation's own team by default.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Say what may be spent, in US cents; what is not named follows the settings.
    Limits {
        /// By the team in a month.
        #[arg(long)]
        month_cents: Option<i64>,
        /// By one person in a day.
        #[arg(long)]
        person_day_cents: Option<i64>,
        /// Whose; this installation's own team by default.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
}

impl LlmCommand {
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = match self {
            Self::Status { days, tenant } => status(&app, days, tenant.unwrap_or(HOME_TENANT)).await,
            Self::Allow { providers, tenant } => allow(&app, &providers, tenant.unwrap_or(HOME_TENANT)).await,
            Self::Limits { month_cents, person_day_cents, tenant } => {
                limit(&app, (month_cents, person_day_cents), tenant.unwrap_or(HOME_TENANT)).await
            }
        };
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn status(app: &App, days: u16, tenant: TenantId) -> anyhow::Result<()> {
    let today = app.clock.now().date_naive();
    let mut tx = app.db.tenant(tenant).begin().await?;
    let lines = llm_calls::by_day(&mut tx, today - Duration::days(i64::from(days))).await?;
    let month = llm_spending::month(&mut tx, today).await?;
    let rules = llm_spending::rules(&mut tx).await?;
    let settings = app.config.llm.settings()?;
    let on: Vec<&str> = settings.uses.iter().map(|used| used.name()).collect();
    line(&format!(
        "asked for  {}",
        if on.is_empty() { "nothing (DEALDESK_LLM_USES)".to_owned() } else { on.join(", ") }
    ))?;
    let allowed = rules.allowed.as_ref().unwrap_or(&settings.allowed);
    for provider in settings.providers.values() {
        let may = rules.allowed.is_none() && allowed.is_empty()
            || integrations::llm::table::allows(allowed, provider.vendor, &provider.region);
        let word = if may { "may be asked" } else { "may not be asked" };
        line(&format!("provider   {} in {}: {word}", provider.vendor.name(), provider.region))?;
    }
    let cap = rules.month_micro.unwrap_or(settings.caps.tenant_month_micro);
    let (spent, held) = month.map_or((0, 0), |month| (month.spent_micro, month.reserved_micro));
    line(&format!(
        "this month {} of {} spent, {} held for calls under way",
        usd(spent),
        usd(cap),
        usd(held)
    ))?;
    let mut total: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for day in &lines {
        *total.entry(day.day).or_default() += day.cost_micro;
        line(&format!(
            "{}  {:16} {:10} {:>9}  {} answered, {} failed, {} refused, {} from the cache",
            day.day,
            day.purpose,
            day.provider,
            usd(day.cost_micro),
            day.done,
            day.failed,
            day.refused,
            day.cached
        ))?;
    }
    for (day, cost) in total.into_iter().rev() {
        line(&format!("{day}  in all {}", usd(cost)))?;
    }
    Ok(())
}

async fn allow(app: &App, providers: &[String], tenant: TenantId) -> anyhow::Result<()> {
    let allowed = match providers {
        [one] if one == "default" => None,
        [one] if one == "nobody" => Some(Vec::new()),
        all => {
            for one in all {
                let who = one.split_once(':').map_or(one.as_str(), |(who, _)| who);
                let is_known = Vendor::from_name(who).is_some() || (who == "*" && one.contains(':'));
                ensure!(is_known, "`{one}` names no provider: {}", Vendor::ALL.map(Vendor::name).join(", "));
            }
            Some(all.to_vec())
        }
    };
    change(app, tenant, |rules| rules.allowed = allowed).await
}

async fn limit(app: &App, (month, day): (Option<i64>, Option<i64>), tenant: TenantId) -> anyhow::Result<()> {
    let micro = |cents: Option<i64>| {
        cents
            .map(|cents| cents.checked_mul(10_000).filter(|micro| *micro >= 0).context("a sum in cents"))
            .transpose()
    };
    let (month, day) = (micro(month)?, micro(day)?);
    change(app, tenant, |rules| (rules.month_micro, rules.person_day_micro) = (month, day)).await
}

/// Changes a team's rules, with an audit entry.
async fn change(app: &App, tenant: TenantId, how: impl FnOnce(&mut Rules)) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(tenant).begin().await?;
    let mut rules = llm_spending::rules(&mut tx).await?;
    how(&mut rules);
    llm_spending::set_rules(&mut tx, &rules).await?;
    let act = audit::Act {
        at: app.clock.now(),
        actor: "shell",
        action: "llm.rules_changed",
        subject: &format!("tenant:{tenant}"),
        detail: serde_json::json!({
            "allowed": rules.allowed, "month_micro_usd": rules.month_micro,
            "person_day_micro_usd": rules.person_day_micro,
        }),
    };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    line("written down; it holds from the next call")
}
