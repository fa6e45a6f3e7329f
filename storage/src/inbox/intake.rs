//! The way into the inbox: messages are stored before they are acknowledged, many in one commit.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::ids::{InboundId, TenantId};
use domain::person::Channel;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use uuid::Uuid;

use crate::db::{Db, IDLE_TRUSTED, WORK_CHANNEL, Work};
use crate::error::Error;

/// How many messages share one commit at most.
pub const BATCH_MAX: usize = 256;
/// For how many commits doubles are looked out for after one came.
const CAREFUL_FOR: u32 = 500;
/// How long after an announcement the next one follows at the earliest. This process's own workers do not wait for
/// it; without the pause every commit under load would wake everybody who listens.
const ANNOUNCE_PAUSE: Duration = Duration::from_millis(20);
/// How many messages may wait for a commit; beyond that the edge answers "busy".
const WAITING_MAX: usize = 8192;
/// A message in as it came: raw, with the keys that tell doubles.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Key; the plan it causes has the same number.
    pub id: InboundId,
    /// Whose, when the edge knows.
    pub tenant: Option<TenantId>,
    /// Where it came in.
    pub channel: Channel,
    /// Which kind of message, as the channel decodes it, e.g. `command`.
    pub route: &'static str,
    /// The channel's workspace.
    pub workspace: Option<String>,
    /// The vendor's event id, made unique with channel and workspace.
    pub event_key: Option<String>,
    /// What the message is by itself, e.g. channel + room + time, made unique likewise.
    pub natural_key: Option<String>,
    /// Pressed buttons and sent forms go first.
    pub is_urgent: bool,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

/// What became of a message that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is new and safe.
    New,
    /// It was there already.
    Double,
}

/// Hands messages to the writer; cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake(mpsc::Sender<Waiting>);

type Waiting = (Raw, oneshot::Sender<Result<Stored, Error>>);

/// Writes messages; those that arrive during a commit share the next one. Clones take turns, so that one prepares
/// its commit while another's is on its way to the disk.
#[derive(Debug, Clone)]
pub struct Writer {
    db: Db,
    waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    batch_max: usize,
}

/// An intake and its writer, which must be [`Writer::run`]. At most `batch_max` messages share a commit.
pub fn intake(db: &Db, batch_max: usize) -> (Intake, Writer) {
    let (sender, waiting) = mpsc::channel(WAITING_MAX);
    let waiting = Arc::new(Mutex::new(waiting));
    (Intake(sender), Writer { db: db.clone(), waiting, batch_max: batch_max.max(1) })
}

impl Intake {
    /// Stores a message. It is safe when this returns.
    pub async fn store(&self, raw: Raw) -> Result<Stored, Error> {
        let busy = || Error::Unavailable(sqlx::Error::PoolTimedOut);
        let (answer, stored) = oneshot::channel();
        self.0.try_send((raw, answer)).map_err(|_| busy())?;
        stored.await.unwrap_or_else(|_| Err(busy()))
    }
}

impl Writer {
    /// Writes until every [`Intake`] is gone.
    pub async fn run(self) {
        let news = News::default();
        tokio::select! {
            () = self.write(&news) => {}
            () = news.announce(&self.db) => {}
        }
    }

    async fn write(&self, news: &News) {
        let mut batch = Vec::with_capacity(self.batch_max);
        let mut desk = Desk::new(&self.db);
        while self.waiting.lock().await.recv_many(&mut batch, self.batch_max).await > 0 {
            let (raws, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
            match desk.insert(&raws).await {
                Ok(stored) => {
                    for (answer, stored) in answers.into_iter().zip(stored) {
                        // The caller may have hung up; the message is safe all the same.
                        let _ = answer.send(Ok(stored));
                    }
                }
                Err(Error::Database(error)) if raws.len() > 1 => {
                    // One message that the database refuses must not take the others with it.
                    tracing::warn!(error = %error, "storing messages one by one");
                    for (answer, raw) in answers.into_iter().zip(&raws) {
                        let stored = desk.insert(std::slice::from_ref(raw)).await;
                        let _ = answer.send(stored.map(|list| list[0]));
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, messages = answers.len(), "cannot store messages");
                    for answer in answers {
                        let _ = answer.send(Err(Error::Unavailable(sqlx::Error::PoolTimedOut)));
                    }
                    continue;
                }
            }
            news.arrived(raws.iter().any(|raw| raw.is_urgent));
        }
    }
}

/// Says after a commit that there is work. A commit that announces by itself holds a lock of the whole server until it
/// is on the disk, so that no two could share a flush. Should this process die in between, others look by themselves.
#[derive(Debug, Default)]
struct News {
    came: Notify,
    is_urgent: AtomicBool,
}

impl News {
    fn arrived(&self, is_urgent: bool) {
        self.is_urgent.fetch_or(is_urgent, Ordering::Relaxed);
        self.came.notify_one();
    }

    /// Announces what arrived, for as long as it is polled.
    async fn announce(&self, db: &Db) {
        loop {
            self.came.notified().await;
            let is_urgent = self.is_urgent.swap(false, Ordering::Relaxed);
            let what = if is_urgent { Work::Urgent } else { Work::Inbox };
            let told = sqlx::query("SELECT pg_notify($1, $2)").bind(WORK_CHANNEL).bind(what.name());
            if let Err(error) = told.execute(db.intake()).await {
                tracing::debug!(%error, "workers of other processes find new messages by themselves");
            }
            tokio::time::sleep(ANNOUNCE_PAUSE).await;
        }
    }
}

macro_rules! insert {
    ($then:literal) => {
        concat!(
            "INSERT INTO inbox (inbound_id, tenant_id, channel, route, workspace, event_key, natural_key,
                                is_urgent, body)
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                                  $7::text[], $8::bool[], $9::bytea[])",
            $then
        )
    };
}
/// Refused as a whole when one message is there already.
const INSERT: &str = insert!("");
/// Says which are new.
const INSERT_NEW: &str = insert!(" ON CONFLICT DO NOTHING RETURNING inbound_id");

fn bind<'q>(sql: &'static str, raws: &'q [Raw]) -> Query<'q, Postgres, PgArguments> {
    fn column<'q, T>(raws: &'q [Raw], of: impl Fn(&'q Raw) -> T) -> Vec<T> {
        raws.iter().map(of).collect()
    }
    sqlx::query(sql)
        .bind(column(raws, |raw| raw.id.0))
        .bind(column(raws, |raw| raw.tenant.map(|tenant| tenant.0)))
        .bind(column(raws, |raw| raw.channel.name()))
        .bind(column(raws, |raw| raw.route))
        .bind(column(raws, |raw| raw.workspace.as_deref()))
        .bind(column(raws, |raw| raw.event_key.as_deref()))
        .bind(column(raws, |raw| raw.natural_key.as_deref()))
        .bind(column(raws, |raw| raw.is_urgent))
        .bind(column(raws, |raw| raw.body.as_slice()))
}

/// What one writer keeps at hand. It keeps its connection: the pool asks a connection that comes back whether it lives,
/// which under load would cost as many answers of the database as the messages themselves.
struct Desk<'a> {
    db: &'a Db,
    connection: Option<(PoolConnection<Postgres>, Instant)>,
    /// For so many commits more, doubles are looked out for.
    careful: u32,
}

impl<'a> Desk<'a> {
    fn new(db: &'a Db) -> Self {
        Self { db, connection: None, careful: 0 }
    }

    /// Stores messages in one commit; says of each whether it is new.
    async fn insert(&mut self, raws: &[Raw]) -> Result<Vec<Stored>, Error> {
        // One that lay idle may be dead; the pool asks it.
        let kept = self.connection.take().filter(|(_, used)| used.elapsed() < IDLE_TRUSTED);
        let mut connection = match kept {
            Some((connection, _)) => connection,
            None => self.db.intake().acquire().await?,
        };
        let stored = self.insert_by(&mut connection, raws).await;
        if matches!(stored, Ok(_) | Err(Error::Database(_))) {
            self.connection = Some((connection, Instant::now()));
        }
        stored
    }

    /// To look out for doubles costs every message three searches and a second record in the log; not to, when there is
    /// one, a failed statement. Doubles come in company, as a mention does that Slack tells us of twice.
    async fn insert_by(&mut self, connection: &mut PgConnection, raws: &[Raw]) -> Result<Vec<Stored>, Error> {
        if self.careful == 0 {
            match bind(INSERT, raws).execute(&mut *connection).await {
                Ok(_) => return Ok(vec![Stored::New; raws.len()]),
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                    self.careful = CAREFUL_FOR;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.careful -= 1;
        let new: Vec<PgRow> = bind(INSERT_NEW, raws).fetch_all(connection).await?;
        let new: HashSet<Uuid> = new.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(raws
            .iter()
            .map(|raw| if new.contains(&raw.id.0) { Stored::New } else { Stored::Double })
            .collect())
    }
}
