//! Channels: raw bytes to inbound messages, cards to what a channel shows.

pub mod command;
