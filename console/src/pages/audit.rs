//! The audit log, page by page.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::audit::Entry;
use domain::person::Person;
use serde::Deserialize;
use storage::{audit, people};

use crate::error::{Failure, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// Entries on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    /// Where the next page begins.
    older: Option<i64>,
    is_latest: bool,
}

/// An entry for people.
pub(crate) struct Line {
    pub(crate) seq: i64,
    pub(crate) at: Moment,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    /// The page of what it is about.
    pub(crate) link: Option<String>,
    pub(crate) detail: String,
}

impl Line {
    /// An entry with people's names in place of their keys.
    pub(crate) fn new(entry: Entry, people: &[Person], now: DateTime<Utc>) -> Self {
        let named = |text: &str| match text.split_once(':') {
            Some(("person", id)) => people
                .iter()
                .find(|person| person.id.to_string() == id)
                .map_or_else(|| "a former member".to_owned(), |person| person.name.clone()),
            Some((kind, id)) if id.len() == 36 => format!("{kind} {}", &id[..8]),
            _ => text.replace(':', " "),
        };
        let link = match entry.subject.split_once(':') {
            Some(("deal", id)) => Some(format!("/deals/{id}")),
            Some(("plan", id)) => Some(format!("/plans/{id}")),
            Some(("approval", _)) => {
                entry.detail.get("plan").and_then(|plan| plan.as_str()).map(|plan| format!("/plans/{plan}"))
            }
            _ => None,
        };
        Self {
            seq: entry.seq,
            at: Moment::new(entry.at, now),
            actor: named(&entry.actor),
            action: entry.action.replace(['.', '_'], " "),
            subject: named(&entry.subject),
            link,
            detail: serde_json::to_string_pretty(&entry.detail).unwrap_or_default(),
        }
    }
}

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    before: Option<i64>,
}

/// Shows a page of the log.
pub(crate) async fn page(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Audit).await?;
    let people = people::list(&mut tx).await?;
    let now = signed_in.now();
    // One more than shown tells whether there is a next page.
    let mut entries = audit::recent(&mut tx, wanted.before, PAGE as i64 + 1).await?;
    let has_more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let older = entries.last().map(|entry| entry.seq).filter(|_| has_more);
    let lines = entries.into_iter().map(|entry| Line::new(entry, &people, now)).collect();
    Ok(show(&Page { shell, lines, older, is_latest: wanted.before.is_none() }))
}
