//! What the contract pages know of terms and playbooks: handed in, for the contract agent stands beside the console.

use std::sync::Arc;

use domain::contract::{ClauseChange, ContractText, PositionRow, TermInfo};

/// Compares an old text with a new one.
pub type Compare = fn(&ContractText, &ContractText) -> Vec<ClauseChange>;

/// What the contract pages need of the contract agent; cheap to clone.
#[derive(Debug, Clone)]
pub struct Counsel {
    /// All terms, by number.
    pub terms: Arc<[TermInfo]>,
    /// The playbook that comes with the program.
    pub positions: Arc<[PositionRow]>,
    /// Compares two versions clause by clause.
    pub compare: Compare,
}

impl Counsel {
    /// What people call a term.
    pub(crate) fn name(&self, term: &str) -> String {
        self.terms
            .iter()
            .find(|info| info.key.0 == term)
            .map_or_else(|| term.to_owned(), |info| info.name.clone())
    }
}
