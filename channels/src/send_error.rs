//! How sending can fail on any channel, told by what the sender may do next.

/// Why a call did not do what it should, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The channel asks to wait.
    #[error("asked to wait {after_s} s")]
    RateLimited {
        /// How long, seconds.
        after_s: u64,
    },
    /// Whom or what it was meant for is not there, or no longer; the same call will not work later either.
    #[error("the recipient is gone: {reason}")]
    Gone {
        /// The channel's word for it.
        reason: String,
    },
    /// We may not write in that room; the person can be written to elsewhere.
    #[error("cannot write in that room: {reason}")]
    NotHere {
        /// The channel's word for it.
        reason: String,
    },
    /// The token is no good, or lacks a scope.
    #[error("not authorised: {reason}")]
    Unauthorised {
        /// The channel's word for it.
        reason: String,
    },
    /// The channel understood and said no.
    #[error("refused: {reason}")]
    Refused {
        /// The channel's word for it.
        reason: String,
    },
    /// It may have happened: look before sending again.
    #[error("outcome unknown: {cause}")]
    OutcomeUnknown {
        /// What was seen.
        cause: String,
    },
    /// It cannot have happened: send again.
    #[error("not sent: {cause}")]
    NotSent {
        /// What was seen.
        cause: String,
    },
}
