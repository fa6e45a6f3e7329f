//! Whether something that the directory does not know of a company may well be so: by how often it is so
//! where the directory does know.

use domain::search::{Evidence, Filters, Hit, Verdict};
use storage::directory::{Index, IndexError};

/// A fact that holds for fewer companies than this, of those of which it is known, is not assumed of one of
/// which it is not: nobody of unknown size is taken for one of the world's giants.
const SHARE_MIN: f64 = 0.03;

/// When no hit shows words that were asked for, the best must fit this well by its trade and facts alone.
const WORDLESS_FIT_MIN: u8 = 50;

/// Drops hits that would fit only if something rare were true of them, which nothing says. When words were
/// asked for, no hit shows any of them and none fits well without, none is left: companies of the same broad
/// trade are no answer to a question for something else in it.
pub fn keep(filters: &Filters, rare: &[&str], hits: Vec<Hit>) -> Vec<Hit> {
    let is_bare = |hit: &Hit| {
        hit.evidence.iter().any(|e| e.verdict == Verdict::Unknown && rare.contains(&e.field.as_str()))
    };
    let kept: Vec<Hit> = hits.into_iter().filter(|hit| !is_bare(hit)).collect();
    let is_wordless = |asked: &[String]| {
        let is_asked = |e: &&Evidence| asked.contains(&e.part);
        let mut entries = kept.iter().flat_map(|hit| hit.evidence.iter().filter(is_asked)).peekable();
        entries.peek().is_some() && entries.all(|e| e.verdict == Verdict::Unknown)
    };
    let is_weak = kept.iter().all(|hit| hit.fit < WORDLESS_FIT_MIN);
    // The person's own words for an industry have an entry only when they name a part of it.
    let is_other = !filters.narrows.is_empty() && is_wordless(&filters.narrows);
    if is_other || is_weak && (is_wordless(&filters.capability) || is_wordless(&filters.said)) {
        Vec::new()
    } else {
        kept
    }
}

/// Facts that a question may ask for and the directory often does not know.
const OFTEN_UNKNOWN: &[&str] =
    &["market_cap", "state", "city", "founded_year", "funding_total_usd", "status"];

/// Whether at least one hit is known to meet every fact that was asked for. Where none is, nobody in the directory is
/// known to answer the question, and a page of companies that might is no answer to it.
pub fn is_shown(hits: &[Hit]) -> bool {
    let lacks = |e: &Evidence| e.verdict == Verdict::Unknown && OFTEN_UNKNOWN.contains(&e.field.as_str());
    hits.iter().any(|hit| !hit.evidence.iter().any(lacks))
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
