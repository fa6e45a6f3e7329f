//! Mail over HTTP: a provider hands raw mails in, and approvers decide on a page behind a signed link.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use channels::email::envelope::{Arrival, inbox_of};
use channels::email::structure::BYTES_MAX;
use domain::approval::{Approval, State as Stands};
use domain::card::{Block, Card, Verb};
use domain::ids::InboundId;
use domain::inbound::WebBody;
use domain::person::Person;
use secrecy::ExposeSecret;
use serde::Deserialize;
use storage::submission::Submission;
use storage::{approvals, messages, people};

use super::Edge;
use super::problem::Problem;
use crate::mail::{Claim, Door, Office, hand_in};

/// The routes; none when mail is not configured.
pub(super) fn routes(edge: &Edge) -> Router {
    let Some(office) = edge.mail.clone() else { return Router::new() };
    let desk = Arc::new(Desk { edge: edge.clone(), office });
    let page = Router::new()
        .route("/mail/decide/{token}", get(show).post(decide))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(desk.clone());
    if desk.office.settings.webhook_secret.expose_secret().is_empty() {
        return page;
    }
    let inbound = Router::new()
        .route("/email/inbound", post(receive))
        .layer(DefaultBodyLimit::max(BYTES_MAX))
        .with_state(desk);
    page.merge(inbound)
}

struct Desk {
    edge: Edge,
    office: Arc<Office>,
}

/// What a provider tells beside the mail.
#[derive(Deserialize)]
struct Told {
    /// The envelope's recipient.
    recipient: Option<String>,
    /// The envelope's sender.
    sender: Option<String>,
}

/// Takes a raw mail. 200 means that it is safe with us.
async fn receive(
    State(desk): State<Arc<Desk>>,
    Query(told): Query<Told>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret = desk.office.settings.webhook_secret.expose_secret();
    if !is_same(given.strip_prefix("Bearer ").unwrap_or_default(), secret) {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "This request does not carry the secret of the mail webhook.",
        ));
    }
    let recipient = told.recipient.unwrap_or_else(|| desk.office.inboxes[0].clone());
    if inbox_of(&recipient, &desk.office.inboxes).is_none() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "There is no such inbox here."));
    }
    let edge = &desk.edge;
    let door = Door {
        office: desk.office.clone(),
        db: edge.db.clone(),
        tenant: edge.home,
        intake: edge.intake.clone(),
        ids: edge.ids.clone(),
        bell: edge.bell.clone(),
    };
    let arrival = Arrival { recipient, mail_from: told.sender, ..Arrival::default() };
    hand_in(&door, "webhook", (&arrival, None), &body).await?;
    Ok(StatusCode::OK)
}

/// Without telling by its time how much is right.
fn is_same(given: &str, secret: &str) -> bool {
    use sha2::{Digest, Sha256};
    !secret.is_empty() && Sha256::digest(given) == Sha256::digest(secret)
}

/// A request as an approver looks at it.
struct Look {
    approval: Approval,
    person: Person,
    /// What its copies on channels show; none before there are any.
    card: Option<Card>,
}

/// Who looks at which request, if the link holds.
async fn looked_up(desk: &Desk, token: &str) -> Result<Look, Response> {
    let gone = || {
        answer(
            StatusCode::NOT_FOUND,
            "This link does not hold (any more)",
            "<p>Perhaps what was asked has changed since. The newest mail about it has a link that holds.</p>",
        )
    };
    let claim = Claim::from_link(token).ok_or_else(gone)?;
    let person = claim.person.ok_or_else(gone)?;
    let found = async {
        let mut tx = desk.edge.db.tenant(desk.edge.home).begin().await?;
        let approval = approvals::get(&mut tx, claim.approval).await?;
        let person = people::get(&mut tx, person).await?;
        let card = messages::request_card(&mut tx, claim.approval).await?;
        Ok::<_, storage::Error>((approval, person, card))
    };
    match found.await {
        Ok((approval, Some(person), card))
            if desk.office.tokens.holds(&claim, desk.edge.home, &approval, person.id) =>
        {
            Ok(Look { approval, person, card })
        }
        Ok(_) | Err(storage::Error::Missing(_)) => Err(gone()),
        Err(error) => Err(Problem::from(error).into_response()),
    }
}

/// Shows the request. Changes nothing: mail scanners open every link.
async fn show(State(desk): State<Arc<Desk>>, Path(token): Path<String>) -> Response {
    match looked_up(&desk, &token).await {
        Ok(look) => answer(StatusCode::OK, "Decide on a request", &form(&look, "")),
        Err(response) => response,
    }
}

/// What is sent from the page.
#[derive(Deserialize)]
struct Choice {
    verdict: String,
    #[serde(default)]
    comment: String,
}

/// Decides, as a press on a button does: by a message in the inbox, judged where all decisions are.
async fn decide(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let look = match looked_up(&desk, &token).await {
        Ok(look) => look,
        Err(response) => return response,
    };
    let Look { approval, person, .. } = &look;
    if approval.state != Stands::Open {
        return answer(StatusCode::CONFLICT, "Already decided", &form(&look, ""));
    }
    let comment = choice.comment.trim();
    let verb = match choice.verdict.as_str() {
        "approve" => Verb::Approve,
        "reject" | "send_back" if comment.is_empty() => {
            let page = form(
                &look,
                "A rejection needs a reason, and what is sent back needs to be told what to change.",
            );
            return answer(StatusCode::UNPROCESSABLE_ENTITY, "Decide on a request", &page);
        }
        "reject" => Verb::Reject,
        "send_back" => Verb::SendBack,
        _ => return answer(StatusCode::BAD_REQUEST, "Decide on a request", &form(&look, "")),
    };
    let body = WebBody::Form {
        person: person.id,
        verb: verb.name().to_owned(),
        value: approval.id.to_string(),
        fields: vec![("comment".to_owned(), comment.to_owned())],
    };
    match hand_over(&desk, &token, person, &body).await {
        Ok(()) => answer(
            StatusCode::OK,
            "Thank you",
            "<p>Your decision was handed in. Everybody concerned hears of it where the request was made.</p>",
        ),
        Err(problem) => problem.into_response(),
    }
}

async fn hand_over(desk: &Desk, token: &str, person: &Person, body: &WebBody) -> Result<(), Problem> {
    let edge = &desk.edge;
    let submission = Submission::new(person, "mail_link", body)?;
    // A form sent twice is one message; another choice on the same link is another, and comes too late.
    let key = format!("mail/{}/{}", &token[..token.len().min(40)], &hex::encode(submission.hash())[..16]);
    let fresh = InboundId(edge.ids.next());
    let id = submission.number(&edge.db, &key, fresh).await?.unwrap_or(fresh);
    edge.intake.store(submission.into_raw(id)).await?;
    edge.bell.notify_one();
    Ok(())
}

/// What is asked, and the form that decides while it waits.
fn form(look: &Look, warning: &str) -> String {
    let Look { approval, person, card } = look;
    let shown = match card {
        Some(card) => plain(card),
        None => {
            let subject = escaped(&approval.subject.replace('_', " "));
            let payload = serde_json::to_string_pretty(&approval.payload).unwrap_or_default();
            let asker = escaped(&approval.requested_by_name);
            format!("<p><b>{asker}</b> asks: {subject}</p><pre>{}</pre>", escaped(&payload))
        }
    };
    if approval.state != Stands::Open {
        let by = approval.decision.as_ref().map(|decision| format!(" by {}", escaped(&decision.by_name)));
        return format!("{shown}<p>It is {}{}.</p>", approval.state.name(), by.unwrap_or_default());
    }
    let warning = if warning.is_empty() {
        String::new()
    } else {
        format!("<p role=\"alert\"><b>{}</b></p>", escaped(warning))
    };
    format!(
        "{shown}{warning}<form method=\"post\"><p>You decide as {}.</p>\
         <p><label>Why, or what to change (needed unless you approve)<br><textarea name=\"comment\" rows=\"3\" cols=\"50\" maxlength=\"2000\"></textarea></label></p>\
         <p><button name=\"verdict\" value=\"approve\">Approve</button> \
         <button name=\"verdict\" value=\"send_back\">Send back for changes</button> \
         <button name=\"verdict\" value=\"reject\">Reject</button></p></form>",
        escaped(&person.name)
    )
}

/// A card without what can be pressed: the page has a form of its own.
fn plain(card: &Card) -> String {
    let mut card = card.clone();
    card.blocks.retain(|block| !matches!(block, Block::Buttons { .. } | Block::Choices { .. }));
    card.footer = None;
    channels::web::render::html(&card)
}

fn answer(status: StatusCode, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(page)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
