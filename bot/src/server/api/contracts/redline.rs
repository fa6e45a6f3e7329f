//! `GET /v1/contracts/{version}/redline`: the original with the playbook's offers as tracked changes.

use std::time::{Duration, Instant};

use agents::contract::playbook::Playbook;
use agents::contract::read::Bounds;
use agents::contract::redline;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::VersionId;
use domain::intent::Intent;
use storage::objects::Digest;
use storage::{analyses, documents};
use uuid::Uuid;

use super::super::super::problem::Problem;
use super::super::auth::Caller;
use super::super::describe::{NoSuchThing, Refusals, Unusable};
use super::super::json::Key;

/// What a Word document is called on the web.
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// How long marking may take.
const TIME: Duration = Duration::from_secs(20);
/// In whose name changes are written.
const AUTHOR: &str = "Dealdesk";

/// Get a contract's redline
///
/// The Word document that was sent in, with what the built-in playbook offers in place of each clause it does not like as
/// tracked changes, the reason beside it as a comment. Other kinds of files have none.
#[utoipa::path(get, path = "/v1/contracts/{version}/redline", tag = "contracts",
    params(("version" = Uuid, Path, description = "The version")),
    responses(
        (status = 200, description = "The document with tracked changes",
            content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", body = String),
        NoSuchThing, Unusable, Refusals))]
pub(in super::super) async fn get(caller: Caller, Key(version): Key<Uuid>) -> Result<Response, Problem> {
    let id = VersionId(version);
    caller.may(&Intent::ShowContract { document: id.to_string() })?;
    let mut tx = caller.begin().await?;
    let version = documents::get(&mut tx, id).await?;
    if version.kind != "docx" {
        return Err(unusable(format!("Only Word documents can be marked; this is {}.", version.kind)));
    }
    let findings = analyses::of_version(&mut tx, id).await?.findings;
    drop(tx);
    let digest: Digest = version.sha256.parse().map_err(|_| Problem::missing("file"))?;
    let original = caller.edge.objects.get(caller.person.tenant, digest).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a kept file could not be read");
        Problem::missing("file")
    })?;
    let now = caller.edge.clock.now();
    let marking = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let late = || began.elapsed() > TIME;
        let offers = (Playbook::built_in(), findings.as_slice());
        redline::offer(&original, offers, (AUTHOR, now), &Bounds::new(&late))
    });
    let offered = marking
        .await
        .map_err(|panic| {
            tracing::error!(error = %panic, "marking panicked");
            unusable("The document could not be marked.")
        })?
        .map_err(|fault| unusable(fault.explain().to_string()))?;
    if offered.replaced.is_empty() {
        return Err(unusable("There is nothing to mark: no clause that we do not like has words to offer."));
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(DOCX))];
    let disposition =
        [(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"redline.docx\""))];
    Ok((kind, disposition, offered.redlined.docx).into_response())
}

fn unusable(words: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, words)
}
