//! The directory's own word that a misspelt one was meant to be.

use std::collections::HashMap;

use domain::words::{distance, fold, words};
use tantivy::collector::TopDocs;
use tantivy::query::TermQuery;
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{TantivyDocument, Term};

use super::index::{Index, IndexError, analyze};

/// A word of fewer companies than this is as likely a misspelling itself.
const USED_FROM: u64 = 20;

impl Index {
    /// The word that most companies use among those nearest to one that hardly any uses: with the same first
    /// two letters, one edit off, two from eight letters on. `None` when nothing is near.
    ///
    /// # Errors
    /// When the engine cannot read its files.
    pub fn nearest(&self, word: &str) -> Result<Option<String>, IndexError> {
        let Some(wanted) = analyze(word).pop().filter(|term| term.len() >= 5 && term.is_ascii()) else {
            return Ok(None);
        };
        let most = if wanted.len() < 8 { 1 } else { 2 };
        let mut found: HashMap<String, (usize, u64)> = HashMap::new();
        let searcher = self.reader.searcher();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(self.fields.body)?;
            let start = &wanted.as_bytes()[..2];
            let mut terms = inverted.terms().range().ge(start).into_stream()?;
            while terms.advance() {
                if !terms.key().starts_with(start) {
                    break;
                }
                let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                if let Some(edits) = distance(&wanted, term, most) {
                    let held = found.entry(term.to_owned()).or_insert((edits, 0));
                    held.1 += u64::from(terms.value().doc_freq);
                }
            }
        }
        let used = found.into_iter().filter(|(_, (edits, uses))| *edits > 0 && *uses >= USED_FROM);
        let best = used.min_by_key(|(term, (edits, uses))| (*edits, u64::MAX - uses, term.clone()));
        best.map_or(Ok(None), |(term, _)| self.written(&term))
    }

    /// A term is a stem: how a company writes it.
    fn written(&self, stem: &str) -> Result<Option<String>, IndexError> {
        let term = Term::from_field_text(self.fields.body, stem);
        let searcher = self.reader.searcher();
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let found = searcher.search(&query, &TopDocs::with_limit(1).order_by_score())?;
        let Some((_, address)) = found.first() else { return Ok(None) };
        let doc: TantivyDocument = searcher.doc(*address)?;
        let bytes = doc.get_first(self.fields.company).and_then(|value| value.as_bytes()).unwrap_or_default();
        let company: domain::company::Company = serde_json::from_slice(bytes)?;
        let text = company.description.unwrap_or_default();
        let same =
            |word: &domain::words::Word| analyze(&word.folded).first().is_some_and(|term| term == stem);
        Ok(words(&text).iter().find(|word| same(word)).map(|word| fold(&word.folded)))
    }
}
