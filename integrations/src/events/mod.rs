//! Domain events for others: a stream for the operator's own consumers, signed webhooks for customers.

pub mod stream;
pub mod webhook;
