//! What companies and questions are about: a vector a description, kept beside the index, and the sentence that is
//! most like a question.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use domain::search::Filters;
use domain::words::sentences;
use ml::embeddings::{Embedder, EmbeddingError, Vector, nearest};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use storage::directory::{Candidate, Index, IndexError, Spot, Unknowns};

/// Changes with the layout of the file and with what of a description is read.
const SCHEMA: u32 = 1;
const FILE: &str = "meaning.bin";
/// Sentences of a description that its vector stands for: what a company leads with is what it does.
const LEAD: usize = 2;
/// Companies read at once while the table is made.
const PAGE: usize = 2_000;

/// Why there is no table of vectors.
#[derive(Debug, thiserror::Error)]
pub enum MeaningError {
    /// A file could not be read or written.
    #[error("the embedding model or its table")]
    File(#[from] std::io::Error),
    /// The model is none.
    #[error(transparent)]
    Model(#[from] EmbeddingError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The table's head could not be written.
    #[error("the table's head")]
    Head(#[from] serde_json::Error),
}

/// An embedding model with the hash of its files, which is its version.
#[derive(Debug, Clone)]
pub struct Model {
    embedder: Arc<Embedder>,
    version: String,
}

impl Model {
    /// Reads a model's folder.
    ///
    /// # Errors
    /// When a file is missing, cut off, or of another layout.
    pub fn read(folder: &Path) -> Result<Self, MeaningError> {
        let rows = std::fs::read(folder.join("model.safetensors"))?;
        let tokenizer = std::fs::read(folder.join("tokenizer.json"))?;
        let embedder = Arc::new(Embedder::read(&rows, &tokenizer)?);
        let mut hash = Sha256::new();
        hash.update(&rows);
        hash.update(&tokenizer);
        Ok(Self { embedder, version: hex::encode(&hash.finalize()[..16]) })
    }
}

/// The vectors of one index's descriptions, by one model.
#[derive(Debug)]
pub struct Meaning {
    model: Model,
    spots: Vec<Spot>,
    table: Vec<i8>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Head {
    schema: u32,
    model: String,
    content: String,
    dims: usize,
    count: usize,
}

impl Meaning {
    /// The table beside an index, made anew when it is missing, damaged, or of another model or index.
    ///
    /// # Errors
    /// When the index cannot be read or the folder cannot be written.
    pub fn open(index: &Index, folder: &Path, model: Model) -> Result<Self, MeaningError> {
        let kept = std::fs::read(folder.join(FILE)).ok();
        if let Some((spots, table)) = kept.and_then(|bytes| read(&bytes, &model, index)) {
            return Ok(Self { model, spots, table });
        }
        let mut spots: Vec<Spot> =
            index.described(&Filters::default(), Unknowns::Allowed)?.into_iter().collect();
        spots.sort_unstable();
        let mut table = Vec::with_capacity(spots.len() * model.embedder.dims());
        for page in spots.chunks(PAGE) {
            for Candidate { company, .. } in index.at(page)? {
                let vector = model.embedder.embed(lead(company.description.as_deref().unwrap_or_default()));
                table.extend(vector.unwrap_or_else(|| Vector(vec![0; model.embedder.dims()])).0);
            }
        }
        let made = Self { model, spots, table };
        made.write(index, folder)?;
        Ok(made)
    }

    fn write(&self, index: &Index, folder: &Path) -> Result<(), MeaningError> {
        let beside = folder.join(format!("{FILE}.new"));
        let mut out = std::io::BufWriter::new(std::fs::File::create(&beside)?);
        serde_json::to_writer(&mut out, &head(&self.model, index, self.spots.len()))?;
        out.write_all(b"\n")?;
        for spot in &self.spots {
            out.write_all(&spot.0.to_le_bytes())?;
        }
        let bytes: Vec<u8> = self.table.iter().map(|part| part.cast_unsigned()).collect();
        out.write_all(&bytes)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        Ok(std::fs::rename(beside, folder.join(FILE))?)
    }

    /// How many descriptions it holds.
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// True when no company is described.
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// The companies whose descriptions are most like a question, among those that meet its hard filters.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn candidates(
        &self,
        index: &Index,
        filters: &Filters,
        sense: &Vector,
        most: usize,
    ) -> Result<Vec<Candidate>, IndexError> {
        let hard = Filters { industries: vec![], capability: vec![], said: vec![], ..filters.clone() };
        let free = Filters { startup: false, serves: vec![], capability_not: vec![], like: None, ..hard };
        let inside: Option<HashSet<Spot>> =
            if free.is_empty() { None } else { Some(index.described(&free, Unknowns::Allowed)?) };
        let wanted = |nth: usize| inside.as_ref().is_none_or(|held| held.contains(&self.spots[nth]));
        let spots: Vec<Spot> =
            nearest(&self.table, wanted, sense, most).into_iter().map(|(nth, _)| self.spots[nth]).collect();
        index.at(&spots)
    }

    /// What a text is about; `None` when it has no word that the model knows.
    pub fn sense(&self, text: &str) -> Option<Vector> {
        self.model.embedder.embed(text)
    }

    /// What a company leads with.
    pub fn sense_of(&self, description: &str) -> Option<Vector> {
        self.sense(lead(description))
    }
}

fn head(model: &Model, index: &Index, count: usize) -> Head {
    let content = serde_json::to_string(index.stamp()).unwrap_or_default();
    Head { schema: SCHEMA, model: model.version.clone(), content, dims: model.embedder.dims(), count }
}

/// The table in a file, when it is whole and of this model and index.
fn read(bytes: &[u8], model: &Model, index: &Index) -> Option<(Vec<Spot>, Vec<i8>)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let held: Head = serde_json::from_slice(&bytes[..end]).ok()?;
    let rest = &bytes[end + 1..];
    if held != head(model, index, held.count) || rest.len() != held.count.checked_mul(8 + held.dims)? {
        return None;
    }
    let (spots, table) = rest.split_at(held.count * 8);
    let spots = spots.as_chunks::<8>().0.iter().map(|eight| Spot(u64::from_le_bytes(*eight))).collect();
    Some((spots, table.iter().map(|byte| byte.cast_signed()).collect()))
}

/// The first sentences of a description.
fn lead(description: &str) -> &str {
    let cut = sentences(description);
    cut.get(LEAD - 1).or(cut.last()).map_or(description, |last| &description[..last.end])
}
