//! Every integration test, in one binary.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in helpers too")]

mod directory;
