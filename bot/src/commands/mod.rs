//! The commands beside `serve`: each starts once, does one thing, and ends.

pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod companies;
pub(crate) mod connect;
pub(crate) mod connect_crm;
pub(crate) mod connect_docusign;
pub(crate) mod connect_enrichment;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod enrich;
pub(crate) mod eval;
pub(crate) mod eval_contracts;
pub(crate) mod eval_discovery;
mod eval_injection;
mod eval_pii;
pub(crate) mod events;
pub(crate) mod find;
pub(crate) mod guardrail;
pub(crate) mod intent;
pub(crate) mod lines;
pub(crate) mod llm;
pub(crate) mod mail;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod people;
pub(crate) mod policy;
pub(crate) mod read;
pub(crate) mod redact;
pub(crate) mod redline;
pub(crate) mod registers;
pub(crate) mod say;
pub(crate) mod sync;
pub(crate) mod transfer;

use std::io::Write;

use serde::Serialize;

/// Writes one line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Writes one line of JSON.
pub(crate) fn json(out: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    Ok(out.write_all(b"\n")?)
}
