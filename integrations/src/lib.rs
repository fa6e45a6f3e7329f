//! The outside world: one folder a port, one file a provider. Nothing here touches our own state: what is to be done
//! comes in as domain types, what was done goes back as them.

pub mod call;
pub mod crm;
pub mod enrichment;
pub mod esign;
pub mod events;
pub mod llm;

pub use call::{Answer, CallError, Http};
