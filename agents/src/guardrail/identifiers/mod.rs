//! Tables of national and international identifiers, one file a region.

mod americas;
mod asia;
mod europe;
mod germany;
mod pacific;
mod world;

use super::rule::Rule;

/// All rows of all regions.
pub(super) fn tables() -> impl Iterator<Item = &'static Rule> {
    [americas::RULES, asia::RULES, europe::RULES, germany::RULES, pacific::RULES, world::RULES]
        .into_iter()
        .flatten()
}
