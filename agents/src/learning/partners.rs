//! The features of all partners, computed anew: daily for what follows from the directory, and for the rest as a check.

use chrono::{DateTime, Utc};
use domain::company::{Company, CompanyId};
use domain::feature::Feature;
use ml::features::Profile;
use serde_json::json;
use storage::directory::companies;
use storage::learning::{self, Job};
use storage::{Db, Tx, activity, deals, features};

use super::Error;

/// Most partners of a tenant whose features are kept.
const PARTNERS_MAX: i64 = 50_000;
/// Rows written at once.
const ROWS_AT_ONCE: usize = 8_000;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refreshed {
    /// Partners looked at.
    pub partners: usize,
    /// Values that changed.
    pub changed: u64,
}

/// The companies that a tenant works with, as the directory knows them; the last taken up, at most so many.
///
/// # Errors
/// When the database fails.
pub async fn of_tenant(db: &Db, tx: &mut Tx, most: i64) -> Result<Vec<Company>, Error> {
    let ids: Vec<CompanyId> = deals::partner_companies(tx, most).await?.into_iter().map(CompanyId).collect();
    Ok(companies::get(db.directory(), &ids).await?)
}

/// Computes all eight features of every partner and keeps what changed. `tx` is committed by the caller.
///
/// # Errors
/// When the database fails.
pub async fn refresh(db: &Db, tx: &mut Tx, now: DateTime<Utc>) -> Result<Refreshed, Error> {
    let partners = of_tenant(db, tx, PARTNERS_MAX).await?;
    let count = partners.len();
    let today = now.date_naive();
    // Descriptions are read, which takes a while for thousands: not on a thread that serves.
    let rows = tokio::task::spawn_blocking(move || {
        let profile = Profile::of(&partners);
        let still = Feature::ALL.into_iter().filter(|feature| !Feature::LIVE.contains(feature));
        let still: Vec<Feature> = still.collect();
        let of = |company: &Company| {
            let values = profile.values(company, today);
            let id = company.id.0.clone();
            still
                .iter()
                .map(move |feature| (id.clone(), *feature, values[feature.place()]))
                .collect::<Vec<_>>()
        };
        partners.iter().flat_map(of).collect::<Vec<_>>()
    });
    // The task panics only if a bug does; then there is nothing to write.
    let rows = rows.await.unwrap_or_default();
    let mut changed = 0;
    for some in rows.chunks(ROWS_AT_ONCE) {
        changed += features::write(tx, some, now, now).await?;
    }
    changed += activity::refresh(tx, None, now).await?;
    let outcome = json!({ "partners": count, "changed": changed });
    learning::record(tx, (Job::Features, None), &outcome, now).await?;
    Ok(Refreshed { partners: count, changed })
}
