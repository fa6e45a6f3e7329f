//! What we do with an intent: the agents, and the registry that names them.

pub mod contract;
pub mod crm;
pub mod deal;
pub mod desk;
pub mod discovery;
pub mod evaluator;
pub mod failpoint;
pub mod guardrail;
pub mod learning;
pub mod llm;
mod name;
pub mod planner;

use domain::plan::{Agent, Context, Outcome, Recovery, Step};

pub use desk::Desk;

/// Has a step done by its agent. Nothing outside is called and nothing is stored here: what the step
/// leaves behind commits when it is finished.
pub async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    desk.points.begin(step.agent);
    match step.agent {
        Agent::Planner => planner::act(desk, context, step).await,
        Agent::Guardrail => guardrail::act(desk, context, step).await,
        Agent::Discovery => discovery::act(desk, context, step).await,
        Agent::Deal => deal::act(desk, context, step).await,
        Agent::Evaluator => evaluator::act(desk, context, step).await,
        Agent::Contract => contract::steps::act(desk, context, step).await,
    }
}
