//! Signatures: envelopes are sent, followed and fetched; what the vendor tells is kept first and read after.

mod account;
mod following;
mod making;

use std::sync::Arc;
use std::time::Duration;

use agents::Desk;
use domain::clock::Clock;
use domain::ids::Ids;
use integrations::Http;
use integrations::esign::docusign::Account;
use storage::Db;
use storage::objects::Objects;
use storage::seal::Seal;
use tokio::sync::Notify;

use crate::config::{Config, Esign};

pub(crate) use account::keys;
pub(crate) use making::make;

/// Whom documents are signed at.
pub(crate) const PROVIDER: &str = agents::contract::signing::PROVIDER;
/// How long a call may take, and how long a signed document may be.
const CALL_LIMIT: Duration = Duration::from_secs(60);
const ANSWER_MAX: usize = 64 << 20;

/// What is needed to have documents signed.
#[derive(Debug, Clone)]
pub(crate) struct Office {
    db: Db,
    seal: Seal,
    clock: Clock,
    ids: Ids,
    objects: Objects,
    http: Http,
    /// How the vendor reaches us.
    public_url: String,
    settings: Esign,
    /// Rung when a message came.
    pub(crate) bell: Arc<Notify>,
}

impl Office {
    /// Errors: TLS cannot be set up.
    pub(crate) fn new(config: &Config, seal: &Seal, desk: &Desk) -> anyhow::Result<Self> {
        Ok(Self {
            db: desk.db.clone(),
            seal: seal.clone(),
            clock: desk.clock.clone(),
            ids: desk.ids.clone(),
            objects: desk.contracts.objects.clone(),
            http: client()?,
            public_url: config.public_url(),
            settings: config.esign.clone(),
            bell: Arc::new(Notify::new()),
        })
    }

    /// Where the vendor tells what happens to an account's envelopes; none when it cannot reach us.
    fn tell(&self, account: &Account) -> Option<String> {
        // A vendor without TLS is one on this machine.
        let is_reachable = self.public_url.starts_with("https://") || account.base_url.starts_with("http://");
        is_reachable.then(|| webhook(&self.public_url, &account.account_id))
    }
}

/// The address of an account's webhook.
pub(crate) fn webhook(public_url: &str, account: &str) -> String {
    format!("{public_url}/docusign/connect/{account}")
}

/// The client that the vendor is called with.
pub(crate) fn client() -> anyhow::Result<Http> {
    Ok(Http::new(CALL_LIMIT, ANSWER_MAX)?)
}
