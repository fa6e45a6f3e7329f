//! `dealdesk intent --jsonl`: what texts mean.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use domain::intent::Understood;
use serde::{Deserialize, Serialize};

use crate::commands::json;
use crate::commands::lines::JsonLines;

#[derive(Deserialize)]
struct Asked {
    id: serde_json::Value,
    text: String,
}

#[derive(Serialize)]
struct Told {
    id: serde_json::Value,
    #[serde(flatten)]
    understood: Understood,
}

/// Reads `{"id","text"}` lines, writes the intent, its parts, how sure we are, and other readings.
pub(crate) fn run(lines: &JsonLines) -> anyhow::Result<ExitCode> {
    let input = lines.read()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for text in input.lines().filter(|text| !text.trim().is_empty()) {
        let asked: Asked = serde_json::from_str(text)?;
        let understood = channels::command::understand(&asked.text);
        json(&mut out, &Told { id: asked.id, understood })?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
