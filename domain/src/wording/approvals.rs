//! Requests, decisions, and what became of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Decision, Refusal, Verdict};
use crate::card::{Block, Button, Card, Style, Text, Verb};
use crate::error::UserError;

use super::phrases::{buttons, count, faint, in_command, moment, names, say};

/// A deal that a request proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedDeal {
    /// The company's name.
    pub name: String,
    /// Country and city in words, or `unknown`.
    pub place: String,
    /// Fit of the search, 0 to 100.
    pub fit: Option<u8>,
}

/// The question to an approver. Without `can_decide` it has no buttons, for readers who may only look.
pub fn approval_request(approval: &Approval, lines: &[ProposedDeal], can_decide: bool) -> Card {
    let card = Card::titled(format!("Start {}?", count(lines.len(), "deal", "deals")))
        .and_text(
            Text::default()
                .strong(approval.requested_by_name.as_str())
                .plain(format!(" asks to create {}:", partners_and_deals(lines.len()))),
        )
        .with(table(lines))
        .and_text(faint(format!(
            "Request {}, open until {}.",
            approval.id.short(),
            moment(approval.expires_at)
        )));
    if !can_decide {
        return card;
    }
    let button = |label: &str, verb, style| Button {
        label: label.to_owned(),
        verb,
        value: approval.id.to_string(),
        style,
    };
    card.with(buttons(vec![
        button("Approve", Verb::Approve, Style::Primary),
        button("Reject (with comment)", Verb::Reject, Style::Danger),
    ]))
}

fn partners_and_deals(n: usize) -> &'static str {
    if n == 1 { "a partner and a deal with this company" } else { "partners and deals with these companies" }
}

fn table(lines: &[ProposedDeal]) -> Block {
    let rows = lines.iter().map(|line| {
        let fit = line.fit.map_or_else(|| "unknown".to_owned(), |fit| fit.to_string());
        vec![line.name.clone(), line.place.clone(), fit]
    });
    Block::Table { columns: ["Company", "Place", "Fit"].map(str::to_owned).to_vec(), rows: rows.collect() }
}

/// The request after its decision: the same card, who decided in place of the buttons.
pub fn approval_decided(approval: &Approval, lines: &[ProposedDeal], decision: &Decision) -> Card {
    let word = if decision.verdict == Verdict::Approve { "Approved" } else { "Rejected" };
    let card = Card::titled(format!("{word}: start {}", count(lines.len(), "deal", "deals")))
        .and_text(format!("{} asked on {}.", approval.requested_by_name, moment(approval.requested_at)))
        .with(table(lines))
        .and_text(
            Text::default()
                .strong(format!("{word} by {}", decision.by_name))
                .plain(format!(" on {}.", moment(decision.at))),
        );
    with_comment(card, decision)
}

fn with_comment(card: Card, decision: &Decision) -> Card {
    match &decision.comment {
        Some(comment) => card.with(Block::Quote { text: comment.clone() }),
        None => card,
    }
}

/// The request after it lapsed.
pub fn approval_expired(approval: &Approval) -> Card {
    Card::titled("Expired request").and_text(format!(
        "Nobody decided on {}'s request by {}. Nothing was created; search again to propose it anew.",
        approval.requested_by_name,
        moment(approval.expires_at)
    ))
}

/// The request after what it was about changed.
pub fn approval_void(approval: &Approval) -> Card {
    Card::titled("Withdrawn request").and_text(format!(
        "What {} asked for changed after the request was sent. Nothing was created; a new request is needed.",
        approval.requested_by_name
    ))
}

/// Why a decision does not count, in words for whoever made it.
pub fn decision_refused(refusal: &Refusal) -> UserError {
    match refusal {
        Refusal::Decided(decision) => {
            let word = if decision.verdict == Verdict::Approve { "approved" } else { "rejected" };
            UserError::new(
                format!("{} already {word} this on {}.", decision.by_name, moment(decision.at)),
                "Your decision was not needed any more.",
            )
        }
        Refusal::Expired(at) => UserError::new(
            format!("This request expired on {}.", moment(*at)),
            "The requester can search again and send a new one.",
        ),
        Refusal::Void => UserError::new(
            "What this request was about has changed, so it cannot be decided any more.",
            "The requester can send a new one.",
        ),
        Refusal::OwnRequest => UserError::new(
            "This is your own request, so somebody else has to decide on it.",
            "Ask another approver; `people` shows who they are.",
        ),
        Refusal::NotAnApprover(role) => UserError::new(
            format!("Deciding takes an approver; you are {} {}.", super::team::article(*role), role.name()),
            "An admin can change roles: `/deal role @name approver`.",
        ),
        Refusal::CommentMissing => UserError::new(
            "A rejection needs a reason.",
            "Press Reject and write one sentence, or say `/deal reject <id> because …`.",
        ),
    }
}

/// For the requester's thread: who is asked. With nobody to ask, the way out.
pub fn waiting_for_approval(approvers: &[String]) -> Card {
    if approvers.is_empty() {
        return Card::titled("Nobody can approve this yet").and_text(Text::with_code(
            "You cannot approve your own request, and there is no other approver in your team. \
             An admin can add one: `/deal role @name approver`. The request then reaches them by itself.",
        ));
    }
    let them = if approvers.len() == 1 { "" } else { "One of them decides. " };
    Card::titled("Waiting for approval")
        .and_text(format!("I asked {}. {them}You will see the decision here.", names(approvers, 5)))
}

/// The result of an approval: deals by name.
pub fn deals_created(deals: &[String], decision: &Decision) -> Card {
    let heading = format!("{} created", count(deals.len(), "deal", "deals"));
    let card = Card::titled(heading).and_text(format!(
        "Approved by {} on {}. New in Prospect: {}.",
        decision.by_name,
        moment(decision.at),
        names(deals, 10)
    ));
    let card = with_comment(card, decision);
    let shows = deals.iter().take(3).map(|name| {
        say(format!("Show {}", super::phrases::cut(name, 30)), format!("show {}", in_command(name)))
    });
    card.with(buttons(shows.chain([say("My deals", "my deals")]).collect()))
}

/// For the requester's thread: it was rejected, by whom and why.
pub fn rejected(decision: &Decision) -> Card {
    let card = Card::titled("Request rejected").and_text(format!(
        "{} rejected it on {}. Nothing was created.",
        decision.by_name,
        moment(decision.at)
    ));
    with_comment(card, decision)
}

/// Asks for the reason of a rejection where no form can be opened.
pub fn ask_comment(approval: &Approval) -> Card {
    Card::text(Text::with_code(&format!(
        "A rejection needs a reason. Say `reject {} because …`.",
        approval.id.short()
    )))
}

/// What waits for the reader's decision, with the number of deals each proposes.
pub fn approvals(waiting: &[(Approval, usize)], now: DateTime<Utc>) -> Card {
    if waiting.is_empty() {
        return Card::text("Nothing waits for your decision.");
    }
    let rows = waiting.iter().map(|(approval, deals)| {
        let left = approval.expires_at - now;
        let left = if left.num_hours() >= 48 {
            format!("{} days", left.num_days())
        } else {
            format!("{} h", left.num_hours().max(0))
        };
        vec![approval.id.short(), approval.requested_by_name.clone(), count(*deals, "deal", "deals"), left]
    });
    Card::titled(format!("{} for your decision", count(waiting.len(), "request waits", "requests wait")))
        .with(Block::Table {
            columns: ["Id", "From", "About", "Time left"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        })
        .and_text(Text::with_code(
            "Decide with the buttons on its card, or say `approve <id>` or `reject <id> because …`.",
        ))
}
