//! `dealdesk connect hubspot|salesforce`: a CRM is connected once its token was tried and may do all that is needed.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use domain::crm::label;
use domain::crm::map::Map;
use integrations::CallError;
use secrecy::SecretString;
use serde_json::json;
use storage::connections::{self, New, Secrets};
use storage::crm::{apply, cursors};

use crate::app::{App, HOME_TENANT};
use crate::commands::line;

/// How a CRM is reached. Secrets are read from the environment or from standard input, never from arguments, which
/// others on the machine can see: `CRM_TOKEN`, or `CRM_REFRESH_TOKEN` with `CRM_CLIENT_SECRET`.
#[derive(Debug, Args)]
pub(crate) struct CrmAccount {
    /// Where its interface is. HubSpot: `https://api.hubapi.com`; Salesforce: your own address, e.g.
    /// `https://acme.my.salesforce.com`.
    #[arg(long)]
    origin: Option<String>,
    /// The id of your application, for a refresh token.
    #[arg(long)]
    client_id: Option<String>,
    /// Where tokens are renewed, if not at the vendor's usual address.
    #[arg(long)]
    token_url: Option<String>,
}

impl CrmAccount {
    /// Tries the token, says what is missing, and connects when nothing is.
    pub(crate) async fn connect(self, app: &App, provider: &'static str) -> anyhow::Result<ExitCode> {
        let Some(secrets) = secrets(provider)? else { return Ok(ExitCode::FAILURE) };
        let is_hubspot = provider == "hubspot";
        let Some(origin) = self.origin.clone().or(is_hubspot.then(|| "https://api.hubapi.com".to_owned()))
        else {
            line("Say where your organisation is: --origin https://YOURS.my.salesforce.com")?;
            return Ok(ExitCode::FAILURE);
        };
        let token_url = self.token_url.clone().unwrap_or_else(|| {
            if is_hubspot {
                format!("{origin}/oauth/v1/token")
            } else {
                format!("{origin}/services/oauth2/token")
            }
        });
        let settings = json!({
            "origin": origin, "token_url": token_url, "client_id": self.client_id.unwrap_or_default(),
            "map": Map::of(provider),
        });
        // Kept first: a renewed token has to have its place. It is taken back when the account will not do.
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        let new = New { provider, account: "", settings: &settings, secrets: &secrets, by: None };
        connections::connect(&mut tx, &app.seal, &new, app.clock.now()).await?;
        tx.commit().await?;
        let found = self_check(app, provider).await;
        let account = match found {
            Ok(account) if account.missing.is_empty() => account,
            Ok(account) => {
                line(&format!("{} accepts the token, but it lacks:", label(provider)))?;
                for missing in &account.missing {
                    line(&format!("  {missing}"))?;
                }
                line("Grant what is missing and connect again.")?;
                return take_back(app, provider).await;
            }
            Err(error) => {
                line(&format!("{} does not accept the token: {error}", label(provider)))?;
                line("Check the token and the address, then connect again.")?;
                return take_back(app, provider).await;
            }
        };
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        connections::connect(
            &mut tx,
            &app.seal,
            &New { provider, account: &account.id, settings: &settings, secrets: &secrets, by: None },
            app.clock.now(),
        )
        .await?;
        apply::introduce(&mut tx, provider).await?;
        cursors::open(&mut tx, provider).await?;
        tx.commit().await?;
        line(&format!(
            "Connected to {} (account {}). Its companies, contacts, deals and notes are read now; \
             see dealdesk sync status",
            label(provider),
            account.id
        ))?;
        if is_hubspot && !secrets.contains_key("client_secret") {
            line(
                "Without CRM_CLIENT_SECRET webhooks are refused; changes are found by polling every 5 minutes.",
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn self_check(app: &App, provider: &'static str) -> Result<integrations::crm::Account, anyhow::Error> {
    let (crm, _) = app.crm.open((HOME_TENANT, provider), false).await?;
    let account = crm.account().await?;
    if account.missing.is_empty() {
        match crm.prepare().await {
            Err(CallError::Forbidden { reason }) => {
                anyhow::bail!("the field for our id cannot be made: {reason}")
            }
            other => other?,
        }
    }
    Ok(account)
}

async fn take_back(app: &App, provider: &str) -> anyhow::Result<ExitCode> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    connections::disconnect(&mut tx, provider, None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(ExitCode::FAILURE)
}

/// The secrets of the environment; else a token from standard input.
#[expect(clippy::disallowed_methods, reason = "secrets of one command, which are no settings of the program")]
fn secrets(provider: &str) -> anyhow::Result<Option<Secrets>> {
    let read =
        |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).map(SecretString::from);
    let mut secrets = Secrets::new();
    let named = [
        ("token", "CRM_TOKEN"),
        ("refresh_token", "CRM_REFRESH_TOKEN"),
        ("client_secret", "CRM_CLIENT_SECRET"),
    ];
    for (name, variable) in named {
        if let Some(value) = read(variable) {
            secrets.insert(name.to_owned(), value);
        }
    }
    if secrets.contains_key("token") || secrets.contains_key("refresh_token") {
        return Ok(Some(secrets));
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        let where_from = if provider == "hubspot" {
            "In HubSpot: Settings, Integrations, Private Apps, create one with the scopes crm.objects.companies, \
             contacts and deals (read and write) and crm.schemas (write), and copy its access token."
        } else {
            "In Salesforce: Setup, App Manager, a connected app with the scopes api and refresh_token; add the text \
             field Dealdesk_Id__c (external id, unique) to Account, Opportunity and Task."
        };
        line(where_from)?;
        line("Paste the token and press Enter:")?;
    }
    let mut token = String::new();
    input.lock().read_line(&mut token)?;
    if token.trim().is_empty() {
        line(
            "No token was given. Set CRM_TOKEN, or CRM_REFRESH_TOKEN with CRM_CLIENT_SECRET and --client-id.",
        )?;
        return Ok(None);
    }
    secrets.insert("token".to_owned(), SecretString::from(token.trim()));
    Ok(Some(secrets))
}
