//! A password that somebody told us for one file: used once, shown and logged nowhere.

use serde::{Deserialize, Serialize};

/// What stands in its place once it was used.
pub const FORGOTTEN: &str = "[PASSWORD]";

/// A password as typed. It is written only where work that waits for it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// As typed, without the white space around it.
    pub fn new(typed: &str) -> Self {
        Self(typed.trim().to_owned())
    }

    /// What stands in its place once it was used.
    pub fn forgotten() -> Self {
        Self(FORGOTTEN.to_owned())
    }

    /// The password itself, for the one who opens the file.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(FORGOTTEN)
    }
}
