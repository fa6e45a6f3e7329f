//! What became of something that was sent from a page: a part that asks again while it is worked on.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use domain::ids::{InboundId, PlanId};
use domain::person::Person;
use domain::plan::PlanState;
use serde::Deserialize;
use storage::{Tx, inbox, messages, plans};

use crate::error::{Failure, key, page as show};
use crate::session::SignedIn;

/// What became of it.
#[derive(Template)]
#[template(path = "sent.html")]
pub(crate) struct Sent {
    plan: PlanId,
    is_working: bool,
    answers: Vec<String>,
}

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    pub(crate) sent: Option<PlanId>,
}

impl Sent {
    /// What became of what was sent, if anything was. To be read before the rest of a page: once it is over the
    /// page shows what came of it, and nobody asks again.
    pub(crate) async fn of(
        tx: &mut Tx,
        person: &Person,
        plan: Option<PlanId>,
    ) -> Result<Option<Self>, Failure> {
        match plan {
            Some(plan) => outcome(tx, person, plan).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The part of a page, asked for again while it is worked on.
pub(crate) async fn part(signed_in: SignedIn, Path(plan): Path<String>) -> Result<Response, Failure> {
    let mut tx = signed_in.begin().await?;
    let outcome = outcome(&mut tx, &signed_in.person, key(&plan, "decision")?).await?;
    // Once it is carried out the lists on the page are old: the whole page is asked for again.
    let is_over = (!outcome.is_working).then_some([("hx-refresh", "true")]);
    Ok((is_over, show(&outcome)).into_response())
}

async fn outcome(tx: &mut Tx, person: &Person, plan: PlanId) -> Result<Sent, Failure> {
    // The inbox first: whatever is read there no longer is a plan by then, if it became one at all. The other way
    // round, one that is begun between the two looks would seem to be over.
    let is_working = inbox::is_unread(tx, InboundId(plan.0)).await?
        || match plans::view(tx, plan).await {
            Ok(view) => view.state == PlanState::Running,
            // It was refused before it became a plan.
            Err(storage::Error::Missing(_)) => false,
            Err(error) => return Err(error.into()),
        };
    // Only what was said to this person: a plan's messages to others are theirs.
    let room = person.id.to_string();
    let shown = messages::in_room(tx, &room, 40).await?;
    let answers = shown.into_iter().filter(|message| message.plan == plan).filter_map(|m| m.html).collect();
    Ok(Sent { plan, is_working, answers })
}
