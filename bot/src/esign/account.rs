//! An account at the vendor with a token that holds: one process at a time asks for a new one.

use std::time::Duration;

use domain::ids::TenantId;
use integrations::CallError;
use integrations::esign::docusign::{Account, Credentials, GrantError, OAUTH_URL};
use secrecy::{ExposeSecret, SecretString};
use storage::connections::{self, Connection, State};

use super::{Office, PROVIDER};

/// A token that ends so soon is replaced, seconds.
const AHEAD_S: i64 = 120;
/// How often another process is looked at that fetches a token, and how long.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const LOOKS_MAX: u32 = 50;

/// Who we are to the vendor, out of a connection.
fn credentials(connection: &Connection) -> Credentials {
    let setting = |name: &str| connection.status.settings[name].as_str().unwrap_or_default().to_owned();
    let oauth_url = Some(setting("oauth_url")).filter(|url| !url.is_empty());
    Credentials {
        oauth_url: oauth_url.unwrap_or_else(|| OAUTH_URL.to_owned()),
        integration_key: setting("integration_key"),
        user_id: setting("user_id"),
        private_key: secret(connection, "private_key"),
    }
}

/// The keys that messages may be signed with, several with commas while they are changed.
pub(crate) fn keys(connection: &Connection) -> Vec<SecretString> {
    let all = secret(connection, "hmac_keys");
    let each = all.expose_secret().split(',').map(str::trim).filter(|key| !key.is_empty());
    each.map(SecretString::from).collect()
}

fn secret(connection: &Connection, name: &str) -> SecretString {
    connection.secrets.get(name).cloned().unwrap_or_else(|| SecretString::from(""))
}

impl Office {
    /// A tenant's account, with a token; a fresh one when the known one was refused.
    ///
    /// Errors: as calls fail; [`CallError::Unauthorised`] when somebody has to connect again.
    pub(super) async fn account(
        &self,
        tenant: TenantId,
        refused: Option<&SecretString>,
    ) -> Result<Account, CallError> {
        for _ in 0..LOOKS_MAX {
            let connection = self.connection(tenant).await?;
            if let Some(account) = self.usable(&connection, refused) {
                return Ok(account);
            }
            if connections::claim_renewal(&self.db, (tenant, PROVIDER)).await.map_err(away)? {
                return self.renew(tenant, &connection).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(CallError::NotSent { cause: "another process is fetching a token".to_owned() })
    }

    async fn connection(&self, tenant: TenantId) -> Result<Connection, CallError> {
        let known = connections::find(&self.db, &self.seal, (tenant, PROVIDER)).await.map_err(away)?;
        known.filter(|known| known.status.state == State::Active).ok_or_else(|| CallError::Unauthorised {
            reason: "DocuSign is not connected (any more): dealdesk connect docusign".to_owned(),
        })
    }

    fn usable(&self, connection: &Connection, refused: Option<&SecretString>) -> Option<Account> {
        let token = connection.token.clone()?;
        let is_refused = refused.is_some_and(|refused| refused.expose_secret() == token.expose_secret());
        let ends = connection.status.token_expires_at?;
        let is_fresh = ends > self.clock.now() + chrono::Duration::seconds(AHEAD_S);
        (is_fresh && !is_refused).then(|| account(connection, token))
    }

    async fn renew(&self, tenant: TenantId, connection: &Connection) -> Result<Account, CallError> {
        let granted = credentials(connection).token(&self.http, self.clock.now()).await;
        let place = (tenant, PROVIDER);
        match granted {
            Ok(granted) => {
                let kept = (&granted.token, granted.expires_at);
                connections::keep_token(&self.db, &self.seal, place, kept, None).await.map_err(away)?;
                Ok(account(connection, granted.token))
            }
            Err(error) => {
                connections::give_up_renewal(&self.db, place).await.map_err(away)?;
                Err(match error {
                    GrantError::Call(error) => error,
                    other => CallError::Unauthorised { reason: other.to_string() },
                })
            }
        }
    }
}

fn account(connection: &Connection, token: SecretString) -> Account {
    let base_url = connection.status.settings["base_url"].as_str().unwrap_or_default().to_owned();
    Account { base_url, account_id: connection.status.account.clone(), token }
}

/// Our database is away: nothing was sent.
fn away(error: storage::Error) -> CallError {
    CallError::NotSent { cause: error.to_string() }
}
