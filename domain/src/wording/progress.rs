//! While the work goes on, and when it does not.

use crate::card::{Block, Card, Text};

/// How far the work is. The label says what goes on now, e.g. `searching the directory`.
pub fn progress(label: &str, done: u32, total: u32) -> Card {
    let block = Block::Progress { done: done.min(total), total, label: label.to_owned() };
    Card::default().with(block)
}

/// The line that acknowledges a command before anything of it was read.
pub const ON_IT: &str = "On it…";

/// A step failed three times and waits for a person. The reference finds it in the log and the console.
pub fn parked(reference: &str) -> Card {
    Card::titled("I could not finish this").and_text(
        Text::default()
            .plain(
                "It failed three times, so a person will look at it. You need not do anything. Reference: ",
            )
            .code(reference)
            .plain("."),
    )
}
