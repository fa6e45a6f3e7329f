//! Words around a contract's report: kinds of harm, what a person corrected, a changed playbook.

use chrono::{DateTime, Utc};

use crate::card::{Block, Card, Text};
use crate::contract::{Extraction, Family, Finding, Value, Verdict};
use crate::error::UserError;

use super::contracts::{one_line, value_words, verdict_word};
use super::phrases::{cut, moment};

/// A kind of harm as people read it.
pub fn family_words(family: Family) -> &'static str {
    match family {
        Family::Liab => "Liability",
        Family::Exit => "Term and exit",
        Family::Free => "Freedom to operate",
        Family::Comm => "Money",
        Family::Ip => "Intellectual property",
        Family::Data => "Data and secrecy",
        Family::Ctrl => "Transfer and control",
        Family::Ops => "Performance",
        Family::Disp => "Disputes",
        Family::Adm => "Parties and dates",
    }
}

/// A person's word on a term was kept; `also` are the names of other terms that stand differently now, and how.
pub fn term_answered(
    label: &str,
    document: &str,
    (given, finding): (&Extraction, Option<&Finding>),
    also: &[(String, Verdict)],
) -> Card {
    let mut text = Text::default().strong(label);
    text = match &given.value {
        Some(Value::Clause) => text.plain(format!(" of {document} is stated; I keep your word for it.")),
        Some(value) => {
            text.plain(format!(" of {document} is {}; I keep your word for it.", value_words(value)))
        }
        None => text.plain(format!(": {document} does not say it; I keep your word for that.")),
    };
    let mut card = Card::text(text);
    if let Some(quote) = &given.quote {
        let said = format!("{} (page {})", cut(&one_line(&quote.text), 280), quote.page);
        card = card.with(Block::Quote { text: said });
    }
    if let Some(finding) = finding {
        card = card.and_text(format!("For us: {}. {}", verdict_word(finding.verdict), finding.reason));
    }
    if also.is_empty() {
        return card;
    }
    let others: Vec<String> =
        also.iter().map(|(label, verdict)| format!("{label} ({})", verdict_word(*verdict))).collect();
    card.and_text(format!("That changes how these stand for us too: {}.", others.join(", ")))
}

/// The sentence that a person gave is not in the document.
pub fn quote_not_there(document: &str) -> UserError {
    UserError::new(
        format!("That sentence does not stand in {document} word for word, so I kept nothing."),
        "Copy it from the report's text, or mark it there and press “Use what I marked”.",
    )
}

/// A sentence was given that does not tell the value.
pub fn value_not_said(label: &str) -> UserError {
    UserError::new(
        format!("I cannot read from that sentence what {label} is."),
        "Please type the value as well, for example “30 days” or “2026-12-31”.",
    )
}

/// A changed playbook was kept.
pub fn playbook_saved(label: &str, number: i32, url: &str) -> Card {
    Card::text(format!(
        "The position on {label} is changed. Contracts read from now on are held against playbook {number}; those \
         read before keep theirs."
    ))
    .with(Block::Link { label: "Open the playbook".to_owned(), url: url.to_owned() })
}

/// Somebody else changed the playbook meanwhile.
pub fn playbook_went_on(newest: i32) -> UserError {
    UserError::new(
        format!("Somebody changed the playbook meanwhile; the newest is number {newest}."),
        "Open the playbook again and make your change there.",
    )
}

/// Somebody else is on a term that waits.
pub fn review_taken(name: &str, since: DateTime<Utc>) -> UserError {
    UserError::new(
        format!("{name} is on it already, since {}.", moment(since)),
        "Take another one from the review queue, or ask them to leave it to you.",
    )
}

/// Nothing in the position is different.
pub fn playbook_unchanged(label: &str) -> UserError {
    UserError::new(format!("Nothing in the position on {label} is different, so I kept nothing."), "")
}
