//! Channels: raw bytes to inbound messages, cards to what a channel shows.

pub mod command;
//! Channels: raw bytes to `Inbound`, `Card` to what the channel shows, and sending it.
pub mod slack;
