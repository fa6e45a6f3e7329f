//! Any file to text: told by its content, handed to the reader of its kind.

use std::time::{Duration, Instant};

use domain::contract::ContractText;
use domain::error::UserError;

use super::pdf;
use super::read::{self, Bounds, Kind};
use crate::guardrail::suspicion;

/// How long a file that needs no child process may take to read.
const TIME: Duration = Duration::from_secs(20);

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Its text with places.
    pub text: ContractText,
    /// What it is.
    pub kind: Kind,
    /// What was not read, or looks wrong, in plain words.
    pub notes: Vec<String>,
    /// A passage reads as if it gave orders to a language model; a note says so too.
    pub is_suspected: bool,
}

/// Reads a file. Of a mail, the first attachment that can be read is taken; without one, the mail itself.
///
/// Errors: why it cannot be read, for the person who sent it.
pub async fn open(pages: &pdf::Reader, bytes: Vec<u8>, password: Option<&str>) -> Result<Opened, UserError> {
    let kind = read::sniff(&bytes);
    if matches!(kind, Kind::Pdf | Kind::Image) {
        return paged(pages, &bytes, (kind, password)).await;
    }
    let began = Instant::now();
    let reading = tokio::task::spawn_blocking(move || {
        let late = || began.elapsed() > TIME;
        read::read(&bytes, &Bounds::new(&late))
    });
    let reading = match reading.await {
        Ok(reading) => reading.map_err(read::Fault::explain)?,
        Err(panic) => {
            tracing::error!(error = %panic, "a reader panicked");
            return Err(damaged());
        }
    };
    let mut notes: Vec<String> = reading.notes.iter().map(read::Note::sentence).collect();
    for part in reading.parts {
        let name = part.name.clone();
        match Box::pin(open(pages, part.bytes, password)).await {
            Ok(mut opened) => {
                opened.notes.insert(0, format!("Read from the attachment {name}."));
                return Ok(opened);
            }
            Err(why) => notes.push(format!("The attachment {name} was not read: {why}")),
        }
    }
    let orders = orders(&reading.text.text);
    let is_suspected = orders.is_some();
    notes.extend(orders);
    Ok(Opened { text: reading.text, kind: reading.kind, notes, is_suspected })
}

/// A note on words that read as if written for a model. Nothing in a document is obeyed; a person should know of the attempt.
fn orders(text: &str) -> Option<String> {
    let found = suspicion(text)?;
    metrics::counter!("injection_suspected_total", "source" => "document").increment(1);
    tracing::warn!(score = found.score, reason = found.reason, "a document seems to give orders to a model");
    Some(format!(
        "A passage seems to be written for a program, not for readers: {}. I follow nothing that a document says. It begins: “{}”.",
        found.reason, found.sample
    ))
}

async fn paged(
    pages: &pdf::Reader,
    bytes: &[u8],
    (kind, password): (Kind, Option<&str>),
) -> Result<Opened, UserError> {
    let reading = pages.read(bytes, password).await.map_err(pdf::Fault::explain)?;
    let mut notes: Vec<String> = reading.notes.iter().map(pdf::Note::sentence).collect();
    let orders = orders(&reading.text.text);
    let is_suspected = orders.is_some();
    notes.extend(orders);
    Ok(Opened { text: reading.text, kind, notes, is_suspected })
}

fn damaged() -> UserError {
    UserError::new(
        "This file could not be read; something in it is not as it should be.",
        "Please export it again, or send it as a PDF.",
    )
}
