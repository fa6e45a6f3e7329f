//! From the CRM to us: walks that are taken up where they stopped, and the nightly check against all there is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::crm::Object;
use domain::crm::walk::{self, Kind, Seen, Walk};
use integrations::CallError;
use integrations::crm::{Page, Window};
use serde_json::json;
use storage::Tx;
use storage::crm::cursors::{self, Lease};
use storage::crm::{self, apply};

use super::records::Tally;
use super::{Failure, Sync};

/// What a walk did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Pages read.
    pub pages: u64,
    /// What became of the records.
    pub tally: Tally,
}

impl Sync {
    /// Walks an object to the end, page by page; each page is kept together with the place where it ends.
    pub async fn follow(&mut self, lease: &Lease) -> Result<Followed, Failure> {
        let mut followed = Followed::default();
        loop {
            let mut tx = self.db.tenant(self.tenant).begin().await?;
            let mut cursor = cursors::get(&mut tx, lease).await?;
            let walk = cursor.begin(self.clock.now()).clone();
            cursors::set(&mut tx, lease, &cursor, 0).await?;
            tx.commit().await?;

            let page = match self.page(lease.object, &walk).await {
                Ok(page) => page,
                Err(error) => match self.blamed(lease.object, &error) {
                    Some((field, why)) if self.park(&field, &why).await? => continue,
                    _ => return Err(self.failed(error).await?),
                },
            };
            self.points.pass("crm.page");

            let now = self.clock.now();
            let mut tx = self.db.tenant(self.tenant).begin().await?;
            let tally = self.keep(&mut tx, lease.object, &page, now).await?;
            let seen = Seen {
                rows: page.records.len() as u64,
                newest: page.records.iter().map(|record| record.modified_at).max(),
                next: page.next,
            };
            let is_last = cursor.advance(&seen, now);
            let rows = i64::try_from(seen.rows).unwrap_or(i64::MAX);
            cursors::set(&mut tx, lease, &cursor, rows).await?;
            cursors::count(&mut tx, self.provider(), (1, 0, 1), now).await?;
            tx.commit().await?;
            followed.pages += 1;
            followed.tally += tally;
            if is_last {
                return Ok(followed);
            }
        }
    }

    async fn page(&self, object: Object, walk: &Walk) -> Result<Page, CallError> {
        let wanted = self.wanted(object);
        let after = walk.after.as_deref();
        match walk.kind {
            Kind::Backfill => self.patiently(|| self.crm.list(&wanted, after)).await,
            Kind::Poll | Kind::Sweep => {
                let window = Window { since: walk.since, until: walk.until };
                self.patiently(|| self.crm.changed(&wanted, window, after)).await
            }
        }
    }

    async fn keep(
        &self,
        tx: &mut Tx,
        object: Object,
        page: &Page,
        now: DateTime<Utc>,
    ) -> Result<Tally, storage::Error> {
        let tally = self.apply(tx, object, &page.records, now).await?;
        for (outcome, count) in tally.named() {
            metrics::counter!("crm_records_total", "provider" => self.provider(), "outcome" => outcome)
                .increment(count);
        }
        Ok(tally)
    }

    async fn failed(&self, error: CallError) -> Result<Failure, storage::Error> {
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        cursors::count(&mut tx, self.provider(), (0, 1, 1), self.clock.now()).await?;
        tx.commit().await?;
        Ok(error.into())
    }

    /// Reads everything once more: repairs what was missed, and retires what the CRM no longer has. More than a fiftieth
    /// gone at once is held back until somebody confirms it.
    pub async fn reconcile(&mut self, object: Object, is_confirmed: bool) -> Result<Reconciled, Failure> {
        let provider = self.provider();
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let known = crm::live(&mut tx, (provider, object)).await?;
        drop(tx);
        let mut gone: BTreeSet<String> = known.iter().cloned().collect();
        let (wanted, mut after, mut tally) = (self.wanted(object), None::<String>, Tally::default());
        loop {
            let page = self.patiently(|| self.crm.list(&wanted, after.as_deref())).await?;
            for record in &page.records {
                gone.remove(&record.id);
            }
            let now = self.clock.now();
            let mut tx = self.db.tenant(self.tenant).begin().await?;
            tally += self.keep(&mut tx, object, &page, now).await?;
            cursors::count(&mut tx, provider, (1, 0, 1), now).await?;
            tx.commit().await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let gone: Vec<String> = gone.into_iter().collect();
        let (all, missing) = (known.len() as u64, gone.len() as u64);
        let is_held = !is_confirmed && !walk::may_remove(all, missing);
        let now = self.clock.now();
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let held = if is_held { i64::try_from(missing).unwrap_or(i64::MAX) } else { 0 };
        cursors::checked(&mut tx, (provider, object), held, now).await?;
        if is_held {
            let subject = format!("connection:{provider}");
            let detail = json!({ "object": object, "known": all, "gone": missing });
            apply::note_down(&mut tx, provider, ("crm.removal_held", &subject), detail, now).await?;
        } else {
            self.retire(&mut tx, object, (&gone, "archived"), now).await?;
        }
        tx.commit().await?;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let drift = (missing + tally.new + tally.changed) as f64;
        metrics::gauge!("crm_drift", "provider" => provider, "object" => object.name()).set(drift);
        Ok(Reconciled { known: all, gone: missing, is_held, tally })
    }
}

/// What a check against everything found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Records that were known before.
    pub known: u64,
    /// Of those, no longer there.
    pub gone: u64,
    /// They were left alone: too many at once.
    pub is_held: bool,
    /// What became of the records that are there.
    pub tally: Tally,
}
