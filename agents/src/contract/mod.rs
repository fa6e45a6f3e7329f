//! The contract agent: any file to text, terms and verdicts, and back to a redline.

pub mod read;
pub mod redline;
