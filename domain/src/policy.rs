//! Who may do what: the one place where a role is held against an intent.

use crate::error::UserError;
use crate::intent::Intent;
use crate::person::Role;

/// The least role that may have an intent carried out.
pub fn least_role(intent: &Intent) -> Role {
    match intent {
        Intent::Help { .. }
        | Intent::ListDeals { .. }
        | Intent::ShowDeal { .. }
        | Intent::ListApprovals
        | Intent::TellNews { .. }
        | Intent::RaiseStalled { .. }
        | Intent::AskPolicy { .. }
        | Intent::ListPeople
        | Intent::Join { .. }
        | Intent::ExplainFit { .. }
        | Intent::ShowContract { .. }
        | Intent::SendRedline { .. }
        | Intent::AskContract { .. }
        | Intent::SearchClauses { .. }
        | Intent::ListReviews
        | Intent::ListContracts
        | Intent::ListRenewals
        | Intent::RemindRenewal { .. }
        | Intent::FollowEnvelope { .. }
        | Intent::TakeSigned { .. }
        | Intent::Refused { .. }
        | Intent::Unclear { .. } => Role::Viewer,
        Intent::Find { .. }
        | Intent::CreateDeals { .. }
        | Intent::ProposeDeal { .. }
        | Intent::Refine { .. }
        | Intent::Widen { .. }
        | Intent::GiveFeedback { .. }
        | Intent::MoveDeal { .. }
        | Intent::NoteDeal { .. }
        | Intent::Withdraw { .. }
        | Intent::Follow { .. }
        | Intent::AnalyzeContract { .. }
        | Intent::UnlockContract { .. }
        | Intent::LinkContract { .. }
        | Intent::ClaimReview { .. }
        | Intent::AcknowledgeRenewal { .. }
        | Intent::SendForSignature { .. }
        | Intent::HandleEnvelope { .. }
        | Intent::AnswerTerm { .. } => Role::Member,
        Intent::Delegate { .. }
        | Intent::Decide { .. }
        | Intent::AskComment { .. }
        | Intent::EditPosition { .. } => Role::Approver,
        Intent::SetRole { .. } => Role::Admin,
    }
}

/// Refuses an intent that the role does not cover, in words for the person.
pub fn permit(role: Role, intent: &Intent) -> Result<(), UserError> {
    let least = least_role(intent);
    if role >= least {
        return Ok(());
    }
    let article = if matches!(least, Role::Approver | Role::Admin) { "an" } else { "a" };
    Err(UserError::new(
        format!("That takes {article} {}; you are a {}.", least.name(), role.name()),
        "An admin can change roles: `/deal role @name approver`.",
    ))
}
