//! Writes the companies of a register's file as the import reads them: JSON lines, compressed, at most so many.

use std::collections::BinaryHeap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// What part of a register is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// At most so many companies, chosen evenly and always the same ones; `None`: all.
    pub most: Option<usize>,
    /// ISO codes of the countries wanted; empty: all.
    pub countries: Vec<String>,
}

impl Choice {
    /// A short name that differs with the choice, for files.
    pub fn name(&self) -> String {
        let most = self.most.map_or_else(|| "all".to_owned(), |most| most.to_string());
        let countries = self.countries.iter().map(|code| format!("-{}", code.to_lowercase()));
        format!("{most}{}", countries.collect::<String>())
    }

    pub(super) fn wants(&self, country: &str) -> bool {
        self.countries.is_empty() || self.countries.iter().any(|code| code.eq_ignore_ascii_case(country))
    }
}

/// A company as the import reads it. What a register does not tell is left out.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
pub struct Row {
    /// Stable across fetches.
    pub id: String,
    /// The register.
    pub src: &'static str,
    /// What it is called.
    pub name: String,
    /// What it does, in the register's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ISO code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Its web address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub founded_year: Option<i32>,
    /// Its shares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tickers: Vec<String>,
    /// Legal entity identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lei: Option<String>,
    /// Industries as the register calls them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Records read.
    pub read: u64,
    /// Companies among them that were wanted.
    pub fit: u64,
    /// Companies written.
    pub written: u64,
}

/// Why a register's file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The file is damaged, or of another kind than it should be.
    #[error("the downloaded file is damaged: {0}")]
    Damaged(String),
    /// The register changed the layout of its file.
    #[error("the register's file has changed: it has no column `{0}`")]
    Changed(&'static str),
    /// Our disk.
    #[error("cannot write {path}: {source}")]
    Disk {
        /// Where.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl From<zip::result::ZipError> for ExtractError {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// The rows that go into a file.
pub(super) struct Sheet {
    out: zstd::Encoder<'static, File>,
    path: PathBuf,
    most: Option<usize>,
    /// The rows with the smallest keys so far, largest on top.
    chosen: BinaryHeap<(u64, Vec<u8>)>,
    told: Extracted,
}

impl Sheet {
    /// A sheet that becomes `path` when it is finished.
    pub(super) fn begin(path: &Path, most: Option<usize>) -> Result<Self, ExtractError> {
        let path = path.to_owned();
        let disk = |source| ExtractError::Disk { path: path.clone(), source };
        let file = File::create(unfinished(&path)).map_err(disk)?;
        let out = zstd::Encoder::new(file, 3).map_err(disk)?;
        Ok(Self { out, path, most, chosen: BinaryHeap::new(), told: Extracted::default() })
    }

    pub(super) fn told(&self) -> Extracted {
        self.told
    }

    /// Counts a record that was read.
    pub(super) fn count(&mut self) {
        self.told.read += 1;
    }

    /// Takes a company in; of too many those stay whose hashed ids are smallest, which is an even choice.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), ExtractError> {
        self.told.fit += 1;
        let mut line = serde_json::to_vec(row).map_err(|error| ExtractError::Damaged(error.to_string()))?;
        line.push(b'\n');
        let Some(most) = self.most else {
            self.told.written += 1;
            return self.out.write_all(&line).map_err(|source| self.disk(source));
        };
        let hash = Sha256::digest(row.id.as_bytes());
        let key = hash.iter().take(8).fold(0, |sum: u64, byte| (sum << 8) | u64::from(*byte));
        if self.chosen.len() < most {
            self.chosen.push((key, line));
        } else if self.chosen.peek().is_some_and(|(largest, _)| key < *largest) {
            self.chosen.pop();
            self.chosen.push((key, line));
        }
        Ok(())
    }

    /// Writes what is left and gives the file its name.
    pub(super) fn finish(mut self) -> Result<Extracted, ExtractError> {
        for (_, line) in std::mem::take(&mut self.chosen).into_sorted_vec() {
            self.told.written += 1;
            self.out.write_all(&line).map_err(|source| self.disk(source))?;
        }
        let disk = |source| ExtractError::Disk { path: self.path.clone(), source };
        self.out.finish().and_then(|file| file.sync_all()).map_err(disk)?;
        std::fs::rename(unfinished(&self.path), &self.path).map_err(disk)?;
        Ok(self.told)
    }

    fn disk(&self, source: std::io::Error) -> ExtractError {
        ExtractError::Disk { path: self.path.clone(), source }
    }
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("unfinished")
}

/// Whether a name is that of a fund, a trust or a vehicle rather than of somebody to do business with.
pub(super) fn is_vehicle(name: &str) -> bool {
    const VEHICLES: [&str; 37] = [
        "fund",
        "funds",
        "fonds",
        "fondo",
        "fonden",
        "fundo",
        "fonder",
        "fcp",
        "fcpi",
        "fcpr",
        "fpci",
        "sicav",
        "sicaf",
        "sif",
        "raif",
        "ucits",
        "etf",
        "portfolio",
        "portfolios",
        "fideicomiso",
        "trust",
        "trusts",
        "trustee",
        "trustees",
        "securitisation",
        "securitization",
        "feeder",
        "spv",
        "pension",
        "pensions",
        "superannuation",
        "cdo",
        "clo",
        "oeic",
        "subfund",
        "sondervermögen",
        "treuhand",
    ];
    let folded = name.to_lowercase();
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.iter().enumerate().any(|(at, word)| {
        // A trust company is a bank.
        let is_bank = word.starts_with("trust")
            && words.get(at + 1).is_some_and(|next| ["bank", "company", "co", "corporation"].contains(next));
        VEHICLES.contains(word) && !is_bank
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn funds_and_trusts_are_told_from_companies() {
        for name in
            ["UniGlobal Fonds", "ACME MASTER FUND II, L.P.", "The Smith Family Trust", "X SICAV-SIF S.A."]
        {
            assert!(is_vehicle(name), "{name}");
        }
        for name in ["The Northern Trust Company", "Siemens AG", "Trustpilot A/S", "Fundamental Software Ltd"]
        {
            assert!(!is_vehicle(name), "{name}");
        }
    }
}
