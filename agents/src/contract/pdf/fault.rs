//! Why a PDF or a picture could not be read, with what the person who sent it is told.

use domain::error::UserError;
use serde::{Deserialize, Serialize};

/// Why a PDF or a picture could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Larger than we take; the limit in bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(usize),
    /// Locked, and no password was given.
    #[error("the file is locked with a password")]
    Password,
    /// Locked, and the password given does not open it.
    #[error("the password does not open the file")]
    WrongPassword,
    /// Locked in a way that the engine does not know, e.g. by a certificate.
    #[error("the file is encrypted in a way that cannot be opened")]
    Encryption,
    /// It does not hold together: truncated, looping, or not a PDF.
    #[error("the file is damaged")]
    Broken,
    /// More pages than we take; the limit.
    #[error("the file has more than {0} pages")]
    TooManyPages(u32),
    /// It needs more memory than a document does.
    #[error("the file unpacks to more than a document holds")]
    Bomb,
    /// It took longer than it may.
    #[error("reading took too long")]
    Late,
    /// Neither a PDF nor a picture that can be recognised.
    #[error("the file is neither a PDF nor a picture")]
    Unknown,
    /// Nothing on this machine can read it.
    #[error("no engine is installed that reads this")]
    NoEngine,
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
                "Please tell me the password, or send it without one.",
            ),
            Self::WrongPassword => {
                UserError::new("This password does not open the file.", "Please check it and try again.")
            }
            Self::Encryption => UserError::new(
                "This file is encrypted for certain people, and I am not one of them.",
                "Please send it without encryption.",
            ),
            Self::Broken => UserError::new(
                "This file is damaged: it ends early or is not what its name says.",
                "Please export it again and resend it.",
            ),
            Self::TooManyPages(limit) => UserError::new(
                format!("This file has more than the {limit} pages I take."),
                "Please send the contract itself, or send it in parts.",
            ),
            Self::Bomb => UserError::new(
                "This file unpacks to far more than a document holds, so I stopped opening it.",
                "If it is a real contract, please print it to a new PDF and send that.",
            ),
            Self::Late => UserError::new(
                "This file took too long to read, so I stopped.",
                "Please print it to a new PDF, or send it in parts.",
            ),
            Self::Unknown => UserError::new(
                "This is neither a PDF nor a picture I can read.",
                "Please send PDF, DOCX, plain text, HTML or a mail.",
            ),
            Self::NoEngine => UserError::new(
                "I cannot read this kind of file on this machine; a person has to look at it.",
                "Please send it as DOCX, or ask the operator to run scripts/setup.",
            ),
        }
    }
}
