//! Channels: raw bytes to `Inbound`, `Card` to what the channel shows, and sending it.

pub mod command;
pub mod discord;
pub mod email;
pub mod slack;
pub mod web;
