//! `dealdesk train` and `dealdesk models`: make versions, look at them, move the aliases that point at them.

use std::process::ExitCode;

use agents::learning::{Error, measures, partners, promotion, serving, training};
use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use domain::feature::Feature;
use domain::model::{Alias, Model, Version};
use storage::models::{self, Move, Moved};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;

/// Train a version from the decisions in the database.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// `partner_fit_scorer` or `deal_stage_predictor`.
    #[arg(value_parser = model)]
    model: Model,
    /// Seed of everything that is drawn: the same seed, window and data give the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First day of the decisions, e.g. `2026-01-01`; two years back if none is said.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Day before which decisions count; nothing that was learnt later is seen.
    #[arg(long)]
    until: Option<NaiveDate>,
}

/// What to do about models. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// All versions, and where the aliases point.
    List,
    /// One version with its card and figures.
    Show {
        /// The model.
        #[arg(value_parser = model)]
        model: Model,
        /// Its version, e.g. `1.0.0`.
        #[arg(value_parser = version)]
        version: Version,
    },
    /// Point an alias at a version; every worker switches at once.
    Promote {
        /// The model.
        #[arg(value_parser = model)]
        model: Model,
        /// Its version; `built-in` is what comes with the program.
        version: String,
        /// `champion` serves, `challenger` serves some, `shadow` computes beside it.
        #[arg(long, default_value = "champion", value_parser = alias)]
        alias: Alias,
        /// Per cent of tenants that the challenger serves.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
        share: u8,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Point the champion where it pointed before; every worker switches at once.
    Rollback {
        /// The model.
        #[arg(value_parser = model)]
        model: Model,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take the figures of what is shown; go back when the serving version got worse.
    Evaluate,
    /// Compute the features of all partners anew.
    Features,
}

fn model(name: &str) -> Result<Model, String> {
    let names = Model::ALL.map(Model::name).join(", ");
    Model::from_name(name).ok_or_else(|| format!("the models are {names}"))
}

fn alias(name: &str) -> Result<Alias, String> {
    Alias::from_name(name).ok_or_else(|| "the aliases are champion, challenger and shadow".to_owned())
}

fn version(name: &str) -> Result<Version, String> {
    name.parse().map_err(|()| "a version is three numbers, e.g. 1.0.0".to_owned())
}

impl Train {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = self.train(&app).await;
        app.close().await?;
        done
    }

    async fn train(&self, app: &App) -> anyhow::Result<ExitCode> {
        let now = app.clock.now();
        let midnight = |day: NaiveDate| -> DateTime<Utc> { day.and_time(chrono::NaiveTime::MIN).and_utc() };
        let mut window = training::Window::until_now(now, self.seed);
        window.from = self.from.map_or(window.from, midnight);
        window.until = self.until.map_or(window.until, midnight);
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        match training::train(&mut tx, self.model, window, now).await {
            Ok(trained) => {
                tx.commit().await?;
                let new = &trained.version;
                let word = if trained.is_new { "Made" } else { "The same bytes are there already:" };
                line(&format!("{word} {} {}", self.model.name(), new.version))?;
                line(&format!("  sha256 {}\n  dataset {}\n  {}", new.sha256, new.dataset, new.metrics))?;
                line(&format!("Promote it: dealdesk models promote {} {}", self.model.name(), new.version))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error @ (Error::TooLittle { .. } | Error::NotTrained(_))) => {
                // What was collected on the way stays.
                tx.commit().await?;
                line(&format!("{error}."))?;
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Models {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = match self {
            Self::List => list(&app).await,
            Self::Show { model, version } => show(&app, model, version).await,
            Self::Promote { model, version, alias, share, reason } => {
                promote(&app, (model, &version), (alias, share), &reason).await
            }
            Self::Rollback { model, reason } => roll_back(&app, model, &reason).await,
            Self::Evaluate => evaluate(&app).await,
            Self::Features => refresh(&app).await,
        };
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let (rows, pointers) = (models::list(&mut tx).await?, models::pointers(&mut tx).await?);
    for model in Model::ALL {
        let of =
            |alias: Alias| pointers.iter().find(|at| at.model == model.name() && at.alias == alias.name());
        line(&format!("{}: {}", model.name(), served(model, of(Alias::Champion))))?;
        for row in rows.iter().filter(|row| row.model == model.name()) {
            let points =
                |alias: &Alias| of(*alias).is_some_and(|at| at.version.as_ref() == Some(&row.version));
            let aliases: Vec<&str> =
                Alias::ALL.iter().filter(|alias| points(alias)).map(|a| a.name()).collect();
            line(&format!(
                "  {}  {}  {}  {} bytes  {}",
                row.version,
                row.created_at.format("%Y-%m-%d %H:%M"),
                &row.sha256[..12],
                row.bytes,
                aliases.join(", ")
            ))?;
        }
    }
    Ok(())
}

fn served(model: Model, champion: Option<&Moved>) -> String {
    match champion.and_then(|at| at.version.as_ref()) {
        Some(version) => format!("{version} serves"),
        None => format!("built-in serves ({})", model.built_in()),
    }
}

async fn show(app: &App, model: Model, version: Version) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let rows = models::list(&mut tx).await?;
    let row = rows.iter().find(|row| row.model == model.name() && row.version == version.to_string());
    let Some(row) = row else { bail!("there is no {} {version}; see: dealdesk models list", model.name()) };
    line(&format!("{} {}\n\n{}\n", row.model, row.version, row.card))?;
    line(&format!("sha256   {}\nschema   {}\ndataset  {}", row.sha256, row.schema, row.dataset))?;
    line(&format!("window   {} to {}\nseed     {}", row.trained_from, row.trained_until, row.seed))?;
    line(&format!("figures  {}", row.metrics))?;
    let held = models::content(&mut tx, model, version).await?;
    match serving::open(model, &held) {
        Ok(_) => line("It can serve."),
        Err(why) => line(&format!("It cannot serve: {why}.")),
    }
}

async fn promote(
    app: &App,
    (model, version): (Model, &str),
    (alias, share): (Alias, u8),
    reason: &str,
) -> anyhow::Result<()> {
    let to = match version {
        "built-in" => None,
        version => Some(self::version(version).map_err(anyhow::Error::msg)?),
    };
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let new = Move { model, alias, to, share, reason, by: "shell" };
    promotion::promote(&mut tx, &new, app.clock.now())
        .await
        .with_context(|| format!("{} {version} was not promoted", model.name()))?;
    tx.commit().await?;
    line(&format!("{} of {} is {version} from now on.", alias.name(), model.name()))
}

async fn roll_back(app: &App, model: Model, reason: &str) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let to = promotion::roll_back(&mut tx, model, (reason, "shell"), app.clock.now()).await?;
    tx.commit().await?;
    let version = to.map_or("built-in".to_owned(), |version| version.to_string());
    line(&format!("champion of {} is {version} again.", model.name()))
}

async fn evaluate(app: &App) -> anyhow::Result<()> {
    let scorer = app.desk.models.of(HOME_TENANT).await?.scorer();
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let (measures, worse) = measures::watch(&mut tx, &scorer, app.clock.now()).await?;
    tx.commit().await?;
    let share = |share: ml::evaluation::Share| match share.value() {
        None => "nobody decided on anything yet".to_owned(),
        Some(value) => {
            let (low, high) = share.interval();
            format!("{:.3} of {} (95 %: {low:.3} to {high:.3})", value, share.of)
        }
    };
    line(&format!("scorer                        {scorer}"))?;
    line(&format!("partner_discovery_precision   {}", share(measures.precision)))?;
    line(&format!("contract_extraction_accuracy  {}", share(measures.accuracy)))?;
    if let Some(ndcg) = measures.ndcg {
        line(&format!("nDCG@10                       {ndcg:.3}"))?;
    }
    if let Some((brier, error)) = measures.calibration {
        line(&format!("Brier, calibration error      {brier:.3}, {error:.3}"))?;
    }
    if let Some((name, brier, error, count)) = &measures.shadow {
        line(&format!("in the shadow: {name}, Brier {brier:.3}, calibration error {error:.3}, of {count}"))?;
    }
    for (feature, shift) in &measures.drift {
        let word = if *shift > measures::PSI_ACT { "  act on it" } else { "" };
        line(&format!("PSI {:25} {shift:.3}{word}", Feature::name(*feature)))?;
    }
    match worse {
        Some(why) => line(&format!("Went back to the version before: {why}.")),
        None => Ok(()),
    }
}

async fn refresh(app: &App) -> anyhow::Result<()> {
    let began = std::time::Instant::now();
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let done = partners::refresh(&app.db, &mut tx, app.clock.now()).await?;
    tx.commit().await?;
    let took = began.elapsed().as_secs_f64();
    line(&format!("{} partners, {} values changed, {took:.1} s", done.partners, done.changed))
}
