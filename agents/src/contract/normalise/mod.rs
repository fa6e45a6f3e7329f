//! From words to values: dates, lengths of time, money, shares, parties, laws.

pub mod date;
pub mod duration;
pub mod jurisdiction;
pub mod money;
pub mod number;
pub mod party;
