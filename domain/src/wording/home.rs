//! A person's home tab: what waits for her decision, what became of her own requests, which deals moved last.

use chrono::{DateTime, Utc};

use crate::approval::{Approval, State};
use crate::card::{Block, Button, Card, Style, Text, Verb};
use crate::deal::Stage;

use super::matter::Matter;
use super::phrases::{buttons, count, faint, moment, names, say};

/// Most requests that are shown with buttons.
const WAITING_MAX: usize = 8;
/// Most requests of her own.
const OWN_MAX: usize = 5;
/// Most deals.
const DEALS_MAX: usize = 8;

/// What a home shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Home {
    /// What waits for the person, oldest first.
    pub waiting: Vec<(Approval, Matter)>,
    /// What the person asked for: open ones, then those decided last.
    pub own: Vec<(Approval, Matter)>,
    /// Deals, the latest touched first.
    pub deals: Vec<HomeDeal>,
}

/// A deal on a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeDeal {
    /// The partner's name.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Who looks after it, if anybody does.
    pub owner: Option<String>,
}

/// The home tab. What it says changes only with what it shows, so that it need not be shown anew.
pub fn home(home: &Home) -> Card {
    let mut card = Card::titled(match home.waiting.len() {
        0 => "Nothing waits for you".to_owned(),
        n => format!("{} for your decision", count(n, "request waits", "requests wait")),
    });
    for (asked, matter) in home.waiting.iter().take(WAITING_MAX) {
        card = waiting(card, asked, matter);
    }
    if home.waiting.len() > WAITING_MAX {
        let more = home.waiting.len() - WAITING_MAX;
        card = card.and_text(faint(format!("And {more} more; they move up as you decide.")));
    }
    if !home.own.is_empty() {
        card = card.with(Block::Divider).and_text(Text::default().strong("Your requests"));
        for (asked, matter) in home.own.iter().take(OWN_MAX) {
            let line = Text::default().plain(format!("{}: ", matter.deed())).strong(standing(asked));
            card = card.and_text(line);
        }
    }
    card = card.with(Block::Divider);
    if home.deals.is_empty() {
        card = card.and_text(Text::with_code(
            "There are no deals yet. Say `/deal find payment companies in Germany` in any channel to begin.",
        ));
    } else {
        let rows = home.deals.iter().take(DEALS_MAX).map(|row| {
            let owner = row.owner.clone().unwrap_or_else(|| "nobody".to_owned());
            vec![row.name.clone(), row.stage.label().to_owned(), owner]
        });
        let columns = ["Deal", "Stage", "Owner"].map(str::to_owned).to_vec();
        card = card
            .and_text(Text::default().strong("Deals that moved last"))
            .with(Block::Table { columns, rows: rows.collect() });
    }
    card.with(buttons(vec![say("All deals", "deals"), say("Help", "help")]))
}

/// One request with its buttons.
fn waiting(card: Card, asked: &Approval, matter: &Matter) -> Card {
    let button = |label: &str, verb, style| Button {
        label: label.to_owned(),
        verb,
        value: asked.id.to_string(),
        style,
    };
    let about = match matter {
        Matter::Deals(lines) => {
            let all: Vec<String> = lines.iter().map(|line| line.name.clone()).collect();
            format!(" asks to {}: {}.", matter.deed(), names(&all, 5))
        }
        Matter::Contract(contract) => match &contract.deal {
            Some(deal) => format!(" asks to {} for {deal}.", matter.deed()),
            None => format!(" asks to {}.", matter.deed()),
        },
        Matter::Signing(_) => format!(" asks to {}.", matter.deed()),
    };
    let mut card = card
        .with(Block::Divider)
        .and_text(Text::default().strong(asked.requested_by_name.as_str()).plain(about))
        .and_text(faint(until(asked.id.short(), asked.expires_at)));
    if let Matter::Contract(contract) = matter {
        card = card.with(Block::Link { label: "Open report".to_owned(), url: contract.url.clone() });
    }
    card.with(buttons(vec![
        button("Approve", Verb::Approve, Style::Primary),
        button("Send back for changes", Verb::SendBack, Style::Plain),
        button("Reject (with comment)", Verb::Reject, Style::Danger),
    ]))
}

fn until(id: String, at: DateTime<Utc>) -> String {
    format!("Request {id}, open until {}.", moment(at))
}

/// Where a request stands, in words.
fn standing(asked: &Approval) -> String {
    match (&asked.decision, asked.state) {
        (Some(decision), _) => {
            let word = decision.verdict.deed();
            format!("{word} by {}", decision.by_name)
        }
        (None, State::Open) => format!("open until {}", moment(asked.expires_at)),
        (None, _) => "no longer open".to_owned(),
    }
}
