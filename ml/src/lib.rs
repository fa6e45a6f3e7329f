//! Pure computation over features: scores with stated rules, weights as data.

pub mod fit;
