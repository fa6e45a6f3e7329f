//! How good the extraction is: labelled contracts in, the table of figures out.

pub mod cross;
pub mod cuad;
pub mod data;
pub mod measure;
pub mod parties;
pub mod right;
pub mod table;
