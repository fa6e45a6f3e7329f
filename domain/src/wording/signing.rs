//! What is said about signing: asked for, out, signed, refused, taken back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::approval::{Decision, Verdict as Decided};
use crate::card::{Block, Card, Text};
use crate::contract::signing::{Signer, State};
use crate::deal::Stage;
use crate::error::UserError;

use super::phrases::{day, moment};

/// A document that a request asks to send to those who sign it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningMatter {
    /// What the document is called.
    pub name: String,
    /// Its accepted version, from 1.
    pub version: i32,
    /// Its deal.
    pub deal: Option<String>,
    /// Who signs, one after the other.
    pub signers: Vec<Signer>,
    /// Who accepted that version.
    pub accepted_by: String,
    /// The first digits of the file's SHA-256: exactly this file is sent.
    pub hash: String,
    /// The page with the report.
    pub url: String,
}

impl SigningMatter {
    /// Adds what exactly is asked for.
    pub(super) fn onto(&self, card: Card) -> Card {
        let mut fields = vec![
            ("Document".to_owned(), format!("{} (version {})", self.name, self.version)),
            ("Accepted by".to_owned(), self.accepted_by.clone()),
            ("Signed by".to_owned(), signers(&self.signers)),
            ("File".to_owned(), format!("SHA-256 {}…", self.hash)),
        ];
        fields.extend(self.deal.iter().map(|deal| ("Deal".to_owned(), deal.clone())));
        card.with(Block::Fields { fields })
            .with(Block::Link { label: "Open report".to_owned(), url: self.url.clone() })
    }
}

/// `Ana Silva <ana@x.example>, then Bo Li <bo@x.example>`.
fn signers(signers: &[Signer]) -> String {
    let each: Vec<String> =
        signers.iter().map(|signer| format!("{} <{}>", signer.name, signer.email)).collect();
    each.join(", then ")
}

fn names(signers: &[Signer]) -> String {
    signers.iter().map(|signer| signer.name.as_str()).collect::<Vec<_>>().join(" and ")
}

/// A request to send something for signature was decided on.
pub fn signing_decided(matter: &SigningMatter, decision: &Decision) -> Card {
    let (by, on) = (&decision.by_name, moment(decision.at));
    if decision.verdict == Decided::Approve {
        let text = format!("{by} approved it on {on}. It goes to {} now.", names(&matter.signers));
        return Card::titled(format!("To be signed: {}", matter.name)).and_text(text);
    }
    let card = Card::titled(format!("Not sent for signature: {}", matter.name))
        .and_text(format!("{by} rejected it on {on}. Nothing was sent."));
    match &decision.comment {
        Some(comment) => card.with(Block::Quote { text: comment.clone() }),
        None => card,
    }
}

/// Nobody decided whether to send something for signature.
pub fn signing_lapsed(matter: &SigningMatter) -> Card {
    Card::text(format!(
        "Nobody decided in time whether {} is sent for signature. Nothing was sent.",
        matter.name
    ))
}

/// What a thread hears of an envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvelopeNews {
    /// What the document is called.
    pub name: String,
    /// Who signs.
    pub signers: Vec<Signer>,
    /// Where the envelope stands.
    pub state: State,
    /// Since when.
    pub at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
    /// The deal and where it is now, when it moved.
    pub moved: Option<(String, Stage)>,
}

/// An envelope went out, was refused, was taken back, or could not be sent.
pub fn envelope_news(news: &EnvelopeNews) -> Card {
    let on = news.at.map(|at| format!(" on {}", moment(at))).unwrap_or_default();
    let (heading, text) = match news.state {
        State::Declined => ("Not signed", format!("DocuSign: it was declined{on}.")),
        State::Voided => ("No longer to be signed", format!("DocuSign: it was voided or expired{on}.")),
        State::Failed => ("Not sent for signature", "DocuSign did not take it.".to_owned()),
        _ => ("Out for signature", format!("DocuSign sent it to {}{on}.", names(&news.signers))),
    };
    let mut card = Card::titled(format!("{heading}: {}", news.name)).and_text(text);
    if let Some(reason) = &news.reason {
        card = card.with(Block::Quote { text: reason.clone() });
    }
    match &news.moved {
        Some((deal, stage)) => {
            card.and_text(format!("{deal} is back in {}. Source: DocuSign.", stage.label()))
        }
        None => card,
    }
}

/// What came back signed, held against what was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedCard {
    /// What the document is called.
    pub name: String,
    /// The number of the signed version.
    pub version: i32,
    /// Who signed.
    pub signers: Vec<Signer>,
    /// When the last one did.
    pub at: Option<DateTime<Utc>>,
    /// The number of the accepted version.
    pub accepted: i32,
    /// What the signed text has otherwise, shortened.
    pub differences: Vec<String>,
    /// How many there are in all.
    pub differences_total: usize,
    /// The deal and where it is now.
    pub deal: Option<(String, Stage)>,
    /// Whether it moved there by this.
    pub has_moved: bool,
    /// The page with the report.
    pub url: String,
}

/// A document came back signed.
pub fn signed(news: &SignedCard) -> Card {
    let on = news.at.map(|at| format!(" on {}", moment(at))).unwrap_or_default();
    let mut card = Card::titled(format!("Signed: {}", news.name)).and_text(format!(
        "DocuSign: {} signed it{on}. It is kept as version {} and was read again.",
        names(&news.signers),
        news.version
    ));
    if news.differences.is_empty() {
        card = card.and_text(format!("Its text is that of the accepted version {}.", news.accepted));
    } else {
        let count = news.differences_total;
        let places = if count == 1 { "place" } else { "places" };
        card = card.and_text(Text::default().strong(format!(
            "Its text differs from the accepted version {} in {count} {places}. Somebody should look at this:",
            news.accepted
        )));
        for difference in &news.differences {
            card = card.with(Block::Quote { text: difference.clone() });
        }
    }
    card = match &news.deal {
        Some((deal, stage)) if news.has_moved => {
            card.and_text(format!("{deal} is now in {}. Source: DocuSign.", stage.label()))
        }
        Some((deal, stage)) => card.and_text(format!("{deal} stays in {}.", stage.label())),
        None => card.and_text("It belongs to no deal yet."),
    };
    card.with(Block::Link { label: "Open report".to_owned(), url: news.url.clone() })
}

/// An envelope is being taken back, or its signers reminded.
pub fn envelope_handled(name: &str, is_void: bool) -> Card {
    Card::text(if is_void {
        format!("I take {name} back; the signers read why. The thread hears when DocuSign has done it.")
    } else {
        format!("Whoever has not signed {name} yet gets the mail again.")
    })
}

/// Why something cannot be sent for signature: its latest version is not accepted.
pub fn not_accepted(name: &str, version: i32) -> UserError {
    UserError::new(
        format!("Version {version} of {name} is not accepted."),
        "Only what approvers accepted is sent for signature. Send the file again to have them asked.",
    )
}

/// Why something cannot be sent for signature: it is out already, or signed.
pub fn out_already(name: &str, state: State, since: DateTime<Utc>) -> UserError {
    if state == State::Completed {
        return UserError::new(format!("{name} is signed already."), "Nothing was sent.");
    }
    UserError::new(
        format!("{name} is out for signature since {}.", day(since)),
        format!("Take it back first: `void {name} because …`."),
    )
}

/// Why nothing can be signed here.
pub fn no_signing() -> UserError {
    UserError::new(
        "DocuSign is not connected.",
        "An admin connects it at the machine: `dealdesk connect docusign`.",
    )
}

/// Why an envelope cannot be taken back or reminded of.
pub fn not_out(name: &str) -> UserError {
    UserError::new(format!("{name} is not out for signature."), "`contract <name>` shows where it stands.")
}

/// Why an envelope cannot be taken back yet.
pub fn just_going_out(name: &str) -> UserError {
    UserError::new(format!("{name} is just being sent to DocuSign."), "Please try again in a minute.")
}
