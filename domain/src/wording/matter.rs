//! What a request is about, in the words of its card: deals to start, or a contract to accept.

use serde::{Deserialize, Serialize};

use crate::card::{Block, Card, Text};
use crate::contract::Verdict;
use crate::deal::Stage;

use super::contracts::{FindingLine, finding_blocks, verdict_counts};
use super::phrases::count;
use super::signing::SigningMatter;

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

/// A contract that a request asks to accept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractMatter {
    /// What the document is called.
    pub name: String,
    /// Its version, from 1.
    pub version: i32,
    /// The deal it belongs to, if any.
    pub deal: Option<String>,
    /// The stage the deal moves to once it is accepted, if it moves.
    pub to: Option<Stage>,
    /// How many terms stand how.
    pub counts: Vec<(Verdict, usize)>,
    /// The gravest findings, gravest first.
    pub worst: Vec<FindingLine>,
    /// How many terms wait for a person.
    pub reviews: usize,
    /// The page with the whole report.
    pub url: String,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Matter {
    /// Partners and deals to create.
    Deals(Vec<ProposedDeal>),
    /// A contract to accept.
    Contract(ContractMatter),
    /// A contract to send to those who sign it.
    Signing(SigningMatter),
}

impl Matter {
    /// What is to be done, to go on in a line: `start 3 deals`.
    pub fn deed(&self) -> String {
        match self {
            Self::Deals(lines) => format!("start {}", count(lines.len(), "deal", "deals")),
            Self::Contract(contract) => format!("accept {} (version {})", contract.name, contract.version),
            Self::Signing(signing) => format!("send {} for signature", signing.name),
        }
    }

    /// What it counts as in a list: `3 deals`.
    pub fn brief(&self) -> String {
        match self {
            Self::Deals(lines) => count(lines.len(), "deal", "deals"),
            Self::Contract(contract) => contract.name.clone(),
            Self::Signing(signing) => signing.name.clone(),
        }
    }

    /// The sentence after the requester's name.
    pub(super) fn request(&self) -> String {
        match self {
            Self::Deals(lines) if lines.len() == 1 => {
                " asks to create a partner and a deal with this company:".to_owned()
            }
            Self::Deals(_) => " asks to create partners and deals with these companies:".to_owned(),
            Self::Contract(contract) => match (&contract.deal, contract.to) {
                (Some(deal), Some(to)) => {
                    format!(" asks to accept this contract and to move {deal} to {}:", to.label())
                }
                (Some(deal), None) => format!(" asks to accept this contract for {deal}:"),
                (None, _) => " asks to accept this contract; it belongs to no deal yet:".to_owned(),
            },
            Self::Signing(_) => " asks to send this contract for signature:".to_owned(),
        }
    }

    /// Says that nothing came of it.
    pub(super) fn undone(&self) -> &'static str {
        match self {
            Self::Deals(_) => "Nothing was created",
            Self::Contract(_) => "Nothing was changed",
            Self::Signing(_) => "Nothing was sent",
        }
    }

    /// How to ask anew after it lapsed.
    pub(super) fn anew(&self) -> &'static str {
        match self {
            Self::Deals(_) => "search again to propose it anew",
            Self::Contract(_) => "have the contract analysed again to ask anew",
            Self::Signing(_) => "ask for the signature again",
        }
    }

    /// Adds what exactly is asked for.
    pub(super) fn onto(&self, card: Card) -> Card {
        match self {
            Self::Deals(lines) => card.with(table(lines)),
            Self::Signing(signing) => signing.onto(card),
            Self::Contract(contract) => {
                let mut card = card.and_text(Text::default().strong(verdict_counts(&contract.counts)));
                for block in contract.worst.iter().flat_map(finding_blocks) {
                    card = card.with(block);
                }
                if contract.reviews > 0 {
                    let open = count(contract.reviews, "term still needs", "terms still need");
                    card = card.and_text(format!("{open} a person's eye."));
                }
                card.with(Block::Link { label: "Open report".to_owned(), url: contract.url.clone() })
            }
        }
    }
}

fn table(lines: &[ProposedDeal]) -> Block {
    let rows = lines.iter().map(|line| {
        let fit = line.fit.map_or_else(|| "unknown".to_owned(), |fit| fit.to_string());
        vec![line.name.clone(), line.place.clone(), fit]
    });
    Block::Table { columns: ["Company", "Place", "Fit"].map(str::to_owned).to_vec(), rows: rows.collect() }
}
