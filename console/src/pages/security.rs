//! What the guardrail holds back, what it told, and the team's rules for it.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::StepId;
use domain::screening::{Measure, Rules, Way};
use domain::wording;
use serde_json::json;
use storage::Tx;
use storage::audit::{self, Act};
use storage::holds::{self, Held};
use storage::screening::{self, Kept, Past};
use storage::security::{self, Event};

use super::people::admin;
use crate::error::{Failure, key, page as show};
use crate::intake::{Fields, field};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// How many of each are listed.
const LISTED_MAX: i64 = 60;
/// The longest rules that are taken, bytes.
const RULES_MAX: usize = 20_000;
/// The longest note on a change, characters.
const NOTE_MAX: usize = 300;

#[derive(Template)]
#[template(path = "security.html")]
struct Page {
    shell: Shell,
    held: Vec<HeldView>,
    events: Vec<EventView>,
    /// What is in the box: the rules that hold, or those that could not be kept.
    text: String,
    note: String,
    number: i32,
    /// Why they could not be kept.
    fault: Option<String>,
    history: Vec<(Moment, Past)>,
}

struct HeldView {
    held: Held,
    since: Moment,
    is_own: bool,
}

struct EventView {
    what: String,
    event: Event,
    at: Moment,
    /// The plan's page, when it is about one.
    link: Option<String>,
    kinds: String,
}

/// Shows it.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Security).await?;
    let kept = screening::newest(&mut tx).await?;
    let form = Draft { text: kept.rules.to_toml(), note: String::new(), number: kept.number, fault: None };
    lay_out(&mut tx, &signed_in, shell, form).await
}

/// What stands in the form for rules.
struct Draft {
    text: String,
    note: String,
    number: i32,
    fault: Option<String>,
}

async fn lay_out(tx: &mut Tx, signed_in: &SignedIn, shell: Shell, form: Draft) -> Result<Response, Failure> {
    let now = signed_in.now();
    let held = holds::waiting(tx, LISTED_MAX).await?;
    let held = held.into_iter().map(|held| HeldView {
        since: Moment::new(held.held_at, now),
        is_own: held.person == signed_in.person.id,
        held,
    });
    let events = security::latest(tx, LISTED_MAX).await?;
    let events = events.into_iter().map(|event| EventView {
        what: wording::event(&event.kind),
        at: Moment::new(event.at, now),
        link: event.subject.strip_prefix("plan:").map(|plan| format!("/plans/{plan}")),
        kinds: kinds(&event),
        event,
    });
    let history = screening::history(tx, LISTED_MAX).await?;
    let history = history.into_iter().map(|past| (Moment::new(past.at, now), past)).collect();
    Ok(show(&Page {
        shell,
        held: held.collect(),
        events: events.collect(),
        text: form.text,
        note: form.note,
        number: form.number,
        fault: form.fault,
        history,
    }))
}

fn kinds(event: &Event) -> String {
    let list = event.detail.get("kinds").and_then(|kinds| kinds.as_array());
    list.into_iter().flatten().filter_map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

/// Keeps changed rules, or shows what is wrong with them and loses nothing of what was typed.
pub(crate) async fn save(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    admin(&signed_in)?;
    let text = field(&fields, "rules").unwrap_or_default().to_owned();
    let note: String = field(&fields, "note").unwrap_or_default().chars().take(NOTE_MAX).collect();
    if text.len() > RULES_MAX {
        return Err(Failure::TooLarge(format!("Rules have at most {RULES_MAX} bytes.")));
    }
    let number: i32 = field(&fields, "number").and_then(|number| number.parse().ok()).unwrap_or_default();
    let rules = match Rules::from_toml(&text) {
        Ok(rules) => rules,
        Err(error) => {
            return again(&signed_in, Draft { text, note, number, fault: Some(error.to_string()) }).await;
        }
    };
    let mut tx = signed_in.begin().await?;
    let kept = Kept { number: number + 1, rules };
    match keep(&mut tx, &signed_in, &kept, &note).await {
        Err(Failure::Storage(storage::Error::Conflict(_))) => {
            drop(tx);
            let fault = "Somebody else changed the rules meanwhile. Yours are below and not kept; compare them with the list \
                         of changes, then save again.";
            let newest = screening::newest(&mut signed_in.begin().await?).await?.number;
            again(&signed_in, Draft { text, note, number: newest, fault: Some(fault.to_owned()) }).await
        }
        kept => {
            kept?;
            tx.commit().await?;
            Ok(Redirect::to("/security").into_response())
        }
    }
}

/// Puts an earlier version in force again, as a new one.
pub(crate) async fn put_back(signed_in: SignedIn, Path(number): Path<i32>) -> Result<Response, Failure> {
    admin(&signed_in)?;
    let mut tx = signed_in.begin().await?;
    // Number 0 is what holds without any rules.
    let past = match number {
        0 => Kept::default(),
        _ => screening::numbered(&mut tx, number).await?.ok_or(Failure::Missing("version of the rules"))?,
    };
    let newest = screening::newest(&mut tx).await?.number;
    let kept = Kept { number: newest + 1, rules: past.rules };
    keep(&mut tx, &signed_in, &kept, &format!("back to version {number}")).await?;
    tx.commit().await?;
    Ok(Redirect::to("/security").into_response())
}

async fn keep(tx: &mut Tx, signed_in: &SignedIn, kept: &Kept, note: &str) -> Result<(), Failure> {
    screening::save(tx, kept, note, Some(signed_in.person.id), signed_in.now()).await?;
    let detail = json!({ "number": kept.number, "rules": kept.rules.rules.len(), "note": note });
    record(tx, signed_in, ("guardrail.changed", "guardrail:rules"), detail).await
}

async fn again(signed_in: &SignedIn, form: Draft) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Security).await?;
    lay_out(&mut tx, signed_in, shell, form).await
}

/// Lets a held request go on.
pub(crate) async fn release(signed_in: SignedIn, Path(step): Path<String>) -> Result<Response, Failure> {
    decide(signed_in, &step, true).await
}

/// Drops a held request.
pub(crate) async fn discard(signed_in: SignedIn, Path(step): Path<String>) -> Result<Response, Failure> {
    decide(signed_in, &step, false).await
}

async fn decide(signed_in: SignedIn, step: &str, is_released: bool) -> Result<Response, Failure> {
    admin(&signed_in)?;
    let step: StepId = key(step, "held request")?;
    let mut tx = signed_in.begin().await?;
    let plan = match holds::decide(&mut tx, step, is_released, signed_in.person.id, signed_in.now()).await {
        Err(storage::Error::Conflict(_)) => {
            let words =
                "It does not wait any more, or you wrote it yourself: then another admin has to let it pass.";
            return Err(Failure::Unusable(words.into()));
        }
        decided => decided?,
    };
    let action = if is_released { "message.released" } else { "message.discarded" };
    record(&mut tx, &signed_in, (action, &format!("plan:{plan}")), json!({})).await?;
    tx.commit().await?;
    Ok(Redirect::to("/security").into_response())
}

async fn record(
    tx: &mut Tx,
    signed_in: &SignedIn,
    (action, subject): (&str, &str),
    detail: serde_json::Value,
) -> Result<(), Failure> {
    let actor = format!("person:{}", signed_in.person.id);
    Ok(audit::append(tx, Act { at: signed_in.now(), actor: &actor, action, subject, detail }).await?)
}
