//! Whether something that the directory does not know of a company may well be so: by how often it is so
//! where the directory does know.

use domain::search::{Evidence, Filters, Hit, Verdict};
use storage::directory::{Index, IndexError};

/// A fact that holds for fewer companies than this, of those of which it is known, is not assumed of one of
/// which it is not: nobody of unknown size is taken for one of the world's giants.
const SHARE_MIN: f64 = 0.03;

/// When no hit shows a word that was asked for, the best must fit this well by its trade alone.
const WORDLESS_FIT_MIN: u8 = 50;

/// Drops hits that would fit only if something rare were true of them, which nothing says. When words were
/// asked for, no hit shows any of them and none fits well without, none is left.
pub fn keep(filters: &Filters, rare: &[&str], hits: Vec<Hit>) -> Vec<Hit> {
    let is_bare = |hit: &Hit| {
        hit.evidence.iter().any(|e| e.verdict == Verdict::Unknown && rare.contains(&e.field.as_str()))
    };
    let kept: Vec<Hit> = hits.into_iter().filter(|hit| !is_bare(hit)).collect();
    // The person's own words for an industry have an entry only when they name a part of it.
    let is_words = |e: &Evidence| filters.capability.contains(&e.part) || filters.said.contains(&e.part);
    let asked = kept.iter().any(|hit| hit.evidence.iter().any(is_words));
    let shows = |hit: &Hit| hit.evidence.iter().any(|e| is_words(e) && e.verdict == Verdict::Satisfied);
    let is_wordless = asked && !kept.iter().any(shows);
    let is_weak = kept.iter().all(|hit| hit.fit < WORDLESS_FIT_MIN);
    if is_wordless && is_weak { Vec::new() } else { kept }
}

/// Fields whose asked value is rare in the whole directory.
///
/// # Errors
/// When the index cannot be read.
pub fn rare_fields(index: &Index, filters: &Filters) -> Result<Vec<&'static str>, IndexError> {
    let mut rare = Vec::new();
    for (fields, share) in index.shares(filters)? {
        if share < SHARE_MIN {
            rare.extend(fields);
        }
    }
    Ok(rare)
}
