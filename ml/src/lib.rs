//! Pure computation over features: scores with stated rules, weights as data.

pub mod boost;
pub mod calibration;
pub mod embeddings;
pub mod fit;
pub mod hashing;
pub mod linear;
pub mod models;
pub mod ranking;
