//! Facts about companies from providers and public registers, each with its source.

pub mod download;
pub mod extract;
pub mod gleif;
pub mod providers;
pub mod sec;
