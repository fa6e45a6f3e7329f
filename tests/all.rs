//! Every integration test, in one binary.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in helpers too")]

mod architecture;
mod audit;
mod dependencies;
mod directory;
mod embedded;
mod faults;
mod kills;
mod migrations;
mod replay;
mod steps;
mod story;
mod tenancy;
