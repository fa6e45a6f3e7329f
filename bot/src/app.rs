//! Opens what every command works with: settings, database, keys, directory.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agents::Desk;
use agents::contract::Tools;
use agents::crm::access::Access as CrmAccess;
use agents::desk::Grammar;
use agents::discovery::Directory;
use agents::failpoint::FailPoints;
use agents::learning::Models;
use anyhow::Context;
use channels::discord::client::Discord;
use channels::slack::client::Slack;
use domain::clock::Clock;
use domain::ids::{Ids, TenantId};
use integrations::events::stream::Streams;
use secrecy::ExposeSecret;
use storage::directory::companies;
use storage::directory::import::{ImportOptions, import};
use storage::embedded::{self, Opened};
use storage::seal::Seal;
use storage::{Access, Db, workspaces};
use uuid::Uuid;

use crate::config::Config;
use crate::mail::Office;
use crate::members::Members;

/// The tenant of an installation that serves one team.
pub(crate) const HOME_TENANT: TenantId = TenantId(Uuid::from_u128(1));

/// The directory that comes with the program.
const COMPANIES: &[u8] = include_bytes!("../../manifests/directory/companies.csv");

/// What every command works with.
pub(crate) struct App {
    pub(crate) config: Arc<Config>,
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) seal: Seal,
    pub(crate) slack: Slack,
    /// Discord, when it is configured.
    pub(crate) discord: Option<Discord>,
    pub(crate) desk: Desk,
    pub(crate) mail: Option<Arc<Office>>,
    /// Has documents signed.
    pub(crate) esign: crate::esign::Office,
    /// Opens connected CRMs.
    pub(crate) crm: CrmAccess,
    /// Where events are streamed to, when Redis is configured.
    pub(crate) streams: Option<Streams>,
    server: Option<Opened>,
}

impl App {
    /// Opens everything on the database of the settings; starts one of our own if none is named.
    pub(crate) async fn open(config: Config, owner: Owner) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.home)
            .with_context(|| format!("cannot make the data folder {}", config.home.display()))?;
        let (access, server) = reach(&config, owner).await?;
        let db = Db::open(&access).await.context("cannot open the database")?;
        let (clock, ids) = (Clock::system(), Ids::random());
        workspaces::create_tenant(&db, HOME_TENANT, "Home").await?;
        let secret = key(&config.home, &ids)?;
        let seal = Seal::new(&secret);
        let mail = Office::open(&config, (&db, &seal), HOME_TENANT, &secret).await?;
        let slack = Slack::new(&config.slack.api_url, Duration::from_secs(10))?;
        config.discord.key()?;
        let discord = config.discord.client()?;
        let url = &config.redis.url;
        let streams =
            if url.expose_secret().is_empty() { None } else { Some(Streams::new(url).context("REDIS_URL")?) };
        let desk = Desk {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            directory: Directory::new(db.clone(), config.home.join("index"))
                .with_model(config.search.model()),
            contracts: Tools::new(config.objects()?, config.reader()?, config.fetcher()?),
            models: Models::new(db.clone()),
            approval_days: config.work.approval_days,
            console_url: config.public_url(),
            points: FailPoints::armed(&config.work.fail_point).map_err(anyhow::Error::msg)?,
            help: crate::help::card,
            grammar: Grammar { understand: channels::command::understand, print: channels::command::print },
            llm: config.llm.open()?,
        };
        let crm = crate::crm::access(&db, &seal, &clock)?;
        let esign = crate::esign::Office::new(&config, &seal, &desk)?;
        Ok(Self {
            config: Arc::new(config),
            db,
            clock,
            ids,
            seal,
            slack,
            discord,
            desk,
            mail,
            crm,
            esign,
            streams,
            server,
        })
    }

    /// Loads the directory that comes with the program, if there is none.
    pub(crate) async fn furnish(&self) -> anyhow::Result<()> {
        if companies::count(self.db.directory()).await? == 0 {
            let options = ImportOptions::new("companies.csv", self.clock.now());
            let report = import(self.db.directory(), Cursor::new(COMPANIES), &options, |_| {}).await?;
            tracing::info!(companies = report.inserted, "loaded the directory that comes with the program");
        }
        Ok(())
    }

    /// Who finds out who is writing.
    pub(crate) fn members(&self) -> Members {
        Members {
            db: self.db.clone(),
            seal: self.seal.clone(),
            slack: self.slack.clone(),
            discord: self.discord.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            config: self.config.clone(),
            mail: self.mail.clone(),
        }
    }

    /// Closes the database, and ends our own server.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.db.close().await;
        match self.server {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }
}

/// Whether a command must own the data folder or may share a running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// `serve` and `worker`: one at a time on a data folder.
    Alone,
    /// One-shot commands beside it.
    Shared,
}

async fn reach(config: &Config, owner: Owner) -> anyhow::Result<(Access, Option<Opened>)> {
    let url = config.database.url.expose_secret();
    if !url.is_empty() {
        return Ok((Access::from_url(url)?, None));
    }
    let place = config.embedded();
    let opened = match owner {
        Owner::Alone => Opened::Owned(Box::new(embedded::start(&place).await?)),
        Owner::Shared => embedded::open(&place).await?,
    };
    Ok((Access::from_own_server(opened.connect_options()), Some(opened)))
}

/// The installation's key: made once, kept in the data folder for its owner alone.
fn key(home: &Path, ids: &Ids) -> anyhow::Result<[u8; 32]> {
    let file = home.join("key");
    if !file.exists() {
        let fresh = home.join(format!("key.{}", ids.next().simple()));
        write_private(&fresh, hex::encode(ids.secret()).as_bytes())?;
        // A link fails if another process was first: then its key counts.
        let _ = std::fs::hard_link(&fresh, &file);
        std::fs::remove_file(&fresh)?;
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let bytes = hex::decode(text.trim()).context("the key file is damaged")?;
    bytes.try_into().map_err(|_| anyhow::anyhow!("the key file {} is damaged", file.display()))
}

fn write_private(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    Ok(file.write_all(content)?)
}
