//! Pure computation over features: scores with stated rules, weights as data.

pub mod boost;
pub mod calibration;
pub mod embeddings;
pub mod evaluation;
pub mod features;
pub mod fit;
pub mod hashing;
pub mod hazard;
pub mod linear;
pub mod logistic;
pub mod models;
pub mod package;
pub mod ranking;
pub mod scorer;
pub mod tagger;
