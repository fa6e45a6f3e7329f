//! Requests, decisions, and what became of them.

use chrono::{DateTime, Utc};

use crate::approval::{Approval, Decision, Refusal, Verdict, Voided};
use crate::card::{Block, Button, Card, Style, Text, Verb};
use crate::error::UserError;
use crate::ids::ApprovalId;

use super::matter::Matter;
use super::phrases::{buttons, count, faint, in_command, moment, names, say};

/// The question to an approver. Without `can_decide` it has no buttons, for readers who may only look.
pub fn approval_request(approval: &Approval, matter: &Matter, can_decide: bool) -> Card {
    let card = Card::titled(format!("{}?", capital(&matter.deed())))
        .and_text(Text::default().strong(approval.requested_by_name.as_str()).plain(matter.request()));
    let card = renewed(matter.onto(card), approval).and_text(faint(format!(
        "Request {}, open until {}.",
        approval.id.short(),
        moment(approval.expires_at)
    )));
    let card = progress(card, approval);
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
        button("Send back for changes", Verb::SendBack, Style::Plain),
        button("Reject (with comment)", Verb::Reject, Style::Danger),
    ]))
}

/// Adds who decided so far and who is still asked; nothing where one approver settles it.
fn progress(card: Card, approval: &Approval) -> Card {
    let (needs, votes) = (&approval.requirement, &approval.votes);
    if needs.is_plain() {
        return card;
    }
    let mut card = card;
    if let Some(stage) = needs.stage_after(votes).filter(|_| approval.decision.is_none()) {
        let place = format!("Stage {} of {}, ", stage + 1, needs.stages.len());
        card =
            card.and_text(Text::default().strong(place).plain(format!("{}.", needs.progress(stage, votes))));
    }
    // Whoever is added may take any seat of the stage, so one of them tells it.
    for seat in needs.stages.iter().filter_map(|stage| stage.seats.first()) {
        if let Some(first) = seat.also.first() {
            let whom: Vec<String> = seat.also.iter().map(|added| added.name.clone()).collect();
            let line =
                format!("Nobody decided in time, so {} may too since {}.", names(&whom, 5), moment(first.at));
            card = card.and_text(faint(line));
        }
    }
    for vote in votes {
        let word = vote.verdict.deed();
        let stage = needs.stages.get(vote.stage).map(|stage| stage.name.as_str()).unwrap_or_default();
        card = card.and_text(faint(format!("{stage}: {} {word} on {}.", vote.name(), moment(vote.at))));
    }
    card
}

/// Most changes that a card tells.
const CHANGES_MAX: usize = 8;

/// Adds what changed since it was asked before, and whose approvals still hold.
fn renewed(card: Card, approval: &Approval) -> Card {
    let Some(after) = &approval.requirement.after else { return card };
    let mut card = card.with(Block::Divider);
    if let Some((name, why)) = &after.sent_back {
        let was = Text::default().strong(format!("{name} had sent it back")).plain(format!(": {why}"));
        card = card.and_text(was);
    }
    if after.changes.is_empty() {
        card = card.and_text("Nothing that was read in it is different from the version before.");
    } else {
        let rows = after.changes.iter().take(CHANGES_MAX);
        let rows = rows.map(|change| vec![change.label.clone(), change.before.clone(), change.after.clone()]);
        card =
            card.and_text(Text::default().strong("Changed since it was asked before:")).with(Block::Table {
                columns: ["What", "Before", "Now"].map(str::to_owned).to_vec(),
                rows: rows.collect(),
            });
        let left = after.changes.len().saturating_sub(CHANGES_MAX);
        if left > 0 {
            card = card.and_text(faint(format!("And {}.", count(left, "more change", "more changes"))));
        }
    }
    for kept in &after.kept {
        card = card.and_text(faint(format!(
            "{}: {} approved for {} on {}, and nothing that this rule looks at changed.",
            kept.stage,
            kept.name,
            kept.label,
            moment(kept.at)
        )));
    }
    card
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The request after its decision: the same card, who decided in place of the buttons.
pub fn approval_decided(approval: &Approval, matter: &Matter, decision: &Decision) -> Card {
    let word = capital(decision.verdict.deed());
    let card = Card::titled(format!("{word}: {}", matter.deed())).and_text(format!(
        "{} asked on {}.",
        approval.requested_by_name,
        moment(approval.requested_at)
    ));
    let card = progress(matter.onto(card), approval).and_text(
        Text::default()
            .strong(format!("{word} by {}", decision.by_name))
            .plain(format!(" on {}.", moment(decision.at))),
    );
    with_comment(card, decision)
}

pub(super) fn with_comment(card: Card, decision: &Decision) -> Card {
    match &decision.comment {
        Some(comment) => card.with(Block::Quote { text: comment.clone() }),
        None => card,
    }
}

/// The request after it lapsed.
pub fn approval_expired(approval: &Approval, matter: &Matter) -> Card {
    Card::titled("Expired request").and_text(format!(
        "Nobody decided on {}'s request to {} by {}. {}; {}.",
        approval.requested_by_name,
        matter.deed(),
        moment(approval.expires_at),
        matter.undone(),
        matter.anew()
    ))
}

/// The request after it was withdrawn, or after what it was about changed.
pub fn approval_void(approval: &Approval, matter: &Matter, voided: &Voided) -> Card {
    let heading = if voided.by.is_some() { "Withdrawn" } else { "No longer valid" };
    let line = match &voided.by_name {
        Some(name) => Text::default().strong(format!("Withdrawn by {name}")).plain(format!(
            " on {}. {}.",
            moment(voided.at),
            matter.undone()
        )),
        None => Text::default().strong(voided.reason.as_str()).plain(format!(
            " Seen on {}. {}; a new request is needed.",
            moment(voided.at),
            matter.undone()
        )),
    };
    let card = Card::titled(format!("{heading}: {}", matter.deed())).and_text(format!(
        "{} asked on {}.",
        approval.requested_by_name,
        moment(approval.requested_at)
    ));
    matter.onto(card).and_text(line)
}

/// For whoever took a request back.
pub fn withdrawn(approval: &Approval, matter: &Matter) -> Card {
    Card::text(format!(
        "Request {} is withdrawn; nobody can decide on it any more. {}.",
        approval.id.short(),
        matter.undone()
    ))
}

/// Which of her open requests somebody means.
pub fn which_to_withdraw(open: &[Approval]) -> Card {
    let choices = open.iter().take(5).map(|approval| {
        let label = format!("{} of {}", approval.id.short(), moment(approval.requested_at));
        say(label, format!("cancel {}", approval.id))
    });
    Card::text("You have several open requests. Which one do you want to take back?")
        .with(buttons(choices.collect()))
}

/// Why a request no longer holds: some of its companies got a deal meanwhile.
pub fn taken_meanwhile(names: &[String]) -> String {
    format!("There is a deal with {} already.", super::phrases::names(names, 5))
}

/// Why a decision does not count, in words for whoever made it.
pub fn decision_refused(refusal: &Refusal) -> UserError {
    match refusal {
        Refusal::Decided(decision) => {
            let word = decision.verdict.deed();
            UserError::new(
                format!("{} already {word} this on {}.", decision.by_name, moment(decision.at)),
                "Your decision was not needed any more.",
            )
        }
        Refusal::Expired(at) => UserError::new(
            format!("This request expired on {}.", moment(*at)),
            "The requester can search again and send a new one.",
        ),
        Refusal::Void(Some(Voided { by_name: Some(name), at, .. })) => UserError::new(
            format!("{name} withdrew this request on {}.", moment(*at)),
            "Nothing needs to be decided any more.",
        ),
        Refusal::Void(Some(voided)) => UserError::new(
            format!("This request no longer holds. {}", voided.reason),
            "The requester can send a new one.",
        ),
        Refusal::Void(None) => UserError::new(
            "What this request was about has changed, so it cannot be decided any more.",
            "The requester can send a new one.",
        ),
        Refusal::NotYours => UserError::new(
            "Only whoever sent a request, or an admin, can take it back.",
            "An approver can reject it: `/deal reject <id> because …`.",
        ),
        Refusal::OwnRequest => UserError::new(
            "This is your own request, so somebody else has to decide on it.",
            "Ask another approver; `people` shows who they are.",
        ),
        Refusal::NotAnApprover(role) => UserError::new(
            format!("Deciding takes an approver; you are {} {}.", super::team::article(*role), role.name()),
            "An admin can change roles: `/deal role @name approver`.",
        ),
        Refusal::StandsInForRequester => UserError::new(
            "You stood in for whoever sent this request, so somebody else has to decide on it.",
            "Ask another approver; `people` shows who they are.",
        ),
        Refusal::AlreadyVoted(vote) => {
            let word = vote.verdict.deed();
            UserError::new(
                format!("{} {word} this on {}.", vote.name(), moment(vote.at)),
                "That counts once; others are still asked.",
            )
        }
        Refusal::NotAsked(stage) => UserError::new(
            format!("This request does not need your decision now. It waits for {stage}."),
            "The card shows who is asked; `approvals` lists what waits for you.",
        ),
        Refusal::LoginTooOld => UserError::new(
            "A request of this size is decided in the console, right after signing in.",
            "Sign in to the console anew and decide on the Approvals page.",
        ),
        Refusal::CommentMissing => UserError::new(
            "A rejection needs a reason, and what is sent back needs to be told what to change.",
            "Press the button and write one sentence, or say `/deal reject <id> because …`.",
        ),
    }
}

/// Who may decide on a request, by where they hear of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who was asked on a channel.
    pub here: Vec<String>,
    /// Who is known on no channel and has to look into the console.
    pub in_console: Vec<String>,
    /// Where the console is, without a slash at the end.
    pub console_url: String,
}

/// For the requester's thread: who is asked, and where. With nobody to ask, the way out.
pub fn waiting_for_approval(asked: &Asked, approval: ApprovalId) -> Card {
    let take_back = buttons(vec![say("Take it back", format!("cancel {approval}"))]);
    if asked.here.is_empty() && !asked.in_console.is_empty() {
        let (who, they) = match asked.in_console.as_slice() {
            [one] => (one.clone(), "does"),
            several => (names(several, 5), "do"),
        };
        return Card::titled("Waiting for approval")
            .and_text(format!(
                "{who} may decide, but {they} not use Dealdesk here yet, so I could not ask there. \
                 The request waits in the console:"
            ))
            .with(Block::Link {
                label: format!("{}/approvals", asked.console_url),
                url: format!("{}/approvals", asked.console_url),
            })
            .and_text("Please tell them. You will see the decision here.")
            .with(take_back);
    }
    let approvers = &asked.here;
    if approvers.is_empty() {
        return Card::titled("Nobody can approve this yet").and_text(Text::with_code(
            "You cannot approve your own request, and there is no other approver in your team. \
             An admin can add one: `/deal role @name approver`. The request then reaches them by itself.",
        ));
    }
    let them = if approvers.len() == 1 { "" } else { "One of them decides. " };
    Card::titled("Waiting for approval")
        .and_text(format!("I asked {}. {them}You will see the decision here.", names(approvers, 5)))
        .with(take_back)
}

/// How a request ended, in one line.
pub fn ended(decision: Option<&Decision>) -> String {
    match decision {
        Some(decision) if decision.verdict == Verdict::Approve => {
            format!("{} approved it on {}.", decision.by_name, moment(decision.at))
        }
        Some(decision) => {
            format!("{} {} it on {}.", decision.by_name, decision.verdict.deed(), moment(decision.at))
        }
        None => "The request lapsed: nobody decided in time.".to_owned(),
    }
}

/// The result of an approval: deals by name, and the companies that got a deal in another way meanwhile.
pub fn deals_created(deals: &[String], taken: &[String], decision: &Decision) -> Card {
    if deals.is_empty() {
        return Card::titled("Nothing to create").and_text(format!(
            "{} approved it on {}. {}",
            decision.by_name,
            moment(decision.at),
            taken_meanwhile(taken)
        ));
    }
    let heading = format!("{} created", count(deals.len(), "deal", "deals"));
    let card = Card::titled(heading).and_text(format!(
        "Approved by {} on {}. New in Prospect: {}.",
        decision.by_name,
        moment(decision.at),
        names(deals, 10)
    ));
    let card = with_comment(card, decision);
    let card = if taken.is_empty() { card } else { card.and_text(taken_meanwhile(taken)) };
    let shows = deals.iter().take(3).map(|name| {
        say(format!("Show {}", super::phrases::cut(name, 30)), format!("show {}", in_command(name)))
    });
    card.with(buttons(shows.chain([say("My deals", "my deals")]).collect()))
}

/// For the requester's thread: it was rejected or sent back, by whom and why.
pub fn rejected(decision: &Decision) -> Card {
    if decision.verdict == Verdict::SendBack {
        let card = Card::titled("Sent back for changes").and_text(format!(
            "{} sent it back on {}. Nothing was created. Change this, then search and propose it anew:",
            decision.by_name,
            moment(decision.at)
        ));
        return with_comment(card, decision);
    }
    let card = Card::titled("Request rejected").and_text(format!(
        "{} rejected it on {}. Nothing was created.",
        decision.by_name,
        moment(decision.at)
    ));
    with_comment(card, decision)
}

/// Asks for the reason of a rejection, or for what is to change, where no form can be opened.
pub fn ask_comment(approval: &Approval, verdict: Verdict) -> Card {
    let id = approval.id.short();
    Card::text(Text::with_code(&match verdict {
        Verdict::SendBack => format!("Say what is to change: `send back {id} because …`."),
        Verdict::Approve | Verdict::Reject => {
            format!("A rejection needs a reason. Say `reject {id} because …`.")
        }
    }))
}

/// Reminds somebody that a request waits in a stage.
pub fn approval_reminder(approval: &Approval, matter: &Matter, stage: usize) -> Card {
    let card = Card::titled(format!("Still waiting for you: {}", matter.deed())).and_text(
        Text::default().strong(approval.requested_by_name.as_str()).plain(format!(
            " asked on {}; the request is open until {}.",
            moment(approval.requested_at),
            moment(approval.expires_at)
        )),
    );
    let needs = &approval.requirement;
    let card = if needs.is_plain() {
        card
    } else {
        card.and_text(faint(format!("{}.", needs.progress(stage, &approval.votes))))
    };
    let id = approval.id.to_string();
    card.and_text(Text::with_code(&format!(
        "Decide on the card you got before, or say `approve {0}`, `send back {0} because …` or `reject {0} because …`.",
        approval.id.short()
    )))
    .with(buttons(vec![
        Button { label: "Approve".to_owned(), verb: Verb::Approve, value: id.clone(), style: Style::Primary },
        Button { label: "Send back for changes".to_owned(), verb: Verb::SendBack, value: id.clone(), style: Style::Plain },
        Button { label: "Reject (with comment)".to_owned(), verb: Verb::Reject, value: id, style: Style::Danger },
    ]))
}

/// What waits for the reader's decision, with what each is about.
pub fn approvals(waiting: &[(Approval, Matter)], now: DateTime<Utc>) -> Card {
    if waiting.is_empty() {
        return Card::text("Nothing waits for your decision.");
    }
    let rows = waiting.iter().map(|(approval, matter)| {
        let left = approval.expires_at - now;
        let left = if left.num_hours() >= 48 {
            format!("{} days", left.num_days())
        } else {
            format!("{} h", left.num_hours().max(0))
        };
        vec![approval.id.short(), approval.requested_by_name.clone(), matter.brief(), left]
    });
    Card::titled(format!("{} for your decision", count(waiting.len(), "request waits", "requests wait")))
        .with(Block::Table {
            columns: ["Id", "From", "About", "Time left"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        })
        .and_text(Text::with_code(
            "Decide with the buttons on its card, or say `approve <id>`, `send back <id> because …` or `reject <id> because …`.",
        ))
}
