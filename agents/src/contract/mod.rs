//! The contract agent: reads a document, finds its terms with proof, judges them under a playbook.

pub mod playbook;
