//! Channels: raw bytes to `Inbound`, `Card` to what the channel shows, and sending it.

pub mod command;
pub mod discord;
pub mod email;
mod file;
mod fitting;
pub mod keys;
mod payload;
mod said;
mod send_error;
pub mod slack;
pub mod web;

pub use file::FileError;
pub use send_error::SendError;
