//! Deals: stages, and the rules for moving between them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::UserError;
use crate::ids::DealId;

/// Where a deal stands, in the order it usually goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Found and accepted as worth a talk.
    Prospect,
    /// Fits, and somebody owns it.
    Qualified,
    /// What the partnership would be is on the table.
    Proposal,
    /// Terms are being agreed.
    Negotiation,
    /// Lawyers read the contract.
    LegalReview,
    /// Both sides signed.
    Signed,
    /// The partnership works.
    Live,
    /// Its term is being extended.
    Renewal,
    /// It ran its course.
    Ended,
    /// It did not come about.
    Lost,
    /// It rests.
    OnHold,
}

impl Stage {
    /// All stages in their usual order.
    pub const ALL: [Self; 11] = [
        Self::Prospect,
        Self::Qualified,
        Self::Proposal,
        Self::Negotiation,
        Self::LegalReview,
        Self::Signed,
        Self::Live,
        Self::Renewal,
        Self::Ended,
        Self::Lost,
        Self::OnHold,
    ];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Qualified => "qualified",
            Self::Proposal => "proposal",
            Self::Negotiation => "negotiation",
            Self::LegalReview => "legal_review",
            Self::Signed => "signed",
            Self::Live => "live",
            Self::Renewal => "renewal",
            Self::Ended => "ended",
            Self::Lost => "lost",
            Self::OnHold => "on_hold",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Prospect => "Prospect",
            Self::Qualified => "Qualified",
            Self::Proposal => "Proposal",
            Self::Negotiation => "Negotiation",
            Self::LegalReview => "Legal review",
            Self::Signed => "Signed",
            Self::Live => "Live",
            Self::Renewal => "Renewal",
            Self::Ended => "Ended",
            Self::Lost => "Lost",
            Self::OnHold => "On hold",
        }
    }

    /// Reads the word of the tables.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// True from the first talk to the signature.
    pub fn is_before_signature(self) -> bool {
        self <= Self::LegalReview
    }
}

/// What the rules need to know of a deal to judge a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Stage it is in.
    pub stage: Stage,
    /// Somebody owns it.
    pub has_owner: bool,
    /// It has a fit score.
    pub has_fit: bool,
    /// A contract version is attached.
    pub has_contract: bool,
    /// The mover may override a guard.
    pub mover_is_approver: bool,
}

/// Judges a move from one stage to another.
///
/// Forward moves go one stage at a time, except that the stages up to Negotiation may be skipped:
/// partners often come in with terms in hand. Backward moves, Lost and On hold need a reason. A
/// guard that is not met can be overridden by an approver who says why.
pub fn judge_move(facts: Facts, to: Stage, reason: Option<&str>) -> Result<(), UserError> {
    let from = facts.stage;
    let has_reason = reason.is_some_and(|text| !text.trim().is_empty());
    if from == to {
        return Err(UserError::new(
            format!("The deal is already in {}.", to.label()),
            "Nothing was changed.",
        ));
    }
    if matches!(to, Stage::Lost | Stage::OnHold) || matches!(from, Stage::Lost | Stage::OnHold | Stage::Ended)
    {
        return need_reason(has_reason, from, to);
    }
    if to < from {
        return need_reason(has_reason, from, to);
    }
    let is_early_skip = to <= Stage::Negotiation;
    if !is_early_skip && step_after(from) != Some(to) {
        let next = step_after(from).map_or("none", Stage::label);
        return overridable(
            facts,
            has_reason,
            format!("{} cannot go straight to {}; the next stage is {next}.", from.label(), to.label()),
        );
    }
    match to {
        Stage::Qualified if !(facts.has_owner && facts.has_fit) => {
            overridable(facts, has_reason, "Qualified needs an owner and a fit score.".to_owned())
        }
        Stage::LegalReview if !facts.has_contract => {
            overridable(facts, has_reason, "Legal review needs a contract attached.".to_owned())
        }
        Stage::Signed => {
            overridable(facts, has_reason, "Signed follows from a completed signature.".to_owned())
        }
        _ => Ok(()),
    }
}

/// Where a completed signature takes a deal: whoever signed has agreed, whatever stage was noted before. From elsewhere a
/// person has to say.
pub fn signed_from(stage: Stage) -> Option<Stage> {
    stage.is_before_signature().then_some(Stage::Signed)
}

fn step_after(stage: Stage) -> Option<Stage> {
    let position = Stage::ALL.iter().position(|s| *s == stage)?;
    Stage::ALL.get(position + 1).copied().filter(|next| *next <= Stage::Ended)
}

fn need_reason(has_reason: bool, from: Stage, to: Stage) -> Result<(), UserError> {
    if has_reason {
        return Ok(());
    }
    Err(UserError::new(
        format!("Moving from {} to {} needs a reason.", from.label(), to.label()),
        format!("Add it: `/deal move <name> to {} because …`.", to.label().to_lowercase()),
    ))
}

fn overridable(facts: Facts, has_reason: bool, rule: String) -> Result<(), UserError> {
    if facts.mover_is_approver && has_reason {
        return Ok(());
    }
    let way_out = if facts.mover_is_approver {
        "You may override this with a reason: `… because …`."
    } else {
        "An approver can override this with a reason."
    };
    Err(UserError::new(rule, way_out))
}

/// A deal as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DealRow {
    /// Key.
    pub id: DealId,
    /// The partner's name.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Who looks after it, if anybody does.
    pub owner_name: Option<String>,
    /// Fit of the search it came from, 0 to 100.
    pub fit: Option<u8>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whole days since it came into its stage.
    pub days_in_stage: u32,
}

/// One move in a deal's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageChange {
    /// Stage before; none when the deal began.
    pub from: Option<Stage>,
    /// Stage after.
    pub to: Stage,
    /// Name of who moved it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, when it was said.
    pub reason: Option<String>,
}

/// A note on a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// The text.
    pub text: String,
    /// Name of who wrote it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}
