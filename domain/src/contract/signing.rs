//! Signing: who signs, where an envelope stands, and what may follow on what.

use serde::{Deserialize, Serialize};

use crate::error::UserError;
use crate::ids::{DealId, DocumentId, EnvelopeId, PersonId, VersionId};

/// At most so many people sign one document.
pub const SIGNERS_MAX: usize = 10;

/// Somebody who signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// His name, as it stands on the signature.
    pub name: String,
    /// Where the envelope is sent.
    pub email: String,
}

impl Signer {
    /// Reads `Ana Silva <ana@x.example>` or a bare address, whose first part then is the name.
    ///
    /// Errors: what is no address.
    pub fn read(text: &str) -> Result<Self, UserError> {
        let (name, email) = match text.trim().rsplit_once('<') {
            Some((name, email)) => (name.trim(), email.trim_end_matches('>').trim()),
            None => ("", text.trim()),
        };
        let (local, host) = email.rsplit_once('@').unwrap_or_default();
        let is_address = !local.is_empty()
            && host.contains('.')
            && email.len() <= 100
            && !email.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c));
        if !is_address {
            return Err(UserError::new(
                format!("`{}` is no mail address.", text.trim()),
                "Write who signs as `name@example.com`, several with commas.",
            ));
        }
        let name = if name.is_empty() { from_address(local) } else { name.trim_matches('"').to_owned() };
        Ok(Self { name, email: email.to_owned() })
    }
}

/// `ana.silva` is Ana Silva.
fn from_address(local: &str) -> String {
    let part = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    local.split(['.', '_', '-']).filter(|word| !word.is_empty()).map(part).collect::<Vec<_>>().join(" ")
}

/// Where an envelope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is to be sent.
    Asked,
    /// The signers have it.
    Sent,
    /// Somebody opened or signed it.
    Delivered,
    /// All signed.
    Completed,
    /// Somebody refused to sign.
    Declined,
    /// It was taken back, or lapsed.
    Voided,
    /// It could not be sent.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Asked,
        Self::Sent,
        Self::Delivered,
        Self::Completed,
        Self::Declined,
        Self::Voided,
        Self::Failed,
    ];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::Voided => "voided",
            Self::Failed => "failed",
        }
    }

    /// Reads the word of the tables.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Nothing follows any more.
    pub fn is_over(self) -> bool {
        self >= Self::Completed
    }

    /// Whether what is told takes the place of what is known. Messages come twice, late and in any order: an envelope
    /// never goes back, and its end is its end.
    pub fn gives_way_to(self, told: Self) -> bool {
        !self.is_over() && told > self
    }
}

/// A document that is to be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEnvelope {
    /// Key.
    pub envelope: EnvelopeId,
    /// At whom, e.g. `docusign`.
    pub provider: String,
    /// The document.
    pub document: DocumentId,
    /// The accepted version of it.
    pub version: VersionId,
    /// SHA-256 of what is sent.
    pub sha256: String,
    /// What the document is called.
    pub name: String,
    /// Its deal.
    pub deal: Option<DealId>,
    /// Who signs, one after the other.
    pub signers: Vec<Signer>,
    /// Who asked for it.
    pub asked_by: PersonId,
    /// Who let it happen.
    pub approved_by: PersonId,
}

/// What is done with an envelope that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "handling", rename_all = "snake_case")]
pub enum Handling {
    /// It is taken back; the signers read why.
    Void {
        /// Why.
        reason: String,
    },
    /// Whoever has not signed gets the mail again.
    Remind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signers_are_read_as_people_write_them() {
        let read = |text| Signer::read(text).map(|signer| (signer.name, signer.email));
        let pair = |name: &str, email: &str| Ok((name.to_owned(), email.to_owned()));
        assert_eq!(read("ana.silva@x.example"), pair("Ana Silva", "ana.silva@x.example"));
        assert_eq!(read("Bo Li <bo@x.example>"), pair("Bo Li", "bo@x.example"));
        for wrong in
            ["", "ana", "ana@", "@x.example", "a b@x.example", "ana@localhost", "a@x.example;b@y.example"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whatever_the_order_of_messages_the_end_is_the_same() {
        let told = [State::Sent, State::Delivered, State::Completed, State::Delivered, State::Sent];
        for turn in 0..told.len() {
            let mut state = State::Asked;
            for at in 0..told.len() {
                let next = told[(at + turn) % told.len()];
                if state.gives_way_to(next) {
                    state = next;
                }
            }
            assert_eq!(state, State::Completed);
        }
        assert!(
            !State::Voided.gives_way_to(State::Completed) && !State::Completed.gives_way_to(State::Voided)
        );
    }
}
