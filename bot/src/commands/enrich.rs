//! `dealdesk companies enrich DOMAIN`: asks providers what they know of a company, once, within the budget.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use domain::company::Company;
use domain::fact::{self, Checked, Fact};
use integrations::enrichment::providers::Provider;
use integrations::{CallError, Http};
use secrecy::SecretString;
use storage::connections::{self, Connection, State};
use storage::directory::companies;
use storage::enrichments::{self, Leave, Wanted};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;

/// How long a provider may take, and how long its answer may be.
const CALL_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_MAX: usize = 1 << 20;
/// How often somebody looks who waits for another's call, and how long.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const LOOKS_MAX: u32 = 120;
/// What may be spent in thirty days unless the connection says otherwise, millionths of a US dollar.
const BUDGET_MICROS: i64 = 50_000_000;

/// Asks providers what they know of companies; answers are kept for 30 days.
#[derive(Debug, Args)]
pub(crate) struct Enrich {
    /// Web domains, e.g. `adyen.com`.
    #[arg(required = true)]
    domains: Vec<String>,
}

/// What a provider said, or why it did not.
enum Told {
    Facts(Vec<Fact>),
    Nothing,
    Failed(String),
}

impl Enrich {
    /// Asks, and prints what is known of each company and what contradicts.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = self.act(&app).await;
        app.close().await?;
        done
    }

    async fn act(&self, app: &App) -> anyhow::Result<ExitCode> {
        let mut providers = Vec::new();
        for provider in Provider::ALL {
            let known = connections::find(&app.db, &app.seal, (HOME_TENANT, provider.name())).await?;
            providers.extend(
                known.filter(|known| known.status.state == State::Active).map(|known| (provider, known)),
            );
        }
        if providers.is_empty() {
            bail!("no provider is connected: dealdesk connect peopledatalabs --key FILE, or apollo");
        }
        let http = Http::new(CALL_LIMIT, ANSWER_MAX)?;
        let mut is_any = false;
        for domain in &self.domains {
            let domain = plain(domain);
            let facts = ask_all(app, &http, &providers, &domain).await?;
            is_any |= !facts.is_empty();
            show(app, &domain, &facts).await?;
        }
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        let (compared, contradicted) = enrichments::contradicted(&mut tx).await?;
        let spent = enrichments::spent(&mut tx, app.clock.now()).await?;
        line(&format!(
            "{contradicted} of {compared} comparable facts are contradicted; spent in 30 days: {} USD",
            usd(spent)
        ))?;
        Ok(if is_any { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Asks one provider after the other until one knows the company.
async fn ask_all(
    app: &App,
    http: &Http,
    providers: &[(Provider, Connection)],
    domain: &str,
) -> anyhow::Result<Vec<Fact>> {
    for (provider, connection) in providers {
        match ask(app, http, (*provider, connection), domain).await? {
            Told::Facts(facts) => return Ok(facts),
            Told::Nothing => line(&format!("{domain}: {} knows nothing of it", provider.name()))?,
            Told::Failed(why) => {
                line(&format!("{domain}: {} was not asked or did not answer: {why}", provider.name()))?;
            }
        }
    }
    Ok(Vec::new())
}

/// What a provider told within the last days, or tells now. One call a company at a time; others wait for what it brings.
async fn ask(
    app: &App,
    http: &Http,
    (provider, connection): (Provider, &Connection),
    domain: &str,
) -> anyhow::Result<Told> {
    let place = (domain, provider.name());
    let setting = |name: &str| connection.status.settings[name].as_i64();
    for _ in 0..LOOKS_MAX {
        let now = app.clock.now();
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        if let Some(kept) = enrichments::kept(&mut tx, place, now).await? {
            return Ok(kept.facts.map_or(Told::Nothing, Told::Facts));
        }
        let wanted = Wanted {
            id: app.ids.next(),
            domain,
            provider: provider.name(),
            cost_micros: setting("cost_micros").unwrap_or_else(|| provider.cost_micros()),
            budget_micros: setting("budget_micros").unwrap_or(BUDGET_MICROS),
        };
        let leave = enrichments::begin(&mut tx, wanted, now).await?;
        tx.commit().await?;
        match leave {
            Leave::Begun(call) => return call_out(app, http, (provider, connection), (domain, call)).await,
            Leave::OverBudget { spent_micros } => {
                return Ok(Told::Failed(format!(
                    "the budget of 30 days is used up ({} USD)",
                    usd(spent_micros)
                )));
            }
            Leave::InFlight => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    Ok(Told::Failed("another call about it does not end".to_owned()))
}

async fn call_out(
    app: &App,
    http: &Http,
    (provider, connection): (Provider, &Connection),
    (domain, call): (&str, uuid::Uuid),
) -> anyhow::Result<Told> {
    let key = connection.secrets.get("api_key").cloned().unwrap_or_else(|| SecretString::from(""));
    let base = connection.status.settings["base_url"].as_str().unwrap_or(provider.url());
    let now = app.clock.now();
    let told = provider.ask((http, base), &key, domain, now).await;
    let place = (HOME_TENANT, provider.name());
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let told = match told {
        Ok(facts) => {
            let outcome = if facts.is_some() { "match" } else { "none" };
            enrichments::keep(&mut tx, (domain, provider.name()), facts.as_deref(), now).await?;
            enrichments::settle(&mut tx, call, outcome, None).await?;
            connections::succeeded(&app.db, place).await?;
            facts.map_or(Told::Nothing, Told::Facts)
        }
        Err(error) => {
            // What surely was not done costs nothing; anything else may have been charged.
            let is_free = !matches!(error, CallError::OutcomeUnknown { .. } | CallError::Garbage { .. });
            let words = error.to_string();
            enrichments::settle(&mut tx, call, if is_free { "none" } else { "failed" }, Some(&words)).await?;
            let is_refused = matches!(error, CallError::Unauthorised { .. });
            connections::failed(&app.db, place, &words, is_refused).await?;
            Told::Failed(words)
        }
    };
    tx.commit().await?;
    Ok(told)
}

/// Prints what is known, holds it against the directory and against other providers, and keeps what that found.
async fn show(app: &App, domain: &str, facts: &[Fact]) -> anyhow::Result<()> {
    let now = app.clock.now();
    let known = companies::by_domain(app.db.directory(), domain).await?;
    let mut all = facts.to_vec();
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    for provider in Provider::ALL {
        let kept = enrichments::kept(&mut tx, (domain, provider.name()), now).await?;
        let others = kept.and_then(|kept| kept.facts).unwrap_or_default();
        all.extend(others.into_iter().filter(|other| facts.iter().all(|fact| fact.source != other.source)));
    }
    for fact in fact::best(&all) {
        let (field, value, source) = (fact.field.label(), &fact.value, &fact.source);
        let at = fact.at.format("%Y-%m-%d");
        line(&format!("{domain}: {field:12} {value}  ({source}, {:.0} %, {at})", fact.confidence * 100.0))?;
    }
    let checked = cross_check(&mut tx, (domain, &all), (known.as_ref(), now)).await?;
    tx.commit().await?;
    for found in &checked.contradictions {
        let ((one, by), (other, against)) = (&found.one, &found.other);
        line(&format!(
            "{domain}: ! {}: {by} says {one}, {against} says {other}; please check",
            found.field.label()
        ))?;
    }
    Ok(())
}

async fn cross_check(
    tx: &mut storage::Tx,
    (domain, all): (&str, &[Fact]),
    (known, now): (Option<&Company>, DateTime<Utc>),
) -> anyhow::Result<Checked> {
    let directory = known.map(|company| fact::of_directory(company, now)).unwrap_or_default();
    let checked = fact::check(all, &directory);
    for provider in Provider::ALL {
        let own: Vec<Fact> = all.iter().filter(|fact| fact.source == provider.name()).cloned().collect();
        let others: Vec<Fact> = all.iter().filter(|fact| fact.source != provider.name()).cloned().collect();
        let against: Vec<Fact> = directory.iter().cloned().chain(others).collect();
        let of_it = fact::check(&own, &against);
        let compared = i32::try_from(of_it.compared).unwrap_or(i32::MAX);
        let contradicted = i32::try_from(of_it.contradictions.len()).unwrap_or(i32::MAX);
        enrichments::checked(tx, (domain, provider.name()), (compared, contradicted)).await?;
    }
    Ok(checked)
}

/// `https://www.Adyen.com/about` as `adyen.com`.
fn plain(typed: &str) -> String {
    let lower = typed.trim().to_lowercase();
    let bare = lower.split("://").last().unwrap_or(&lower);
    let host = bare.split(['/', '?', '#', ':']).next().unwrap_or(bare);
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

fn usd(micros: i64) -> String {
    format!("{}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000)
}
