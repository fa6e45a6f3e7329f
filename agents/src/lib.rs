//! What is done with an intent: one folder or file an agent.

pub mod discovery;
pub mod evaluator;
