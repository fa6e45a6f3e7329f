//! A card as plain text: for the shell, the demo, and for reviewing wording as text.

use std::fmt::Write as _;

use crate::card::{Block, Card, HitLine};

impl Card {
    /// The whole card as plain text, one block after the other, without styling.
    pub fn to_plain(&self) -> String {
        let mut parts: Vec<String> = self.heading.iter().cloned().collect();
        parts.extend(self.blocks.iter().map(plain_block).filter(|part| !part.is_empty()));
        if let Some(footer) = &self.footer {
            parts.push(match &footer.url {
                Some(url) => format!("({}: {url})", footer.text),
                None => format!("({})", footer.text),
            });
        }
        parts.join("\n")
    }
}

fn plain_block(block: &Block) -> String {
    match block {
        Block::Text { text } => text.words(),
        Block::Fields { fields } => lines(fields.iter().map(|(name, value)| format!("{name}: {value}"))),
        Block::Table { columns, rows } => plain_table(columns, rows),
        Block::Hits { hits } => lines(hits.iter().map(plain_hit)),
        Block::Quote { text } => lines(text.lines().map(|line| format!("> {line}"))),
        Block::Progress { done, total, label } => format!("[{done}/{total}] {label}"),
        Block::Choices { label, options } => {
            let ticks = options
                .iter()
                .map(|option| format!("  [{}] {}", if option.is_chosen { "x" } else { " " }, option.label));
            lines(std::iter::once(label.clone()).chain(ticks))
        }
        Block::Buttons { buttons } => {
            buttons.iter().map(|button| format!("[{}]", button.label)).collect::<Vec<_>>().join(" ")
        }
        Block::Link { label, url } | Block::File { name: label, url, .. } => format!("{label}: {url}"),
        Block::Divider => "---".to_owned(),
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn plain_hit(hit: &HitLine) -> String {
    let mut text =
        format!("{}. {} | {} | {} | fit {} ({})", hit.rank, hit.name, hit.place, hit.size, hit.fit, hit.why);
    for line in &hit.evidence {
        // Writing to a string cannot fail.
        let _ = match &line.proof {
            Some(proof) => write!(text, "\n     {}: {proof}", line.part),
            None => write!(text, "\n     {}: unknown", line.part),
        };
    }
    text
}

/// Columns as wide as their widest cell, counted in characters.
fn plain_table(columns: &[String], rows: &[Vec<String>]) -> String {
    let cell = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
    let width = |at: usize| {
        let widths = rows.iter().map(|row| cell(row, at).chars().count());
        widths.chain([columns[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = widths.iter().enumerate().map(|(at, width)| format!("{:<width$}", cell(row, at)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines(std::iter::once(line(columns)).chain(rows.iter().map(|row| line(row))))
}
