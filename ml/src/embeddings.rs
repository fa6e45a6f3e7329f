//! What a text is about, as a vector: static token embeddings, averaged. No network, no model run.
//!
//! A model is a folder of two files: `model.safetensors` with one int8 matrix `embeddings` (a row a token, already
//! weighed by how telling the token is) and `tokenizer.json` with a WordPiece vocabulary in lower case. Punctuation
//! is left out, since its rows weigh next to nothing.

use std::collections::HashMap;

use domain::words::fold;
use serde::Deserialize;

/// Most words of a text that are read.
const WORDS_MAX: usize = 256;
/// A longer word is no word.
const LETTERS_MAX: usize = 60;
/// The largest value of a stored component; a vector of length 1 has it as its length.
const UNIT: f32 = 127.0;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EmbeddingError {
    /// A file ends too early or is of another kind.
    #[error("the embedding model is damaged: {0}")]
    Damaged(String),
    /// The files are whole but of a layout we do not read.
    #[error("the embedding model has another layout: {0}")]
    Foreign(String),
}

/// A text's direction, 127 long, so that the product of two is their likeness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector(pub Vec<i8>);

impl Vector {
    /// How alike two texts are, -1 to 1.
    pub fn likeness(&self, other: &[i8]) -> f32 {
        dot(&self.0, other) as f32 / (UNIT * UNIT)
    }
}

/// The product of two vectors of at most 65,536 components.
fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
}

/// A model, ready to read texts.
#[derive(Debug)]
pub struct Embedder {
    tokens: HashMap<String, u32>,
    rows: Vec<i8>,
    dims: usize,
}

#[derive(Deserialize)]
struct Tokenizer {
    model: WordPiece,
}

#[derive(Deserialize)]
struct WordPiece {
    #[serde(rename = "type")]
    kind: String,
    vocab: HashMap<String, u32>,
}

#[derive(Deserialize)]
struct Header {
    embeddings: Matrix,
}

#[derive(Deserialize)]
struct Matrix {
    dtype: String,
    shape: [usize; 2],
    data_offsets: [usize; 2],
}

impl Embedder {
    /// Reads a model from the bytes of its two files.
    ///
    /// # Errors
    /// When a file is cut off, damaged, or of another layout: nothing is guessed.
    pub fn read(model: &[u8], tokenizer: &[u8]) -> Result<Self, EmbeddingError> {
        let damaged = |what: &str| EmbeddingError::Damaged(what.to_owned());
        let length = model.first_chunk::<8>().ok_or_else(|| damaged("no header"))?;
        let length =
            usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged("its header's length"))?;
        let end = length
            .checked_add(8)
            .filter(|end| *end <= model.len())
            .ok_or_else(|| damaged("its header is cut off"))?;
        let header: Header = serde_json::from_slice(&model[8..end])
            .map_err(|error| EmbeddingError::Foreign(format!("no matrix `embeddings`: {error}")))?;
        let Matrix { dtype, shape: [count, dims], data_offsets: [from, to] } = header.embeddings;
        if dtype != "I8" || dims == 0 || dims > 4096 {
            return Err(EmbeddingError::Foreign(format!("{dtype} of {dims} columns, wanted I8")));
        }
        let rows = model[end..].get(from..to).ok_or_else(|| damaged("its matrix is cut off"))?;
        if Some(rows.len()) != count.checked_mul(dims) {
            return Err(damaged("its matrix is not of the stated shape"));
        }
        let tokenizer: Tokenizer = serde_json::from_slice(tokenizer)
            .map_err(|error| EmbeddingError::Damaged(format!("its tokenizer: {error}")))?;
        if tokenizer.model.kind != "WordPiece" {
            return Err(EmbeddingError::Foreign(format!(
                "a {} tokenizer, wanted WordPiece",
                tokenizer.model.kind
            )));
        }
        if tokenizer.model.vocab.values().any(|row| usize::try_from(*row).map_or(true, |row| row >= count)) {
            return Err(EmbeddingError::Foreign("more tokens than rows".into()));
        }
        let rows = rows.iter().map(|byte| byte.cast_signed()).collect();
        Ok(Self { tokens: tokenizer.model.vocab, rows, dims })
    }

    /// Components of a vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// What a text is about; `None` when it has no word that the model knows.
    pub fn embed(&self, text: &str) -> Option<Vector> {
        let mut sum = vec![0_i32; self.dims];
        let folded = fold(text);
        let split = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        for word in split.take(WORDS_MAX) {
            self.add(word, &mut sum);
        }
        let length = sum.iter().map(|part| f64::from(*part).powi(2)).sum::<f64>().sqrt();
        if length == 0.0 {
            return None;
        }
        let scale = f64::from(UNIT) / length;
        Some(Vector(sum.iter().map(|part| (f64::from(*part) * scale).round() as i8).collect()))
    }

    /// Adds the rows of a word's pieces, the longest first; a word that cannot be pieced together adds nothing.
    fn add(&self, word: &str, sum: &mut [i32]) {
        if word.len() > LETTERS_MAX {
            return;
        }
        let (mut pieces, mut at) = (Vec::with_capacity(4), 0);
        let mut key = String::with_capacity(word.len() + 2);
        while at < word.len() {
            let mut ends = (at + 1..=word.len()).rev().filter(|end| word.is_char_boundary(*end));
            let piece = ends.find_map(|end| {
                key.clear();
                if at > 0 {
                    key.push_str("##");
                }
                key.push_str(&word[at..end]);
                self.tokens.get(&key).map(|row| (*row, end))
            });
            let Some((row, end)) = piece else { return };
            pieces.push(row);
            at = end;
        }
        for row in pieces {
            let start = row as usize * self.dims;
            for (total, part) in sum.iter_mut().zip(&self.rows[start..start + self.dims]) {
                *total += i32::from(*part);
            }
        }
    }
}

/// The rows of a flat table of vectors that are most like one, most alike first, among those that are wanted.
pub fn nearest(
    table: &[i8],
    wanted: impl Fn(usize) -> bool,
    query: &Vector,
    most: usize,
) -> Vec<(usize, f32)> {
    let mut found: Vec<(usize, f32)> = table
        .chunks_exact(query.0.len().max(1))
        .enumerate()
        .filter(|(nth, _)| wanted(*nth))
        .map(|(nth, row)| (nth, query.likeness(row)))
        .collect();
    let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if found.len() > most {
        found.select_nth_unstable_by(most, order);
        found.truncate(most);
    }
    found.sort_by(order);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(shape: &str, rows: &[i8]) -> Vec<u8> {
        let header =
            format!(r#"{{"embeddings":{{"dtype":"I8","shape":{shape},"data_offsets":[0,{}]}}}}"#, rows.len());
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(rows.iter().map(|part| part.cast_unsigned()));
        bytes
    }

    const TOKENS: &str =
        r###"{"model":{"type":"WordPiece","vocab":{"beer":0,"brew":1,"##ery":2,"steel":3}}}"###;
    const ROWS: &[i8] = &[100, 10, 80, 20, 10, 5, -5, 90];

    #[test]
    fn words_of_one_thing_are_alike() {
        let made = Embedder::read(&model("[4,2]", ROWS), TOKENS.as_bytes()).expect("a model");
        let vector = |text: &str| made.embed(text).expect("known words");
        let likeness = |a: &str, b: &str| vector(a).likeness(&vector(b).0);
        assert!(likeness("Brewery", "beer!") > 0.9 && likeness("brewery", "steel") < 0.5);
        assert!((likeness("beer", "BEER, beer") - 1.0).abs() < 0.02);
        assert_eq!((made.embed(""), made.embed("🍺 zzz")), (None, None));
        let table: Vec<i8> = ["steel", "beer", "brewery"].iter().flat_map(|word| vector(word).0).collect();
        let found: Vec<usize> =
            nearest(&table, |_| true, &vector("beer"), 2).iter().map(|one| one.0).collect();
        assert_eq!(found, [1, 2]);
        assert_eq!(nearest(&table, |nth| nth == 0, &vector("beer"), 2)[0].0, 0);
    }

    #[test]
    fn a_model_that_is_cut_off_or_foreign_is_refused() {
        let whole = model("[4,2]", ROWS);
        for length in [0, 7, 9, whole.len() - 1] {
            let refused = Embedder::read(&whole[..length], TOKENS.as_bytes());
            assert!(refused.is_err(), "{length} bytes were taken for a model");
        }
        let foreign =
            |model: &[u8], tokens: &str| Embedder::read(model, tokens.as_bytes()).unwrap_err().to_string();
        assert!(foreign(&model("[3,2]", ROWS), TOKENS).contains("shape"));
        assert!(foreign(&model("[2,4]", ROWS), TOKENS).contains("more tokens than rows"));
        assert!(foreign(&whole, "{").contains("tokenizer"));
        assert!(foreign(&whole, &TOKENS.replace("WordPiece", "BPE")).contains("BPE"));
        assert!(
            foreign(&String::from_utf8_lossy(&whole).replace("I8", "F4").into_bytes(), TOKENS).contains("F4")
        );
    }
}
