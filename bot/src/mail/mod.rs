//! Mail: our inboxes, who may be believed, how answers are sent, and what decides a request.

mod reading;
mod receive;
mod send;
mod token;

use std::sync::Arc;

use anyhow::Context;
use channels::email::Reading;
use channels::email::auth::Checker;
use channels::email::imap::Place;
use channels::email::smtp::{Signing, Smtp};
use domain::ids::TenantId;
use domain::person::Channel;
use secrecy::ExposeSecret;
use storage::Db;
use storage::objects::Objects;
use storage::seal::Seal;
use storage::workspaces::{self, Workspace};

use crate::config::{Config, Email};

pub(crate) use reading::{Opened, goes_round, without_decisions};
pub(crate) use receive::{Door, hand_in, start};
pub(crate) use token::{Claim, Tokens};

/// Everything mail needs. There is none when no inbox is configured.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) settings: Email,
    pub(crate) inboxes: Vec<String>,
    pub(crate) tokens: Tokens,
    reading: Reading,
    sender: String,
    checker: Option<Checker>,
    smtp: Option<Smtp>,
    mailbox: Option<Place>,
    objects: Objects,
    console: String,
}

impl Office {
    /// Opens the office if the settings name an inbox, and makes the inboxes known as the tenant's.
    pub(crate) async fn open(
        config: &Config,
        (db, seal): (&Db, &Seal),
        tenant: TenantId,
        key: &[u8; 32],
    ) -> anyhow::Result<Option<Arc<Self>>> {
        let settings = config.email.clone();
        let inboxes = settings.inboxes();
        let Some(sender) = settings.sender().filter(|_| !inboxes.is_empty()) else { return Ok(None) };
        for inbox in &inboxes {
            let workspace = Workspace {
                tenant,
                channel: Channel::Email,
                external_id: inbox.clone(),
                name: inbox.clone(),
                bot_user: None,
                token: None,
            };
            workspaces::install(db, seal, &workspace).await.with_context(|| format!("the inbox {inbox}"))?;
        }
        let host = sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
        let smtp = settings.smtp_url.expose_secret();
        let smtp = if smtp.is_empty() { None } else { Some(Smtp::at(smtp, signing(&settings, &host)?)?) };
        let imap = settings.imap_url.expose_secret();
        let mailbox = if imap.is_empty() { None } else { Some(Place::from_url(imap)?) };
        let checker = if settings.upstream.is_empty() { Checker::of_system(&host) } else { None };
        Ok(Some(Arc::new(Self {
            reading: settings.reading(),
            tokens: Tokens::new(key),
            objects: config.objects()?,
            console: config.public_url(),
            settings,
            inboxes,
            sender,
            checker,
            smtp,
            mailbox,
        })))
    }
}

fn signing(settings: &Email, domain: &str) -> anyhow::Result<Option<Signing>> {
    if settings.dkim_selector.is_empty() {
        return Ok(None);
    }
    let file = &settings.dkim_key;
    let pem = std::fs::read_to_string(file).with_context(|| format!("EMAIL_DKIM_KEY: cannot read {file}"))?;
    Ok(Some(Signing::new(&settings.dkim_selector, domain, &pem)?))
}
