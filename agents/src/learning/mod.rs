//! The learning loop: features kept, versions trained, one of them serving, people's decisions as its labels.

mod cases;
pub mod exploration;
pub(crate) mod feedback;
pub mod measures;
pub mod partners;
pub mod promotion;
pub mod scoring;
pub mod serving;
pub mod training;

pub use serving::Models;

/// Why learning failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A version is not fit to serve.
    #[error("{model} {version} cannot serve: {why}")]
    Refused {
        /// Which model.
        model: &'static str,
        /// Its version.
        version: String,
        /// What is wrong with its bytes.
        why: ml::package::Refused,
    },
    /// There are too few cases to learn from.
    #[error("{model} needs more to learn from: {lack}")]
    TooLittle {
        /// Which model.
        model: &'static str,
        /// What is missing, and how much.
        lack: String,
    },
    /// The model is not one that is trained here.
    #[error("{0} is not trained from decisions: it comes with the program")]
    NotTrained(&'static str),
    /// The alias points nowhere else.
    #[error("{0} has no earlier version to go back to")]
    NoEarlier(&'static str),
}
