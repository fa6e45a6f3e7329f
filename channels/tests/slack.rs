//! The Slack channel against the fake Slack, over real sockets, and its decoders against published payloads.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]

#[path = "slack/calls.rs"]
mod calls;
#[path = "slack/cards.rs"]
mod cards;
#[path = "slack/conversations.rs"]
mod conversations;
#[path = "slack/replay.rs"]
mod replay;
#[path = "slack/signatures.rs"]
mod signatures;
