//! How a CRM is reached: its connection opened, its token renewed by one process at a time.

use std::time::Duration;

use chrono::TimeDelta;
use domain::clock::Clock;
use domain::crm::map::Map;
use domain::ids::TenantId;
use integrations::crm::Crm;
use integrations::crm::hubspot::HubSpot;
use integrations::crm::oauth::{self, Grant};
use integrations::crm::salesforce::Salesforce;
use integrations::{CallError, Http};
use secrecy::SecretString;
use serde_json::Value;
use storage::connections::{self, Connection, State};
use storage::seal::Seal;
use storage::{Db, Error};

/// A token is renewed so long before it lapses.
const EARLY: TimeDelta = TimeDelta::minutes(2);
/// How long one waits for another process that renews.
const WAITS: u32 = 100;
const WAIT: Duration = Duration::from_millis(200);

/// What opens connections.
#[derive(Clone)]
pub struct Access {
    /// Where they are kept.
    pub db: Db,
    /// What opens their secrets.
    pub seal: Seal,
    /// The time.
    pub clock: Clock,
    /// What calls are made with.
    pub http: Http,
}

/// A connection that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// There is none, it is paused, or the vendor no longer accepts us.
    #[error("not connected to {0}")]
    Missing(String),
    /// The vendor did not renew the token.
    #[error("the token was not renewed: {0}")]
    Call(#[from] CallError),
    /// Our database.
    #[error(transparent)]
    Storage(#[from] Error),
}

impl Access {
    /// The CRM of a tenant and what means what there. `is_refused` says that the token of the moment was refused, which
    /// is no proof that it lapsed: it is renewed once.
    pub async fn open(
        &self,
        (tenant, provider): (TenantId, &str),
        is_refused: bool,
    ) -> Result<(Crm, Map), Closed> {
        let missing = || Closed::Missing(provider.to_owned());
        let found = connections::find(&self.db, &self.seal, (tenant, provider)).await?.ok_or_else(missing)?;
        if found.status.state != State::Active {
            return Err(missing());
        }
        let map = connections::map_of(provider, &found.status.settings)?;
        let token = match found.secrets.get("token") {
            Some(token) => token.clone(),
            None => self.token(&found, is_refused).await?,
        };
        let current =
            connections::find(&self.db, &self.seal, (tenant, provider)).await?.ok_or_else(missing)?;
        let origin = text(&current.status.settings, "origin");
        let http = self.http.clone();
        let crm = match provider {
            "hubspot" => Crm::HubSpot(HubSpot::new(http, &origin, token)),
            "salesforce" => Crm::Salesforce(Salesforce::new(http, &origin, token)),
            _ => return Err(missing()),
        };
        Ok((crm, map))
    }

    /// The token of the moment, or the next: one asks for it, the others wait for it.
    async fn token(&self, found: &Connection, is_refused: bool) -> Result<SecretString, Closed> {
        let is_good = |found: &Connection| {
            found.status.token_expires_at.is_some_and(|until| until - EARLY > self.clock.now())
        };
        if let (Some(token), true, false) = (&found.token, is_good(found), is_refused) {
            return Ok(token.clone());
        }
        let key = (found.status.tenant, found.status.provider.as_str());
        let before = found.status.token_expires_at;
        for _ in 0..WAITS {
            if connections::claim_renewal(&self.db, key).await? {
                // Somebody else may have renewed it between our look and our turn.
                let now = connections::find(&self.db, &self.seal, key).await?;
                if let Some(now) = now.filter(|now| now.status.token_expires_at != before && is_good(now)) {
                    connections::give_up_renewal(&self.db, key).await?;
                    return now.token.ok_or_else(|| Closed::Missing(key.1.to_owned()));
                }
                return self.renew(found).await;
            }
            tokio::time::sleep(WAIT).await;
            let now = connections::find(&self.db, &self.seal, key).await?;
            match now {
                Some(now) if now.status.token_expires_at != before && is_good(&now) => {
                    return now.token.ok_or_else(|| Closed::Missing(key.1.to_owned()));
                }
                Some(now) if now.status.state == State::Active => {}
                _ => break,
            }
        }
        Err(Closed::Missing(key.1.to_owned()))
    }

    async fn renew(&self, found: &Connection) -> Result<SecretString, Closed> {
        let key = (found.status.tenant, found.status.provider.as_str());
        let secret = |name: &str| found.secrets.get(name).cloned().unwrap_or_else(|| SecretString::from(""));
        let grant = Grant {
            url: text(&found.status.settings, "token_url"),
            client_id: text(&found.status.settings, "client_id"),
            client_secret: secret("client_secret"),
            refresh_token: secret("refresh_token"),
        };
        match oauth::renew(&self.http, &grant).await {
            Ok(fresh) => {
                let mut secrets = found.secrets.clone();
                let rotated =
                    fresh.refresh_token.map(|token| secrets.insert("refresh_token".to_owned(), token));
                let until = self.clock.now() + TimeDelta::seconds(fresh.expires_in.clamp(60, 86_400));
                let secrets = rotated.is_some().then_some(&secrets);
                connections::keep_token(&self.db, &self.seal, key, (&fresh.token, until), secrets).await?;
                Ok(fresh.token)
            }
            Err(error) => {
                connections::give_up_renewal(&self.db, key).await?;
                let is_revoked = matches!(error, CallError::Unauthorised { .. });
                connections::failed(&self.db, key, &error.to_string(), is_revoked).await?;
                Err(error.into())
            }
        }
    }
}

fn text(settings: &Value, name: &str) -> String {
    settings.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
