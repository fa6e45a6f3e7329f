//! Electronic signatures: envelopes, their states, signed documents.

pub mod docusign;
mod grant;
pub mod webhook;

use chrono::{DateTime, Utc};
use domain::contract::signing::{Signer, State};

/// A document to be signed by people.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Told to the provider, who finds the envelope by it afterwards.
    pub key: &'a str,
    /// The line that the mail to the signers begins with.
    pub subject: &'a str,
    /// The document's name, with its ending.
    pub file_name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Who signs, one after the other.
    pub signers: &'a [Signer],
    /// Where the provider tells what happens; none when it cannot reach us.
    pub tell: Option<&'a str>,
    /// After so many days nobody can sign any more.
    pub expires_days: u16,
    /// Signers are reminded every so many days.
    pub remind_days: u16,
}

/// What a provider says of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The provider's own key of it.
    pub remote: String,
    /// Ours, as it was told when the envelope was made.
    pub key: Option<String>,
    /// Where it stands; none when that is a state we do not know.
    pub state: Option<State>,
    /// Since when.
    pub at: Option<DateTime<Utc>>,
    /// Why it was declined or voided, in the words of whoever did that.
    pub reason: Option<String>,
}
