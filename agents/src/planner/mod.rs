//! The planner: makes a plan from an intent, asks people, puts answers together.

mod approval;
pub mod chase;
pub mod commit;
mod home;
mod matter;
pub mod news;
mod policy;
mod preview;
mod reply;
mod unclear;

pub use approval::may_comment;
pub use home::home;
pub use preview::preview;
pub use reply::searched;

use domain::intent::Intent;
use domain::plan::{Agent, Context, Draft, Outcome, Recovery, Step};
use serde_json::json;

use crate::desk::{Desk, unknown_action};

/// The steps that an intent takes. The guardrail always comes first.
pub fn plan(intent: &Intent) -> Vec<Draft> {
    let mut drafts = vec![Draft::new(Agent::Guardrail, "preflight", json!({}))];
    let step = |agent, action: &str| Draft::new(agent, action, json!({}));
    drafts.extend(match intent {
        Intent::Find { query } => vec![
            Draft::new(Agent::Discovery, "search", json!({ "query": query })),
            step(Agent::Evaluator, "check_hits"),
            step(Agent::Planner, "present"),
        ],
        Intent::Widen { .. } => vec![
            step(Agent::Discovery, "widen"),
            step(Agent::Evaluator, "check_hits"),
            step(Agent::Planner, "present"),
        ],
        Intent::GiveFeedback { .. } | Intent::ExplainFit { .. } => {
            vec![step(Agent::Evaluator, intent.name())]
        }
        Intent::CreateDeals { .. } | Intent::ProposeDeal { company: Some(_) } => vec![
            step(Agent::Deal, "propose"),
            step(Agent::Evaluator, "check_proposal"),
            step(Agent::Planner, "ask_approval"),
            step(Agent::Deal, "start"),
        ],
        Intent::ListDeals { .. }
        | Intent::ShowDeal { .. }
        | Intent::MoveDeal { .. }
        | Intent::NoteDeal { .. } => {
            vec![step(Agent::Deal, intent.name())]
        }
        Intent::AnalyzeContract { .. }
        | Intent::UnlockContract { .. }
        | Intent::SendForSignature { .. }
        | Intent::TakeSigned { .. } => of_contract(intent),
        Intent::ShowContract { .. }
        | Intent::SendRedline { .. }
        | Intent::ListContracts
        | Intent::AskContract { .. }
        | Intent::SearchClauses { .. }
        | Intent::LinkContract { .. }
        | Intent::ListReviews
        | Intent::ClaimReview { .. }
        | Intent::AnswerTerm { .. }
        | Intent::EditPosition { .. }
        | Intent::RemindRenewal { .. }
        | Intent::HandleEnvelope { .. }
        | Intent::FollowEnvelope { .. }
        | Intent::AcknowledgeRenewal { .. }
        | Intent::ListRenewals => vec![step(Agent::Contract, intent.name())],
        Intent::Decide { .. } => vec![step(Agent::Planner, "decide")],
        Intent::Withdraw { .. } => vec![step(Agent::Planner, "withdraw")],
        Intent::AskPolicy { .. } | Intent::Delegate { .. } | Intent::Follow { .. } => {
            vec![step(Agent::Planner, intent.name())]
        }
        Intent::TellNews { .. } | Intent::RaiseStalled { .. } => vec![step(Agent::Planner, "tell")],
        Intent::Help { .. }
        | Intent::ListApprovals
        | Intent::AskComment { .. }
        | Intent::ProposeDeal { company: None }
        | Intent::Refine { .. }
        | Intent::ListPeople
        | Intent::Join { .. }
        | Intent::SetRole { .. }
        | Intent::Refused { .. }
        | Intent::Unclear { .. } => vec![step(Agent::Planner, "reply")],
    });
    Draft::chain(drafts)
}

/// The steps of what is done with a contract in several.
fn of_contract(intent: &Intent) -> Vec<Draft> {
    let step = |agent, action: &str| Draft::new(agent, action, json!({}));
    let reading = [
        step(Agent::Contract, "read"),
        step(Agent::Contract, "extract"),
        step(Agent::Evaluator, "check_terms"),
        step(Agent::Contract, "judge"),
    ];
    match intent {
        Intent::SendForSignature { .. } => vec![
            step(Agent::Contract, "prepare_signature"),
            step(Agent::Planner, "ask_approval"),
            step(Agent::Contract, "send_signature"),
        ],
        Intent::TakeSigned { .. } => {
            reading.into_iter().chain([step(Agent::Contract, "conclude_signing")]).collect()
        }
        _ => {
            let asking = [
                step(Agent::Contract, "present_contract"),
                step(Agent::Planner, "ask_approval"),
                step(Agent::Contract, "accept_contract"),
            ];
            reading.into_iter().chain(asking).collect()
        }
    }
}

/// True when an intent takes long enough to show how far it is, in the message that the answer
/// will replace.
pub fn shows_progress(intent: &Intent) -> bool {
    matches!(intent, Intent::Find { .. } | Intent::Widen { .. }) || intent.reads_contract()
}

/// Does one step.
pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    match step.action.as_str() {
        "present" => reply::present(desk, context).await,
        "reply" => reply::reply(desk, context).await,
        "ask_approval" => approval::ask(desk, context, step).await,
        "decide" => approval::decide(desk, context).await,
        "withdraw" => approval::withdraw(desk, context).await,
        "ask_policy" => policy::tell(desk, context).await,
        "delegate" => policy::delegate(desk, context).await,
        "follow" => news::follow(desk, context).await,
        "tell" => news::tell(desk, context),
        _ => Err(unknown_action(step)),
    }
}
