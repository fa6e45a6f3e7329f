//! Extraction of terms: text in, values with quotes and confidence out. Pure computation.

pub mod candidate;
pub mod cue;
pub mod features;
pub mod model;
pub mod parties;
pub mod passage;
pub mod reading;
pub mod title;
pub mod training;
