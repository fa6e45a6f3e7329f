//! Approvals: what waits for my decision, what I asked for, what was decided.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use domain::approval::{Approval, Verdict, Voter, decide as decide_on};
use domain::card::Verb;
use domain::ids::{ApprovalId, PlanId};
use domain::inbound::WebBody;
use domain::person::{Person, Role};
use storage::approvals;

use crate::chat::rejection;
use crate::error::{Failure, key, page as show};
use crate::intake::{Fields, field, hand_in};
use crate::moment::Moment;
use crate::pages::sent::{Sent, Wanted};
use crate::payload::Readable;
use crate::session::SignedIn;
use crate::shell::{self, Place, Shell};

#[derive(Template)]
#[template(path = "approvals.html")]
struct Page {
    shell: Shell,
    sent: Option<Sent>,
    mine: Vec<Line>,
    others: Vec<Line>,
    decided: Vec<Line>,
    is_approver: bool,
}

/// One request.
struct Line {
    approval: Approval,
    subject: String,
    payload: Readable,
    exact: String,
    asked: Moment,
    lapses: Moment,
    decided: Option<Decided>,
}

struct Decided {
    is_approved: bool,
    deed: &'static str,
    by: String,
    at: Moment,
    comment: Option<String>,
}

impl Line {
    fn new(approval: Approval, now: DateTime<Utc>) -> Self {
        let mut subject = approval.subject.replace('_', " ");
        if let Some(first) = subject.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let decided = approval.decision.as_ref().map(|decision| Decided {
            is_approved: decision.verdict == Verdict::Approve,
            deed: decision.verdict.deed(),
            by: decision.by_name.clone(),
            at: Moment::new(decision.at, now),
            comment: decision.comment.clone(),
        });
        Self {
            subject,
            payload: Readable(approval.payload.clone()),
            exact: serde_json::to_string_pretty(&approval.payload).unwrap_or_default(),
            asked: Moment::new(approval.requested_at, now),
            lapses: Moment::new(approval.expires_at, now),
            decided,
            approval,
        }
    }
}

/// Shows all requests.
pub(crate) async fn page(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Approvals).await?;
    let sent = Sent::of(&mut tx, &signed_in.person, wanted.sent).await?;
    let now = signed_in.now();
    let open = approvals::open_ones(&mut tx).await?;
    let open = open.into_iter().filter(|approval| approval.expires_at > now);
    let (mine, others): (Vec<_>, Vec<_>) =
        open.partition(|approval| may_decide(&signed_in.person, approval, now));
    let decided = approvals::decided_ones(&mut tx).await?;
    let line = |approval| Line::new(approval, now);
    Ok(show(&Page {
        shell,
        sent,
        mine: mine.into_iter().map(line).collect(),
        others: others.into_iter().map(line).collect(),
        decided: decided.into_iter().map(line).collect(),
        is_approver: signed_in.person.role >= Role::Approver,
    }))
}

/// Whether to offer the buttons; the decision itself is judged where it is made.
fn may_decide(person: &Person, approval: &Approval, now: DateTime<Utc>) -> bool {
    decide_on(approval, Voter { person, is_fresh: true }, Verdict::Approve, None, now).is_ok()
}

/// Takes a decision: approve at once, reject or send back with a comment; or takes one's own request back.
pub(crate) async fn decide(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let approval: ApprovalId = key(field(&fields, "approval").unwrap_or_default(), "request")?;
    let person = &signed_in.person;
    let body = match field(&fields, "verdict") {
        Some("approve") => WebBody::Press {
            person: person.id,
            verb: Verb::Approve.name().to_owned(),
            value: approval.to_string(),
            chosen: Vec::new(),
        },
        Some("reject" | "send_back") => rejection(person, &fields)?,
        Some("withdraw") => WebBody::Press {
            person: person.id,
            verb: Verb::Say.name().to_owned(),
            value: format!("cancel {approval}"),
            chosen: Vec::new(),
        },
        _ => return Err(Failure::Unusable("Approve, send back or reject: press one of them.".into())),
    };
    let plan = PlanId::from(hand_in(&signed_in, &fields, &body).await?);
    Ok(Redirect::to(&format!("/approvals?sent={plan}")).into_response())
}

/// How many requests wait for me, for the navigation.
pub(crate) async fn count(signed_in: SignedIn) -> Result<Html<String>, Failure> {
    let mut tx = signed_in.begin().await?;
    let waiting = shell::waiting(&mut tx, &signed_in.console, &signed_in.person).await?;
    Ok(Html(if waiting > 0 { waiting.to_string() } else { String::new() }))
}
