//! The company directory's search index, derived from the companies themselves and rebuilt at will.

pub mod index;
pub mod query;

pub use index::{Index, IndexError};
pub use query::{Candidate, Unknowns};

#[cfg(test)]
mod tests;
