//! Which parts of the process are not ready yet, and why: filled by the parts, read by `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A list that all parts share; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ready(Arc<RwLock<BTreeMap<&'static str, String>>>);

impl Ready {
    /// A part cannot work yet, or any more.
    pub(crate) fn wait_for(&self, part: &'static str, reason: impl Into<String>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(part, reason.into());
    }

    /// A part works.
    pub(crate) fn done(&self, part: &'static str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(part);
    }

    /// Parts that do not work, each with its reason.
    pub(super) fn reasons(&self) -> BTreeMap<&'static str, String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
