//! One deal: where it stands, how it got there, what was noted and done.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use domain::crm::label;
use domain::deal::{NoteRow, Stage};
use storage::deals::{self, Deal};
use storage::documents::{self, Version};
use storage::{acceptances, audit, crm, people};

use crate::error::{Failure, key, page as show};
use crate::moment::Moment;
use crate::pages::audit::Line as AuditLine;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

#[derive(Template)]
#[template(path = "deal.html")]
struct Page {
    shell: Shell,
    deal: Deal,
    began: Moment,
    since: Moment,
    path: Vec<Mark>,
    history: Vec<Move>,
    notes: Vec<(NoteRow, Moment)>,
    activity: Vec<AuditLine>,
    /// Each with whether it was accepted.
    contracts: Vec<(Version, bool)>,
    /// Which CRMs have it, how they do, and how fresh that is.
    crms: Vec<(String, &'static str, Moment)>,
}

/// A stage on the usual path.
struct Mark {
    label: &'static str,
    /// `past`, `here` or `ahead`.
    state: &'static str,
}

struct Move {
    from: Option<&'static str>,
    to: &'static str,
    at: Moment,
    by: String,
    reason: Option<String>,
}

/// Shows a deal.
pub(crate) async fn page(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = key(&id, "deal")?;
    let (mut tx, shell) = signed_in.enter(Place::Deals).await?;
    let now = signed_in.now();
    let deal = deals::get(&mut tx, id).await?;
    let history = deals::history(&mut tx, id).await?;
    let notes = deals::notes(&mut tx, id).await?;
    let entries = audit::about(&mut tx, &format!("deal:{id}"), 50).await?;
    let contracts = documents::latest(&mut tx, Some(id)).await?;
    let accepted = acceptances::latest(&mut tx).await?;
    let is_accepted = |one: &Version| accepted.iter().any(|accepted| accepted.version == one.id);
    let contracts =
        contracts.into_iter().map(|one| (is_accepted(&one), one)).map(|(is, one)| (one, is)).collect();
    let people = people::list(&mut tx).await?;
    let crms = crm::freshness(&mut tx, id).await?.into_iter().map(|(provider, at, state)| {
        let state = match state.as_str() {
            "archived" => "deleted there",
            "merged" => "merged into another there",
            _ => "in step",
        };
        (label(&provider).to_owned(), state, Moment::new(at, now))
    });
    let crms = crms.collect();
    Ok(show(&Page {
        shell: shell.titled(deal.name.clone()),
        began: Moment::new(deal.created_at, now),
        since: Moment::new(deal.stage_since, now),
        path: usual_path(deal.stage),
        history: history
            .into_iter()
            .rev()
            .map(|change| Move {
                from: change.from.map(Stage::label),
                to: change.to.label(),
                at: Moment::new(change.at, now),
                by: change.by,
                reason: change.reason,
            })
            .collect(),
        notes: notes.into_iter().map(|note| (Moment::new(note.at, now), note)).map(|(m, n)| (n, m)).collect(),
        activity: entries.into_iter().map(|entry| AuditLine::new(entry, &people, now)).collect(),
        contracts,
        crms,
        deal,
    }))
}

/// The stages up to a working partnership; a deal that left the path is shown behind it.
fn usual_path(here: Stage) -> Vec<Mark> {
    let mut stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| *stage <= Stage::Live).collect();
    let is_off = !stages.contains(&here);
    if is_off {
        stages.push(here);
    }
    let state = |stage: Stage| match stage {
        stage if stage == here => "here",
        stage if stage < here && !is_off => "past",
        _ => "ahead",
    };
    stages.into_iter().map(|stage| Mark { label: stage.label(), state: state(stage) }).collect()
}
