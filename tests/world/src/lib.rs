//! A fake world: small vendors behind real sockets, each with a ledger of what was done to it.

pub mod crm;
pub mod discord;
pub mod docusign;
pub mod enrichment;
pub mod llm;
pub mod receiver;
pub mod registers;
pub mod slack;
