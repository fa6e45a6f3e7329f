//! `/v1/contracts`: what was read in contracts; sending one in is in its own file.

pub(super) mod analyze;
pub(super) mod redline;

use axum::Json;
use chrono::{DateTime, Utc};
use domain::contract::{Analysis, Extraction, Finding, Quote};
use domain::ids::VersionId;
use domain::intent::Intent;
use serde::Serialize;
use storage::documents::{self, Version};
use storage::{Tx, analyses, deals};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::problem::Problem;
use super::auth::Caller;
use super::describe::{NoSuchThing, Refusals};
use super::json::Key;

/// A version of a contract.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contract {
    /// Key of the version.
    version: Uuid,
    /// Key of the document it is a version of.
    document: Uuid,
    /// What the document is called.
    #[schema(example = "Reseller Agreement.pdf")]
    name: String,
    /// Counted from 1 within the document.
    number: i32,
    /// The deal it belongs to.
    deal: Option<Uuid>,
    /// That deal's name.
    deal_name: Option<String>,
    /// What kind of file it is.
    #[schema(example = "pdf")]
    kind: String,
    /// Length of the original.
    bytes: i64,
    /// SHA-256 of the original.
    sha256: String,
    /// Who sent it in.
    sent_by: String,
    /// When.
    sent_at: DateTime<Utc>,
    /// What could not be read, or looked wrong.
    notes: Vec<String>,
}

/// Contracts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contracts {
    /// The latest version of each document, newest first, at most 200.
    contracts: Vec<Contract>,
}

/// A passage of a contract, word for word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Passage {
    /// The passage.
    text: String,
    /// Page of its first letter, from 1.
    page: u32,
}

/// What a contract says of a term.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Term {
    /// Its key.
    #[schema(example = "governing_law")]
    term: String,
    /// `stated`, `absent`, or `review`: a person is to look.
    #[schema(example = "stated")]
    state: String,
    /// What it says, by kind.
    #[schema(value_type = Option<Object>)]
    value: Option<serde_json::Value>,
    /// Where it says so.
    quote: Option<Passage>,
    /// 0 to 1; the same for every term.
    confidence: f32,
    /// Why a person should look.
    reason: String,
}

/// What that means under the playbook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Judgement {
    /// Key of the term.
    #[schema(example = "cap_on_liability")]
    term: String,
    /// `green`, `yellow`, `red`, `missing`, `unclear` or `escalate`.
    #[schema(example = "red")]
    verdict: String,
    /// 0 to 100.
    severity: u8,
    /// Why.
    reason: String,
    /// The passage it stands on.
    quote: Option<Passage>,
}

/// A contract with what was read in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Report {
    /// The version.
    #[serde(flatten)]
    contract: Contract,
    /// Whether it was read to its end; none while nothing was read yet.
    is_partial: Option<bool>,
    /// Its terms; a term in several places has several.
    terms: Vec<Term>,
    /// Gravest first.
    findings: Vec<Judgement>,
}

/// List contracts
#[utoipa::path(get, path = "/v1/contracts", tag = "contracts",
    responses((status = 200, description = "Contracts", body = Contracts), Refusals))]
pub(super) async fn list(caller: Caller) -> Result<Json<Contracts>, Problem> {
    caller.may(&Intent::ListContracts)?;
    let mut tx = caller.begin().await?;
    let mut contracts = Vec::new();
    for version in documents::latest(&mut tx, None).await? {
        contracts.push(shown(&mut tx, version).await?);
    }
    Ok(Json(Contracts { contracts }))
}

/// See what was read in a contract
#[utoipa::path(get, path = "/v1/contracts/{version}", tag = "contracts",
    params(("version" = Uuid, Path, description = "The version")),
    responses((status = 200, description = "The contract with its terms and findings", body = Report), NoSuchThing, Refusals))]
pub(super) async fn show(caller: Caller, Key(version): Key<Uuid>) -> Result<Json<Report>, Problem> {
    let id = VersionId(version);
    caller.may(&Intent::ShowContract { document: id.to_string() })?;
    let mut tx = caller.begin().await?;
    let version = documents::get(&mut tx, id).await?;
    let contract = shown(&mut tx, version).await?;
    let Some(analysis) = analyses::latest(&mut tx, id).await? else {
        return Ok(Json(Report { contract, is_partial: None, terms: Vec::new(), findings: Vec::new() }));
    };
    let answers = analyses::answers(&mut tx, analysis.id).await?;
    let Analysis { extractions, findings, is_partial, .. } = analysis;
    let terms = agents::contract::settled(extractions, answers).into_iter().map(term).collect();
    let findings = findings.into_iter().map(judgement).collect();
    Ok(Json(Report { contract, is_partial: Some(is_partial), terms, findings }))
}

async fn shown(tx: &mut Tx, version: Version) -> Result<Contract, Problem> {
    let deal_name = match version.deal {
        Some(deal) => Some(deals::get(tx, deal).await?.name),
        None => None,
    };
    Ok(Contract {
        version: version.id.0,
        document: version.document.0,
        name: version.name,
        number: version.number,
        deal: version.deal.map(|deal| deal.0),
        deal_name,
        kind: version.kind,
        bytes: version.bytes,
        sha256: version.sha256,
        sent_by: version.author_name,
        sent_at: version.created_at,
        notes: version.notes,
    })
}

fn passage(quote: Quote) -> Passage {
    Passage { text: quote.text, page: quote.page }
}

/// The word that a plain value is stored as.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn term(row: Extraction) -> Term {
    Term {
        state: word(&row.state),
        value: row.value.and_then(|value| serde_json::to_value(value).ok()),
        quote: row.quote.map(passage),
        confidence: row.confidence,
        reason: row.reason,
        term: row.term.0,
    }
}

fn judgement(finding: Finding) -> Judgement {
    Judgement {
        verdict: word(&finding.verdict),
        severity: finding.severity,
        reason: finding.reason,
        quote: finding.quote.map(passage),
        term: finding.term.0,
    }
}
