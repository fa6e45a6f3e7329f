//! Partners: the companies a team works with, and the deals with each.

use askama::Template;
use axum::response::Response;
use domain::deal::Stage;
use domain::ids::DealId;
use storage::deals::{self, Wanted};

use crate::error::{Failure, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

#[derive(Template)]
#[template(path = "partners.html")]
struct Page {
    shell: Shell,
    partners: Vec<Line>,
}

struct Line {
    name: String,
    company: String,
    since: Moment,
    deals: Vec<(DealId, Stage)>,
}

/// Lists all partners.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Partners).await?;
    let all = deals::list(&mut tx, Wanted::default()).await?;
    let partners = deals::partners(&mut tx).await?;
    let now = signed_in.now();
    let partners = partners
        .into_iter()
        .map(|partner| Line {
            deals: all.iter().filter(|d| d.partner == partner.id).map(|d| (d.id, d.stage)).collect(),
            since: Moment::new(partner.created_at, now),
            name: partner.name,
            company: partner.company,
        })
        .collect();
    Ok(show(&Page { shell, partners }))
}
