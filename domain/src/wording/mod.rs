//! What the bot says, made in one place: outcome to card, pure. Channels only lay it out.

mod guide;

pub use guide::{HelpGroup, HelpLine};
