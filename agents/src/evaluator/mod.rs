//! The evaluator: looks again, by itself, at what other agents produced.

pub mod hits;
