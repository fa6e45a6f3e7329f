//! What the integration tests share: a database per test, and the running product.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]
#![expect(clippy::disallowed_methods, reason = "tests read the clock, the environment, and start tasks")]

pub mod browser;
pub mod conversation;
pub mod database;
pub mod peers;
pub mod people;
pub mod post;
pub mod product;
pub mod shared;
