//! The web channel: our own console, interface and shell.

pub mod decode;
pub mod render;

pub use decode::decode;
pub use render::html;
