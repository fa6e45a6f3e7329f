//! Every integration test, in one binary.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in helpers too")]
#![expect(clippy::disallowed_methods, reason = "tests read the clock, the environment, and start tasks")]

mod architecture;
mod audit;
mod closed_rooms;
mod dependencies;
mod directory;
mod embedded;
mod faults;
mod intake;
mod kills;
mod migrations;
mod outages;
mod replay;
mod steps;
mod story;
mod team;
mod tenancy;
mod withdrawals;
