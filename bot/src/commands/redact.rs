//! `dealdesk redact --jsonl`: personal data and secrets in texts.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use agents::guardrail::{DEFAULT_THRESHOLD, everything, redact};
use serde::{Deserialize, Serialize};

use crate::commands::json;
use crate::commands::lines::JsonLines;

#[derive(Deserialize)]
struct Asked {
    id: serde_json::Value,
    text: String,
}

#[derive(Serialize)]
struct Told<'a> {
    id: serde_json::Value,
    spans: Vec<Span<'a>>,
    redacted: String,
}

/// Offsets in Unicode code points, the end exclusive. Below the default threshold it is a possibility, and stays in the
/// redacted text.
#[derive(Serialize)]
struct Span<'a> {
    entity: &'a str,
    start: usize,
    end: usize,
    score: f32,
    reason: &'a str,
}

/// Reads `{"id","text"}` lines, writes what was found and the text without it.
pub(crate) fn run(lines: &JsonLines) -> anyhow::Result<ExitCode> {
    let input = lines.read()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for text in input.lines().filter(|text| !text.trim().is_empty()) {
        let asked: Asked = serde_json::from_str(text)?;
        let found = everything(&asked.text);
        let redacted = redact(&asked.text, &found, DEFAULT_THRESHOLD).text;
        let spans = found.iter().map(|finding| Span {
            entity: finding.entity,
            start: finding.start,
            end: finding.end,
            score: finding.score,
            reason: finding.reason.as_ref(),
        });
        json(&mut out, &Told { id: asked.id, spans: spans.collect(), redacted })?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
