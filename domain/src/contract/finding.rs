//! What a term means for us under a playbook.

use serde::{Deserialize, Serialize};

use super::{Quote, TermKey};

/// The kind of harm a term can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Family {
    /// Exposure to liability.
    Liab,
    /// Lock-in: how we get out.
    Exit,
    /// Freedom to operate.
    Free,
    /// Economics.
    Comm,
    /// Intellectual property.
    Ip,
    /// Regulation and secrecy of data.
    Data,
    /// Transfer of control.
    Ctrl,
    /// Duties of performance.
    Ops,
    /// Forum of disputes.
    Disp,
    /// Identity and completeness.
    Adm,
}

/// How a term stands against the playbook's positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The preferred position.
    Green,
    /// A fallback we can live with.
    Yellow,
    /// Unacceptable as it stands.
    Red,
    /// A required term that the contract does not have.
    Missing,
    /// Conflicting or uncertain; a person has to say.
    Unclear,
    /// Outside the playbook, or too grave to be judged by it.
    Escalate,
}

/// Whom a clause burdens, seen from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Us.
    Us,
    /// The counterparty.
    Them,
    /// Both alike.
    Mutual,
    /// The text does not tell.
    Unknown,
}

/// A risk flag: one term, its verdict and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which term.
    pub term: TermKey,
    /// Kind of harm.
    pub family: Family,
    /// Verdict under the playbook.
    pub verdict: Verdict,
    /// 0 (nothing) to 100 (gravest): family weight x verdict x direction x deal value.
    pub severity: u8,
    /// Whom the clause burdens.
    pub side: Side,
    /// Why, in one plain sentence.
    pub reason: String,
    /// The sentence it rests on; none for a missing term.
    pub quote: Option<Quote>,
}
