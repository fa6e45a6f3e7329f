//! Deals as a board: one column a stage.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use domain::deal::Stage;
use domain::ids::DealId;
use serde::Deserialize;
use storage::deals::{self, Wanted};

use crate::error::{Failure, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

#[derive(Template)]
#[template(path = "deals.html")]
struct Page {
    shell: Shell,
    columns: Vec<Column>,
    total: usize,
    is_mine: bool,
}

struct Column {
    stage: Stage,
    deals: Vec<Line>,
}

struct Line {
    id: DealId,
    name: String,
    owner: Option<String>,
    fit: Option<i16>,
    since: Moment,
}

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    mine: Option<String>,
}

/// Shows the board.
pub(crate) async fn page(signed_in: SignedIn, Query(filter): Query<Filter>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Deals).await?;
    let is_mine = filter.mine.is_some();
    let wanted = Wanted { owner: is_mine.then_some(signed_in.person.id), ..Wanted::default() };
    let all = deals::list(&mut tx, wanted).await?;
    let now = signed_in.now();
    let total = all.len();
    let mut columns: Vec<Column> =
        Stage::ALL.into_iter().map(|stage| Column { stage, deals: Vec::new() }).collect();
    for deal in all {
        let line = Line {
            id: deal.id,
            name: deal.name,
            owner: deal.owner_name,
            fit: deal.fit,
            since: Moment::new(deal.stage_since, now),
        };
        if let Some(column) = columns.iter_mut().find(|column| column.stage == deal.stage) {
            column.deals.push(line);
        }
    }
    // The way to a signature is always shown; the rest only when something is there.
    columns.retain(|column| column.stage.is_before_signature() || !column.deals.is_empty());
    Ok(show(&Page { shell, columns, total, is_mine }))
}
