//! The versions that serve, in memory: opened whole before they take over, so that nobody waits for a switch.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use domain::feature::Values;
use domain::ids::TenantId;
use domain::model::{Alias, Model, Version};
use domain::search::Reason;
use ml::evaluation::is_in_trial;
use ml::features::Profile;
use ml::hazard::Hazard;
use ml::package::Refused;
use ml::scorer::{self, FitScorer};
use storage::models::Moved;
use storage::{Db, Tx, models};

use super::{Error, partners};

/// Partners that a profile is made of while serving, the last taken up: as many as are read in a moment.
const PROFILE_MAX: i64 = 500;

/// What says that the stated rules gave a fit.
pub const RULES: &str = "rules";
/// The same, in place of a model that cannot be used.
pub const RULES_INSTEAD: &str = "rules (the model failed)";

/// A version in memory.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// A learned fit.
    Fit(FitScorer),
    /// When deals move on.
    Stage(Hazard),
}

/// Opens a version's bytes: only when hash, schema and numbers are as they should be.
///
/// # Errors
/// When it is not fit to serve.
pub fn open(model: Model, held: &models::Content) -> Result<Opened, Refused> {
    let expected = schema(model);
    if held.schema != expected {
        return Err(Refused::Schema { found: held.schema.clone(), expected });
    }
    match model {
        Model::PartnerFitScorer => FitScorer::from_bytes(&held.content, &held.sha256).map(Opened::Fit),
        Model::DealStagePredictor => Hazard::from_bytes(&held.content, &held.sha256).map(Opened::Stage),
        Model::ContractRiskClassifier | Model::EmbeddingModel => {
            Err(Refused::Unreadable("this program serves the version it came with".to_owned()))
        }
    }
}

/// The schema of features that this program computes for a model.
pub fn schema(model: Model) -> String {
    match model {
        Model::PartnerFitScorer => scorer::schema(),
        Model::DealStagePredictor => ml::hazard::schema(),
        Model::ContractRiskClassifier | Model::EmbeddingModel => "built in".to_owned(),
    }
}

/// A version that serves or runs along, by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T> {
    /// Its version.
    pub version: String,
    /// It.
    pub it: T,
}

/// What serves one tenant.
#[derive(Debug, Default)]
pub struct Serving {
    /// Changes whenever an alias is moved.
    stamp: i64,
    /// The learned fit; none is the stated rules.
    fit: Option<Named<FitScorer>>,
    /// True when the alias points at a version that could not be opened.
    is_broken: bool,
    /// Computes beside it.
    shadow: Option<Named<FitScorer>>,
    /// When deals move on.
    stage: Option<Named<Hazard>>,
    /// Who the tenant's partners are.
    pub profile: Profile,
}

/// A fit, and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// 0 to 100.
    pub fit: u8,
    /// Reasons that add up to it.
    pub reasons: Vec<Reason>,
    /// Who gave it.
    pub scored_by: String,
    /// What the shadow would have said.
    pub shadow: Option<(String, u8)>,
}

impl Serving {
    /// The fit of a company, given what the rules say of it and its features. Without a learned version, or when it
    /// gives no number, it is the rules' fit.
    #[must_use]
    pub fn score(&self, rule: (u8, Vec<Reason>), values: &Values) -> Scored {
        let (rule_fit, rule_reasons) = rule;
        let points = f64::from(rule_fit);
        let shadow = self.shadow.as_ref().and_then(|shadow| {
            let (fit, _) = shadow.it.fit(points, values);
            fit.is_finite().then(|| (named(&shadow.version), rounded(fit)))
        });
        let rules = |scored_by: &str| Scored {
            fit: rule_fit,
            reasons: rule_reasons.clone(),
            scored_by: scored_by.to_owned(),
            shadow: shadow.clone(),
        };
        match &self.fit {
            None => rules(if self.is_broken { RULES_INSTEAD } else { RULES }),
            Some(held) => match held.it.fit(points, values) {
                (fit, reasons) if fit.is_finite() => Scored {
                    fit: rounded(fit),
                    reasons,
                    scored_by: named(&held.version),
                    shadow: shadow.clone(),
                },
                _ => rules(RULES_INSTEAD),
            },
        }
    }

    /// The chance that a deal moves on within 30 days, when there is a model for it.
    #[must_use]
    pub fn moves_on(&self, stage: domain::deal::Stage, days_in_stage: f64) -> Option<f64> {
        self.stage.as_ref().map(|held| held.it.chance(stage, days_in_stage, 30.0))
    }

    /// What serves when the database cannot say what should: the rules, marked.
    #[must_use]
    pub fn broken() -> Self {
        Self { is_broken: true, ..Self::default() }
    }

    /// True when a learned version gives the fits.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        self.fit.is_some()
    }

    /// Who gives fits now.
    #[must_use]
    pub fn scorer(&self) -> String {
        match &self.fit {
            Some(held) => named(&held.version),
            None if self.is_broken => RULES_INSTEAD.to_owned(),
            None => RULES.to_owned(),
        }
    }
}

/// The name under which a version's scores are kept.
pub(super) fn named(version: &str) -> String {
    format!("{} {version}", Model::PartnerFitScorer.name())
}

fn rounded(fit: f64) -> u8 {
    fit.round().clamp(0.0, 100.0) as u8
}

/// What serves each tenant; cheap to clone.
#[derive(Debug, Clone)]
pub struct Models {
    db: Db,
    held: Arc<RwLock<HashMap<TenantId, Arc<Serving>>>>,
}

impl Models {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, held: Arc::default() }
    }

    fn current(&self, tenant: TenantId) -> Option<Arc<Serving>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    /// What serves a tenant; opened at the first call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, tenant: TenantId) -> Result<Arc<Serving>, Error> {
        match self.current(tenant) {
            Some(serving) => Ok(serving),
            None => self.renew(tenant).await,
        }
    }

    /// Opens what the aliases point at now, then lets it take over; who is being served stays with what it has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew(&self, tenant: TenantId) -> Result<Arc<Serving>, Error> {
        let serving = Arc::new(self.load(tenant).await?);
        self.held.write().unwrap_or_else(PoisonError::into_inner).insert(tenant, serving.clone());
        Ok(serving)
    }

    /// Looks whether an alias was moved of those tenants that are served here; for when an announcement was missed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look(&self) -> Result<(), Error> {
        let held: Vec<(TenantId, i64)> = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            held.iter().map(|(tenant, serving)| (*tenant, serving.stamp)).collect()
        };
        for (tenant, stamp) in held {
            let mut tx = self.db.tenant(tenant).begin().await?;
            let now = models::stamp(&mut tx).await?;
            drop(tx);
            if now != stamp {
                self.renew(tenant).await?;
            }
        }
        Ok(())
    }

    async fn load(&self, tenant: TenantId) -> Result<Serving, Error> {
        let mut tx = self.db.tenant(tenant).begin().await?;
        let stamp = models::stamp(&mut tx).await?;
        let pointers = models::pointers(&mut tx).await?;
        let of = |model: Model, alias: Alias| {
            pointers.iter().find(|at| at.model == model.name() && at.alias == alias.name())
        };
        let mut serving = Serving { stamp, ..Serving::default() };
        let challenger = of(Model::PartnerFitScorer, Alias::Challenger);
        let is_trying = |at: &&Moved| {
            let share = u8::try_from(at.share).unwrap_or(0);
            at.version.as_deref().is_some_and(|version| is_in_trial(tenant.0.as_u128(), version, share))
        };
        let champion = of(Model::PartnerFitScorer, Alias::Champion);
        let serves = challenger.filter(is_trying).or(champion);
        (serving.fit, serving.is_broken) = fit(&mut tx, serves).await?;
        // The challenger is computed for all who are not served by it; a version in shadow for everybody.
        let beside =
            of(Model::PartnerFitScorer, Alias::Shadow).filter(|at| at.version.is_some()).or(challenger);
        (serving.shadow, _) = fit(&mut tx, beside).await?;
        if let Some((version, Opened::Stage(it))) =
            opened(&mut tx, Model::DealStagePredictor, of(Model::DealStagePredictor, Alias::Champion))
                .await?
                .0
        {
            serving.stage = Some(Named { version, it });
        }
        let known = partners::of_tenant(&self.db, &mut tx, PROFILE_MAX).await?;
        serving.profile = tokio::task::spawn_blocking(move || Profile::of(&known)).await.unwrap_or_default();
        Ok(serving)
    }
}

async fn fit(tx: &mut Tx, at: Option<&Moved>) -> Result<(Option<Named<FitScorer>>, bool), Error> {
    let (held, is_broken) = opened(tx, Model::PartnerFitScorer, at).await?;
    Ok(match held {
        Some((version, Opened::Fit(it))) => (Some(Named { version, it }), false),
        _ => (None, is_broken),
    })
}

/// The version an alias points at, and whether it points at one that cannot be opened.
async fn opened(
    tx: &mut Tx,
    model: Model,
    at: Option<&Moved>,
) -> Result<(Option<(String, Opened)>, bool), Error> {
    let Some(name) = at.and_then(|at| at.version.clone()) else { return Ok((None, false)) };
    let Ok(version) = Version::from_str(&name) else { return Ok((None, true)) };
    let content = models::content(tx, model, version).await?;
    match open(model, &content) {
        Ok(it) => Ok((Some((name, it)), false)),
        Err(why) => {
            tracing::error!(model = model.name(), version = name, why = %why, "a version cannot serve; the rules do");
            Ok((None, true))
        }
    }
}
