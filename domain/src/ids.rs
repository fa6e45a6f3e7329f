//! Typed ids, and where they come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// A customer: the wall between one team's data and another's.
    TenantId,
    /// A person of a tenant.
    PersonId,
    /// A message that came in. The plan it causes has the same number.
    InboundId,
    /// The work that one intent causes.
    PlanId,
    /// One step of a plan.
    StepId,
    /// A question to approvers.
    ApprovalId,
    /// A partnership in the making.
    DealId,
    /// A company that a tenant works with.
    PartnerId,
    /// A thread on a channel.
    ConversationId,
    /// One message of ours that can be edited.
    MessageId,
    /// A note on a deal.
    NoteId,
    /// A document, whatever its version.
    DocumentId,
    /// One version of a document.
    VersionId,
    /// What one reading found in a version.
    AnalysisId,
    /// A document on its way to those who sign it.
    EnvelopeId,
    /// A term that a person is to look at.
    ReviewId,
    /// One call of a language model.
    LlmCallId,
}

impl ApprovalId {
    /// The short name for people: the last six hexadecimal digits, which are random while the first tell the time.
    pub fn short(self) -> String {
        let digits = self.0.simple().to_string();
        digits[digits.len() - 6..].to_owned()
    }
}

impl From<InboundId> for PlanId {
    /// A message causes at most one plan, so they share their number: whoever stored the message
    /// can already name the plan.
    fn from(id: InboundId) -> Self {
        Self(id.0)
    }
}

/// A source of new ids and of random bytes.
#[derive(Debug, Clone)]
pub struct Ids(Source);

#[derive(Debug, Clone)]
enum Source {
    Random,
    Counted(Arc<AtomicU64>),
}

impl Ids {
    /// Version 7 ids: ordered by time, random beyond.
    pub fn random() -> Self {
        Self(Source::Random)
    }

    /// Ids that count up from a start, the same in every run.
    pub fn counted_from(start: u64) -> Self {
        Self(Source::Counted(Arc::new(AtomicU64::new(start))))
    }

    /// A new id.
    pub fn next(&self) -> Uuid {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
            Source::Random => Uuid::now_v7(),
            Source::Counted(n) => Uuid::from_u64_pair(0, n.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Thirty-two bytes for tokens and keys; secret when the source is random.
    pub fn secret(&self) -> [u8; 32] {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that makes randomness")]
            Source::Random => {
                let mut bytes = [0; 32];
                bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
                bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
                // Version 4 ids fix six bits each; hashing spreads what is random over all bytes.
                <sha2::Sha256 as sha2::Digest>::digest(bytes).into()
            }
            Source::Counted(_) => <sha2::Sha256 as sha2::Digest>::digest(self.next().as_bytes()).into(),
        }
    }
}
