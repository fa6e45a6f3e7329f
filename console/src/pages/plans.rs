//! The latest plans of the team.

use askama::Template;
use axum::response::Response;
use domain::ids::PlanId;
use storage::plans::{self, View};

use crate::error::{Failure, page as show};
use crate::moment::{Moment, duration};
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// How many are listed.
const LISTED_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "plans.html")]
struct Page {
    shell: Shell,
    plans: Vec<Line>,
}

struct Line {
    id: PlanId,
    said: String,
    intent: String,
    requester: String,
    state: &'static str,
    began: Moment,
    took: Option<String>,
}

/// Lists the latest plans.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Plans).await?;
    let now = signed_in.now();
    let plans = plans::recent(&mut tx, LISTED_MAX).await?;
    let line = |view: View| Line {
        id: view.id,
        intent: view.intent.name().replace('_', " "),
        said: view.said,
        requester: view.requester,
        state: view.state.name(),
        began: Moment::new(view.created_at, now),
        took: view.finished_at.map(|end| duration(view.created_at, end)),
    };
    Ok(show(&Page { shell, plans: plans.into_iter().map(line).collect() }))
}
