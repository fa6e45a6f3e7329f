//! Every integration test, in one binary.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in helpers too")]
#![expect(clippy::disallowed_methods, reason = "tests read the clock, the environment, and start tasks")]

mod across;
mod architecture;
mod audit;
mod closed_rooms;
mod console;
mod contract_story;
mod contracts;
mod dependencies;
mod directory;
mod discord;
mod embedded;
mod emulator;
mod faults;
mod forgeries;
mod formats;
mod intake;
mod kills;
mod learning;
mod mail;
mod mailbox;
mod migrations;
mod objects;
mod outages;
mod paper;
mod pdf;
mod pdf_corpus;
mod policies;
mod redis;
mod replay;
mod slack_ends;
mod slack_forms;
mod slack_home;
mod slack_socket;
mod steps;
mod story;
mod team;
mod tenancy;
mod traces;
mod withdrawals;
