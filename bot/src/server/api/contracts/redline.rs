//! `GET /v1/contracts/{version}/redline`: the original with the playbook's offers as tracked changes.

use agents::contract::sending::{self, Unmarked};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::VersionId;
use domain::intent::Intent;
use storage::documents;
use uuid::Uuid;

use super::super::super::problem::Problem;
use super::super::auth::Caller;
use super::super::describe::{NoSuchThing, Refusals, Unusable};
use super::super::json::Key;

/// What a Word document is called on the web.
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// Get a contract's redline
///
/// The Word document that was sent in, with what the playbook it was held against offers for each clause it does not like as
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
    let offered = sending::mark(tx, &caller.edge.objects, &version, caller.edge.clock.now()).await;
    let offered = offered.map_err(|unmarked| match unmarked {
        Unmarked::Refused(error) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        Unmarked::Storage(error) => error.into(),
        Unmarked::Objects(_) | Unmarked::Fault(_) => {
            tracing::error!(error = &unmarked as &dyn std::error::Error, "a document was not marked");
            Problem::missing("file")
        }
    })?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(DOCX))];
    let disposition =
        [(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"redline.docx\""))];
    Ok((kind, disposition, offered.redlined.docx).into_response())
}
