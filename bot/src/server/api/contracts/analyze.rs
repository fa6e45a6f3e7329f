//! `POST /v1/analyze-contract`: sends a contract in, as a link or as the file itself.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use domain::contract::Source;
use domain::inbound::WebBody;
use domain::intent::Intent;
use serde::Deserialize;
use storage::deals;
use utoipa::{IntoParams, ToSchema};

use super::super::super::problem::Problem;
use super::super::auth::Caller;
use super::super::describe::{Answers, NotAllowed, Refusals};
use super::super::json::{Body, RepeatKey};
use super::super::messages::check_text;
use super::super::submit::submit;
use crate::server::Edge;
use domain::contract::FILE_BYTES_MAX;

/// What a request may hold: the largest file, and what a form puts around it.
pub(in super::super) const BODY_MAX: usize = FILE_BYTES_MAX + 64 * 1024;
/// What a file is called that came without a name.
const NAMELESS: &str = "Contract";
/// The longest name that is kept, characters.
const NAME_CHARS_MAX: usize = 200;

/// A contract behind a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Link {
    /// Where it is to be fetched: `https://…`; PDF, Word, text, HTML or mail.
    #[schema(example = "https://example.com/msa.pdf")]
    pdf_url: String,
    /// The name of the deal it belongs to; found by its parties when none is said.
    #[schema(example = "Adyen")]
    deal: Option<String>,
}

/// What goes with a file that is the body itself.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct Beside {
    /// The file's name, when the body is the file itself
    name: Option<String>,
    /// The name of the deal it belongs to
    deal: Option<String>,
}

/// A contract in any of the three ways.
enum Sent {
    Link(Link),
    File { name: String, deal: Option<String>, bytes: Bytes },
}

/// Send a contract in
///
/// As JSON with a link, as a form with the fields `file` and `deal`, or as the file itself with `?name=` and `?deal=`;
/// at most 25 MB. It is read, held against the playbook and shown; then approvers decide. The original is kept
/// before the call is answered.
#[utoipa::path(post, path = "/v1/analyze-contract", tag = "contracts",
    request_body(content(
        (Link = "application/json"),
        (String = "multipart/form-data"),
        (String = "application/octet-stream"),
    )),
    params(RepeatKey, Beside),
    responses(Answers, NotAllowed, Refusals))]
pub(in super::super) async fn analyze(
    caller: Caller,
    key: RepeatKey,
    Query(beside): Query<Beside>,
    request: Request,
) -> Result<Response, Problem> {
    // Nothing is taken in for somebody who may not have it read.
    let wanted = Intent::AnalyzeContract {
        source: Source::Link { url: String::new() },
        deal: None,
        beside: Vec::new(),
    };
    caller.may(&wanted)?;
    let body = match sent(&caller.edge, request, beside).await? {
        Sent::Link(link) => linked(&caller, link).await?,
        Sent::File { name, deal, bytes } => kept(&caller, (name, deal), &bytes).await?,
    };
    submit(&caller, key, &body).await
}

async fn sent(edge: &Arc<Edge>, request: Request, beside: Beside) -> Result<Sent, Problem> {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => Ok(Sent::Link(Body::from_request(request, edge).await?.0)),
        "multipart/form-data" => form(edge, request).await,
        _ => {
            let bytes = Bytes::from_request(request, edge)
                .await
                .map_err(|refused| unread(refused.status(), refused.body_text()))?;
            let name = beside.name.unwrap_or_else(|| NAMELESS.to_owned());
            Ok(Sent::File { name, deal: beside.deal, bytes })
        }
    }
}

/// A form's fields `file` and `deal`.
async fn form(edge: &Arc<Edge>, request: Request) -> Result<Sent, Problem> {
    let mut form = Multipart::from_request(request, edge)
        .await
        .map_err(|refused| unread(refused.status(), refused.body_text()))?;
    let (mut file, mut deal) = (None, None);
    let refused = |error: axum::extract::multipart::MultipartError| unread(error.status(), error.body_text());
    while let Some(field) = form.next_field().await.map_err(refused)? {
        match field.name().unwrap_or_default() {
            "file" if file.is_none() => {
                let name = field.file_name().unwrap_or(NAMELESS).to_owned();
                file = Some((name, field.bytes().await.map_err(refused)?));
            }
            "deal" => deal = Some(field.text().await.map_err(refused)?),
            other => return Err(unusable(format!("The form has an unknown or doubled field `{other}`."))),
        }
    }
    let (name, bytes) = file.ok_or_else(|| unusable("The form has no field `file`."))?;
    Ok(Sent::File { name, deal, bytes })
}

fn unread(status: StatusCode, words: String) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { Problem::new(status, words) }
}

fn too_large() -> Problem {
    let most = FILE_BYTES_MAX / (1024 * 1024);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The file is larger than the {most} MB we take."))
}

fn unusable(words: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, words)
}

/// What is put into the inbox for a link: the words that say it in chat.
async fn linked(caller: &Caller, link: Link) -> Result<WebBody, Problem> {
    check_text("pdf_url", &link.pdf_url)?;
    let url = link.pdf_url.trim().to_owned();
    if !url.starts_with("https://") || url.contains(char::is_whitespace) {
        return Err(unusable("`pdf_url` is not an https address."));
    }
    let deal = deal(caller, link.deal).await?;
    let intent = Intent::AnalyzeContract { source: Source::Link { url }, deal, beside: Vec::new() };
    let text = channels::command::print(&intent).ok_or_else(|| unusable("`pdf_url` cannot be used."))?;
    Ok(WebBody::Message { person: caller.person.id, text })
}

/// What is put into the inbox for a file, once its bytes are kept.
async fn kept(
    caller: &Caller,
    (name, said): (String, Option<String>),
    bytes: &Bytes,
) -> Result<WebBody, Problem> {
    if bytes.is_empty() {
        return Err(unusable("The file is empty."));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    let text = deal(caller, said).await?.unwrap_or_default();
    let digest = caller.edge.objects.put(caller.person.tenant, bytes).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a file could not be kept");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The file could not be kept. Nothing was stored; try again.",
        )
        .retry_after(2)
    })?;
    Ok(WebBody::File {
        person: caller.person.id,
        text,
        name: plain_name(&name),
        sha256: digest.to_string(),
        bytes: bytes.len() as u64,
    })
}

/// The last part of a path, short and on one line.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    if plain.trim().is_empty() { NAMELESS.to_owned() } else { plain.trim().to_owned() }
}

/// The whole name of the deal that was named, or that there is none such.
async fn deal(caller: &Caller, said: Option<String>) -> Result<Option<String>, Problem> {
    let Some(said) = said.map(|said| said.trim().to_lowercase()).filter(|said| !said.is_empty()) else {
        return Ok(None);
    };
    let mut tx = caller.begin().await?;
    let names: Vec<String> = deals::names(&mut tx).await?.into_iter().map(|(_, name)| name).collect();
    let same = names.iter().find(|name| name.to_lowercase() == said);
    let mut parts = names.iter().filter(|name| name.to_lowercase().contains(&said));
    let found = same.or_else(|| parts.next().filter(|_| parts.next().is_none()));
    found.cloned().map(Some).ok_or_else(|| unusable("`deal` names no deal, or several."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path() {
        assert_eq!(plain_name("C:\\deals\\MSA.pdf"), "MSA.pdf");
        assert_eq!(plain_name("../../etc/MSA\n.pdf"), "MSA.pdf");
        assert_eq!(plain_name("  "), "Contract");
    }
}
