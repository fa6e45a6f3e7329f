//! What the integration tests share: a database per test, and the running product.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

pub mod conversation;
pub mod database;
pub mod people;
pub mod product;
pub mod shared;
