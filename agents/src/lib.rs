//! agents

pub mod guardrail;
