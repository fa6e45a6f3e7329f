//! Weights that are compiled in; `models/*.md` say how each was made.

/// Scorers of contract terms, packed by zstd; see `models/contract-terms.md`.
pub static CONTRACT_TERMS: &[u8] = include_bytes!("../models/contract-terms.bin.zst");

/// The tagger of names and addresses, packed by zstd; see `models/names.md`.
pub static NAMES: &[u8] = include_bytes!("../models/names.bin.zst");
