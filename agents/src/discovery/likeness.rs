//! "Like Adyen": a named company as the example, its trades as the industries asked for.

use domain::search::Filters;
use domain::taxonomy::{Trait, taxonomy};
use storage::directory::{Index, IndexError};

/// Trades of an example that are asked of others, and how strong they must be beside its strongest.
const TRADES: usize = 2;
const TRADE_MIN: f32 = 0.75;

/// A question whose example, if it names one, is found in the directory: the example's trades then are what is
/// asked, unless the question names trades itself. A name that is not found is read as plain words.
///
/// # Errors
/// When the index cannot be read.
pub(super) fn settled(index: &Index, mut filters: Filters) -> Result<Filters, IndexError> {
    let Some(name) = filters.like.clone() else { return Ok(filters) };
    let Some(example) = index.named(&name)? else {
        filters.like = None;
        filters.capability.push(name.to_lowercase());
        return Ok(filters);
    };
    filters.like = Some(example.company.name.clone());
    if filters.industries.is_empty() && filters.capability.is_empty() {
        filters.industries = trades(&example.traits);
    }
    Ok(filters)
}

/// The strongest trades, without those that a narrower one among them is part of.
fn trades(traits: &[Trait]) -> Vec<String> {
    let mut held: Vec<&Trait> = traits.iter().collect();
    held.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    let least = held.first().map_or(0.0, |first| first.strength * TRADE_MIN);
    held.retain(|one| one.strength >= least);
    let narrower = |outer: &Trait| {
        held.iter().any(|inner| {
            inner.industry != outer.industry && taxonomy().is_within(inner.industry, outer.industry)
        })
    };
    let narrow = held.iter().filter(|one| !narrower(one)).take(TRADES);
    narrow.map(|one| taxonomy().get(one.industry).id.clone()).collect()
}
