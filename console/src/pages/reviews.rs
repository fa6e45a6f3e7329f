//! The queue of terms that wait for a person, oldest first, to be answered right there.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use domain::card::Verb;
use domain::ids::{AnalysisId, PlanId, ReviewId, VersionId};
use domain::inbound::WebBody;
use storage::reviews::{self, Item};
use storage::{Tx, analyses};

use crate::error::{Failure, key, page as show};
use crate::intake::{Fields, hand_in};
use crate::moment::Moment;
use crate::pages::contract::{Fill, may_answer, percent};
use crate::pages::sent::{Sent, Wanted};
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// How many are shown with their forms; the rest is only counted.
const SHOWN_MAX: usize = 60;

#[derive(Template)]
#[template(path = "reviews.html")]
struct Page {
    shell: Shell,
    sent: Option<Sent>,
    lines: Vec<Line>,
    total: usize,
    overdue: usize,
    may_answer: bool,
}

struct Line {
    id: ReviewId,
    analysis: AnalysisId,
    version: VersionId,
    key: String,
    term: String,
    document: String,
    reason: String,
    percent: u32,
    page: Option<u32>,
    opened: Moment,
    due: Moment,
    is_overdue: bool,
    claimed_by: Option<String>,
    fill: Fill,
}

/// Shows the queue.
pub(crate) async fn page(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Reviews).await?;
    let sent = Sent::of(&mut tx, &signed_in.person, wanted.sent).await?;
    let now = signed_in.now();
    let items = reviews::waiting(&mut tx).await?;
    let (total, overdue) = (items.len(), items.iter().filter(|item| item.due_at < now).count());
    let mut lines = Vec::new();
    let mut open: Option<Guesses> = None;
    for item in items.into_iter().take(SHOWN_MAX) {
        // Items of one reading stand together: it is read once.
        let guesses = match open.take().filter(|guesses| guesses.analysis == item.analysis) {
            Some(guesses) => guesses,
            None => Guesses::load(&mut tx, item.analysis).await?,
        };
        lines.push(line(&signed_in, item, &guesses));
        open = Some(guesses);
    }
    Ok(show(&Page { may_answer: may_answer(&signed_in.person), shell, sent, lines, total, overdue }))
}

/// What was read where an item belongs.
struct Guesses {
    analysis: AnalysisId,
    rows: Vec<domain::contract::Extraction>,
}

impl Guesses {
    async fn load(tx: &mut Tx, analysis: AnalysisId) -> Result<Self, storage::Error> {
        Ok(Self { analysis, rows: analyses::get(tx, analysis).await?.extractions })
    }
}

fn line(signed_in: &SignedIn, item: Item, guesses: &Guesses) -> Line {
    let now = signed_in.now();
    let row = usize::try_from(item.row).ok().and_then(|row| guesses.rows.get(row));
    Line {
        id: item.id,
        analysis: item.analysis,
        version: item.version,
        term: signed_in.console.counsel.name(&item.term),
        key: item.term,
        document: item.document_name,
        reason: item.reason,
        percent: percent(item.confidence),
        page: row.and_then(|row| row.quote.as_ref()).map(|quote| quote.page),
        opened: Moment::new(item.opened_at, now),
        due: Moment::new(item.due_at, now),
        is_overdue: item.due_at < now,
        claimed_by: item.claimed_by,
        fill: Fill::of(row),
    }
}

/// Puts the person's name on an item.
pub(crate) async fn take(
    signed_in: SignedIn,
    Path(review): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    let review: ReviewId = key(&review, "review")?;
    let body = WebBody::Press {
        person: signed_in.person.id,
        verb: Verb::Say.name().to_owned(),
        value: format!("reviews take {review}"),
        chosen: Vec::new(),
    };
    let plan = PlanId::from(hand_in(&signed_in, &fields, &body).await?);
    Ok(Redirect::to(&format!("/reviews?sent={plan}")).into_response())
}
