//! Why a file could not be read, with what the person who sent it is told.

use domain::error::UserError;
use serde::{Deserialize, Serialize};

use super::read::Kind;

/// Why a file could not be read.
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
    /// Locked with a password, in a way that it cannot be opened here even with it.
    #[error("the file is locked, and files of its kind are not unlocked here")]
    Locked,
    /// Locked, and the password given does not open it.
    #[error("the password does not open the file")]
    WrongPassword,
    /// Locked in a way that the engine does not know, e.g. by a certificate.
    #[error("the file is encrypted in a way that cannot be opened")]
    Encryption,
    /// A kind that this reader does not read.
    #[error("the file is {}", .0.name())]
    Unsupported(Kind),
    /// It does not hold together: truncated, looping, or not what it says it is.
    #[error("the file is damaged")]
    Broken,
    /// More pages than we take; the limit.
    #[error("the file has more than {0} pages")]
    TooManyPages(u32),
    /// It unpacks to far more than a document holds.
    #[error("the file unpacks to more than a document holds")]
    Bomb,
    /// It defines entities or names outside files.
    #[error("the file defines XML entities")]
    Entities,
    /// It took longer than it may.
    #[error("reading took too long")]
    Late,
    /// Of no kind that we know.
    #[error("the file is of no known kind")]
    Unknown,
    /// It reads, but it holds no words.
    #[error("the file holds no text")]
    NoText,
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
                "Please answer in this thread with `unlock <password>`: I use it once and forget it. Where others \
                 read along, write it to me directly, or send the file without a password.",
            ),
            Self::Locked => UserError::new(
                "This file is locked with a password, and I can unlock only PDFs.",
                "Please save it without one and send that.",
            ),
            Self::WrongPassword => UserError::new(
                "This password does not open the file.",
                "Please check it and answer with `unlock <password>` again. I have forgotten the one you wrote.",
            ),
            Self::Encryption => UserError::new(
                "This file is encrypted for certain people, and I am not one of them.",
                "Please send it without encryption.",
            ),
            Self::Unsupported(kind) => {
                UserError::new(format!("This is {}, which I cannot read here.", kind.name()), kind.way_out())
            }
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
            Self::Entities => UserError::new(
                "This file contains XML instructions that documents do not have, so I did not open it.",
                "Please save it again from your word processor.",
            ),
            Self::Late => UserError::new(
                "This file took too long to read, so I stopped.",
                "Please print it to a new PDF, or send it in parts.",
            ),
            Self::Unknown => UserError::new(
                "I do not know this kind of file.",
                "Please send PDF, DOCX, plain text, HTML or a mail.",
            ),
            Self::NoText => UserError::new(
                "This file opens, but there are no words in it.",
                "If it is a picture of a contract, please send it as PDF.",
            ),
            Self::NoEngine => UserError::new(
                "I cannot read this kind of file on this machine; a person has to look at it.",
                "Please send it as DOCX, or ask the operator to run scripts/setup.",
            ),
        }
    }
}
