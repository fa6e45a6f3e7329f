//! Extraction of terms: text in, values with quotes and confidence out. Pure computation.

pub mod answer;
pub mod assemble;
pub mod candidate;
pub mod cue;
pub mod extractor;
pub mod features;
pub mod model;
pub mod parties;
pub mod passage;
pub mod reading;
pub mod rules;
pub mod title;
pub mod training;
pub mod values;

pub use extractor::{Extracted, Extractor, Options};
