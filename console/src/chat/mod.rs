//! The chat: what the person says, what Dealdesk answers, and the buttons in between.

pub(crate) mod events;
mod thread;

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use domain::card::Verb;
use domain::ids::ApprovalId;
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::person::Person;
use domain::policy;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::{Failure, page as show};
use crate::intake::{Fields, field, hand_in, pressed, typed};
use crate::pages::contracts;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};
use thread::Thread;

/// Sent instead of a room's name, it ends all event streams.
pub(crate) const HANG_UP: &str = "";

#[derive(Template)]
#[template(path = "chat.html")]
struct Page {
    shell: Shell,
    thread: Thread,
    ask: Option<Ask>,
    examples: Vec<&'static str>,
    may_send: bool,
}

/// The question why a request is rejected.
#[derive(Template)]
#[template(path = "ask.html")]
struct Ask {
    approval: ApprovalId,
    once: Uuid,
    /// It is sent back, not rejected.
    is_back: bool,
}

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    reject: Option<ApprovalId>,
    send_back: Option<ApprovalId>,
}

/// Shows the conversation.
pub(crate) async fn page(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Chat).await?;
    let thread = Thread::load(&mut tx, &signed_in.person, signed_in.now()).await?.with_once(shell.once);
    let ask = |is_back| move |approval| Ask { approval, once: shell.once, is_back };
    let ask = wanted.reject.map(ask(false)).or(wanted.send_back.map(ask(true)));
    let find = Intent::Find { query: String::new() };
    let examples = if policy::permit(signed_in.person.role, &find).is_ok() {
        vec!["find payment companies in Germany, mid cap", "my deals", "approvals", "help"]
    } else {
        vec!["deals", "help"]
    };
    Ok(show(&Page { shell, thread, ask, examples, may_send: contracts::may_send(&signed_in.person) }))
}

/// Takes words.
pub(crate) async fn say(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let text = typed(field(&fields, "text").unwrap_or_default())?;
    hand_in(&signed_in, &fields, &WebBody::Message { person: signed_in.person.id, text }).await?;
    answer(&signed_in).await
}

/// Takes a press on a button. A rejection needs a reason, which is asked for first.
pub(crate) async fn press(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let (verb, value, chosen) = pressed(&fields)?;
    if [Verb::Reject, Verb::SendBack].iter().any(|asks| verb == asks.name()) {
        let approval = crate::error::key(&value, "request")?;
        if !signed_in.is_fragment {
            return Ok(Redirect::to(&format!("/?{verb}={approval}#ask")).into_response());
        }
        let to_panel = (HeaderName::from_static("hx-retarget"), HeaderValue::from_static("#ask"));
        return Ok((
            [to_panel],
            show(&Ask {
                approval,
                once: signed_in.console.ids.next(),
                is_back: verb == Verb::SendBack.name(),
            }),
        )
            .into_response());
    }
    let body = WebBody::Press { person: signed_in.person.id, verb, value, chosen };
    hand_in(&signed_in, &fields, &body).await?;
    answer(&signed_in).await
}

/// Takes the reason of a rejection.
pub(crate) async fn form(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    hand_in(&signed_in, &fields, &rejection(&signed_in.person, &fields)?).await?;
    answer(&signed_in).await
}

/// A rejection with its reason, or what is to change in what is sent back, as the form sent it.
pub(crate) fn rejection(person: &Person, fields: &Fields) -> Result<WebBody, Failure> {
    let approval: ApprovalId = crate::error::key(field(fields, "approval").unwrap_or_default(), "request")?;
    let comment = typed(field(fields, "comment").unwrap_or_default())?;
    let is_back = field(fields, "verdict") == Some(Verb::SendBack.name());
    let verb = if is_back { Verb::SendBack } else { Verb::Reject };
    Ok(WebBody::Form {
        person: person.id,
        verb: verb.name().to_owned(),
        value: approval.to_string(),
        fields: vec![("comment".to_owned(), comment)],
    })
}

/// The conversation as it is now: to our script the part that changed, to a plain browser the page.
pub(crate) async fn answer(signed_in: &SignedIn) -> Result<Response, Failure> {
    if !signed_in.is_fragment {
        return Ok(Redirect::to("/#end").into_response());
    }
    let mut tx = signed_in.begin().await?;
    let thread = Thread::load(&mut tx, &signed_in.person, signed_in.now()).await?;
    Ok(show(&thread))
}
