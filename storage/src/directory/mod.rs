//! The company directory, which all tenants share: its table, its imports, its search index.

pub mod companies;
pub mod countries;
pub mod import;
pub mod index;
pub mod names;
mod nearest;
pub mod query;

pub use index::{Index, IndexError};
pub use query::{Candidate, Spot, Unknowns};

#[cfg(test)]
mod tests;
