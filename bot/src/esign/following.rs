//! Hears of envelopes: reads the messages that were kept, and asks for what no message told.

use std::time::Duration;

use domain::ids::{EnvelopeId, TenantId};
use integrations::CallError;
use integrations::esign::{Told, webhook};
use storage::{Tx, connections, envelopes};
use tokio_util::sync::CancellationToken;

use super::{Office, PROVIDER};

/// How often messages are looked for that another process took in.
const READ_EVERY: Duration = Duration::from_secs(2);
/// How many envelopes are asked for at a time.
const OUT_MAX: i64 = 1_000;
/// How long messages are kept that were read, days.
const KEPT_DAYS: i32 = 30;

impl Office {
    /// Reads messages until stopped.
    pub(crate) async fn read_messages(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.read_all().await {
                tracing::warn!(%error, "messages about signatures have to wait");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.bell.notified() => {}
                () = tokio::time::sleep(READ_EVERY) => {}
            }
        }
    }

    async fn read_all(&self) -> Result<(), storage::Error> {
        for status in connections::active(&self.db, PROVIDER).await? {
            while self.read_one(status.tenant).await? {}
        }
        Ok(())
    }

    /// Reads the oldest message; false when there is none.
    async fn read_one(&self, tenant: TenantId) -> Result<bool, storage::Error> {
        let mut tx = self.db.tenant(tenant).begin().await?;
        let Some((hash, body)) = envelopes::next_message(&mut tx).await? else { return Ok(false) };
        let ignored = match webhook::read(&body) {
            Err(error) => Some(format!("it cannot be read: {error}")),
            Ok(None) => Some("it is about no envelope as a whole".to_owned()),
            Ok(Some(told)) => self.take(&mut tx, &told).await?,
        };
        envelopes::read_message(&mut tx, &hash, ignored.as_deref(), self.clock.now()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes in what is told of an envelope; gives why it was ignored, if so.
    async fn take(&self, tx: &mut Tx, told: &Told) -> Result<Option<String>, storage::Error> {
        let known = match envelopes::by_remote(tx, (PROVIDER, &told.remote)).await? {
            Some(known) => Some(known.id),
            // A message may be faster than the answer to the call that made the envelope.
            None => match told.key.as_deref().and_then(|key| key.parse::<EnvelopeId>().ok()) {
                Some(id) => envelopes::get(tx, id).await.ok().map(|known| known.id),
                None => None,
            },
        };
        let Some(envelope) = known else {
            return Ok(Some("it is about an envelope of somebody else's".to_owned()));
        };
        let changed = self.follow(tx, envelope, told).await?;
        Ok((!changed).then(|| "it told nothing new".to_owned()))
    }

    /// Asks what became of envelopes that are out, every so often, until stopped: messages may be lost.
    pub(crate) async fn poll(self, stop: CancellationToken) {
        let every = Duration::from_secs(self.settings.poll_s.max(1));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            let active = match connections::active(&self.db, PROVIDER).await {
                Ok(active) => active,
                Err(error) => {
                    tracing::warn!(%error, "signatures are asked for later");
                    continue;
                }
            };
            let mut out = 0;
            for status in active {
                match self.poll_one(status.tenant).await {
                    Ok(some) => out += some,
                    Err(error) => self.note(status.tenant, &error).await,
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
            metrics::gauge!("envelopes_out").set(out as f64);
        }
    }

    /// Asks for one tenant's envelopes; gives how many are out.
    async fn poll_one(&self, tenant: TenantId) -> Result<usize, CallError> {
        let away = |error: storage::Error| CallError::NotSent { cause: error.to_string() };
        let mut tx = self.db.tenant(tenant).begin().await.map_err(away)?;
        envelopes::forget_messages(&mut tx, KEPT_DAYS).await.map_err(away)?;
        let remotes = envelopes::out(&mut tx, PROVIDER, OUT_MAX).await.map_err(away)?;
        tx.commit().await.map_err(away)?;
        if remotes.is_empty() {
            return Ok(0);
        }
        let account = self.account(tenant, None).await?;
        let told = match account.states(&self.http, &remotes).await {
            Err(CallError::Unauthorised { .. }) => {
                let account = self.account(tenant, Some(&account.token)).await?;
                account.states(&self.http, &remotes).await?
            }
            other => other?,
        };
        for told in told {
            let mut tx = self.db.tenant(tenant).begin().await.map_err(away)?;
            self.take(&mut tx, &told).await.map_err(away)?;
            tx.commit().await.map_err(away)?;
        }
        connections::succeeded(&self.db, (tenant, PROVIDER)).await.map_err(away)?;
        Ok(remotes.len())
    }

    async fn note(&self, tenant: TenantId, error: &CallError) {
        tracing::warn!(%error, %tenant, "signatures could not be asked for");
        let is_refused = matches!(error, CallError::Unauthorised { .. });
        let words = error.to_string();
        if let Err(failure) = connections::failed(&self.db, (tenant, PROVIDER), &words, is_refused).await {
            tracing::warn!(%failure, "a connection's failure was not noted");
        }
    }
}
