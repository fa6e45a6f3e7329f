//! A fake world: small vendors behind real sockets, each with a ledger of what was done to it.

pub mod discord;
pub mod slack;
