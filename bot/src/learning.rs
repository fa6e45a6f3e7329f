//! The learning loop as a duty: hears of moved aliases, keeps features, trains, measures, goes back when it got worse.

use std::collections::BTreeMap;
use std::time::Duration;

use agents::desk::chain;
use agents::learning::measures::Measures;
use agents::learning::{Error, Models, measures, partners, promotion, training};
use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::ids::TenantId;
use domain::model::Model;
use ml::evaluation::Share;
use storage::Db;
use storage::learning::{self, Job};
use storage::models::{self, MODELS_CHANNEL};
use tokio_util::sync::CancellationToken;

/// How often moved aliases are looked for that were not heard of.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often due jobs are looked for, and figures taken for the export.
const DUE_EVERY: Duration = Duration::from_mins(1);
/// Features of all partners are computed anew once a day, hours.
const FEATURES_H: i64 = 24;
/// Versions are trained once a week, hours.
const TRAINING_H: i64 = 7 * 24;
/// Whether the serving version got worse is looked at once a day, hours.
const EVALUATION_H: i64 = 24;
/// Everything that is drawn by the weekly job is drawn from this.
const SEED: u64 = 1;

/// Hears of moved aliases; opens the new version beside the one that serves, then switches.
pub(crate) async fn hear(db: Db, models: Models, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let Ok(mut listener) = db.listen(&[MODELS_CHANNEL]).await else {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            continue;
        };
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = tokio::time::timeout(LOOK_EVERY, listener.recv()) => heard,
            };
            let done = match heard {
                Ok(Ok(told)) if told.channel() == MODELS_CHANNEL => {
                    let Some(tenant) = models::announced(told.payload()) else { continue };
                    models.renew(tenant).await.map(|serving| {
                        tracing::info!(%tenant, scorer = serving.scorer(), "an alias was moved");
                    })
                }
                Ok(Ok(_)) => continue,
                Ok(Err(_)) => break,
                // Nothing was heard for a while, which may be because nobody could be heard.
                Err(_) => models.look().await,
            };
            if let Err(error) = done {
                tracing::warn!(error = chain(&error), "moved aliases have to wait");
            }
        }
    }
}

/// Does the jobs that are due, and exports the figures of all tenants together.
pub(crate) async fn learn(db: Db, models: Models, clock: Clock, stop: CancellationToken) {
    loop {
        let tenants = models::tenants(&db).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "learning has to wait");
            Vec::new()
        });
        let mut taken = Vec::with_capacity(tenants.len());
        for tenant in tenants {
            if stop.is_cancelled() {
                return;
            }
            match learn_once(&db, &models, tenant, clock.now()).await {
                Ok(measures) => taken.push(measures),
                Err(error) => tracing::warn!(error = chain(&error), %tenant, "learning has to wait"),
            }
        }
        export(&taken);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DUE_EVERY) => {}
        }
    }
}

/// Does what is due for a tenant, each job in a transaction of its own, which only one process gets to do.
pub(crate) async fn learn_once(
    db: &Db,
    models: &Models,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Measures, Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    if is_due(&mut tx, (Job::Features, None), FEATURES_H, now).await? {
        let done = partners::refresh(db, &mut tx, now).await?;
        tx.commit().await?;
        tracing::info!(%tenant, partners = done.partners, changed = done.changed, "features are new");
    }
    for model in [Model::PartnerFitScorer, Model::DealStagePredictor] {
        train(db, tenant, model, now).await?;
    }
    let serving = models.of(tenant).await?;
    let mut tx = db.tenant(tenant).begin().await?;
    let measures =
        if is_due(&mut tx, (Job::Evaluation, Some(Model::PartnerFitScorer)), EVALUATION_H, now).await? {
            let (measures, worse) = measures::watch(&mut tx, &serving.scorer(), now).await?;
            if let Some(why) = worse {
                tracing::error!(%tenant, why, "went back to the version before");
            }
            measures
        } else {
            measures::measure(&mut tx, &serving.scorer(), now).await?
        };
    tx.commit().await?;
    Ok(measures)
}

async fn is_due(
    tx: &mut storage::Tx,
    (job, model): (Job, Option<Model>),
    hours: i64,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let last = promotion::last_run(tx, job, model).await?;
    let is_late = last.is_none_or(|at| now - at >= chrono::Duration::hours(hours));
    Ok(is_late && learning::claim(tx, job).await?)
}

/// Trains a model when it is due; a new version goes to the shadow, and a person promotes it.
async fn train(db: &Db, tenant: TenantId, model: Model, now: DateTime<Utc>) -> Result<(), Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    if !is_due(&mut tx, (Job::Training, Some(model)), TRAINING_H, now).await? {
        return Ok(());
    }
    let window = training::Window::until_now(now, SEED);
    match training::train(&mut tx, model, window, now).await {
        Ok(trained) => {
            if trained.is_new {
                promotion::to_shadow(&mut tx, &trained.version, now).await?;
            }
            tracing::info!(%tenant, model = model.name(), version = %trained.version.version, "trained");
        }
        Err(Error::TooLittle { lack, .. }) => {
            tracing::info!(%tenant, model = model.name(), lack, "too little to learn from");
            let outcome = serde_json::json!({ "lack": lack });
            learning::record(&mut tx, (Job::Training, Some(model)), &outcome, now).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(tx.commit().await?)
}

/// Gives the figures of all tenants to whoever watches: shares over all decisions, the largest shift of each feature.
/// None as long as there is none.
fn export(taken: &[Measures]) {
    let share = |of: fn(&Measures) -> Share| {
        let sum = |sum: Share, one: Share| Share { hits: sum.hits + one.hits, of: sum.of + one.of };
        taken.iter().map(of).fold(Share::default(), sum).value()
    };
    if let Some(precision) = share(|one| one.precision) {
        metrics::gauge!("partner_discovery_precision").set(precision);
    }
    if let Some(accuracy) = share(|one| one.accuracy) {
        metrics::gauge!("contract_extraction_accuracy").set(accuracy);
    }
    let mut shifts: BTreeMap<&'static str, f64> = BTreeMap::new();
    for (feature, shift) in taken.iter().flat_map(|one| &one.drift) {
        let most = shifts.entry(feature.name()).or_default();
        *most = most.max(*shift);
    }
    for (feature, shift) in shifts {
        metrics::gauge!("feature_shift_psi", "feature" => feature).set(shift);
    }
}
