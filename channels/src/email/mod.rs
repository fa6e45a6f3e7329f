//! E-mail: raw bytes to a [`Mail`], what a reply decides, whether the sender is who it says, and sending.
//!
//! Reading is pure and never fails: what cannot be read is a [`Mail`] of kind `unparsable` that says why.

pub mod attachment;
pub mod auth;
pub mod bounce;
pub mod calendar;
pub mod decode;
pub mod envelope;
pub mod head;
pub mod html;
pub mod imap;
pub mod kind;
pub mod lmtp;
pub mod render;
pub mod reply;
pub mod smtp;
pub mod structure;
pub mod thread;
pub mod tnef;
pub mod verdict;

pub use attachment::Attachment;
pub use decode::{Mail, Reading, read};
pub use head::Mailbox;
pub use kind::Kind;
