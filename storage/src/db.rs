//! The way to the database: pools, and transactions that cannot be opened without a tenant.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use domain::ids::TenantId;
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction};

use crate::error::Error;

/// The channel on which new work is announced.
pub const WORK_CHANNEL: &str = "dealdesk_work";

/// Which work is announced, so that only those wake who do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Messages to be read.
    Inbox,
    /// Messages to be read, pressed buttons or sent forms among them.
    Urgent,
    /// Steps to be done.
    Steps,
    /// Messages to be sent.
    Outbox,
}

impl Work {
    /// The word in the announcement.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Urgent => "urgent",
            Self::Steps => "steps",
            Self::Outbox => "outbox",
        }
    }

    /// The reverse of [`Work::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Inbox, Self::Urgent, Self::Steps, Self::Outbox].into_iter().find(|work| work.name() == name)
    }
}

/// The schema's changes, in order.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Connections of the edge at most; as many as may write messages at the same time, and some for probes.
const INTAKE_MAX: u32 = 6;
/// How long an idle connection is believed to be alive without a test.
pub(crate) const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// How each role reaches the server.
#[derive(Debug, Clone)]
pub struct Access {
    /// Owns the tables: migrations only.
    pub owner: PgConnectOptions,
    /// Sees one proved tenant.
    pub app: PgConnectOptions,
    /// Moves queues.
    pub system: PgConnectOptions,
}

impl Access {
    /// From a database address (`postgres://…`), whose login may take on both roles.
    pub fn from_url(url: &str) -> Result<Self, Error> {
        Ok(Self::from_login(url.parse().map_err(Error::Database)?))
    }

    /// From one login that may take on both roles.
    pub fn from_login(login: PgConnectOptions) -> Self {
        Self {
            app: login.clone().options([("role", "dealdesk_app")]),
            system: login.clone().options([("role", "dealdesk_system")]),
            owner: login,
        }
    }

    /// From a server of our own, where each role logs in as itself: there is no way back to the owner.
    pub fn from_own_server(login: PgConnectOptions) -> Self {
        Self {
            app: login.clone().username("dealdesk_app"),
            system: login.clone().username("dealdesk_system"),
            owner: login,
        }
    }
}

/// The database, with separate pools so that slow work cannot starve the intake.
#[derive(Debug, Clone)]
pub struct Db {
    app: PgPool,
    system: PgPool,
    directory: PgPool,
    intake: PgPool,
    listen: PgConnectOptions,
    secret: Vec<u8>,
}

impl Db {
    /// Brings the schema up to date, then opens the pools.
    pub async fn open(access: &Access) -> Result<Self, Error> {
        Self::migrate(access).await?;
        Self::connect(access).await
    }

    /// Brings the schema up to date. Safe to run at the same time from several processes.
    pub async fn migrate(access: &Access) -> Result<(), Error> {
        let mut owner = PgConnection::connect_with(&access.owner).await?;
        MIGRATIONS.run(&mut owner).await?;
        owner.close().await?;
        Ok(())
    }

    /// Opens the pools on a schema that is up to date.
    pub async fn connect(access: &Access) -> Result<Self, Error> {
        let pool = |most: u32| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(Duration::from_secs(2))
                .test_before_acquire(false)
                // A busy connection is not tested, since that costs a round trip. One that lay idle may be dead: a
                // database that was away would cost work its tries long after it came back.
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        if meta.idle_for > IDLE_TRUSTED {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
        };
        let system = pool(8).connect_with(by_key(&access.system)).await?;
        let secret = sqlx::query_scalar("SELECT secret FROM guard.secret").fetch_one(&system).await?;
        Ok(Self {
            app: pool(16).connect_lazy_with(by_key(&access.app)),
            intake: pool(INTAKE_MAX).connect_lazy_with(by_key(&access.system)),
            directory: pool(3).connect_lazy_with(access.system.clone()),
            system,
            listen: access.system.clone(),
            secret,
        })
    }

    /// A tenant's door: the only way to its tables.
    pub fn tenant(&self, tenant: TenantId) -> Door<'_> {
        Door { db: self, tenant }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&self.intake).await?;
        Ok(())
    }

    /// Hears of new work, and on other channels too, from any process on the same database.
    pub async fn listen(&self, others: &[&str]) -> Result<PgListener, Error> {
        // One connection for as long as we listen, outside the pools that queries share.
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(self.listen.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen_all([&[WORK_CHANNEL], others].concat()).await?;
        Ok(listener)
    }

    /// The queue mover's pool; what it sees crosses tenants, so it stays inside this crate.
    pub(crate) fn system(&self) -> &PgPool {
        &self.system
    }

    /// The edge's own pool.
    pub(crate) fn intake(&self) -> &PgPool {
        &self.intake
    }

    /// The directory is shared by all tenants and holds none of their data.
    pub fn directory(&self) -> &PgPool {
        &self.directory
    }

    /// Closes all connections once their work is done.
    pub async fn close(&self) {
        self.app.close().await;
        self.intake.close().await;
        self.directory.close().await;
        self.system.close().await;
    }

    fn proof(&self, tenant: TenantId) -> String {
        let claimed = tenant.to_string();
        let inner = Sha256::new().chain_update(&self.secret).chain_update(&claimed).finalize();
        hex::encode(Sha256::new().chain_update(&self.secret).chain_update(inner).finalize())
    }
}

/// For connections that do the same few statements again and again, each by a key. A statement is planned once, which
/// costs as much as doing it; the plan is often made while the tables are still empty and must hold when they are
/// large, so it goes by an index. The directory's searches differ too much for that.
fn by_key(options: &PgConnectOptions) -> PgConnectOptions {
    let settings = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];
    options.clone().options(settings)
}

/// Opens transactions of one tenant.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    db: &'a Db,
    tenant: TenantId,
}

impl Door<'_> {
    /// Opens a transaction that sees this tenant's rows and no others. It rolls back unless committed.
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.enter("BEGIN").await
    }

    /// The same for reading alone, all of it as it stands at one moment.
    pub async fn begin_reading(&self) -> Result<Tx, Error> {
        self.enter("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    async fn enter(&self, begin: &str) -> Result<Tx, Error> {
        // The settings are local to the transaction: nothing is left on the pooled connection.
        let enter = format!(
            "{begin}; SELECT set_config('dealdesk.tenant', '{}', true), set_config('dealdesk.proof', '{}', true)",
            self.tenant,
            self.db.proof(self.tenant)
        );
        let inner = self.db.app.begin_with(AssertSqlSafe(enter)).await?;
        Ok(Tx { inner, tenant: self.tenant })
    }
}

/// A transaction of one tenant.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    tenant: TenantId,
}

impl Tx {
    /// Whose transaction.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Makes everything done in it lasting, all together.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }

    /// Announces new work; heard when the transaction commits.
    pub async fn announce(&mut self, work: Work) -> Result<(), Error> {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(WORK_CHANNEL)
            .bind(work.name())
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
