//! The guardrail.

mod preflight;

pub use preflight::screen;
pub(crate) use preflight::act;
