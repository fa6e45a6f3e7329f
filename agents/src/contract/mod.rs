//! The contract agent.

pub mod pdf;
