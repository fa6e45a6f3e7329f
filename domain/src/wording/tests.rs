//! Wording tests.
