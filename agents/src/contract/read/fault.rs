//! Why a file could not be read, with what the person who sent it is told.

use domain::error::UserError;

use super::Kind;

/// Why a file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Larger than we take.
    #[error("the file is larger than {0} bytes")]
    TooLarge(usize),
    /// Locked with a password.
    #[error("the file is locked with a password")]
    Password,
    /// A kind that this reader does not read.
    #[error("the file is {}", .0.name())]
    Unsupported(Kind),
    /// It does not hold together: truncated or not what it says it is.
    #[error("the file is damaged")]
    Broken,
    /// It unpacks to far more than a document holds.
    #[error("the file unpacks to more than a document holds")]
    Bomb,
    /// It defines entities or names outside files.
    #[error("the file defines XML entities")]
    Entities,
    /// It took longer than it may.
    #[error("reading took too long")]
    Late,
    /// Bytes that are no text we know.
    #[error("the file is of no known kind")]
    Unknown,
    /// It reads, but it holds no words.
    #[error("the file holds no text")]
    NoText,
}

impl Fault {
    /// What the person who sent the file reads.
    #[must_use]
    pub fn explain(self) -> UserError {
        match self {
            Self::Empty => UserError::new("This file is empty.", "Please send it again."),
            Self::TooLarge(limit) => UserError::new(
                format!("This file is larger than the {} MB I take.", limit / (1024 * 1024)),
                "Please send it in parts or without its pictures.",
            ),
            Self::Password => UserError::new(
                "This file is locked with a password.",
                "Please send it without one, or tell me the password.",
            ),
            Self::Unsupported(kind) => {
                UserError::new(format!("This is {}, which I cannot read here.", kind.name()), kind.way_out())
            }
            Self::Broken => UserError::new(
                "This file is damaged: it ends early or is not what its name says.",
                "Please export it again and resend it.",
            ),
            Self::Bomb => UserError::new(
                "This file unpacks to far more than a document holds, so I did not open it.",
                "If it is a real contract, please send it as PDF.",
            ),
            Self::Entities => UserError::new(
                "This file contains XML instructions that documents do not have, so I did not open it.",
                "Please save it again from your word processor.",
            ),
            Self::Late => UserError::new(
                "This file took too long to read, so I stopped.",
                "Please send it as PDF or in parts.",
            ),
            Self::Unknown => UserError::new(
                "I do not know this kind of file.",
                "Please send PDF, DOCX, plain text, HTML or a mail.",
            ),
            Self::NoText => UserError::new(
                "This file opens, but there are no words in it.",
                "If it is a picture of a contract, please send it as PDF.",
            ),
        }
    }
}
