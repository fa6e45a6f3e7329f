//! What the contract agent works with: the store of originals, the readers, the engine that finds terms.

use std::sync::{Arc, OnceLock};

use domain::contract::Source;
use domain::error::UserError;
use domain::ids::TenantId;
use domain::plan::Recovery;
use storage::objects::{Digest, Objects};

use super::extract::Extractor;
use super::fetch::Fetcher;
use super::pdf;
use crate::desk::chain;

/// What the contract agent works with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Where originals are kept.
    pub objects: Objects,
    /// Who reads PDFs and pictures.
    pub pages: Arc<pdf::Reader>,
    /// Who fetches files behind links.
    pub fetcher: Fetcher,
    extractor: Arc<OnceLock<Extractor>>,
}

/// A file in hand, already kept.
pub(super) struct Original {
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
    pub(super) name: String,
}

impl Tools {
    /// Nothing is read or fetched yet.
    pub fn new(objects: Objects, pages: pdf::Reader, fetcher: Fetcher) -> Self {
        Self { objects, pages: Arc::new(pages), fetcher, extractor: Arc::default() }
    }

    /// The engine; its weights are unpacked at the first call.
    ///
    /// Errors: the weights that came with the program do not fit it.
    pub fn extractor(&self) -> Result<&Extractor, super::extract::extractor::Broken> {
        if let Some(extractor) = self.extractor.get() {
            return Ok(extractor);
        }
        let fresh = Extractor::new()?;
        Ok(self.extractor.get_or_init(|| fresh))
    }

    /// The bytes of a document; those behind a link are kept first, so that a retry reads the same.
    pub(super) async fn original(&self, tenant: TenantId, source: &Source) -> Result<Original, Recovery> {
        match source {
            Source::Stored { sha256, name, .. } => {
                let digest: Digest = sha256
                    .parse()
                    .map_err(|_| Recovery::Escalate { reason: format!("{sha256} is no file's key") })?;
                let bytes = self.objects.get(tenant, digest).await.map_err(away)?;
                Ok(Original { bytes, sha256: sha256.clone(), name: name.clone() })
            }
            Source::Link { url } => {
                let bytes = self.fetcher.fetch(url).await.map_err(|fault| fault.explain())?;
                let digest = self.objects.put(tenant, &bytes).await.map_err(away)?;
                Ok(Original { bytes, sha256: digest.to_string(), name: name_of(url) })
            }
        }
    }
}

pub(super) fn away(error: storage::objects::Error) -> Recovery {
    match error {
        storage::objects::Error::Missing(_) => {
            UserError::new("The file is not there any more.", "Please send it again.").into()
        }
        error => Recovery::Retry { after_ms: 1000, cause: chain(&error) },
    }
}

/// The last part of a link's path, as a name for the document.
fn name_of(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url).trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') && !path.ends_with(&format!("//{last}")) {
        decoded(last)
    } else {
        "Contract".to_owned()
    }
}

/// `Master%20Agreement.pdf` as people read it.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().replace(['/', '\\'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_its_document_by_its_last_part() {
        assert_eq!(name_of("https://a.example/x/MSA.pdf?k=1"), "MSA.pdf");
        assert_eq!(name_of("https://a.example/Master%20Agreement.pdf"), "Master Agreement.pdf");
        assert_eq!(name_of("https://a.example/..%2fx.pdf"), ".. x.pdf");
        assert_eq!(name_of("https://a.example/"), "Contract");
        assert_eq!(name_of("https://a.example/view/7"), "Contract");
    }
}
