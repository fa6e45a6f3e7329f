//! Building, opening and stamping the search index folder.

use std::path::{Path, PathBuf};

use domain::company::Company;
use domain::places::places;
use domain::taxonomy::{Trait, taxonomy};
use domain::words::{fold, sentences};
use serde::{Deserialize, Serialize};
use tantivy::indexer::NoMergePolicy;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
};
use tantivy::{IndexReader, ReloadPolicy, TantivyDocument};

/// Changes with the fields below: an index of another schema is stale.
const SCHEMA_VERSION: u32 = 2;
const STAMP: &str = "stamp.json";
const ANALYZER: &str = "directory_en";
/// Memory for the two indexing threads together; freed when the build ends.
const BUILD_BYTES: usize = 120_000_000;
/// What the field `described` holds of a company with a description.
pub(crate) const DESCRIBED: &str = "1";
/// What a string field holds when the directory does not know.
pub(crate) const UNKNOWN: &str = "?";
/// What a number field holds when the directory does not know.
pub(crate) const UNKNOWN_NUMBER: i64 = -1;

/// Why an index could not be used or made.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// There is no index in the folder.
    #[error("there is no search index in {0}")]
    Missing(PathBuf),
    /// The index was made from other companies, another taxonomy or by another version.
    #[error("the search index is stale: {0}")]
    Stale(String),
    /// The files are there but cannot be read.
    #[error("the search index is damaged: {0}")]
    Corrupt(String),
    /// The folder could not be written.
    #[error("the search index folder: {0}")]
    Folder(#[from] std::io::Error),
    /// The engine failed.
    #[error("the search engine: {0}")]
    Engine(#[from] tantivy::TantivyError),
    /// A stored company could not be read back.
    #[error("a stored company: {0}")]
    Company(#[from] serde_json::Error),
}

/// What an index was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    schema: u32,
    taxonomy: String,
    /// The version of the directory's content, as given to [`Index::build`].
    pub content: String,
    /// How many companies it holds.
    pub companies: u64,
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) name: Field,
    pub(crate) lead: Field,
    pub(crate) body: Field,
    pub(crate) labels: Field,
    pub(crate) industry: Field,
    pub(crate) quality: Field,
    pub(crate) country: Field,
    pub(crate) seat: Field,
    pub(crate) state: Field,
    pub(crate) city: Field,
    pub(crate) size: Field,
    pub(crate) status: Field,
    pub(crate) founded: Field,
    pub(crate) funding: Field,
    pub(crate) described: Field,
    pub(crate) company: Field,
    pub(crate) traits: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let text = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions),
    );
    let mut number = |name: &str| schema.add_i64_field(name, INDEXED | FAST);
    let (founded, funding) = (number("founded"), number("funding"));
    let fields = Fields {
        name: schema.add_text_field("name", text.clone()),
        lead: schema.add_text_field("lead", text.clone()),
        body: schema.add_text_field("body", text.clone()),
        labels: schema.add_text_field("labels", text),
        industry: schema.add_text_field("industry", STRING),
        quality: schema.add_text_field("quality", STRING),
        country: schema.add_text_field("country", STRING),
        seat: schema.add_text_field("seat", STRING),
        state: schema.add_text_field("state", STRING),
        city: schema.add_text_field("city", STRING),
        size: schema.add_text_field("size", STRING),
        status: schema.add_text_field("status", STRING),
        founded,
        funding,
        described: schema.add_text_field("described", STRING),
        company: schema.add_bytes_field("company", STORED),
        traits: schema.add_bytes_field("traits", STORED),
    };
    (schema.build(), fields)
}

/// Words as the index keeps them: lower case, no accents, English stems.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(60))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// An open index. Cheap to share between threads; searches need no lock.
pub struct Index {
    pub(crate) reader: IndexReader,
    pub(crate) fields: Fields,
    stamp: Stamp,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index in a folder when it is whole and was made from this version of the directory.
    ///
    /// # Errors
    /// `Missing`, `Stale` or `Corrupt`: in each case [`Index::build`] makes a good one.
    pub fn open(folder: &Path, content: &str) -> Result<Self, IndexError> {
        let stamp = read_stamp(folder)?;
        let wanted = new_stamp(content, stamp.companies);
        if stamp != wanted {
            return Err(IndexError::Stale(format!("it has {stamp:?}, wanted {wanted:?}")));
        }
        Self::open_stamped(folder, stamp)
    }

    /// Builds an index beside the folder and puts it in the folder's place when it is whole; a reader of the
    /// old one is not disturbed. `content` names the version of the directory, e.g. a hash or a counter.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn build(
        folder: &Path,
        content: &str,
        companies: impl Iterator<Item = Company>,
    ) -> Result<Self, IndexError> {
        let beside = folder.with_extension("building");
        clear(&beside)?;
        std::fs::create_dir_all(&beside)?;
        let count = write(&beside, companies)?;
        let stamp = new_stamp(content, count);
        std::fs::write(beside.join(STAMP), serde_json::to_vec_pretty(&stamp)?)?;
        let old = folder.with_extension("old");
        clear(&old)?;
        if folder.exists() {
            std::fs::rename(folder, &old)?;
        }
        std::fs::rename(&beside, folder)?;
        clear(&old)?;
        Self::open_stamped(folder, stamp)
    }

    fn open_stamped(folder: &Path, stamp: Stamp) -> Result<Self, IndexError> {
        let damaged = |error: tantivy::TantivyError| IndexError::Corrupt(error.to_string());
        let (wanted, fields) = schema();
        let index = tantivy::Index::open_in_dir(folder).map_err(damaged)?;
        if index.schema() != wanted {
            return Err(IndexError::Stale("its fields differ".into()));
        }
        index.tokenizers().register(ANALYZER, analyzer());
        let reader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(damaged)?;
        let held = reader.searcher().num_docs();
        if held != stamp.companies {
            return Err(IndexError::Corrupt(format!("{held} companies of {}", stamp.companies)));
        }
        Ok(Self { reader, fields, stamp })
    }

    /// What the index was made from.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// How many companies have a word in their name, labels or description.
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn frequency(&self, word: &str) -> Result<u64, IndexError> {
        let searcher = self.reader.searcher();
        let mut most = 0;
        for term in analyze(word) {
            for field in [self.fields.body, self.fields.lead, self.fields.name, self.fields.labels] {
                most = most.max(searcher.doc_freq(&tantivy::Term::from_field_text(field, &term))?);
            }
        }
        Ok(most)
    }
}

/// The index's terms of a text.
pub(crate) fn analyze(text: &str) -> Vec<String> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut terms = Vec::new();
    while let Some(token) = stream.next() {
        terms.push(token.text.clone());
    }
    terms
}

fn new_stamp(content: &str, companies: u64) -> Stamp {
    let taxonomy = domain::taxonomy::version();
    Stamp { schema: SCHEMA_VERSION, taxonomy, content: content.to_owned(), companies }
}

fn read_stamp(folder: &Path) -> Result<Stamp, IndexError> {
    match std::fs::read(folder.join(STAMP)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| IndexError::Corrupt(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(IndexError::Missing(folder.to_path_buf()))
        }
        Err(error) => Err(error.into()),
    }
}

fn clear(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(folder: &Path, companies: impl Iterator<Item = Company>) -> Result<u64, IndexError> {
    let (schema, fields) = schema();
    let index = tantivy::Index::create_in_dir(folder, schema)?;
    index.tokenizers().register(ANALYZER, analyzer());
    let mut writer = index.writer_with_num_threads(2, BUILD_BYTES)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    let mut count = 0;
    for company in companies {
        writer.add_document(document(&fields, &company)?)?;
        count += 1;
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    Ok(count)
}

fn document(fields: &Fields, company: &Company) -> Result<TantivyDocument, IndexError> {
    let mut doc = TantivyDocument::new();
    doc.add_text(fields.name, &company.name);
    if let Some(description) = company.description.as_deref().filter(|text| !text.is_empty()) {
        doc.add_text(fields.described, DESCRIBED);
        let lead = sentences(description).first().cloned().unwrap_or(0..0);
        doc.add_text(fields.lead, &description[lead.clone()]);
        doc.add_text(fields.body, &description[lead.end..]);
    }
    let labels = [&company.sector, &company.industry_group, &company.industry, &company.category];
    for label in labels.into_iter().flatten().chain(&company.tags) {
        doc.add_text(fields.labels, label.replace('_', " "));
    }
    let traits = taxonomy().classify(company);
    for held in &traits {
        doc.add_text(fields.industry, tier_term(&taxonomy().get(held.industry).id, tier(held.strength)));
    }
    doc.add_text(fields.quality, quality(company).to_string());
    add_facts(&mut doc, fields, company);
    doc.add_bytes(fields.company, &serde_json::to_vec(company)?);
    doc.add_bytes(fields.traits, &pack(&traits));
    Ok(doc)
}

fn add_facts(doc: &mut TantivyDocument, fields: &Fields, company: &Company) {
    let country = company.country.as_deref().unwrap_or(UNKNOWN);
    doc.add_text(fields.country, country);
    if company.country.is_none()
        && let Some((seat, _)) = company.description.as_deref().and_then(|text| places().seat(text))
    {
        doc.add_text(fields.seat, seat);
    }
    match &company.state {
        Some(state) => doc.add_text(fields.state, format!("{country}-{state}")),
        None => doc.add_text(fields.state, UNKNOWN),
    }
    let city = company.city.as_deref().map_or_else(|| UNKNOWN.to_owned(), fold);
    doc.add_text(fields.city, city);
    doc.add_text(fields.size, company.size.map_or(UNKNOWN, domain::company::Size::label));
    let status = company.status.as_deref().map_or_else(|| UNKNOWN.to_owned(), str::to_lowercase);
    doc.add_text(fields.status, status);
    doc.add_i64(fields.founded, company.founded_year.map_or(UNKNOWN_NUMBER, i64::from));
    let funding = company.funding_total_usd.map_or(UNKNOWN_NUMBER, |usd| usd as i64);
    doc.add_i64(fields.funding, funding);
}

/// Strength in tenths, 0 to 9.
fn tier(strength: f32) -> u8 {
    (0..10).rev().find(|tier| strength >= f32::from(*tier) / 10.0).unwrap_or(0)
}

/// The term of an industry at a strength.
pub(crate) fn tier_term(id: &str, tier: u8) -> String {
    format!("{id}:{tier}")
}

/// How much the directory knows of a company, 0 to 3.
fn quality(company: &Company) -> u8 {
    let described = company.description.as_ref().is_some_and(|text| text.len() > 60);
    let reachable = company.domain.is_some() || company.founded_year.is_some();
    let sized = company.size.is_some() || company.funding_total_usd.is_some();
    u8::from(described) + u8::from(reachable) + u8::from(sized)
}

fn pack(traits: &[Trait]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(traits.len() * 3);
    for held in traits {
        bytes.extend(held.industry.to_le_bytes());
        bytes.push((held.strength.clamp(0.0, 1.0) * 255.0) as u8);
    }
    bytes
}

pub(crate) fn unpack(bytes: &[u8]) -> Vec<Trait> {
    bytes
        .chunks_exact(3)
        .map(|part| Trait {
            industry: u16::from_le_bytes([part[0], part[1]]),
            strength: f32::from(part[2]) / 255.0,
        })
        .collect()
}
