//! The contract agent: any file to text, terms with proof, verdicts under a playbook, and back to a redline.

pub(crate) mod acceptance;
mod answering;
pub mod ask;
pub mod clauses;
pub(crate) mod difference;
pub mod evaluate;
pub mod extract;
mod fault;
pub mod fetch;
mod library;
pub mod normalise;
pub mod open;
pub mod pdf;
pub mod playbook;
pub mod read;
pub mod redline;
pub mod renewal;
pub mod sending;
mod signed;
pub mod signing;
pub(crate) mod steps;
pub mod structure;
pub mod terms;
pub mod tools;

pub use tools::Tools;

pub use domain::contract::settled;
