//! Trains the scorers of contract terms, or measures them by cross-validation.
//!
//! `cargo run --release -p agents --example train_terms -- DATA.jsonl.zst [--folds 4 | --out FILE]`

use agents::contract::{
    evaluate::{cross, data, table},
    extract::training::{Case, train},
};
use anyhow::{Context, Result};

/// Hard enough to halve the file; the weights are unpacked once a start.
const PACKING: i32 = 19;

#[expect(clippy::print_stdout, reason = "a command line tool")]
fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().collect();
    let file = given.get(1).context("which labelled contracts?")?;
    let contracts = data::unpack(&std::fs::read(file).with_context(|| format!("reading {file}"))?)?;
    let readings = cross::read_all(&contracts);
    let option = |name: &str| given.iter().position(|one| one == name).and_then(|at| given.get(at + 1));
    if let Some(folds) = option("--folds") {
        let pools =
            cross::pools(&contracts, &readings, folds.parse()?, |fold, _| println!("part {} done", fold + 1));
        println!("{}", table::table(&contracts, &pools));
        return Ok(());
    }
    let out = option("--out").context("where to write the weights, or --folds?")?;
    let cases: Vec<Case<'_>> = contracts.iter().zip(&readings).collect();
    let packed = zstd::encode_all(train(&cases).to_bytes().as_slice(), PACKING)?;
    println!("{} contracts, {} bytes", contracts.len(), packed.len());
    std::fs::write(out, packed).with_context(|| format!("writing {out}"))
}
