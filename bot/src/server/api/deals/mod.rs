//! `/v1/deals`: deals and their history.

pub(super) mod change;

use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::deal::Stage;
use domain::ids::DealId;
use domain::intent::Intent;
use serde::{Deserialize, Serialize};
use storage::deals::{self, Wanted};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::{NoSuchThing, NotAllowed, ProblemBody, Refusals};
use super::json::{Filters, Key};

/// Which deals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DealFilters {
    /// Only in this stage, e.g. `negotiation`.
    #[param(example = "negotiation")]
    stage: Option<String>,
    /// Only the caller's own.
    #[serde(default)]
    #[param(required = false)]
    mine: bool,
}

/// A partnership in the making.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deal {
    /// Key.
    id: Uuid,
    /// Shown name.
    #[schema(example = "Adyen")]
    name: String,
    /// The company's key in the directory.
    company: String,
    /// The partner's key.
    partner: Uuid,
    /// Where it stands.
    #[schema(example = "negotiation")]
    stage: &'static str,
    /// Since when.
    stage_since: DateTime<Utc>,
    /// Who looks after it.
    owner: Option<Owner>,
    /// Fit of the search it came from, 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    fit: Option<i16>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When anything last happened to it.
    updated_at: DateTime<Utc>,
}

/// Who looks after a deal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Owner {
    /// Key.
    id: Uuid,
    /// Shown name.
    name: String,
}

/// Deals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deals {
    /// The latest touched first, at most 500.
    deals: Vec<Deal>,
}

/// A deal with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DealHistory {
    /// The deal.
    #[serde(flatten)]
    deal: Deal,
    /// Its stages, oldest first.
    stages: Vec<StageChange>,
    /// Its notes, newest first, at most 100.
    notes: Vec<Note>,
}

/// A move from one stage to another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StageChange {
    /// Where it was; none at the start.
    from: Option<&'static str>,
    /// Where it went.
    to: &'static str,
    /// When.
    at: DateTime<Utc>,
    /// Who moved it.
    by: Option<String>,
    /// Why.
    reason: Option<String>,
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Note {
    /// Who wrote it.
    by: String,
    /// When.
    at: DateTime<Utc>,
    /// The text.
    text: String,
}

impl From<deals::Deal> for Deal {
    fn from(deal: deals::Deal) -> Self {
        let name = deal.owner_name.unwrap_or_default();
        Self {
            id: deal.id.0,
            name: deal.name,
            company: deal.company,
            partner: deal.partner.0,
            stage: deal.stage.name(),
            stage_since: deal.stage_since,
            owner: deal.owner.map(|id| Owner { id: id.0, name }),
            fit: deal.fit,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
        }
    }
}

fn stage_named(name: &str) -> Result<Stage, Problem> {
    Stage::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("There is no stage `{name}`; the stages are {}.", known.join(", ")),
        )
    })
}

/// List deals
#[utoipa::path(get, path = "/v1/deals", tag = "deals", params(DealFilters),
    responses((status = 200, description = "Deals", body = Deals),
        (status = 422, description = "There is no such stage", body = ProblemBody, content_type = "application/problem+json"),
        NotAllowed, Refusals))]
pub(super) async fn list(
    caller: Caller,
    Filters(filters): Filters<DealFilters>,
) -> Result<Json<Deals>, Problem> {
    let stage = filters.stage.as_deref().map(stage_named).transpose()?;
    caller.may(&Intent::ListDeals { stage, mine: filters.mine })?;
    let wanted = Wanted { id: None, stage, owner: filters.mine.then_some(caller.person.id) };
    let mut tx = caller.begin().await?;
    let deals = deals::list(&mut tx, wanted).await?;
    Ok(Json(Deals { deals: deals.into_iter().map(Deal::from).collect() }))
}

/// See a deal with its history
#[utoipa::path(get, path = "/v1/deals/{id}", tag = "deals",
    params(("id" = Uuid, Path, description = "The deal")),
    responses((status = 200, description = "The deal", body = DealHistory), NoSuchThing, Refusals))]
pub(super) async fn show(caller: Caller, Key(id): Key<Uuid>) -> Result<Json<DealHistory>, Problem> {
    let id = DealId(id);
    caller.may(&Intent::ShowDeal { deal: id.to_string() })?;
    let mut tx = caller.begin().await?;
    let deal = deals::get(&mut tx, id).await?;
    let stages = deals::history(&mut tx, id).await?;
    let notes = deals::notes(&mut tx, id).await?;
    Ok(Json(DealHistory {
        deal: deal.into(),
        stages: stages
            .into_iter()
            .map(|change| StageChange {
                from: change.from.map(Stage::name),
                to: change.to.name(),
                at: change.at,
                by: Some(change.by),
                reason: change.reason,
            })
            .collect(),
        notes: notes.into_iter().map(|note| Note { by: note.by, at: note.at, text: note.text }).collect(),
    }))
}
