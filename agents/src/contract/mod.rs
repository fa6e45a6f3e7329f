//! Contracts: what they say, term by term, with the place that says it.

pub mod evaluate;
pub mod extract;
pub mod normalise;
pub mod structure;
pub mod terms;
