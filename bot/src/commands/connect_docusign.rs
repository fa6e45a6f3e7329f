//! `dealdesk connect docusign`: guided, each thing tried before it is kept.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use integrations::Http;
use integrations::esign::docusign::{self, Credentials, GrantError, Known, Token};
use secrecy::SecretString;
use serde_json::json;
use storage::connections::{self, New, Secrets};
use storage::effects;

use crate::app::{App, HOME_TENANT};
use crate::commands::line;
use crate::esign;

/// Where tokens of developers' accounts are given.
const DEMO_URL: &str = "https://account-d.docusign.com";

/// Connect DocuSign, to have accepted contracts signed.
///
/// In DocuSign: Settings, Apps and Keys, Add app. Generate an RSA key pair there and save the private key to a file; add
/// the redirect address `<our address>/docusign/consent`. Then Settings, Connect, Connect Keys: add an HMAC key and save
/// it to a file. The integration key, and the user id of whoever envelopes are sent for, stand under Apps and Keys.
#[derive(Debug, Args)]
pub(crate) struct Docusign {
    /// The app's integration key.
    #[arg(long)]
    integration_key: String,
    /// The user in whose name envelopes are sent.
    #[arg(long)]
    user_id: String,
    /// File with the app's private RSA key, PEM.
    #[arg(long, value_name = "FILE")]
    private_key: PathBuf,
    /// File with the HMAC key of Connect; several, one a line, while they are changed. Without it messages are not
    /// believed, and states are asked for every five minutes only.
    #[arg(long, value_name = "FILE")]
    hmac_keys: Option<PathBuf>,
    /// The account to send from; else the user's usual one.
    #[arg(long)]
    account: Option<String>,
    /// A developer's account.
    #[arg(long)]
    demo: bool,
    /// Where tokens are given; for tests.
    #[arg(long, hide = true)]
    oauth_url: Option<String>,
}

impl Docusign {
    /// Checks everything at DocuSign, then keeps it.
    pub(crate) async fn run(self, app: &App) -> anyhow::Result<ExitCode> {
        let usual = if self.demo { DEMO_URL } else { docusign::OAUTH_URL };
        let credentials = Credentials {
            oauth_url: self.oauth_url.clone().unwrap_or_else(|| usual.to_owned()),
            integration_key: self.integration_key.clone(),
            user_id: self.user_id.clone(),
            private_key: secret(&self.private_key)?,
        };
        let http = esign::client()?;
        let back_to = format!("{}/docusign/consent", app.config.public_url());
        let token = match credentials.token(&http, app.clock.now()).await {
            Ok(token) => token,
            Err(GrantError::Consent) => {
                line(
                    "The app, the user and the key are right, but the user has not allowed the app to act for her yet.",
                )?;
                line("Open this address once, signed in as that user, and allow it; then run this again:")?;
                line(&format!("  {}", credentials.consent_url(&back_to)))?;
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => return Err(error).context("DocuSign gives no token"),
        };
        line("✓ DocuSign accepts the app, the user and the key")?;
        let account = self.account(&http, &credentials, &token).await?;
        line(&format!("✓ envelopes are sent from {} ({})", account.name, account.account_id))?;
        self.keep(app, &credentials, &account).await?;
        self.advise(app, &account)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn account(&self, http: &Http, credentials: &Credentials, token: &Token) -> anyhow::Result<Known> {
        let all = docusign::accounts(http, &credentials.oauth_url, &token.token).await?;
        let names: Vec<String> =
            all.iter().map(|known| format!("{} ({})", known.account_id, known.name)).collect();
        let wanted =
            all.into_iter().find(|known| self.account.as_ref().is_none_or(|id| *id == known.account_id));
        match wanted {
            Some(known) => Ok(known),
            None => bail!("the user has no such account; hers are: {}", names.join(", ")),
        }
    }

    async fn keep(&self, app: &App, credentials: &Credentials, account: &Known) -> anyhow::Result<()> {
        let keys = match &self.hmac_keys {
            Some(file) => read(file)?.split_whitespace().collect::<Vec<_>>().join(","),
            None => String::new(),
        };
        let secrets = Secrets::from([
            ("private_key".to_owned(), credentials.private_key.clone()),
            ("hmac_keys".to_owned(), SecretString::from(keys)),
        ]);
        let settings = json!({
            "oauth_url": credentials.oauth_url, "base_url": account.base_url,
            "integration_key": credentials.integration_key, "user_id": credentials.user_id,
        });
        let new = New {
            provider: esign::PROVIDER,
            account: &account.account_id,
            settings: &settings,
            secrets: &secrets,
            by: None,
        };
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        connections::connect(&mut tx, &app.seal, &new, app.clock.now()).await?;
        effects::hurry(&mut tx, esign::PROVIDER).await?;
        Ok(tx.commit().await?)
    }

    fn advise(&self, app: &App, account: &Known) -> anyhow::Result<()> {
        let url = app.config.public_url();
        line(&format!("✓ connected; messages are taken at {}", esign::webhook(&url, &account.account_id)))?;
        if self.hmac_keys.is_none() {
            line(
                "! no HMAC key: DocuSign's messages are not believed; states are asked for every few minutes",
            )?;
        } else if !url.starts_with("https://") {
            line(
                "! our address is not https, so DocuSign cannot tell us anything (DEALDESK_PUBLIC_URL); states are asked for every few minutes",
            )?;
        }
        line("Next: `sign <contract> to name@example.com` in the thread of an accepted contract.")
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn secret(file: &Path) -> anyhow::Result<SecretString> {
    Ok(SecretString::from(read(file)?))
}
